"""Which findings of a lint count, and about which live table each one is. Pure.

A finding about a table that is empty, or that a pending revision makes, is left out: nobody waits
for it. It is counted and named all the same.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from headstart.decision.named_tables import About, LeftOut, Tracker
from headstart.facts.live_tables import LiveTable, LiveTables, Names
from headstart.facts.remark import SYNTAX, Remark
from headstart.fingerprint.statements.placed import Placed, placed
from headstart.values import dataclass


@dataclass(frozen=True)
class RevisionSql:
    """What a revision renders to; `why_not_all` says why there may be more that is not shown."""

    revision: str
    sql: str
    why_not_all: str | None = None

    @cached_property
    def statements(self) -> tuple[Placed, ...]:
        """Its statements: read once, since a dump of data may be long."""
        return tuple(placed(self.sql))


@dataclass(frozen=True)
class Finding:
    """What squawk found, with the live table that it is about; None where it is about none.

    `name` is that of the table, also where no such table is there. `line` counts from 1 within the
    SQL of the revision, `statement` is its text. `left_out` is None where the finding counts.
    """

    revision: str
    rule: str
    message: str
    line: int
    statement: str
    name: str | None = None
    table: LiveTable | None = None
    left_out: LeftOut | None = None


@dataclass(frozen=True)
class Unread:
    """What was not looked at, of a revision, and why."""

    revision: str
    why: str


@dataclass(frozen=True)
class Lint:
    """The whole answer: the findings that count, those left out, and what was not looked at."""

    revisions: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    left_out: tuple[Finding, ...] = ()
    unread: tuple[Unread, ...] = ()


def names_in(scripts: Iterable[RevisionSql]) -> Names:
    """The bare names of the tables, indexes and functions that the SQL is about."""
    subjects = [each.subject for script in scripts for each in script.statements]
    parts = tuple(each.attaches for each in subjects if each.attaches is not None)
    tables = {name for each in subjects for _, name in each.tables} | {name for _, name in parts}
    indexes = {name for each in subjects for _, name in each.indexes}
    functions = {name for each in subjects for _, name in each.calls}
    return Names(frozenset(tables), frozenset(indexes), frozenset(functions))


def judged(
    scripts: Iterable[RevisionSql], remarks: Mapping[str, Iterable[Remark]], live: LiveTables
) -> Lint:
    """Tell which remarks count. `scripts` are in the order in which they would run."""
    scripts, tracker = tuple(scripts), Tracker(live)
    found: list[Finding] = []
    unread: list[Unread] = []
    for script in scripts:
        said = sorted(remarks.get(script.revision, ()), key=lambda each: each.offset)
        looked = list(_looked(script, tracker))
        found += _findings(script, [each for each in said if each.rule != SYNTAX], looked)
        syntax = next((each for each in said if each.rule == SYNTAX), None)
        unread += (Unread(script.revision, why) for why in _unread(script, syntax, looked))
    counting = tuple(each for each in found if each.left_out is None)
    left_out = tuple(each for each in found if each.left_out is not None)
    return Lint(tuple(each.revision for each in scripts), counting, left_out, tuple(unread))


@dataclass(frozen=True)
class _Looked:
    """A statement, what it is about, and what squawk does not see of it."""

    statement: Placed
    about: About
    unseen: tuple[str, ...]

    @property
    def begin(self) -> int:
        """Where it begins, behind spaces."""
        return self.statement.end - len(self.statement.text.lstrip())


def _looked(script: RevisionSql, tracker: Tracker) -> Iterator[_Looked]:
    """The statements of a revision in their order: each changes what is there for the next."""
    for statement in script.statements:
        about = tracker.about(statement)
        yield _Looked(statement, about, tuple(_unseen(statement, about, tracker)))
        tracker.follow(statement)
    tracker.end_revision()


def _unseen(statement: Placed, about: About, tracker: Tracker) -> Iterator[str]:
    """What squawk does not see of a statement, or we do not."""
    if statement.subject.opaque:
        yield "executes code that squawk does not look into"
    for name in tracker.foreign_calls(statement):
        yield f"calls {name}(), which squawk does not look into"
    if tracker.finds(statement):
        yield "creates a table that is there already, which squawk takes for a new one"
    if tracker.is_taken_for_new(statement):
        yield f"is about {about.name}, which squawk takes for a table that the revision makes"
    if tracker.is_unplaced(statement):
        yield "names no schema, after a search_path that is not known here"


def _unread(script: RevisionSql, syntax: Remark | None, looked: Iterable[_Looked]) -> Iterator[str]:
    """Why squawk has not seen all that a revision does."""
    if script.why_not_all is not None:
        yield script.why_not_all
    elif not script.sql.strip():
        yield "it renders no SQL"
    if syntax is not None:
        yield (
            f"squawk cannot read line {syntax.line} of its SQL ({syntax.message}), and looks at"
            " none of it"
        )
    for each in looked:
        line = f"line {script.sql.count(chr(10), 0, each.begin) + 1} of its SQL"
        yield from (f"{line} {unseen}" for unseen in each.unseen)


def _findings(
    script: RevisionSql, remarks: Iterable[Remark], looked: Iterable[_Looked]
) -> Iterator[Finding]:
    """The findings of a revision; `remarks` are in the order of the text."""
    left = deque(remarks)
    for each in looked:
        while left and left[0].offset < each.statement.end:
            yield _finding(script.revision, left.popleft(), each)
    for remark in left:
        yield Finding(script.revision, remark.rule, remark.message, remark.line, "")


def _finding(revision: str, remark: Remark, looked: _Looked) -> Finding:
    text, about = looked.statement.text.strip(), looked.about
    return Finding(
        revision, remark.rule, remark.message, remark.line, text, about.name, about.table,
        about.left_out,
    )  # fmt: skip
