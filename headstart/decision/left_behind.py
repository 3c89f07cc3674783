"""What a failed revision leaves, or met: half of an earlier run, and what undoes that? Pure.

"Already exists" has many causes. None of them is a reason to stamp, unless the schema proves that
all of the revision is there; none is a reason to remove what may hold somebody's data.
"""

import re
from collections.abc import Mapping

from headstart.decision.explanation import NOTHING_CHANGED, refusal
from headstart.decision.index_repair import InvalidIndex, named_in, of_invalid, repair_step
from headstart.facts.sql import identifier
from headstart.facts.state import History
from headstart.fingerprint.match.finding import Finding, HalfApplied, Proven
from headstart.fingerprint.show.difference import fact
from headstart.values import dataclass
from headstart.verdict.errors import (
    Explanation,
    HeadstartError,
    Interrupted,
    RevisionFailed,
    ServerFailed,
)


@dataclass(frozen=True)
class Left:
    """What is found after a revision has failed.

    `script` is the source of that revision; `finding` what the fingerprints say, where they can;
    `dropped` are the INVALID indexes that this run has dropped before it; `failed_before` whether
    the record knows that this revision has failed in an earlier run.
    """

    invalid: tuple[InvalidIndex, ...]
    version_rows: tuple[str, ...]
    history: History
    script: str = ""
    finding: Finding | None = None
    dropped: tuple[InvalidIndex, ...] = ()
    failed_before: bool = False


EARLIER_ATTEMPT = (
    "an earlier attempt of this revision may have left a part of its work: look at what is there,"
    " undo that by hand, then run again"
)


def unless_forbidden(error: RevisionFailed, triggers: Mapping[str, str]) -> HeadstartError:
    """A revision's error; another one where an event trigger of the database forbids the change.

    `triggers` are their names with those of their functions. The server's CONTEXT names what
    raised; the words around a function's name are translated, the name is not.
    """
    forbidding = (
        identifier(name)
        for name, function in triggers.items()
        if re.search(rf"(?<![\w$]){re.escape(function)}\(", error.raised_in)
    )
    name = next(forbidding, None)
    if name is None:
        return error
    return ServerFailed(
        f"{error} (raised by the event trigger {name})",
        sqlstate=error.sqlstate,
        statement=error.statement,
        next_step=f"wait until the event trigger {name} allows changes, or disable it; then run"
        " again",
    )


def already_there(error: RevisionFailed, left: Left) -> RevisionFailed | Interrupted:
    """The error of a revision that meets what it would make."""
    own = named_in(f"{error.statement} {error}", left.invalid)
    if own:
        return _cut_off(error, own, repair_step(own, made_anew=True))
    if made := named_in(left.script, left.invalid):
        step = repair_step(made, made_anew=True)
        before = f"undo by hand what revision {error.revision} did before it was interrupted, and"
        return _cut_off(error, made, f"{before} {step}")
    match left.finding:
        case HalfApplied(revision=error.revision) as half:
            return _half_done(error, half)
        case Proven() as proven if _is_next(proven, error, left):
            error.next_step = _stamp(proven, error, left)
        case _ if left.dropped:
            return _cut_off_before(error, left.dropped)
        case _ if left.failed_before and not error.cause_known:
            error.next_step = EARLIER_ATTEMPT
    return error


def clause(error: BaseException, invalid: tuple[InvalidIndex, ...]) -> str | None:
    """What to add to the next step of a run that broke off and left these; None for nothing."""
    if not invalid or isinstance(error, Interrupted):
        return None
    names = " and ".join(each.description for each in invalid)
    text = f"{getattr(error, 'statement', None)} {error}"
    own = named_in(text, invalid) if isinstance(error, RevisionFailed) else ()
    if own:
        return f"{names} was left INVALID: {repair_step(own, made_anew=True)} first"
    return (
        f"{names} was left INVALID: if the revision does not create it again, the next run shows"
        " how to repair it"
    )


def _cut_off(error: RevisionFailed, indexes: tuple[InvalidIndex, ...], step: str) -> Interrupted:
    names = ", ".join(each.description for each in indexes)
    message = f"{error}; {names} is INVALID: an earlier build was cut off or failed"
    explanation = of_invalid(indexes, made_anew=True)
    return _same(
        Interrupted(message, next_step=f"{step}; then run again", explanation=explanation), error
    )


def _half_done(error: RevisionFailed, half: HalfApplied) -> RevisionFailed | Interrupted:
    """An earlier attempt did a part, outside a transaction, and this one met it."""
    cut_off = refusal(half)
    told = cut_off.explanation
    done = [f"+ {fact(line)}" for line in sorted(half.done.added)]
    done += [f"- {fact(line)}" for line in sorted(half.done.removed)]
    lines = (line for line in told.lines if line != NOTHING_CHANGED)  # an index may be dropped
    return _same(
        Interrupted(
            f"{error}; {cut_off}",
            next_step=(
                "undo by hand what it has done, or finish it by hand, including the row changes in"
                " its script; then run again"
            ),
            explanation=Explanation(
                ("done before:", *(f"  {line}" for line in done), *lines),
                {**told.fields, "done": done},
            ),
        ),
        error,
    )


def _cut_off_before(
    error: RevisionFailed, dropped: tuple[InvalidIndex, ...]
) -> RevisionFailed | Interrupted:
    """An INVALID index, though dropped by now, shows that an earlier attempt was cut off."""
    names = ", ".join(each.description for each in dropped)
    return _same(
        Interrupted(
            f"{error}; an earlier attempt was cut off or failed, and had left {names} INVALID,"
            " which was dropped before this one",
            next_step=f"undo by hand what revision {error.revision} did before it was interrupted;"
            " then run again",
        ),
        error,
    )


def _same(interrupted: Interrupted, error: RevisionFailed) -> Interrupted:
    interrupted.sqlstate, interrupted.statement = error.sqlstate, error.statement
    return interrupted


def _is_next(proven: Proven, error: RevisionFailed, left: Left) -> bool:
    """Whether the schema has all that the revision builds, which the version rows lack."""
    there = left.history.applied_with(proven.revisions)
    return error.revision in there and left.history.applied_with(left.version_rows) < there


def _stamp(proven: Proven, error: RevisionFailed, left: Left) -> str:
    """The schema proves what it shows. What a script does beside that, nobody has seen."""
    names = ", ".join(proven.revisions)
    stamp = f"alembic stamp {' '.join(proven.revisions)}, then run again"
    applied = left.history.applied_with(left.version_rows)
    rows = [each for each in proven.rows_unproven if each not in applied]
    others = ", ".join(each for each in rows if each != error.revision)
    return (
        f"the schema is exactly what {names} builds, but what revision {error.revision} does to"
        " rows, or to anything else that no catalog shows, may be missing from where an earlier"
        f" attempt failed{_AND_ROWS.format(others) if others else ''}: look at the script, do by"
        f" hand what is left, then {stamp}"
    )


_AND_ROWS = ", as may what {} changes in rows"
