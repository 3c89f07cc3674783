"""Several revisions have the schema that was found: which of them is it, if rows can tell? Pure.

What has to be asked of the database is returned as data, and the answers are passed in. Where they
leave two revisions open, nobody decides but the operator.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from headstart.facts.state import History
from headstart.fingerprint.file.states import Fingerprints
from headstart.fingerprint.match.candidate import Candidate
from headstart.fingerprint.statements.effect import Effect
from headstart.fingerprint.statements.inserted import InsertedRow

UNKNOWN_TABLES = "*"
"""What a revision changed that the replay could not name: any table."""


@dataclass(frozen=True)
class Doubt:
    """A revision between two equal schemas, of which nobody knows whether it ran.

    It may run again where all of `tables` are empty; it has run where all of `rows` are there.
    """

    revision: str
    tables: frozenset[str] = frozenset()
    rows: frozenset[InsertedRow] = frozenset()
    noop: bool = False


@dataclass(frozen=True)
class Answers:
    """What the database says: is a table empty, is a row there; None where it does not tell."""

    empty: Mapping[str, bool | None]
    present: Mapping[InsertedRow, bool | None]


@dataclass(frozen=True)
class EqualSchemas:
    """Revisions with the same schema, the oldest first, and the revisions between them."""

    members: tuple[Candidate, ...]
    applied: tuple[frozenset[str], ...]
    doubts: tuple[Doubt, ...]

    @property
    def tables(self) -> frozenset[str]:
        """The tables about which the database has to be asked."""
        return frozenset(table for doubt in self.doubts for table in doubt.tables)

    @property
    def rows(self) -> frozenset[InsertedRow]:
        """The rows about which the database has to be asked."""
        return frozenset(row for doubt in self.doubts for row in doubt.rows)

    def settle(self, answers: Answers) -> Candidate | None:
        """The one that it is; None where two are possible.

        All between are without effect: the newest. Else the oldest from which everything after it
        may run, and before which everything has run.
        """
        ran, may_run = set(), set()
        for doubt in self.doubts:
            if doubt.noop or _all(answers.present.get(row) for row in doubt.rows):
                ran.add(doubt.revision)
            if doubt.noop or _may_run(doubt, answers):
                may_run.add(doubt.revision)
        order = list(zip(self.members, self.applied, strict=True))
        if all(doubt.noop for doubt in self.doubts):
            order.reverse()
        between = self.applied[-1] - self.applied[0]
        for member, applied in order:
            before = (applied - self.applied[0]) & between
            if before <= ran and between - before <= may_run:
                return member
        return None


def equal_schemas(
    exact: Iterable[Candidate], known: Fingerprints, history: History
) -> EqualSchemas | None:
    """Order revisions with the same schema; None where they are on branches beside each other."""
    members = sorted(exact, key=lambda each: len(history.applied_with(each.revisions)))
    applied = tuple(history.applied_with(each.revisions) for each in members)
    if any(not below <= above for below, above in pairwise(applied)):
        return None
    between = [r for r in history.requirements if r in applied[-1] and r not in applied[0]]
    there = frozenset(_tables(members[0].lines))
    doubts = tuple(_doubt(r, known, there) for r in between)
    return EqualSchemas(tuple(members), applied, doubts)


def _doubt(revision: str, known: Fingerprints, there: frozenset[str]) -> Doubt:
    step = known.steps.get(revision)
    if step is None:  # its replay is not known
        return Doubt(revision, frozenset([UNKNOWN_TABLES]) | there)
    if step.effect is Effect.NOOP:
        return Doubt(revision, noop=True)
    # a table of the history that this schema does not have holds no row
    touched = {table for table in step.tables if table in there or table not in known.objects}
    if UNKNOWN_TABLES in touched:
        touched = (touched - {UNKNOWN_TABLES}) | there
    # what it takes away may hold rows: dropped and made again is not as if nothing had been
    removed = {line.split("\t", 2)[1] for line in step.delta.removed if _holds_rows(line)}
    gone = removed & there
    return Doubt(revision, frozenset(touched) | gone, frozenset(step.rows))


def _holds_rows(line: str) -> bool:
    return line.startswith(("table\t", "column\t"))


def _tables(lines: Iterable[str]) -> Iterable[str]:
    return (line.split("\t", 2)[1] for line in lines if line.startswith("table\t"))


def _may_run(doubt: Doubt, answers: Answers) -> bool:
    # that its rows are not there is no proof that it did not run: somebody may have deleted them
    return all(answers.empty.get(table) for table in doubt.tables)


def _all(known: Iterable[bool | None]) -> bool:
    told = list(known)
    return bool(told) and all(told)
