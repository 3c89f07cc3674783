"""The verdict: how a run ended, its exit code, and what the world is told.

Pure. The exit codes are an interface: docs/runbook.md has a section for each.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from headstart import errors
from headstart.left_behind import ALREADY_THERE_SQLSTATES
from headstart.plan import Proof
from headstart.state import State


class Outcome(StrEnum):
    """How a run ended; the value is the slug in the verdict."""

    NOTHING_TO_DO = "nothing_to_do"
    UPGRADED = "upgraded"
    BASELINED = "baselined"
    AHEAD_COMPATIBLE = "ahead_compatible"
    PLANNED = "planned"
    SAME = "same"
    FINGERPRINTED = "fingerprinted"
    INTERNAL_ERROR = "internal_error"
    INVALID_SETTINGS = "invalid_settings"
    WRONG_DATABASE = "wrong_database"
    UNREACHABLE = "unreachable"
    POOL_EXHAUSTED = "pool_exhausted"
    LOCK_UNAVAILABLE = "lock_unavailable"
    BLOCKED = "blocked"
    CONNECTION_LOST = "connection_lost"
    NOT_READY = "not_ready"
    ACCESS_REFUSED = "access_refused"
    REVISION_FAILED = "revision_failed"
    NOT_COMMITTED = "not_committed"
    UNPROVEN = "unproven"
    AMBIGUOUS = "ambiguous"
    UNKNOWN_REVISION = "unknown_revision"
    DIVERGED = "diverged"
    BROKEN_HISTORY = "broken_history"
    STALE_FINGERPRINTS = "stale_fingerprints"
    DRIFTED = "drifted"
    INTERRUPTED = "interrupted"
    CANCELLED_BY_SIGINT = "sigint"
    CANCELLED_BY_SIGTERM = "sigterm"


@dataclass(frozen=True)
class Exit:
    """What an outcome means to whoever started the run; `retry`: may the same run succeed later."""

    code: int
    retry: bool
    meaning: str


EXITS: Mapping[Outcome, Exit] = {
    Outcome.NOTHING_TO_DO: Exit(0, False, "the database was ready already"),
    Outcome.UPGRADED: Exit(0, False, "pending revisions were applied"),
    Outcome.BASELINED: Exit(0, False, "existing tables were stamped, the rest was applied"),
    Outcome.AHEAD_COMPATIBLE: Exit(0, False, "the database is newer, and that was allowed"),
    Outcome.PLANNED: Exit(0, False, "plan: what a run would do was printed, nothing was changed"),
    Outcome.SAME: Exit(0, False, "diff: the schema is what the revision builds"),
    Outcome.FINGERPRINTED: Exit(0, False, "fingerprint: the file is what the revisions build"),
    Outcome.INTERNAL_ERROR: Exit(1, False, "a bug in headstart"),
    Outcome.INVALID_SETTINGS: Exit(2, False, "a mistake in arguments, environment or alembic.ini"),
    Outcome.WRONG_DATABASE: Exit(2, False, "env.py connects to another database than ours"),
    Outcome.UNREACHABLE: Exit(10, True, "gave up waiting for the database"),
    Outcome.POOL_EXHAUSTED: Exit(10, True, "the pooler gave no second server connection"),
    Outcome.LOCK_UNAVAILABLE: Exit(11, True, "another run held the lock until the deadline"),
    Outcome.BLOCKED: Exit(12, True, "a statement did not get its table lock in time"),
    Outcome.CONNECTION_LOST: Exit(13, True, "the connection was lost in the middle"),
    Outcome.NOT_READY: Exit(
        14, True, "check and wait: the database is behind this image; or an index is being built"
    ),
    Outcome.ACCESS_REFUSED: Exit(
        20, False, "password, role, database, privilege, TLS, or a server that stays read-only"
    ),
    Outcome.REVISION_FAILED: Exit(21, False, "a revision raised, or outlasted the deadline"),
    Outcome.NOT_COMMITTED: Exit(21, False, "env.py did not commit what was applied"),
    Outcome.UNPROVEN: Exit(22, False, "tables of ours without a version row, and without proof"),
    Outcome.AMBIGUOUS: Exit(22, False, "the schema is that of several revisions, and rows decide"),
    Outcome.UNKNOWN_REVISION: Exit(23, False, "the version row is not in this image"),
    Outcome.DIVERGED: Exit(23, False, "version rows beside the target, or overlapping"),
    Outcome.BROKEN_HISTORY: Exit(24, False, "the image's own revisions cannot be used"),
    Outcome.STALE_FINGERPRINTS: Exit(
        24, False, "the fingerprints file is missing, or not what the revisions build"
    ),
    Outcome.DRIFTED: Exit(25, False, "the schema is not what its revision builds"),
    Outcome.INTERRUPTED: Exit(26, False, "a revision is half applied, or an index is INVALID"),
    Outcome.CANCELLED_BY_SIGINT: Exit(130, True, "SIGINT: rolled back, lock released"),
    Outcome.CANCELLED_BY_SIGTERM: Exit(143, True, "SIGTERM: rolled back, lock released"),
}

_SIGINT = 2

_ERROR_OUTCOMES: Mapping[type[BaseException], Outcome] = {
    errors.WrongDatabase: Outcome.WRONG_DATABASE,
    errors.InvalidSettings: Outcome.INVALID_SETTINGS,
    errors.PoolExhausted: Outcome.POOL_EXHAUSTED,
    errors.Unreachable: Outcome.UNREACHABLE,
    errors.LockUnavailable: Outcome.LOCK_UNAVAILABLE,
    errors.Blocked: Outcome.BLOCKED,
    errors.ConnectionLost: Outcome.CONNECTION_LOST,
    errors.NotReady: Outcome.NOT_READY,
    errors.AccessRefused: Outcome.ACCESS_REFUSED,
    errors.RevisionFailed: Outcome.REVISION_FAILED,
    errors.NotCommitted: Outcome.NOT_COMMITTED,
    errors.Unproven: Outcome.UNPROVEN,
    errors.Ambiguous: Outcome.AMBIGUOUS,
    errors.Interrupted: Outcome.INTERRUPTED,
    errors.Drifted: Outcome.DRIFTED,
    errors.UnknownRevision: Outcome.UNKNOWN_REVISION,
    errors.Diverged: Outcome.DIVERGED,
    errors.BrokenHistory: Outcome.BROKEN_HISTORY,
    errors.StaleFingerprints: Outcome.STALE_FINGERPRINTS,
}


def outcome_of(error: BaseException) -> Outcome:
    """The outcome that an error leads to; anything that is not ours is an internal error."""
    if isinstance(error, errors.Cancelled):
        by_user = error.signum == _SIGINT
        return Outcome.CANCELLED_BY_SIGINT if by_user else Outcome.CANCELLED_BY_SIGTERM
    return _ERROR_OUTCOMES.get(type(error), Outcome.INTERNAL_ERROR)


@dataclass(frozen=True)
class Applied:
    """One revision that was committed, and how long it took in seconds."""

    revision: str
    seconds: float


@dataclass
class Record:
    """What a run has learned and done so far; filled in as it happens: a failure loses nothing.

    `partly_applied` is a revision that failed after it had committed some of its work, and
    `left_transaction` the last one that worked outside its transaction, so that some may be.
    `left_behind` is what to say of what a failure left, beside the next step.
    `database` holds host, port, name and user, never a password. `explanation` is what the proof
    found, in lines for a terminal, and `fields` the same for the verdict.
    """

    run_id: str
    headstart_version: str
    image_revision: str | None = None
    alembic_ini: str | None = None
    state: State | None = None
    from_revisions: tuple[str, ...] | None = None
    to_revisions: tuple[str, ...] | None = None
    applied: list[Applied] = field(default_factory=list)
    partly_applied: str | None = None
    left_transaction: str | None = None
    left_behind: str | None = None
    proof: Proof = Proof.NONE
    wait_attempts: int = 0
    wait_seconds: float = 0.0
    lock_wait_seconds: float = 0.0
    database: Mapping[str, str] = field(default_factory=dict)
    server_version: str | None = None
    explanation: tuple[str, ...] = ()
    fields: dict[str, object] = field(default_factory=dict)

    def explain(self, explanation: errors.Explanation) -> None:
        """Take over what a proof found."""
        new = (line for line in explanation.lines if line not in self.explanation)
        self.explanation += tuple(new)
        self.fields |= explanation.fields


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
        return EXITS[self.outcome].code


def conclude(record: Record, end: Outcome | BaseException, duration_seconds: float) -> Verdict:
    """Turn the end of a run, an outcome or an error, into its verdict."""
    if isinstance(end, Outcome):
        return Verdict(end, record, duration_seconds)
    if isinstance(end, errors.HeadstartError):
        record.explain(end.explanation)
    step = _next_step(end, record)
    if record.left_behind is not None:
        step = f"{step}; {record.left_behind}"
    return Verdict(outcome_of(end), record, duration_seconds, step, _error_fields(end))


def _next_step(error: BaseException, record: Record) -> str:
    if record.partly_applied is not None and not _says_more(error, record):
        return (
            f"revision {record.partly_applied} had committed a part of its work before it failed:"
            " undo that by hand, correct the cause, then run again"
        )
    match error:
        case errors.ConnectionLost(next_step=errors.ConnectionLost.next_step) | errors.Cancelled():
            return f"run again: what was committed is kept{fate_of_the_rest(record)}"
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
        " (an index may be INVALID)"
    )


def _error_fields(error: BaseException) -> dict[str, str]:
    fields = {"type": type(error).__name__, "message": _message(error)}
    sqlstate = getattr(error, "sqlstate", None)
    return fields | ({"sqlstate": sqlstate} if sqlstate else {})


def _listed(revisions: tuple[str, ...] | None) -> list[str] | None:
    """The version rows; None, which is left out, where they were never read."""
    return None if revisions is None else list(revisions)


def _message(error: BaseException) -> str:
    """What happened; of an error that is not ours without DETAIL, which shows people's data."""
    if isinstance(error, errors.HeadstartError | errors.Cancelled):
        return str(error)
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    return primary or next(iter(str(error).splitlines()), "")


def verdict_fields(verdict: Verdict) -> dict[str, object]:
    """The verdict as flat fields, essentials first; durations in seconds."""
    record = verdict.record
    fields: dict[str, object] = {
        "outcome": verdict.outcome.value,
        "exit_code": verdict.exit_code,
        "next_step": verdict.next_step,
        "error": verdict.error,
        "state": record.state and record.state.value,
        "from": _listed(record.from_revisions),
        "to": _listed(record.to_revisions),
        "applied": [
            {"revision": step.revision, "seconds": round(step.seconds, 3)}
            for step in record.applied
        ],
        "partly_applied": record.partly_applied,
        "proof": record.proof.value,
        **record.fields,
        "wait_attempts": record.wait_attempts,
        "wait_seconds": round(record.wait_seconds, 3),
        "lock_wait_seconds": round(record.lock_wait_seconds, 3),
        "duration_seconds": round(verdict.duration_seconds, 3),
        "database": dict(record.database),
        "server_version": record.server_version,
        "run_id": record.run_id,
        "headstart_version": record.headstart_version,
        "image_revision": record.image_revision,
        "alembic_ini": record.alembic_ini,
    }
    return {name: value for name, value in fields.items() if value is not None}
