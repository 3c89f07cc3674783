"""Everything that ends a run without success, as one tree; each class names its outcome.

The message is what happened; `next_step` is what a person does now; `statement` is the SQL that
failed, which goes to the log and nowhere else; `explanation` says more. None ever holds a password.
This module must not know how an error is logged.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import ClassVar

from headstart.values import dataclass
from headstart.verdict.outcome import Outcome

_SIGINT = 2


@dataclass(frozen=True)
class Explanation:
    """What a proof found: `lines` are for a terminal, `fields` the same for the verdict."""

    lines: tuple[str, ...] = ()
    fields: Mapping[str, object] = field(default_factory=dict)


class HeadstartError(Exception):
    """The run ended without success."""

    outcome: ClassVar[Outcome]
    next_step = "read the error above"

    def __init_subclass__(cls) -> None:
        """Refuse a class that names no outcome of its own, as it is defined."""
        if "outcome" not in vars(cls):
            raise TypeError(f"{cls.__name__} has to name its outcome")

    def __init__(
        self,
        message: str,
        *,
        next_step: str | None = None,
        sqlstate: str | None = None,
        statement: str | None = None,
        explanation: Explanation | None = None,
    ) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.statement = statement
        self.explanation = explanation or Explanation()
        if next_step is not None:
            self.next_step = next_step


class InvalidSettings(HeadstartError):
    """Arguments, environment or alembic.ini hold mistakes; all of them are in `mistakes`."""

    outcome = Outcome.INVALID_SETTINGS
    next_step = "correct the settings named in the error; headstart --help lists them"

    def __init__(self, *mistakes: str, next_step: str | None = None) -> None:
        super().__init__("; ".join(mistakes), next_step=next_step)
        self.mistakes = mistakes


class WrongDatabase(InvalidSettings):
    """env.py connects to another database than the one that headstart locked."""

    outcome = Outcome.WRONG_DATABASE


class Unreachable(HeadstartError):
    """The database accepted no connection until the deadline."""

    outcome = Outcome.UNREACHABLE
    next_step = "start the database or correct its address, then run again"


class PoolExhausted(Unreachable):
    """The pooler gave no second server connection while the first one held the lock."""

    outcome = Outcome.POOL_EXHAUSTED
    next_step = "give this database a pool of at least 2 server connections (default_pool_size)"


class LockUnavailable(HeadstartError):
    """Another run held the lock until our deadline."""

    outcome = Outcome.LOCK_UNAVAILABLE
    next_step = "wait for the other run to end, then run again"


class Blocked(HeadstartError):
    """A statement could not get its lock within HEADSTART_DDL_LOCK_TIMEOUT_SECONDS."""

    outcome = Outcome.BLOCKED
    next_step = "end the transaction that holds the lock, or wait for it, then run again"


class ConnectionLost(HeadstartError):
    """The connection, or the run lock with it, was lost in the middle of the run."""

    outcome = Outcome.CONNECTION_LOST
    next_step = "run again: what was committed is kept, the rest was rolled back"


class ServerFailed(HeadstartError):
    """The server could not do, for the moment, what it was asked: no script is to blame."""

    outcome = Outcome.SERVER_FAILED
    next_step = "see to what the server reports, or wait until it passes; then run again"


class NotReady(HeadstartError):
    """The database is behind this image, or somebody is building an index of it."""

    outcome = Outcome.NOT_READY
    next_step = "run `headstart run` against this database"


class EnvSkipped(HeadstartError):
    """env.py ended well, but never called context.run_migrations(), and the database is behind."""

    outcome = Outcome.ENV_SKIPPED
    next_step = (
        "run again when the other process is done, if env.py skips its migrations while one holds a"
        " lock of its own (headstart's own run lock makes that one needless); otherwise let env.py"
        " call context.run_migrations()"
    )


class AccessRefused(HeadstartError):
    """The server refused this role, password, database, privilege or encryption."""

    outcome = Outcome.ACCESS_REFUSED
    next_step = "correct the credentials or the privileges named in the error"


class RevisionFailed(HeadstartError):
    """A revision raised; its own transaction was rolled back, earlier ones stay."""

    outcome = Outcome.REVISION_FAILED
    next_step = "correct the revision named in the error, then run again"
    revision: str | None = None
    """Which one; None where that is not known."""
    raised_in: str = ""
    """The server's CONTEXT, where code in the database raised it: the functions at work."""
    cause_known = False
    """Whether its next step names what has made that which is there already."""


class NotCommitted(HeadstartError):
    """After the run, the version row is not the one that was applied."""

    outcome = Outcome.NOT_COMMITTED
    next_step = "look at env.py: it must let Alembic commit its transaction"


