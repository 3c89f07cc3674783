"""The verb fingerprint check: is the file what the revisions and the models build? For CI."""

from headstart.revisions.known_states import SNAPSHOT, digests, why_stale
from headstart.settings.request import Request
from headstart.verbs.fingerprint.build import not_kept
from headstart.verbs.fingerprint.create_all import check_models
from headstart.verbs.fingerprint.header import header_lines
from headstart.verbs.fingerprint.replay import Source, replay
from headstart.verbs.fingerprint.scratch import Scratch, open_scratch
from headstart.verbs.fingerprint.source import answered, count, read_source
from headstart.verbs.task import Task
from headstart.verdict.errors import StaleFingerprints
from headstart.verdict.outcome import Outcome


def check(task: Task, _: Request) -> Outcome:
    """Replay the revisions, and compare. Raises StaleFingerprints."""
    task.signals.install()
    scratch = open_scratch(task, resume=False)
    answer, more = _check(task, scratch, read_source(scratch.task, scratch))
    return answered(task, answer, more)


def _check(task: Task, scratch: Scratch, source: Source) -> tuple[str, tuple[str, ...]]:
    if not source.known.states:
        raise StaleFingerprints(f"{source.path} does not exist")
    why = why_stale(source.known, source.history, digests(source.project))
    if why is not None:
        raise StaleFingerprints(f"{source.path} is stale: {why}")
    if any(state.via == SNAPSHOT for state in source.known.steps.values()):
        return f"{source.path} belongs to its scripts; it was recorded, so nothing was replayed", ()
    found = replay(scratch, source, fresh=True)
    if found.recording.mistakes:
        raise not_kept(source.path, found.recording)
    if new := found.recording.new_variants:
        raise StaleFingerprints(
            f"{source.path}: {', '.join(new)} build a different schema on this server than on that"
            f" of the file (PostgreSQL {source.known.meta.get('postgres')})",
            next_step="record it: headstart fingerprint build --url ..., on this server",
        )
    check_models(found, source)
    revisions = count(len(source.history.requirements), "revision")
    known = source.known
    same = header_lines(task, found, source, known) == known.header[:-1]  # the last is the body's
    more = () if same else (_GATE_IS_STALE,)
    return f"{source.path} is what the {revisions} build{'s' * (revisions[:2] == '1 ')}", more


_GATE_IS_STALE = (
    "its lines for the gate are older than env.py, a module that it imports, or alembic.ini: until"
    " headstart fingerprint build has written them anew, each run goes the long way"
)
