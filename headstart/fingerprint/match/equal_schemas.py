"""Decide between revisions that have the same schema, by the rows where these can tell. Pure.

What has to be asked of the database is returned as data, and the answers are passed in. Where they
leave two revisions open, only the operator decides.

An example: a makes the table `roles`, b changes no schema but inserts the row `admin` into it. A
database has the table and no version row. It matches a and b, and between these is one doubt: b,
with the table `roles` and the row `admin`. Two wrong answers threaten: to stamp b though it did not
run (the row is missing for ever), or a though it did (b runs again, and inserts the row twice).

    roles is empty            a: b may run now, whether or not it ran before
    roles has the row admin   b: it ran, for nothing else is known to insert that row
    roles has other rows      None: b may have run, and somebody deleted its row

What has run proves that everything which it requires has run, too: with c after b, and a row of c
there, neither a nor b is possible any more, whatever b did. If c inserts a row that b has inserted
and somebody deleted since, that row is a proof of b only.

Had b no effect at all (a merge, an empty script), it would be a doubt that answers itself: both to
have run it and to run it again are harmless, and the newest revision saves work.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from headstart.facts.state import History
from headstart.fingerprint.file.states import Fingerprints
from headstart.fingerprint.match.candidate import Candidate
from headstart.fingerprint.statements.effect import Effect
from headstart.fingerprint.statements.inserted import InsertedRow
from headstart.values import dataclass

UNKNOWN_TABLES = "*"
"""What a revision changed that the replay could not name: any table."""


@dataclass(frozen=True)
class Doubt:
    """A revision between two equal schemas, which may have run or not.

    It may run again where all of `tables` are empty, unless it is only `partly` known what it does;
    it has run where all of `rows` are there.
    """

    revision: str
    tables: frozenset[str] = frozenset()
    rows: frozenset[InsertedRow] = frozenset()
    noop: bool = False
    partly: bool = False


@dataclass(frozen=True)
class Answers:
    """The database's answers: is a table empty, is a row there; None without an answer."""

    empty: Mapping[str, bool | None]
    present: Mapping[InsertedRow, bool | None]


@dataclass(frozen=True)
class EqualSchemas:
    """Revisions with the same schema, the oldest first, and the revisions that not all have."""

    members: tuple[Candidate, ...]
    applied: tuple[frozenset[str], ...]
    doubts: tuple[Doubt, ...]

    @property
    def tables(self) -> frozenset[str]:
        """The tables to ask the database about."""
        return frozenset(table for doubt in self.doubts for table in doubt.tables)

    @property
    def rows(self) -> frozenset[InsertedRow]:
        """The rows to ask the database about."""
        return frozenset(row for doubt in self.doubts for row in doubt.rows)

    @property
    def is_line(self) -> bool:
        """Whether each has all that the one before it has; on parallel branches it has not."""
        return all(below <= above for below, above in pairwise(self.applied))

    @property
    def open(self) -> tuple[str, ...]:
        """The revisions that decide; none on parallel branches, where there is no order."""
        return tuple(d.revision for d in self.doubts if not d.noop) if self.is_line else ()

    def left(self, answers: Answers) -> "EqualSchemas":
        """Those that are possible, now that some rows are known to be there."""
        # what a member has applied includes all that this requires: no need to close `ran` over it
        ran = {doubt.revision for doubt in self.doubts if _has_run(doubt, answers)}
        possible = [
            (member, applied)
            for member, applied in zip(self.members, self.applied, strict=True)
            if ran <= applied
        ]
        if not possible:  # the rows of several prove what no one of them has: nothing is known
            return self
        members, applied = zip(*possible, strict=True)
        between = _between(applied)
        return EqualSchemas(
            members, applied, tuple(d for d in self.doubts if d.revision in between)
        )

    def settle(self, answers: Answers) -> Candidate | None:
        """The revision that the database is at; None if two are possible.

        If all between are without effect, the newest. Otherwise the oldest for which this is true:
        every revision up to it has run, and every later one may run.
        """
        left = self.left(answers)
        if not left.is_line:
            return None
        order = list(zip(left.members, left.applied, strict=True))
        if all(doubt.noop for doubt in left.doubts):
            order.reverse()
        harmless = {doubt.revision for doubt in left.doubts if doubt.noop}
        may_run = {doubt.revision for doubt in left.doubts if _may_run(doubt, answers)}
        # what is older than every member has run, whatever it did: that is no question here
        between = _between(left.applied)
        for member, applied in order:
            before = applied & between
            if before <= harmless and between - before <= may_run:
                return member
        return None


