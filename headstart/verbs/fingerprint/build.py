"""The verb fingerprint build: write the file that says what each revision builds.

Revisions are replayed in a scratch database: one of the embedded server's, or one that is named.
No revision is ever run in a database that was not given for that.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from headstart.decision.explanation import of_difference
from headstart.facts.state import Scope
from headstart.fingerprint.catalog.live import Live
from headstart.fingerprint.catalog.normal_form import NORMAL_FORM
from headstart.fingerprint.file.free import GAP
from headstart.fingerprint.file.states import Fingerprints
from headstart.fingerprint.match.recording import Recording
from headstart.fingerprint.show.difference import fact
from headstart.settings.defaults import VERSION_TABLE
from headstart.settings.request import Request
from headstart.verbs.fingerprint.again import repeated
from headstart.verbs.fingerprint.create_all import record_create_all
from headstart.verbs.fingerprint.header import closed_because, header_lines
from headstart.verbs.fingerprint.replay import Finished, Source, replay
from headstart.verbs.fingerprint.scratch import AGAIN, Scratch, open_scratch
from headstart.verbs.fingerprint.source import answered, read_source, write_file
from headstart.verbs.task import Task
from headstart.verdict.errors import StaleFingerprints
from headstart.verdict.outcome import Outcome


def build(task: Task, request: Request) -> Outcome:
    """Replay the revisions, and write what each builds. Raises StaleFingerprints."""
    task.signals.install()
    scratch = open_scratch(task, resume=request.resume)
    source = read_source(scratch.task, scratch, anew=request.replace)
    # an earlier format knows the rows otherwise: each revision is run once more, to see them
    anew = request.replace or source.known.old_format is not None
    if source.known.meta.get("normal_form", NORMAL_FORM) != NORMAL_FORM:
        anew, source = True, replace(source, known=Fingerprints(()))  # nothing can be compared
    with _copies(scratch, once=request.once) as copies:
        found = replay(scratch, source, fresh=anew)
        recording, more = _repeated(found, source, request, copies)
    if recording.mistakes:
        raise not_kept(source.path, recording)
    if request.create_all:
        record_create_all(found, recording)
    fingerprints = _with_version_table(recording.done(), found.configured.scope)
    header = header_lines(task, found, source, fingerprints)
    written = write_file(source, replace(fingerprints, header=header))
    return answered(task, written, [*more, *closed_because(header)])


@contextmanager
def _copies(scratch: Scratch, *, once: bool) -> Iterator[Callable[[], Task] | None]:
    if once:
        yield None
        return
    with scratch.copies() as copies:
        yield copies


def _repeated(
    found: Finished, source: Source, request: Request, copies: Callable[[], Task] | None
) -> tuple[Recording, list[str]]:
    """What was recorded, without what is not repeatable; and what to know about that."""
    recording = found.recording
    if request.once or not recording.seen:
        return recording, []
    whole = len(recording.seen) == len(source.history.requirements)
    if whole and found.scratch.admin is not None:  # the copy may be of what an earlier build left
        copies = partial(found.scratch.beside, AGAIN)
    if copies is None:
        return recording, [_NOT_AGAIN.format("no database can be made beside that of --url")]
    again = repeated(recording, request, copies, Fingerprints(()) if whole else source.known)
    if again.failed is not None:
        return again.recording, [_NOT_AGAIN.format(again.failed)]
    free = again.recording.done().free
    facts = [f"  {fact(pattern).replace(GAP, '*')}" for pattern in sorted(free)]
    told = ["not repeatable: these facts are others each time, and will not be compared"]
    return again.recording, [*told, *facts] if facts else []


_NOT_AGAIN = "whether it is repeatable is not known, since a second replay failed: {}"


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
            " or, if no database has run it yet, run headstart fingerprint build --replace; what a"
            " revision builds differently each time is left out by headstart fingerprint build"
        ),
    )
