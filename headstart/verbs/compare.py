"""Prove a schema by its fingerprint: which revision it is, and whether it is as that builds it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain
from typing import Protocol

from headstart.decision.explanation import drifted, of_difference, of_live
from headstart.decision.index_repair import InvalidIndex, not_as_built
from headstart.facts.state import History, OurTables, Scope, written
from headstart.fingerprint.catalog.live import Live
from headstart.fingerprint.catalog.names import split_name
from headstart.fingerprint.catalog.normal_form import Snapshot
from headstart.fingerprint.catalog.query import Reading, reading_of
from headstart.fingerprint.file.states import Fingerprints
from headstart.fingerprint.match.equal_schemas import Answers, EqualSchemas
from headstart.fingerprint.match.find import find
from headstart.fingerprint.match.finding import Finding, Proven, Told, Unknowable
from headstart.fingerprint.match.scope import live_schema, with_renamed
from headstart.fingerprint.match.search import expected_states
from headstart.fingerprint.show.difference import Difference, difference
from headstart.fingerprint.show.equivalent import are_equivalent, rename_statements
from headstart.postgres.connection import Connection
from headstart.postgres.indexes import read_invalid_indexes
from headstart.revisions.known_states import KnownStates, read_known_states
from headstart.revisions.project import Project
from headstart.settings.kinds import Verify
from headstart.verbs.task import Task
from headstart.verdict.errors import Explanation, StaleFingerprints
from headstart.verdict.proof import Proof


class Catalogue(Protocol):
    """The catalog, on a connection of ours or on env.py's."""

    def read(self, reading: Reading, /) -> Snapshot:
        """Read a schema."""

    def ask(self, equal: EqualSchemas, /) -> Answers:
        """Ask about rows, in the same transaction."""


MOST_CONFIRMATIONS = 5
"""How often a schema that is none is read again, where somebody changes it meanwhile."""


@dataclass(frozen=True)
class Comparison:
    """A schema against what its version rows promise; `expected` is None where that is unknown."""

    live: Live
    expected: frozenset[str] | None

    @property
    def difference(self) -> Difference:
        """Nothing where it is as promised."""
        if self.expected is None:
            return Difference(0)
        return difference(self.expected, self.live.lines)


def read_known(task: Task, project: Project, history: History) -> KnownStates:
    """Read the fingerprints file, and tell where it is of no use. Raises StaleFingerprints."""
    known = read_known_states(project, history, task.settings.fingerprints)
    strict = task.settings.verify is Verify.STRICT
    if strict and known.usable is None and known.why_not is None:
        raise StaleFingerprints(
            f"{known.path} does not exist, and HEADSTART_VERIFY=strict needs it"
        )
    if known.why_not is None:
        return known
    told = f"{known.path} proves nothing: {known.why_not}"
    if strict:
        raise StaleFingerprints(told)
    task.record.explain(Explanation((told,), {"fingerprints": told}))
    task.say("fingerprints_unusable", path=str(known.path), cause=known.why_not)
    return known


def our_tables(known: Fingerprints) -> OurTables:
    """The tables that any revision makes, and its materialized views."""
    tables, views = (
        frozenset((schema or None, name) for schema, name in map(split_name, each))
        for each in (known.tables, known.views)
    )
    return OurTables(tables, views=views)


def invalid_indexes(
    connection: Connection,
    scope: Scope,
    known: KnownStates,
    version_rows: tuple[str, ...],
    ours: Callable[[], OurTables],
) -> tuple[InvalidIndex, ...]:
    """The INVALID indexes of our tables, but for those that the revisions themselves leave so."""
    found = read_invalid_indexes(connection, scope, ours)
    states = known.usable.by_name if known.usable is not None and found else {}
    built = (known.usable.lines(row) for row in version_rows if row in states and known.usable)
    return not_as_built(found, chain.from_iterable(built))


def _live(catalogue: Catalogue, known: Fingerprints, scope: Scope) -> Live:
    found = catalogue.read(reading_of(scope, known.objects))
    if not found.lines and scope.schema is None and scope.version_schema:
        # without env.py nobody says which schema its search_path names: that of the version table
        found = catalogue.read(
            reading_of(replace(scope, schema=scope.version_schema), known.objects)
        )
    return live_schema(found, known)


