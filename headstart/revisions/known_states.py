"""The fingerprints file that lies beside env.py, and whether it belongs to the scripts there.

It is code, as the scripts are: shipped with them, bound to them by digests, never read from a
database.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from headstart.facts.state import History
from headstart.fingerprint.catalog.normal_form import NORMAL_FORM
from headstart.fingerprint.file.states import BASE, Fingerprints, RecordedState
from headstart.fingerprint.file.text import FORMAT, InvalidFile, read_file
from headstart.process.files import read_text
from headstart.revisions.project import Project
from headstart.revisions.script_graph import digest_of
from headstart.values import dataclass
from headstart.verdict.errors import BrokenHistory

FILE_NAME = "fingerprints.txt"
SNAPSHOT = "snapshot"
"""The way to a state that was recorded from a database known to be right."""


@dataclass(frozen=True)
class KnownStates:
    """The states in the file; `usable` is None if there is no file, or if it proves nothing.

    `why_not` says why a file that is there proves nothing.
    """

    path: Path
    usable: Fingerprints | None = None
    why_not: str | None = None


def path_of(project: Project, setting: str | None) -> Path:
    """Where the file is: as HEADSTART_FINGERPRINTS says, or beside env.py."""
    return (
        Path(setting).absolute() if setting else Path(project.directory.dir).absolute() / FILE_NAME
    )


def read_known_states(project: Project, history: History, setting: str | None) -> KnownStates:
    """Read the file. Raises BrokenHistory for one that cannot be read or understood."""
    path = path_of(project, setting)
    fingerprints = load(path)
    if fingerprints is None and setting:
        raise BrokenHistory(
            f"HEADSTART_FINGERPRINTS: {path} does not exist",
            next_step="correct the setting, or build the file (headstart fingerprint build)",
        )
    if fingerprints is None:
        return KnownStates(path)
    fingerprints = with_rows(fingerprints, history)
    why_not = why_stale(fingerprints, history, digests(project))
    return KnownStates(path, None if why_not else fingerprints.compared, why_not)


def with_rows(fingerprints: Fingerprints, history: History) -> Fingerprints:
    """The same states, each with the version rows that Alembic writes there.

    Earlier versions of headstart wrote one row more if a head depends on another.
    """
    every = (
        replace(state, revisions=history.rows_of(state.revisions))
        if len(state.revisions) > 1 and state.revisions <= history.requirements.keys()
        else state
        for state in fingerprints.states
    )
    return replace(fingerprints, states=tuple(every))


def load(path: Path) -> Fingerprints | None:
    """The file's states, whatever they belong to; None if there is no file."""
    try:
        return read_file(read_text(str(path)))
    except FileNotFoundError:
        return None
    except InvalidFile as error:
        raise _broken(path, str(error)) from error
    except (OSError, ValueError) as error:
        raise _broken(path, getattr(error, "strerror", None) or str(error)) from error


def _broken(path: Path, cause: str) -> BrokenHistory:
    return BrokenHistory(
        f"{path}: {cause}",
        next_step="take one side of a merge and headstart fingerprint build, or build it anew:"
        " headstart fingerprint build --replace",
    )


def digests(project: Project) -> Mapping[str, str]:
    """The digest of each revision's script."""
    return {script.revision: digest_of(script) for script in project.scripts}


def why_stale(
    fingerprints: Fingerprints, history: History, scripts: Mapping[str, str]
) -> str | None:
    """Why the states do not belong to the scripts; None if they do."""
    if fingerprints.old_format is not None:
        return (
            f"it has format {fingerprints.old_format}, which holds inserted rows in clear, and this"
            f" version of headstart reads {FORMAT}"
        )
    form = fingerprints.meta.get("normal_form")
    if form != NORMAL_FORM:
        return f"it has normal form {form}, and this version of headstart reads {NORMAL_FORM}"
    recorded = {n: state for n, state in fingerprints.steps.items() if n != BASE}
    below = below_snapshots(fingerprints, history)
    gone = [n for n, s in recorded.items() if n not in scripts and not _is_of(s, scripts)]
    new = [name for name in scripts if name not in recorded and name not in below]
    edited = [n for n, s in recorded.items() if n in scripts and s.script != scripts[n]]
    stale = {
        "has no state for": new,
        "has states of revisions that are gone:": gone,
        "was built from other scripts of": edited,
    }
    causes = [f"it {text} {_some(names)}" for text, names in stale.items() if names]
    return "; ".join(causes) or None


def below_snapshots(fingerprints: Fingerprints, history: History) -> frozenset[str]:
    """The revisions up to a recorded database, whose own states nobody needs to know."""
    recorded = (state.revisions for state in fingerprints.steps.values() if state.via == SNAPSHOT)
    return history.applied_with(r for heads in recorded for r in heads if r in history.requirements)


def _is_of(state: RecordedState, scripts: Mapping[str, str]) -> bool:
    """Whether a state was recorded at several heads, and all of them are there."""
    return state.via == SNAPSHOT and state.revisions <= scripts.keys()


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
