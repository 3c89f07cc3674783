"""What the verbs of fingerprint read and write: the project, and the file beside its env.py."""

import sys
from collections.abc import Iterable

from headstart.fingerprint.file.states import BASE, Fingerprints
from headstart.fingerprint.file.text import file_text
from headstart.process.reads import Reads, heard_reads
from headstart.revisions.history import read_history
from headstart.revisions.known_states import load, path_of, with_rows
from headstart.revisions.project import load_project
from headstart.verbs.app_environment import app_environment
from headstart.verbs.fingerprint.prepared import imported_in_env
from headstart.verbs.fingerprint.replay import Source
from headstart.verbs.fingerprint.scratch import Scratch
from headstart.verbs.task import Task
from headstart.verdict.errors import Explanation, InvalidSettings
from headstart.verdict.events.schema import Explained
from headstart.verdict.outcome import Outcome


def read_source(task: Task, scratch: Scratch | None = None, *, anew: bool = False) -> Source:
    """Read the project and, unless it is made anew, the file; a broken one too.

    Scripts whose text does not tell the history are imported: in env.py, where there is a scratch
    database to run it in.
    """
    settings, search_path = task.settings, tuple(sys.path)
    with app_environment(task, connected=False):
        project = load_project(settings.alembic_ini, "heads", settings.x)
    imported = bool(project.untold) and scratch is not None
    reads = Reads()
    if project.untold:
        if scratch is not None:
            with heard_reads() as reads:
                project = imported_in_env(scratch, project)
        else:
            with app_environment(task, connected=False):
                project = project.imported_without_env()
    history = read_history(project, "heads", "proof")
    path = path_of(project, settings.fingerprints)
    known = (None if anew else load(path)) or Fingerprints(())
    return Source(project, history, path, with_rows(known, history), imported, reads, search_path)


def write_file(source: Source, fingerprints: Fingerprints) -> str:
    """Write the file in one step, and tell what it holds. Raises InvalidSettings."""
    text = file_text(fingerprints)
    unfinished = source.path.with_name(f"{source.path.name}.unfinished")
    try:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(source.path)
    except OSError as error:
        raise InvalidSettings(f"{source.path} cannot be written: {error.strerror}") from None
    states = len(fingerprints.steps) - (BASE in fingerprints.steps)
    variants = sum(1 for _ in fingerprints.variants)
    return (
        f"{source.path} has {count(states, 'revision')}"
        + (f" and {count(variants, 'variant')}" if variants else "")
        + f", {len(text.encode())} bytes"
    )


def answered(task: Task, answer: str, more: Iterable[str] = ()) -> Outcome:
    """End with an answer in one sentence, and lines that explain it."""
    task.emit(Explained(Explanation((answer, *more), {"fingerprints": answer})))
    return Outcome.FINGERPRINTED


def count(number: int, noun: str) -> str:
    """A number of things, as a sentence has it."""
    return f"{number} {noun}{'s' * (number != 1)}"