class Unproven(HeadstartError):
    """There are tables of ours but no version row."""

    outcome = Outcome.UNPROVEN
    next_step = (
        "find out which revision ran last on these tables, then set HEADSTART_BASELINE to it,"
        " or to base if the tables predate all revisions"
    )


class Ambiguous(Unproven):
    """Several revisions have this schema, and the catalog cannot tell which of them it is."""

    outcome = Outcome.AMBIGUOUS


class Interrupted(HeadstartError):
    """A revision is half applied, or an index is INVALID: something was cut off."""

    outcome = Outcome.INTERRUPTED


class Drifted(HeadstartError):
    """The schema is not what its revision builds."""

    outcome = Outcome.DRIFTED
    next_step = (
        "run headstart diff to see the difference, then undo it by hand or put it into a new"
        " revision; HEADSTART_VERIFY=warn ignores it for now"
    )


class UnknownRevision(HeadstartError):
    """The version row names a revision that this image does not contain."""

    outcome = Outcome.UNKNOWN_REVISION
    next_step = "deploy the image that contains this revision, or set HEADSTART_AHEAD=allow"


class AheadUnproven(UnknownRevision):
    """The database is newer, and something in it may break this image."""

    outcome = Outcome.AHEAD_UNPROVEN
    next_step = (
        "deploy the newer image; or, if you know that none of this concerns the app, set"
        " HEADSTART_AHEAD=allow for as long as the old image runs"
    )


class AheadIncompatible(UnknownRevision):
    """The database is newer, and this image cannot run on it."""

    outcome = Outcome.AHEAD_INCOMPATIBLE
    next_step = (
        "deploy the newer image again, or one that contains the revision in the version row; a"
        " downgrade by the newer image (alembic downgrade) may lose data"
    )


class Diverged(HeadstartError):
    """The version rows are on different branches, or one of them includes another."""

    outcome = Outcome.DIVERGED
    next_step = "merge the branches (alembic merge), or set HEADSTART_TARGET=heads"


class PlanOutdated(HeadstartError):
    """What a run would do now is not what the plan of HEADSTART_PLAN says; nothing was changed."""

    outcome = Outcome.PLAN_OUTDATED
    next_step = (
        "make a new plan (headstart plan --output json), read it, and run again with that one"
    )


class BrokenHistory(HeadstartError):
    """The image's own revisions cannot be used; the database was not touched."""

    outcome = Outcome.BROKEN_HISTORY
    next_step = "correct the revision scripts and build the image again"


class HoldRefused(BrokenHistory):
    """What HEADSTART_HOLD would keep back is needed by the code of this image."""

    outcome = Outcome.HOLD_REFUSED
    next_step = (
        "put what this image needs before the contract revision, or release the contract revision"
        " later; or unset HEADSTART_HOLD, and all of it runs at once"
    )


class StaleFingerprints(BrokenHistory):
    """The fingerprints file is not what the scripts build."""

    outcome = Outcome.STALE_FINGERPRINTS
    next_step = "run headstart fingerprint build, and commit the file"


class FleetIncomplete(HeadstartError):
    """Some targets of a fleet are not ready, and none of them needs a person."""

    outcome = Outcome.FLEET_INCOMPLETE
    next_step = "run again: targets that are ready stay so, and the others are worked on once more"


class CanaryPending(HeadstartError):
    """What comes before all other targets of a fleet is another shard's, and was not ready."""

    outcome = Outcome.CANARY_PENDING
    next_step = "run again, once shard 0 has brought its first target and the canaries to head"


class FleetRefused(HeadstartError):
    """At least one target of a fleet needs a person."""

    outcome = Outcome.FLEET_REFUSED
    next_step = (
        "see to the targets that are named, each by the next_step of its own verdict"
        " (target_finished, HEADSTART_REPORT), then run again: the others stay as they are"
    )


class Cancelled(BaseException):
    """A signal asked this run to end; a BaseException, so that env.py cannot swallow it."""

    def __init__(self, signum: int) -> None:
        super().__init__(f"canceled by signal {signum}")
        self.signum = signum
        by_user = signum == _SIGINT
        self.outcome = Outcome.CANCELLED_BY_SIGINT if by_user else Outcome.CANCELLED_BY_SIGTERM


def outcome_of(error: BaseException) -> Outcome:
    """The outcome that an error leads to; anything that is not ours is an internal error."""
    if isinstance(error, HeadstartError | Cancelled):
        return error.outcome
    return Outcome.INTERNAL_ERROR
