"""Prove a schema by its fingerprint: which revision it is, and whether it is as that builds it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

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
from headstart.fingerprint.newer.ruling import Judgement
from headstart.fingerprint.show.difference import Difference, difference
from headstart.values import dataclass

if TYPE_CHECKING:  # what only a newer schema needs is not loaded with a run
    from headstart.fingerprint.newer.schema import Surroundings
    from headstart.fingerprint.newer.survey import Survey


class AnyCatalog(Protocol):
    """The catalog, on a connection of ours or on env.py's."""

    def read(self, reading: Reading, /) -> Snapshot:
        """Read a schema."""

    def ask(self, equal: EqualSchemas, /) -> Answers:
        """Ask about rows, in the same transaction."""

    def look_around(self, sql: str, /) -> Sequence[Sequence[str | None]]:
        """Execute a query of ours on the catalog, with the search_path pinned."""


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

    @property
    def is_exact(self) -> bool:
        """Whether there is nothing to tell but that it is as promised, and who else is there."""
        live = self.live
        told = live.tolerated or live.free or live.retired
        return self.expected is not None and not told and not self.difference


def _live(catalog: AnyCatalog, fingerprints: Fingerprints, scope: Scope) -> Live:
    snapshot, _ = _read(catalog, scope, fingerprints)
    return live_schema(snapshot, fingerprints)


def _read(catalog: AnyCatalog, scope: Scope, fingerprints: Fingerprints) -> tuple[Snapshot, Scope]:
    """What is there of our objects, and where."""

    def read(where: Scope) -> Snapshot:
        return catalog.read(reading_of(where, fingerprints.objects, fingerprints.kinds))

    snapshot = read(scope)
    if not snapshot.lines and scope.schema is None and scope.version_schema:
        # without env.py nobody says which schema its search_path names: that of the version table
        scope = replace(scope, schema=scope.version_schema)
        snapshot = read(scope)
    return snapshot, scope


def lines_of_ours(catalog: AnyCatalog, fingerprints: Fingerprints, scope: Scope) -> frozenset[str]:
    """The facts of our objects that count. Raises as Catalog does."""
    return _live(catalog, fingerprints, scope).lines


def lines_of_all(catalog: AnyCatalog, scope: Scope) -> frozenset[str]:
    """The facts of every object. Raises as Catalog does."""
    return catalog.read(reading_of(scope)).lines


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


def judge_newer(
    catalog: AnyCatalog, fingerprints: Fingerprints, history: History, scope: Scope
) -> Judgement | None:
    """Judge whether code for our head runs on a schema that no revision of ours has built.

    None where the file does not say what our head builds. Raises as Catalog does.
    """
    judgement = _judged(catalog, fingerprints, history, scope)
    for _ in range(MOST_CONFIRMATIONS):
        again = _judged(catalog, fingerprints, history, scope)
        if again == judgement:
            break
        judgement = again
    return judgement


def surroundings(catalog: AnyCatalog, fingerprints: Fingerprints, scope: Scope) -> "Surroundings":
    """What stands around our objects now. Raises as Catalog does."""
    snapshot, _ = _read(catalog, scope, fingerprints)
    return _survey(catalog, fingerprints, snapshot).around


def _survey(catalog: AnyCatalog, fingerprints: Fingerprints, snapshot: Snapshot) -> "Survey":
    from headstart.fingerprint.newer.survey import survey_of, survey_statement

    sql = survey_statement(fingerprints.objects, snapshot.schema)
    return survey_of(fingerprints.objects, catalog.look_around(sql))


def judge_held(
    fingerprints: Fingerprints, history: History, rows: frozenset[str], around: "Surroundings"
) -> Judgement | None:
    """Judge whether our head's code runs on the schema of these rows, by what the file says.

    None where it does not say what the one or the other builds.
    """
    from headstart.fingerprint.newer.judge import judge

    heads = history.rows_of(history.targets)
    ours, held = (
        expected_states(frozenset(), fingerprints, history, each) for each in (heads, rows)
    )
    if not ours or not held:
        return None
    return judge(ours[0], held[0], around)


def _judged(
    catalog: AnyCatalog, fingerprints: Fingerprints, history: History, scope: Scope
) -> Judgement | None:
    from headstart.fingerprint.newer.judge import judge
    from headstart.fingerprint.newer.retention import not_old, of_retired

    snapshot, where = _read(catalog, scope, fingerprints)
    heads = history.rows_of(history.targets)
    ours = live_schema(snapshot, fingerprints)
    every = expected_states(ours.lines, fingerprints, history, heads)
    compared = [
        (_without_retired(ours, lines, not_old(lines, ours.lines)), lines) for lines in every
    ]
    if not compared:
        return None
    # the form that this database descends from, and no other one that it might be taken for
    least = min(_distance(each) for each, _ in compared)
    nearest = [(each, whole) for each, whole in compared if _distance(each) == least]
    survey = _survey(catalog, fingerprints, snapshot)
    there = fingerprints.counting(catalog.read(reading_of(where, survey.names)).lines)
    judged = (
        judge(
            each.expected or (),
            without(there, each.live.retired_names),
            survey.around,
            of_retired(whole, each.live.retired, survey.around.now),
        )
        for each, whole in nearest
    )
    return max(judged, key=lambda each: (bool(each.breaks), bool(each.doubts)))


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