def equal_schemas(
    exact: Iterable[Candidate], fingerprints: Fingerprints, history: History
) -> EqualSchemas:
    """Order revisions with the same schema; beside each other, they have none."""
    members = sorted(exact, key=lambda each: len(history.applied_with(each.revisions)))
    applied = tuple(history.applied_with(each.revisions) for each in members)
    between = _between(applied)
    table_lines = (line for line in members[0].lines if line.startswith("table\t"))
    there = frozenset(line.split("\t", 2)[1] for line in table_lines)
    telling = _telling_rows(fingerprints, history, between)
    doubts = tuple(
        _doubt(revision, fingerprints, there, telling.get(revision, frozenset()))
        for revision in history.requirements
        if revision in between
    )
    return EqualSchemas(tuple(members), applied, doubts)


def _telling_rows(
    fingerprints: Fingerprints, history: History, between: frozenset[str]
) -> Mapping[str, frozenset[InsertedRow]]:
    """The rows that prove a revision: nothing inserts them but itself and what requires it."""
    inserting: dict[InsertedRow, set[str]] = {}
    for name, step in fingerprints.steps.items():
        for row in step.rows:
            inserting.setdefault(row, set()).add(name)
    with_all = {
        name: history.applied_with([name])
        for names in inserting.values()
        if len(names) > 1
        for name in names & history.requirements.keys()
    }
    return {
        revision: frozenset(
            row
            for row in fingerprints.steps[revision].rows
            if all(
                other == revision or revision in with_all.get(other, ()) for other in inserting[row]
            )
        )
        for revision in between & fingerprints.steps.keys()
    }


def _between(applied: Sequence[frozenset[str]]) -> frozenset[str]:
    """What some have and others do not."""
    return frozenset.union(*applied) - frozenset.intersection(*applied)


def _doubt(
    revision: str, fingerprints: Fingerprints, there: frozenset[str], rows: frozenset[InsertedRow]
) -> Doubt:
    step = fingerprints.steps.get(revision)
    if step is None:  # its replay is not known
        return Doubt(revision, frozenset([UNKNOWN_TABLES]) | there)
    if step.effect is Effect.NOOP:
        return Doubt(revision, noop=True)
    # a table of the history that this schema does not have holds no row
    touched = {
        table for table in step.tables if table in there or table not in fingerprints.objects
    }
    if UNKNOWN_TABLES in touched:
        touched = (touched - {UNKNOWN_TABLES}) | there
    # what it takes away may hold rows: dropped and made again is not as if nothing had been
    removed = (e for e in step.delta.removed if e.startswith(("table\t", "column\t")))
    gone = {line.split("\t", 2)[1] for line in removed} & there
    return Doubt(revision, frozenset(touched) | gone, rows, partly=step.partly)


def _has_run(doubt: Doubt, answers: Answers) -> bool:
    # with no rows known, all() of nothing would say that it ran
    return bool(doubt.rows) and all(answers.present.get(row) for row in doubt.rows)


def _may_run(doubt: Doubt, answers: Answers) -> bool:
    # that its rows are not there is no proof that it did not run: somebody may have deleted them
    # without a table there is no row that a second run could spoil: a GRANT, for one
    # what is not compared may be there already, and a second time it would be there twice
    known = not doubt.partly and all(answers.empty.get(table) for table in doubt.tables)
    return doubt.noop or known
