"""How a run ended: its outcome, its error and the next step, out of what it has recorded."""

from collections.abc import Mapping

from headstart.values import dataclass
from headstart.verdict import errors
from headstart.verdict.outcome import Outcome
from headstart.verdict.record import Record
from headstart.verdict.sqlstates import ALREADY_THERE_SQLSTATES


@dataclass(frozen=True)
class Verdict:
    """One run, concluded."""

    outcome: Outcome
    record: Record
    duration_seconds: float
    next_step: str | None = None
    error: Mapping[str, str] | None = None

    @property
    def exit_code(self) -> int:
        return self.outcome.code


def conclude(record: Record, end: Outcome | BaseException, duration_seconds: float) -> Verdict:
    """Turn the end of a run, an outcome or an error, into its verdict."""
    if isinstance(end, Outcome):
        return Verdict(end, record, duration_seconds)
    if isinstance(end, errors.HeadstartError):
        record = record.explained_by(end.explanation)
    step = _next_step(end, record)
    if record.left_behind is not None:
        step = f"{step}; {record.left_behind}"
    return Verdict(errors.outcome_of(end), record, duration_seconds, step, _error_fields(end))


def _next_step(error: BaseException, record: Record) -> str:
    if record.partly_applied is not None and not _says_more(error, record):
        if record.partly_applied_surely:
            return (
                f"revision {record.partly_applied} had committed a part of its work before it"
                " failed: undo that by hand, correct the cause, then run again"
            )
        return (
            f"revision {record.partly_applied} may have committed a part of its work before it"
            " failed: see what of it is there and undo that by hand, correct the cause, then run"
            " again"
        )
    match error:
        case errors.ConnectionLost(next_step=errors.ConnectionLost.next_step) | errors.Cancelled():
            return f"run again: what was committed is kept{fate_of_the_rest(record)}"
        case errors.ServerFailed() if record.state is not None:
            return f"{error.next_step}: what was committed is kept{fate_of_the_rest(record)}"
        case errors.HeadstartError():
            return error.next_step
        case _:
            return "this is a bug in headstart: run with HEADSTART_LOG_LEVEL=debug and report it"


def _says_more(error: BaseException, record: Record) -> bool:
    """Whether "undo it" would be wrong: it is an earlier run's, or nothing has failed by itself."""
    match error:
        case errors.ConnectionLost() | errors.Cancelled():
            return record.left_transaction == record.partly_applied
        case errors.Interrupted():
            return True
        case _:
            return getattr(error, "sqlstate", None) in ALREADY_THERE_SQLSTATES


def fate_of_the_rest(record: Record) -> str:
    """What became of what was running when a run broke off, as the end of a sentence."""
    left = record.left_transaction
    if left is None or left in [step.revision for step in record.applied]:
        if record.from_revisions is not None and record.to_revisions is None:  # nobody could look
            return "; whether the last step was is not known"
        return ", the rest was rolled back"
    return (
        f"; revision {left} was at work outside a transaction, and what it has done there stays"
        " (an index may be INVALID, a partition half detached)"
    )


def _error_fields(error: BaseException) -> dict[str, str]:
    fields = {"type": type(error).__name__, "message": _message(error)}
    sqlstate = getattr(error, "sqlstate", None)
    return fields | ({"sqlstate": sqlstate} if sqlstate else {})


def _message(error: BaseException) -> str:
    """What happened; of an error that is not ours without DETAIL, which shows people's data."""
    if isinstance(error, errors.HeadstartError | errors.Cancelled):
        return str(error)
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    return primary or next(iter(str(error).splitlines()), "")
