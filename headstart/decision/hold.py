"""Hold contract revisions back, where the code of this image runs without them. Pure.

An example, one line of history: c1 drops what only the release before needs.

    e1 -> c1 (contract)            at base: e1 runs, c1 is held, if our code runs on e1's schema
    e1 -> c1 (contract) -> e2      e2 needs c1, and our code needs e2: nothing can be held
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from headstart.decision.plan import Baseline, NothingToDo, Plan, Refuse, Upgrade
from headstart.facts.phase import Phase
from headstart.facts.state import DatabaseFacts, History
from headstart.fingerprint.newer.ruling import Judgement
from headstart.verdict.errors import Explanation, HoldRefused

JudgeHeld = Callable[[frozenset[str]], Judgement | None]
"""Judges whether our head's code runs where these version rows are; None where no file says it."""

_MOST_REASONS = 3


def hold_back(
    plan: Plan,
    facts: DatabaseFacts,
    history: History,
    phases: Mapping[str, Phase],
    judge_held: JudgeHeld,
) -> Plan:
    """The plan without its contract revisions, and those that need them.

    An empty database has nobody whom they could hurt.
    """
    if not isinstance(plan, Upgrade | Baseline):
        return plan
    held = held_of(plan.pending, history, phases)
    stamped = plan.revisions if isinstance(plan, Baseline) else ()
    applied = history.applied_with(known_rows(facts, history) or stamped)
    if not held or not (facts.version_rows or stamped):
        return plan
    rest = tuple(each for each in plan.pending if each not in held)
    judgement = judge_held(history.heads_of(applied | set(rest)))
    if judgement is None or not judgement.is_harmless:
        return Refuse(_refusal(held, judgement))
    if isinstance(plan, Upgrade) and not rest:
        return NothingToDo(held=held)
    return replace(plan, pending=rest, held=held)


def held_of(
    pending: Collection[str], history: History, phases: Mapping[str, Phase]
) -> tuple[str, ...]:
    """The contract revisions of these, and all that need one of them; in their order."""
    held: list[str] = []
    for revision in pending:  # ancestors first
        needs_held = not history.requirements[revision].isdisjoint(held)
        if needs_held or phases.get(revision) is Phase.CONTRACT:
            held.append(revision)
    return tuple(held)


def known_rows(facts: DatabaseFacts, history: History) -> list[str]:
    """The version rows that are ours."""
    return [row for row in facts.version_rows if row in history.requirements]


def of_held(held: tuple[str, ...]) -> Explanation:
    """What is held back, for a verdict that is ready."""
    return (
        Explanation((f"held back: {', '.join(held)}",), {"held": list(held)})
        if held
        else (Explanation())
    )


def _refusal(held: tuple[str, ...], judgement: Judgement | None) -> HoldRefused:
    what = f"{', '.join(held)} cannot be held back"
    if judgement is None:
        return HoldRefused(
            f"{what}: no usable fingerprints show whether this image runs without",
            next_step="build fingerprints (headstart fingerprint build), or unset HEADSTART_HOLD",
        )
    reasons = (*judgement.breaks, *judgement.doubts)
    more = len(reasons) - _MOST_REASONS
    shown = "; ".join(reasons[:_MOST_REASONS]) + (f"; and {more} more" if more > 0 else "")
    return HoldRefused(
        f"{what}, since this image may not run without: {shown}",
        explanation=Explanation(
            tuple(f"without {held[0]}: {each}" for each in reasons), {"doubts": list(reasons)}
        ),
    )
