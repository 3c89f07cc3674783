"""What the question says of a target as the end of a process, and the other way round. Pure.

Those that are ready, or surely behind, need no process; and of one that was checked by a process
the verdict says how it stands.
"""

from collections.abc import Mapping

from headstart.decision.target_state import (
    Behind,
    Failed,
    Found,
    InProgress,
    Missing,
    Proven,
    Ready,
    TargetAnswer,
)
from headstart.facts.state import History, State
from headstart.fleet.outcome import TargetEnd
from headstart.verdict.outcome import Outcome
from headstart.verdict.proof import Proof


def proven_end(answer: TargetAnswer) -> TargetEnd | None:
    """The verdict of a run, or a check, with nothing to do; None for who is not proven."""
    if not isinstance(answer.standing, Proven):
        return None
    rows = list(answer.rows or ())
    fields = {
        "outcome": Outcome.NOTHING_TO_DO.value,
        "exit_code": Outcome.NOTHING_TO_DO.code,
        "state": State.AT_HEAD.value,
        "from": rows,
        "to": rows,
        "applied": [],
        "proof": Proof.FINGERPRINT.value,
        "gate": True,
    }
    return TargetEnd(answer.name, fields)


def known_end(answer: TargetAnswer, history: History) -> TargetEnd | None:
    """The verdict of a check as far as the question knows it; None where a check has to look.

    Without a version row there may be tables all the same, and of what is odd only a check knows
    whether it is ready.
    """
    match answer.standing:
        case Behind(rows) if rows:
            return _not_ready(
                answer, State.BEHIND, f"pending: {', '.join(history.pending_after(rows))}"
            )
        case InProgress():
            return _not_ready(answer, None, "a run is in progress")
        case _:
            return proven_end(answer)


def answer_of_end(end: TargetEnd) -> TargetAnswer:
    """How a target stands by the verdict of its own check."""
    rows = end.fields.get("from")
    known = tuple(map(str, rows)) if isinstance(rows, list) else None
    return TargetAnswer(end.target, _found(end.fields, known), known)


def _found(fields: Mapping[str, object], rows: tuple[str, ...] | None) -> Found:
    if fields.get("exit_code") == 0:
        return Proven() if fields.get("proof") == Proof.FINGERPRINT else Ready()
    if fields.get("outcome") == Outcome.NOT_READY:
        if fields.get("state") == State.EMPTY:
            return Missing()
        if fields.get("state") == State.BEHIND and rows:
            return Behind(rows)
    return Failed(str(fields.get("outcome")))


def _not_ready(answer: TargetAnswer, state: State | None, message: str) -> TargetEnd:
    fields = {
        "outcome": Outcome.NOT_READY.value,
        "exit_code": Outcome.NOT_READY.code,
        "next_step": "run `headstart fleet run`",
        "error": {"type": "NotReady", "message": message},
        **({} if state is None else {"state": state.value}),
        **({} if answer.rows is None else {"from": list(answer.rows)}),
    }
    return TargetEnd(answer.name, fields)
