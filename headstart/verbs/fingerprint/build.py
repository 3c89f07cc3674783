"""The verb fingerprint build: write the file that says what each revision builds.

Revisions are replayed in a scratch database: one of the embedded server's, or one that is named.
No revision is ever run in a database that was not given for that.
"""

from dataclasses import replace
from pathlib import Path

from headstart.decision.explanation import of_difference
from headstart.facts.state import Scope
from headstart.fingerprint.catalog.live import Live
from headstart.fingerprint.catalog.normal_form import NORMAL_FORM
from headstart.fingerprint.file.states import Fingerprints
from headstart.fingerprint.match.recording import Recording
from headstart.settings.declared import VERSION_TABLE
from headstart.settings.request import Request
from headstart.verbs.fingerprint.create_all import record_create_all
from headstart.verbs.fingerprint.replay import replay
from headstart.verbs.fingerprint.scratch import open_scratch
from headstart.verbs.fingerprint.source import answered, read_source, write_file
from headstart.verbs.task import Task
from headstart.verdict.errors import StaleFingerprints
from headstart.verdict.outcome import Outcome


def build(task: Task, request: Request) -> Outcome:
    """Replay the revisions, and write what each builds. Raises StaleFingerprints."""
    task.signals.install()
    scratch = open_scratch(task, resume=request.resume)
    source = read_source(scratch.task, anew=request.replace)
    # an earlier format knows the rows otherwise: each revision is run once more, to see them
    anew = request.replace or source.known.old_format is not None
    if source.known.meta.get("normal_form", NORMAL_FORM) != NORMAL_FORM:
        anew, source = True, replace(source, known=Fingerprints(()))  # nothing can be compared
    found = replay(scratch, source, fresh=anew)
    recording = found.recording
    if recording.mistakes:
        raise not_kept(source.path, recording)
    if request.create_all:
        record_create_all(found, recording)
    fingerprints = _with_version_table(recording.done(), found.configured.scope)
    return answered(task, write_file(source, fingerprints))


def _with_version_table(fingerprints: Fingerprints, scope: Scope) -> Fingerprints:
    """Name env.py's version table in the header, unless it is Alembic's own: check asks for it."""
    names = [scope.version_schema, scope.version_table]
    place = ".".join(name for name in names if name)
    meta = {name: value for name, value in fingerprints.meta.items() if name != "version_table"}
    return replace(
        fingerprints, meta=meta if place == VERSION_TABLE else meta | {"version_table": place}
    )


def not_kept(path: Path, recording: Recording) -> StaleFingerprints:
    """The error of revisions that build another schema than the one on file."""
    first, *more = recording.mistakes
    return StaleFingerprints(
        f"{path}: {first.message}" + (f"; and {len(more)} more revisions" if more else ""),
        explanation=of_difference(first.difference, Live(frozenset())),
        next_step=(
            "databases that already ran it have the recorded schema: create a new revision instead,"
            " or, if no database has run it yet, run headstart fingerprint build --replace"
        ),
    )
