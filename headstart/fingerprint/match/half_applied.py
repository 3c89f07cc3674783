"""Find revisions applied in part, even if a fact has neither its old nor its new form. Pure.

A revision may make a column first and its NOT NULL later: half-way the fact is a third one. Facts
are compared here, where candidate.py compares lines.
"""

from collections.abc import Iterable, Iterator

from headstart.facts.state import History
from headstart.fingerprint.catalog.live import Live
from headstart.fingerprint.file.states import Delta, Fingerprints, key_of
from headstart.fingerprint.match.candidate import Candidate
from headstart.fingerprint.match.finding import HalfApplied

MOST_BETWEEN = 3
"""With more facts of a third form than this, it is not this revision that is half applied."""


def half_applied_in_between(
    live: frozenset[str], fingerprints: Fingerprints, every: Iterable[Candidate]
) -> Iterator[Candidate]:
    """Recorded steps with some facts as before, some as after, and a few in between."""
    for each in every:
        if each.step is None or each.composed:
            continue
        # a third form is a line more in live than in either state, and one less than in both
        more = each.distance + each.distance_before - each.step_size
        if 0 < more <= 2 * MOST_BETWEEN and _is_between(live, fingerprints, each):
            yield each


def _is_between(live: frozenset[str], fingerprints: Fingerprints, each: Candidate) -> bool:
    parent = fingerprints.by_name[each.name].parent
    before = frozenset[str]() if parent is None else fingerprints.lines(parent)
    changed = _facts(before ^ each.lines)
    not_before, not_after = _facts(live ^ before), _facts(live ^ each.lines)
    # only what the step changes may differ; and some of it has to be done, and some not
    if not not_before | not_after <= changed:
        return False
    return bool(changed - not_before) and bool(changed - not_after)


def _facts(lines: Iterable[str]) -> frozenset[str]:
    return frozenset(map(key_of, lines))


def half_of(
    revision: str, live: Live, fingerprints: Fingerprints, history: History
) -> HalfApplied | None:
    """What is there of a revision that is known to be the next, and nothing else is different.

    What find() makes of the same schema may be another thing: where the first half of the revision
    drops what an earlier one has built, the schema is exactly that of before.
    """
    step = fingerprints.compared.steps.get(revision)
    if step is None or step.parent is None:
        return None
    added, removed = step.delta.added, step.delta.removed
    done = Delta(added & live.lines, removed - live.lines)
    todo = Delta(added - live.lines, removed & live.lines)
    before = fingerprints.compared.lines(step.parent)
    if not len(done) or not len(todo) or done.on(before) != live.lines:
        return None
    rows = tuple(sorted(history.rows_of(history.requirements[revision])))
    return HalfApplied(revision, (), rows, todo, len(step.delta), live, done)
