"""When something raised, and what the server had said: what a failure is named by. Types only."""

from headstart.revisions.link import Link
from headstart.revisions.project import Project
from headstart.values import dataclass
from headstart.verdict.sqlstates import Fault


@dataclass(frozen=True)
class Moment:
    """When something raised: which revision was running, if any, and whether all had run.

    `left`: whether that revision has left its transaction.
    """

    project: Project
    revision: str | None
    done: bool
    left: bool
    link: Link | None

    def place_in(self, version_table: str | None) -> str:
        """Who was at work; Alembic itself, at its version table, between the revisions."""
        if self.revision:
            return f"revision {self.revision}"
        return "env.py" if version_table is None else f"the version table {version_table}"


@dataclass(frozen=True)
class Answer:
    """What the server said, to which statement; `note` is what env.py has to say to it.

    `context` is the server's CONTEXT: the functions that were at work, in its own language.
    """

    text: str
    sqlstate: str | None
    statement: str | None
    note: str | None
    context: str = ""
    fault: Fault = Fault.UNKNOWN
