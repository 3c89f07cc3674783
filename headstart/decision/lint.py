"""Which findings of a lint count, and about which live table each one is. Pure.

A finding about a table that is empty, or that a pending revision makes, is left out: nobody waits
for it. It is counted and named all the same.
"""

from collections.abc import Iterable, Iterator, Mapping

from headstart.decision.named_tables import About, LeftOut, Tracker
from headstart.facts.live_tables import LiveTable, LiveTables
from headstart.facts.remark import SYNTAX, Remark
from headstart.fingerprint.statements.placed import Placed, placed
from headstart.values import dataclass


@dataclass(frozen=True)
class RevisionSql:
    """What a revision renders to; `why_not_all` says why there may be more that is not shown."""

    revision: str
    sql: str
    why_not_all: str | None = None


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


def names_in(scripts: Iterable[RevisionSql]) -> tuple[frozenset[str], frozenset[str]]:
    """The bare names of the tables, and of the indexes, that the SQL is about."""
    subjects = [each.subject for script in scripts for each in placed(script.sql)]
    tables = {name for each in subjects for _, name in each.tables}
    indexes = {name for each in subjects for _, name in each.indexes}
    return frozenset(tables), frozenset(indexes)


def judged(
    scripts: Iterable[RevisionSql], remarks: Mapping[str, Iterable[Remark]], live: LiveTables
) -> Lint:
    """Tell which remarks count. `scripts` are in the order in which they would run."""
    scripts, tracker = tuple(scripts), Tracker(live)
    found: list[Finding] = []
    unread: list[Unread] = []
    for script in scripts:
        said = list(remarks.get(script.revision, ()))
        unread += _unread(script, said)
        found += _findings(script, said, tracker)
    counting = tuple(each for each in found if each.left_out is None)
    left_out = tuple(each for each in found if each.left_out is not None)
    return Lint(tuple(each.revision for each in scripts), counting, left_out, tuple(unread))


def _unread(script: RevisionSql, remarks: Iterable[Remark]) -> Iterator[Unread]:
    if script.why_not_all is not None:
        yield Unread(script.revision, script.why_not_all)
    elif not script.sql.strip():
        yield Unread(script.revision, "it renders no SQL")
    for each in remarks:
        if each.rule == SYNTAX:
            why = f"squawk cannot read line {each.line} of its SQL ({each.message})"
            yield Unread(script.revision, f"{why}, and looks at none of it")
            break
    for statement in placed(script.sql):
        if statement.subject.opaque:
            line = script.sql[: _begin(statement)].count("\n") + 1
            why = f"line {line} of its SQL executes code that squawk does not look into"
            yield Unread(script.revision, why)


def _findings(
    script: RevisionSql, remarks: Iterable[Remark], tracker: Tracker
) -> Iterator[Finding]:
    """The findings of a revision, in the order of its statements, which change what is there."""
    left = sorted((each for each in remarks if each.rule != SYNTAX), key=lambda each: each.offset)
    for statement in placed(script.sql):
        about = tracker.about(statement)
        while left and left[0].offset < statement.end:
            yield _finding(script.revision, left.pop(0), statement, about)
        tracker.follow(statement)
    for each in left:
        yield Finding(script.revision, each.rule, each.message, each.line, "")


def _finding(revision: str, remark: Remark, statement: Placed, about: About) -> Finding:
    text = statement.text[_begin(statement) - statement.start :].strip()
    return Finding(
        revision, remark.rule, remark.message, remark.line, text, about.name, about.table,
        about.left_out,
    )  # fmt: skip


def _begin(statement: Placed) -> int:
    """Where it begins, behind spaces."""
    return statement.end - len(statement.text.lstrip())
