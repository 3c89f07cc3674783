"""What the database and the image are: facts, history, and the one state they are in together.

Pure: reads nothing, knows no connection. A new state makes mypy fail in decision/choice.py, where
it has to be decided and explained.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, replace
from enum import StrEnum
from typing import Self

from headstart.facts import at_head
from headstart.facts.qualified import qualified
from headstart.facts.sql import identifier
from headstart.values import dataclass


class State(StrEnum):
    """Where a database stands relative to the revisions of this image.

    The value is the slug in the verdict; `meaning` is what such a database has, for the table in
    docs/reference.md.
    """

    meaning: str

    def __new__(cls, slug: str, meaning: str) -> Self:
        """Make a member of its two facts."""
        member = str.__new__(cls, slug)
        member._value_ = slug
        member.meaning = meaning
        return member

    EMPTY = "empty", "no version row, and no table of ours"
    UNVERSIONED = "unversioned", "tables of ours, but no version row"
    BEHIND = "behind", "every version row is an ancestor of the target"
    AT_HEAD = at_head.AT_HEAD
    AHEAD = (
        "ahead",
        "a revision that is not in this image, and all that the target builds, unharmed",
    )
    UNKNOWN_REVISION = (
        "unknown_revision",
        "a version row names a revision that is not in this image",
    )
    DIVERGED = (
        "diverged",
        "a version row is on another branch than the target, or an ancestor of another row",
    )


@dataclass(frozen=True)
class History:
    """The revisions in the image: a directed acyclic graph, read before any connection.

    `requirements` maps each revision to its down_revision and its depends_on, by their full ids,
    ancestors first: Alembic makes no difference between the two where it writes version rows.
    `targets` is what HEADSTART_TARGET resolved to, `baseline` what HEADSTART_BASELINE did (None:
    proof; none of them: base). `replaced` maps the base of a squashed history to the revisions that
    it replaces, in their order.
    """

    requirements: Mapping[str, frozenset[str]]
    targets: frozenset[str]
    baseline: frozenset[str] | None = None
    replaced: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def successor_of(self, rows: Collection[str]) -> str | None:
        """The base that replaces what this row names; None where none does, or not it alone."""
        (row, *others) = rows or ("",)
        bases = (base for base, names in self.replaced.items() if row in names)
        return next(bases, None) if not others else None

    def applied_with(self, revisions: Iterable[str]) -> frozenset[str]:
        """Everything that is applied when `revisions` are, themselves included."""
        return _closure(self.requirements, revisions)

    def pending_after(self, revisions: Iterable[str]) -> tuple[str, ...]:
        """The revisions still to run to reach the targets, ancestors first."""
        todo = self.applied_with(self.targets) - self.applied_with(revisions)
        return tuple(revision for revision in self.requirements if revision in todo)

    def waiting_for(self, rows: Iterable[str]) -> tuple[str, ...]:
        """The revisions still to run that need one of these rows.

        What needs none of them may stand behind a row that we do not know; these do not: Alembic
        keeps no row of a revision that another applied one needs.
        """
        present = frozenset(rows)
        pending = self.pending_after(present)
        return tuple(one for one in pending if not present.isdisjoint(self.applied_with([one])))

    def heads_of(self, applied: Iterable[str]) -> frozenset[str]:
        """The version rows that Alembic writes where these revisions are applied."""
        every = frozenset(applied)
        return every - {needed for revision in every for needed in self.requirements[revision]}

    def without(self, held: Collection[str]) -> Self:
        """The same history with targets that do not need what is held back."""
        if not held:
            return self
        rest = self.applied_with(self.targets) - frozenset(held)
        return replace(self, targets=self.heads_of(rest))

    def rows_of(self, revisions: Iterable[str]) -> frozenset[str]:
        """The version rows where these revisions are applied, with all that they need."""
        return self.heads_of(self.applied_with(revisions))

    def included(self, rows: Iterable[str]) -> frozenset[str]:
        """Those of `rows` that another of them needs: Alembic writes no row for such a revision."""
        return frozenset(rows) - self.rows_of(rows)


def written(revisions: Iterable[str]) -> str:
    """Revisions as messages write them, and HEADSTART_BASELINE and --revision take them."""
    return "+".join(sorted(revisions)) or "base"


def _closure(edges: Mapping[str, frozenset[str]], start: Iterable[str]) -> frozenset[str]:
    seen: set[str] = set()
    waiting = list(start)
    while waiting:
        revision = waiting.pop()
        if revision not in seen:
            seen.add(revision)
            waiting.extend(edges[revision])
    return frozenset(seen)


TableName = tuple[str | None, str]
"""Schema and name; None is the target schema."""


@dataclass(frozen=True)
class OurTables:
    """The tables that the revisions make. `doubts` are the places that may make others, too.

    Where there are any, or no name is known, each table of the target schema may be ours; with
    `anywhere` those of every schema. `views` are materialized views, which have indexes, too.
    `touched` are tables that the revisions change: where they are there, they may be ours.
    """

    names: frozenset[TableName] = frozenset()
    doubts: tuple[str, ...] = ()
    anywhere: bool = False
    views: frozenset[TableName] = frozenset()
    touched: frozenset[TableName] = frozenset()


ALEMBICS_WIDTH = 32
"""Characters of version_num where Alembic makes it. Source: DefaultImpl.version_table_impl."""


@dataclass(frozen=True)
class Scope:
    """Where to look: the version table, and the schema and role that the revisions run with.

    None stands for what the connection itself has: its current_schema() and current_user; so does
    an empty search_path, which is where a table without a schema is looked for. `version_width`
    is how many characters version_num takes where Alembic makes the table, None for no limit.
    `beside_others`: it is one of many in its database, and has nothing but what is in `schema`.
    """

    version_table: str
    version_schema: str | None = None
    schema: str | None = None
    role: str | None = None
    search_path: tuple[str, ...] = ()
    version_width: int | None = ALEMBICS_WIDTH
    beside_others: bool = False


def scope_named(version_table: str) -> Scope:
    """Where to look without env.py: HEADSTART_VERSION_TABLE, and what the connection has."""
    schema, table = qualified(version_table)
    return Scope(table, schema)


@dataclass(frozen=True)
class VersionTable:
    """A table that looks like Alembic's version table, and the revisions that it holds."""

    schema: str
    name: str
    rows: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Its name as SQL writes it."""
        return f"{identifier(self.schema)}.{identifier(self.name)}"


@dataclass(frozen=True)
class VersionColumn:
    """What of the version table counts beside its rows, where Alembic will write them.

    `table` is its name as SQL writes it; `width` is how many characters version_num takes, None for
    no limit; `exists` is False where Alembic has yet to make the table. `widened_by` are the
    revisions that may make the column wider, by their text: looked up only if an id is longer.
    `comment` is that on the table where it may be our record (applied_record.py), None where there
    is none, empty for any other.
    """

    table: str = ""
    width: int | None = ALEMBICS_WIDTH
    exists: bool = False
    widened_by: frozenset[str] = frozenset()
    comment: str | None = None


@dataclass(frozen=True)
class DatabaseFacts:
    """What was read from the database under the lock.

    `version_rows` is the content of the version table, empty too where there is no such table.
    `tables_present` and `tables_missing` are our tables, as "schema.name"; they are looked up only
    where no version row is. `doubts` are the places in scripts for which `tables_present` has every
    table there may be, whoever made it; none where a table with a known name is there.
    `only_touched`: none of those present is made by a revision that can be read; some change them.
    `may_create` tells whether the role may create tables in `schema`. `version_column` is
    what the rows are written into. `found_empty`: there was no table at all before env.py ran, so
    those that are there now it has made itself, for a lock of its own, say.
    """

    version_rows: tuple[str, ...]
    schema: str = "public"
    role: str = ""
    may_create: bool = True
    tables_present: frozenset[str] = field(default_factory=frozenset)
    tables_missing: frozenset[str] = field(default_factory=frozenset)
    doubts: tuple[str, ...] = ()
    only_touched: bool = False
    version_column: VersionColumn = field(default_factory=VersionColumn)
    found_empty: bool = False


def detect(facts: DatabaseFacts, history: History) -> State:
    """Tell the state from the facts and the history, and from nothing else."""
    rows = facts.version_rows
    if not rows:
        ours = facts.tables_present and not facts.found_empty
        return State.UNVERSIONED if ours else State.EMPTY
    known = [row for row in rows if row in history.requirements]
    if history.included(known):
        return State.DIVERGED
    if len(known) < len(rows):
        return State.UNKNOWN_REVISION
    if not history.pending_after(rows):
        return State.AT_HEAD
    if history.applied_with(rows) <= history.applied_with(history.targets):
        return State.BEHIND
    return State.DIVERGED
