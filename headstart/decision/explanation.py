"""Say what a proof found: a sentence, lines for people, and fields for programs. Pure."""

from collections.abc import Iterable, Mapping
from typing import assert_never

from headstart.facts.state import written
from headstart.fingerprint.catalog.live import Live
from headstart.fingerprint.file.free import GAP
from headstart.fingerprint.match import finding as findings
from headstart.fingerprint.show.difference import Difference, fact
from headstart.verdict.errors import Ambiguous, Drifted, Explanation, Interrupted, Unproven

NOTHING_CHANGED = "nothing was changed"
_MOST_NAMES = 10


def refusal(
    finding: findings.SeveralMatches | findings.HalfApplied | findings.Unlike,
) -> Unproven | Interrupted:
    """The error of a finding that proves nothing."""
    match finding:
        case findings.SeveralMatches():
            return _ambiguous(finding)
        case findings.HalfApplied():
            return _half_applied(finding)
        case findings.Unlike():
            return _unlike(finding)
        case _:
            assert_never(finding)


def of_proof(proven: findings.Proven) -> Explanation:
    """What to know about a schema that was proven."""
    lines = []
    _, variant, way = proven.state.partition("~")
    if variant and proven.state not in proven.revisions:
        lines.append(f"this is the variant that {way} builds, recorded in the file")
    if proven.rows_unproven:
        lines.append(
            f"the schema is proven, the rows are not: {_names(proven.rows_unproven)}"
            f" change{'s' * (len(proven.rows_unproven) == 1)} rows, too"
        )
    if proven.composed:
        lines.append(
            "no replay has built this schema: it was composed from the changes of its revisions"
        )
    fields = {"rows_unproven": list(proven.rows_unproven)} if proven.rows_unproven else {}
    return _with_live(proven.live, lines, fields)


def of_live(live: Live) -> Explanation:
    """What a schema has beside what counts."""
    return _with_live(live, [], {})


def of_difference(difference: Difference, live: Live, renames: tuple[str, ...] = ()) -> Explanation:
    """A schema that is not what it should be."""
    lines = [*difference.lines(), *_renames(renames)]
    renamed: dict[str, object] = {"renames": list(renames)} if renames else {}
    return _with_live(live, lines, _difference_fields(difference) | renamed)


def drifted(
    revisions: Iterable[str],
    difference: Difference,
    shown: Explanation,
    next_step: str | None = None,
) -> Drifted:
    """The error of a schema that is not what its revision builds."""
    names = _names(tuple(revisions))
    return Drifted(
        f"the schema differs from what {names} builds: {difference.summary()}: {brief(difference)}",
        explanation=shown,
        next_step=next_step,
    )


def brief(difference: Difference) -> str:
    """The first differences in one line."""
    every = [f"- {fact(line)}" for line in sorted(difference.missing)]
    every += [f"+ {fact(line)}" for line in sorted(difference.extra)]
    more = f"; and {len(every) - 3} more" if len(every) > 3 else ""
    return "; ".join(every[:3]) + more


def _ambiguous(finding: findings.SeveralMatches) -> Ambiguous:
    *first, last = _some(finding.candidates)
    names = f"{', '.join(first)} and {last}"
    every = f"candidates: {_names(finding.candidates)}"
    lines = [every, NOTHING_CHANGED] if last not in finding.candidates else [NOTHING_CHANGED]
    doubts = finding.open
    why = "they are on parallel branches"
    if doubts:
        one = len(doubts) == 1
        why = (
            f"{_names(doubts)} change{'s' * one} rows or remove{'s' * one} something, which the"
            " catalog cannot show"
        )
    return Ambiguous(
        f"several revisions have this schema: {names}; {why}",
        explanation=_with_live(
            finding.live,
            lines,
            {"candidates": list(finding.candidates), "undecided": list(doubts)},
        ),
        next_step=(
            "find out which of the candidates ran last on this database, and set HEADSTART_BASELINE"
            " to it: it is stamped, and only the later revisions are run"
        ),
    )