def prove(catalogue: Catalogue, known: Fingerprints, history: History, scope: Scope) -> Told:
    """Tell the revision of tables without a version row. Raises as Catalogue does."""
    finding = find(_live(catalogue, known, scope), known, history, catalogue.ask)
    for _ in range(MOST_CONFIRMATIONS):
        if isinstance(finding, Proven):
            break
        # of something that was being renamed both names may have been read, or none
        again = find(_live(catalogue, known, scope), known, history, catalogue.ask)
        if again.live.lines == finding.live.lines:
            break
        finding = again
    return finding


def finding_of(
    catalogue: Catalogue, known: KnownStates, history: History, scope: Scope
) -> Finding | None:
    """What the file says about tables without a version row; None where there is no file."""
    if known.usable is None:
        return Unknowable(known.why_not) if known.why_not else None
    return prove(catalogue, known.usable, history, scope)


def compare(
    catalogue: Catalogue,
    known: Fingerprints,
    history: History,
    scope: Scope,
    version_rows: tuple[str, ...],
) -> Comparison:
    """Compare the schema with that of its version rows, in whichever known form is the nearest."""
    wanted = frozenset(version_rows)
    found = _compared(_live(catalogue, known, scope), known, history, wanted)
    for _ in range(MOST_CONFIRMATIONS):
        if not found.difference:
            break
        again = _compared(_live(catalogue, known, scope), known, history, wanted)
        if again.live.lines == found.live.lines:
            break
        found = again
    return found


def _compared(
    live: Live, known: Fingerprints, history: History, wanted: frozenset[str]
) -> Comparison:
    expected = expected_states(live.lines, known, history, wanted)
    if live.lines not in expected:
        live = with_renamed(live, known)
    nearest = min(expected, key=lambda lines: len(lines ^ live.lines), default=None)
    return Comparison(live, nearest)


def fails_on_drift(verify: Verify, *, auto: bool) -> bool:
    """Whether a difference is a failure, where HEADSTART_VERIFY=auto means `auto`."""
    return verify is Verify.STRICT or (verify is Verify.AUTO and auto)


def note_difference(
    task: Task,
    found: Comparison,
    rows: tuple[str, ...],
    *,
    fails: bool,
    next_step: str | None = None,
) -> Proof:
    """Tell a difference. Raises Drifted where it fails; else gives what the verdict rests on."""
    if found.expected is None:
        return _not_compared(task, rows)
    told = found.difference
    renames = _renames(found.expected, found.live.lines) if told else ()
    shown = of_difference(told, found.live, renames) if told else of_live(found.live)
    if not told:
        task.record.explain(shown)
        return Proof.FINGERPRINT
    error = drifted(rows, told, shown, next_step)
    if fails:
        task.record.proof = Proof.VERSION_ROW
        raise error
    task.say("schema_drifted", cause=str(error))
    task.record.explain(Explanation((f"drifted: {error}", *shown.lines), shown.fields))
    return Proof.VERSION_ROW


def _not_compared(task: Task, rows: tuple[str, ...]) -> Proof:
    """The file does not know these rows. Raises StaleFingerprints where that is no proof."""
    told = f"the schema was not compared: the fingerprints have no state for {written(rows)}"
    if task.settings.verify is Verify.STRICT:
        task.record.proof = Proof.VERSION_ROW
        raise StaleFingerprints(told, next_step=_KNOW_MORE)
    task.say("schema_not_compared", cause=told)
    task.record.explain(Explanation((told,), {"not_compared": told}))
    return Proof.VERSION_ROW


_KNOW_MORE = (
    "headstart fingerprint build, or headstart fingerprint record with a database that is known to"
    " be right; and commit the file"
)


def _renames(expected: frozenset[str], live: frozenset[str]) -> tuple[str, ...]:
    """What makes a schema exact of which only names and spellings differ."""
    return rename_statements(expected, live) if are_equivalent(expected, live) else ()
