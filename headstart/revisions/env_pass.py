"""The pass over env.py: what is decided and run in it, and in which transactions. Types only."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import Connection

from headstart.facts.state import Scope
from headstart.revisions.begun import Begun
from headstart.settings.declared import DeclaredSettings
from headstart.values import dataclass

Steps = Callable[[Any, Any], Iterable[Any]]
"""Alembic's `fn`: current heads and migration context to the steps to run."""

Options = dict[str, Any]
"""What env.py passes to context.configure()."""


class Transactions(Protocol):
    """Who hears of the transactions on the connection that migrates."""

    def begun(self, transaction: Begun | None) -> None:
        """One has begun; None for an autocommit block."""

    def committing(self) -> None:
        """One is about to be committed."""

    def ending(self, connection: Connection, *, rolls_back: bool) -> None:
        """One is about to end."""

    def executing(self, connection: Connection, statement: str) -> None:
        """A statement is about to be sent."""

    @property
    def lock_seconds(self) -> float:
        """The lock_timeout of the next transaction; 0 is none."""

    def executed(self, connection: Connection, statement: str) -> None:
        """A statement has succeeded."""


class Mode(StrEnum):
    """In which transactions the revisions run; env.py decides, by what it configures with."""

    PER_REVISION = "per_revision"
    """The connection was idle: one transaction a revision."""
    ATOMIC = "atomic"
    """All revisions in one, which env.py commits or not: it had begun one, or may roll it back."""


@dataclass(frozen=True)
class Started:
    """env.py's call of run_migrations(): on which connection, configured how, in which mode.

    `begun`: env.py had begun a transaction before it configured. `own_limits` are the names of the
    time limits that it had set before this transaction; `version_width` is how many characters
    version_num takes where Alembic makes the table, None for no limit.
    """

    connection: Connection
    options: Options
    mode: Mode
    begun: bool
    own_limits: tuple[str, ...]
    version_width: int | None = None


Starting = Callable[[Started], Scope]
"""Called when env.py comes to its migrations; gives where it works."""


@dataclass(frozen=True)
class Pass:
    """The pass over env.py: what is decided and run in it, and who hears of what happens.

    `starting` is called when env.py calls context.run_migrations(), in a transaction on the
    connection that migrates, and gives where that works; an error of ours that it raises is a
    refusal, which leaves env.py for good. Then `steps` gives Alembic what to run.
    `may_split`: each revision may have a transaction of its own, where env.py has begun none.
    `heard` hears of each transaction on the connection that migrates; `failure` is what a revision
    has raised.
    """

    starting: Starting
    steps: Steps
    may_split: bool
    heard: Transactions
    failure: Callable[[], BaseException | None]


def version_table(options: Options) -> tuple[str, str | None]:
    """The name and the schema of the version table that env.py configures."""
    table = options.get("version_table") or DeclaredSettings.version_table
    return table, options.get("version_table_schema")