def _half_applied(finding: findings.HalfApplied) -> Interrupted:
    left = len(finding.todo)
    on = written(finding.before) if finding.before else "an empty schema"
    shown = Difference(0, finding.todo.added, finding.todo.removed)
    todo = [f"  {line}" for line in _todo(shown)]
    others = f" (or {_names(finding.others)})" if finding.others else ""
    explained = _with_live(
        finding.live,
        ["still to do:", *todo, NOTHING_CHANGED],
        {"half_applied": finding.revision, "todo": [line.strip() for line in todo]},
    )
    return Interrupted(
        f"{finding.revision}{others} is half applied on top of {on}:"
        f" {finding.total - left} of {finding.total} changes are there",
        explanation=explained,
        next_step="finish the revision by hand, or undo by hand what it has done, then run again",
    )


def _todo(left: Difference) -> list[str]:
    return [f"+ {fact(line)}" for line in sorted(left.missing)] + [
        f"- {fact(line)}" for line in sorted(left.extra)
    ]


def _unlike(finding: findings.Unlike) -> Unproven:
    near = written(finding.nearest)
    difference = finding.difference
    explanation = of_difference(difference, finding.live, finding.renames)
    shown = Explanation(
        (*explanation.lines, NOTHING_CHANGED),
        {"nearest": list(finding.nearest), **explanation.fields},
    )
    if finding.equivalent:
        return Unproven(
            f"the schema matches {near} except for names and spellings: {difference.summary()}",
            explanation=shown,
            next_step=(
                f"execute the statements that headstart diff --revision {near} shows, then run"
                f" again; {_IF_KNOWN}"
            ),
        )
    others = f" (as near: {_names(finding.others)})" if finding.others else ""
    return Unproven(
        f"no revision builds this schema; nearest is {near}{others}: {difference.summary()}",
        explanation=shown,
        next_step=(
            f"if the database should be at {near}, correct the differences by hand (headstart diff"
            f" --revision {near}), then run again; {_IF_KNOWN}"
        ),
    )


_IF_KNOWN = (
    "if you know which revision ran last here, and the difference may stay, set HEADSTART_BASELINE"
    " to that revision"
)


def _with_live(live: Live, lines: list[str], fields: Mapping[str, object]) -> Explanation:
    shown, more = list(lines), dict(fields)
    end = [shown.pop()] if shown and shown[-1] == NOTHING_CHANGED else []
    if live.tolerated:
        shown.append(f"tolerated: {'; '.join(_some([fact(line) for line in live.tolerated]))}")
        more["tolerated"] = [fact(line) for line in live.tolerated]
    if live.free:
        facts = [fact(pattern).replace(GAP, "*") for pattern in live.free]
        shown.append(
            f"not compared, since revisions build others each time: {'; '.join(_some(facts))}"
        )
        more["free"] = facts
    if live.retired:
        shown.append(
            f"partitions that are gone, as retention leaves it: {', '.join(_some(live.retired))}"
        )
        more["retired"] = list(live.retired)
    if live.ignored:
        count = len(live.ignored)
        shown.append(
            f"ignored: {count} relation{'s' * (count != 1)} outside this history:"
            f" {', '.join(_some(live.ignored))}"
        )
        more["ignored"] = _some(live.ignored)
    return Explanation((*shown, *end), more)


def _difference_fields(difference: Difference) -> dict[str, object]:
    return {
        "facts_expected": difference.expected,
        "facts_missing": len(difference.missing),
        "facts_extra": len(difference.extra),
        "missing": [fact(line) for line in sorted(difference.missing)],
        "extra": [fact(line) for line in sorted(difference.extra)],
    }


def _renames(statements: tuple[str, ...]) -> list[str]:
    return (
        ["these statements make it exact:", *(f"  {each};" for each in statements)]
        if statements
        else []
    )


def _some(names: Iterable[str]) -> list[str]:
    every = list(names)
    more = len(every) - _MOST_NAMES
    return every if more <= 0 else [*every[:_MOST_NAMES], f"and {more} more"]


def _names(revisions: Iterable[str]) -> str:
    return ", ".join(revisions)
