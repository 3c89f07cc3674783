"""Name the revision of a schema. Pure; what the catalog cannot show is asked through a function.

It never guesses: where two answers are possible, both are named.

An example. `t` is the line of a table, `t.x` that of a column; b changes rows of t and no schema:

    a: +t +t.x        b: rows of t        c: +u +u.x

    t t.x           exact: a and b. Their rows decide (equal_schemas.py). t is empty: Proven a, and
                    b will run. t has rows: SeveralMatches a, b, with b open
    t t.x u u.x     exact: c. Proven, and b is named as a revision whose rows nobody has seen
    t t.x u         between b and c: HalfApplied c, on top of b, with u.x left to do
    t t.x t.q       no state, and no step explains t.q: Unlike, nearest b, the last of the two that
                    differ the least; the other one is a
"""

from collections.abc import Callable
from itertools import chain

from headstart.facts.state import History
from headstart.fingerprint.catalog.live import Live
from headstart.fingerprint.file.states import Delta, Fingerprints
from headstart.fingerprint.match.candidate import Candidate
from headstart.fingerprint.match.equal_schemas import Answers, EqualSchemas, equal_schemas
from headstart.fingerprint.match.finding import (
    HalfApplied,
    Proven,
    SearchResult,
    SeveralMatches,
    Unlike,
)
from headstart.fingerprint.match.retired import (
    fingerprints_without,
    live_without,
    partitions_made_by,
    retired_in,
    without,
)
from headstart.fingerprint.match.scope import with_renamed
from headstart.fingerprint.match.search import search
from headstart.fingerprint.show.difference import difference
from headstart.fingerprint.show.equivalent import are_equivalent, rename_statements
from headstart.fingerprint.statements.effect import Effect

Ask = Callable[[EqualSchemas], Answers]
"""Asks the database what the catalog cannot show."""

_DATA = frozenset({Effect.DATA, Effect.SCHEMA_AND_DATA, Effect.READ})


def find(live: Live, fingerprints: Fingerprints, history: History, ask: Ask) -> SearchResult:
    """Name the revision of a schema, or why there is none to name."""
    matches = search(live.lines, fingerprints, history)
    if matches.exact:
        return _of_exact(matches.exact, live, fingerprints, history, ask)
    retired = _exact_but_for_retired(live, fingerprints, history)
    if retired is not None:
        exact, live, fingerprints = retired
        return _of_exact(exact, live, fingerprints, history, ask)
    # only now: beside an index of ours another one changes nothing, and an exact state stays
    # exact; where ours is missing, the one by another name is the likely reason
    explained = with_renamed(live, fingerprints)
    if explained.lines != live.lines:
        live = explained
        matches = search(live.lines, fingerprints, history)
    if matches.equivalent:
        return _unlike(matches.equivalent, live)
    if matches.half_applied:
        return _half(matches.half_applied, live, fingerprints, history)
    return _unlike(matches.nearest, live)


def _exact_but_for_retired(
    live: Live, fingerprints: Fingerprints, history: History
) -> tuple[tuple[Candidate, ...], Live, Fingerprints] | None:
    """The states that a schema has, but for partitions that retention has taken out of it.

    Not where the state's own revision makes one of those: then it may be half applied.
    """
    retired = retired_in(
        chain.from_iterable(s.delta.added for s in fingerprints.states), live.lines
    )
    if not retired:
        return None
    rest, fewer = live_without(live, retired), fingerprints_without(fingerprints, retired.every)
    exact = tuple(
        each
        for each in search(rest.lines, fewer, history).exact
        if not each.composed and _is_exact_but_for_retired(each, live, fingerprints)
    )
    return (exact, rest, fewer) if exact else None


def _is_exact_but_for_retired(each: Candidate, live: Live, fingerprints: Fingerprints) -> bool:
    lines = fingerprints.lines(each.name)
    names = retired_in(lines, live.lines).every
    steps = (fingerprints.steps[r].delta for r in each.revisions if r in fingerprints.steps)
    if any(names & partitions_made_by(delta) for delta in steps):
        return False
    return without(lines, names) == without(live.lines, names)


def _of_exact(
    exact: tuple[Candidate, ...], live: Live, fingerprints: Fingerprints, history: History, ask: Ask
) -> SearchResult:
    one: Candidate | None = exact[0]
    if len({each.revisions for each in exact}) > 1:
        # heads differ, so a choice between them decides which revisions will run
        equal = equal_schemas(exact, fingerprints, history)
        # beside each other nothing but a row decides
        answers = ask(equal) if equal.is_line or equal.rows else Answers({}, {})
        one = equal.settle(answers)
        if one is None:
            left = equal.left(answers)
            return SeveralMatches(_named(left.members), left.open, live)
    assert one is not None
    applied = history.applied_with(one.revisions)
    unproven = (r for r in history.requirements if r in applied and _changes_rows(fingerprints, r))
    return Proven(tuple(sorted(one.revisions)), one.name, one.composed, tuple(unproven), live)


def _changes_rows(fingerprints: Fingerprints, revision: str) -> bool:
    # a step that was never replayed may have done anything
    step = fingerprints.steps.get(revision)
    return step is None or step.effect in _DATA


def _half(
    between: tuple[Candidate, ...], live: Live, fingerprints: Fingerprints, history: History
) -> HalfApplied:
    # the step with the least left to do says most about where this schema comes from
    first, *others = sorted(between, key=lambda each: each.distance)
    assert first.step is not None
    todo = Delta(first.lines - live.lines, live.lines - first.lines)
    step = fingerprints.steps[first.step].delta
    steps = {each.step for each in others if each.step != first.step}
    return HalfApplied(
        first.step,
        tuple(sorted(str(step) for step in steps)),
        tuple(sorted(history.rows_of(history.requirements[first.step]))),
        todo,
        first.step_size,
        live,
        Delta(step.added & live.lines, step.removed - live.lines),
    )


def _unlike(near: tuple[Candidate, ...], live: Live) -> Unlike:
    # of several that are equally near, the latest is explained, and the others are named
    first = near[-1]
    equivalent = are_equivalent(first.lines, live.lines)
    others = {
        each.name for each in near if each.revisions != first.revisions or each.lines != first.lines
    }
    return Unlike(
        tuple(sorted(first.revisions)),
        tuple(sorted(others)),
        difference(first.lines, live.lines),
        rename_statements(first.lines, live.lines) if equivalent else (),
        equivalent,
        live,
    )


def _named(members: tuple[Candidate, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys("+".join(sorted(each.revisions)) or "base" for each in members))
