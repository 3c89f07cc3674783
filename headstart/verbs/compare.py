"""Prove a schema by its fingerprint: which revision it is, and whether it is as that builds it."""

from dataclasses import replace
from typing import Protocol

from headstart.facts.state import History, Scope
from headstart.fingerprint.catalog.live import Live
from headstart.fingerprint.catalog.normal_form import Snapshot
from headstart.fingerprint.catalog.query import Reading, reading_of
from headstart.fingerprint.file.states import Fingerprints
from headstart.fingerprint.match.equal_schemas import Answers, EqualSchemas
from headstart.fingerprint.match.find import find
from headstart.fingerprint.match.finding import Proven, SearchResult
from headstart.fingerprint.match.retired import (
    live_without,
    partitions_made_by,
    retired_in,
    without,
)
from headstart.fingerprint.match.scope import live_schema, with_renamed
from headstart.fingerprint.match.search import expected_states
from headstart.fingerprint.show.difference import Difference, difference
from headstart.values import dataclass


class AnyCatalog(Protocol):
    """The catalog, on a connection of ours or on env.py's."""

    def read(self, reading: Reading, /) -> Snapshot:
        """Read a schema."""

    def ask(self, equal: EqualSchemas, /) -> Answers:
        """Ask about rows, in the same transaction."""


MOST_CONFIRMATIONS = 5
"""How often a schema that is none is read again, where somebody changes it meanwhile."""


@dataclass(frozen=True)
class Promised:
    """What the schema has to be: that of these rows; `applied` ran just now, and nothing is old."""

    version_rows: tuple[str, ...]
    applied: tuple[str, ...] = ()


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


def _live(catalog: AnyCatalog, fingerprints: Fingerprints, scope: Scope) -> Live:
    def read(where: Scope) -> Snapshot:
        return catalog.read(reading_of(where, fingerprints.objects, fingerprints.kinds))

    snapshot = read(scope)
    if not snapshot.lines and scope.schema is None and scope.version_schema:
        # without env.py nobody says which schema its search_path names: that of the version table
        snapshot = read(replace(scope, schema=scope.version_schema))
    return live_schema(snapshot, fingerprints)


def prove(
    catalog: AnyCatalog, fingerprints: Fingerprints, history: History, scope: Scope
) -> SearchResult:
    """Tell the revision of tables without a version row. Raises as Catalog does."""
    finding = find(_live(catalog, fingerprints, scope), fingerprints, history, catalog.ask)
    for _ in range(MOST_CONFIRMATIONS):
        if isinstance(finding, Proven):
            break
        # of something that was being renamed both names may have been read, or none
        again = find(_live(catalog, fingerprints, scope), fingerprints, history, catalog.ask)
        if again.live.lines == finding.live.lines:
            break
        finding = again
    return finding


def compare(
    catalog: AnyCatalog,
    fingerprints: Fingerprints,
    history: History,
    scope: Scope,
    promised: Promised,
) -> Comparison:
    """Compare the schema with that of its version rows, in whichever known form is the nearest."""
    comparison = _compared(_live(catalog, fingerprints, scope), fingerprints, history, promised)
    for _ in range(MOST_CONFIRMATIONS):
        if not comparison.difference:
            break
        again = _compared(_live(catalog, fingerprints, scope), fingerprints, history, promised)
        if again.live.lines == comparison.live.lines:
            break
        comparison = again
    return comparison


def _compared(
    live: Live, fingerprints: Fingerprints, history: History, promised: Promised
) -> Comparison:
    wanted = frozenset(promised.version_rows)
    expected = expected_states(live.lines, fingerprints, history, wanted)
    if live.lines in expected:
        return Comparison(live, live.lines)
    live = with_renamed(live, fingerprints)
    made = (fingerprints.steps[r].delta for r in promised.applied if r in fingerprints.steps)
    needed = frozenset(name for delta in made for name in partitions_made_by(delta))
    comparisons = (_without_retired(live, lines, needed) for lines in expected)
    return min(comparisons, key=_distance, default=Comparison(live, None))


def _without_retired(live: Live, expected: frozenset[str], needed: frozenset[str]) -> Comparison:
    retired = retired_in(expected, live.lines).without(needed)
    if not retired:
        return Comparison(live, expected)
    return Comparison(live_without(live, retired), without(expected, retired.every))


def _distance(comparison: Comparison) -> int:
    return len((comparison.expected or frozenset()) ^ comparison.live.lines)
