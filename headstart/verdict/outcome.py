"""How a run ends, and its exit code.

The codes are an interface: docs/runbook.md has a section for each.
"""

from enum import StrEnum
from typing import Self


class Outcome(StrEnum):
    """How a run ended; the value is the slug in the verdict.

    `code` is the exit code, `meaning` one line for people, and `retry` whether the same run may
    succeed later, without anybody's help.
    """

    code: int
    retry: bool
    meaning: str

    def __new__(cls, slug: str, code: int, retry: bool, meaning: str) -> Self:
        """Make a member of its four facts."""
        member = str.__new__(cls, slug)
        member._value_ = slug
        member.code, member.retry, member.meaning = code, retry, meaning
        return member

    NOTHING_TO_DO = "nothing_to_do", 0, False, "the database was already at the target"
    UPGRADED = "upgraded", 0, False, "pending revisions were applied"
    BASELINED = (
        "baselined",
        0,
        False,
        "existing tables were stamped, then pending revisions applied",
    )
    AHEAD_COMPATIBLE = (
        "ahead_compatible",
        0,
        False,
        "the database is newer than this image, which can run on it",
    )
    HELD = "held", 0, False, "contract revisions are held back, and nothing else is pending"
    PLANNED = "planned", 0, False, "plan, status: printed what a run would do, changed nothing"
    SAME = "same", 0, False, "diff: the schema equals what the revision builds"
    FINGERPRINTED = (
        "fingerprinted",
        0,
        False,
        "fingerprint: the file matches what the revisions build",
    )
    IMAGE_USABLE = (
        "image_usable", 0, False,
        "check --image: the image's own revisions can be used; no database was asked",
    )  # fmt: skip
    FLEET_READY = "fleet_ready", 0, False, "fleet: all targets of the shard are ready"
    INTERNAL_ERROR = "internal_error", 1, False, "a bug in headstart"
    INVALID_SETTINGS = (
        "invalid_settings", 2, False,
        "a mistake in arguments, environment or alembic.ini",
    )  # fmt: skip
    WRONG_DATABASE = "wrong_database", 2, False, "env.py connects to a different database"
    UNREACHABLE = "unreachable", 10, True, "gave up waiting for the database"
    POOL_EXHAUSTED = "pool_exhausted", 10, True, "the pooler gave no second server connection"
    LOCK_UNAVAILABLE = "lock_unavailable", 11, True, "another run held the lock until the deadline"
    BLOCKED = "blocked", 12, True, "a statement did not get its table lock in time"
    CONNECTION_LOST = "connection_lost", 13, True, "the connection was lost during the run"
    SERVER_FAILED = (
        "server_failed", 13, True,
        "the server could not do it: resources, disk, read-only, canceled, or closed for changes",
    )  # fmt: skip
    NOT_READY = (
        "not_ready", 14, True,
        "the database is behind, or changing: a run, an index build, or new version rows",
    )  # fmt: skip
    ENV_SKIPPED = (
        "env_skipped", 14, True,
        "env.py ended without running its migrations, and the database is behind",
    )  # fmt: skip
    FLEET_INCOMPLETE = (
        "fleet_incomplete", 14, True,
        "fleet: some targets are not ready: not reached, locked, lost, killed or not started",
    )  # fmt: skip
    CANARY_PENDING = (
        "canary_pending", 14, True,
        "fleet: the first target and the canaries, which are shard 0's, were not ready in time",
    )  # fmt: skip
    ACCESS_REFUSED = (
        "access_refused", 20, False,
        "password, role, database, privilege or TLS, or the server stays read-only",
    )  # fmt: skip
    REVISION_FAILED = (
        "revision_failed",
        21,
        False,
        "a revision raised an error, or ran past the deadline",
    )
    NOT_COMMITTED = "not_committed", 21, False, "env.py did not commit what was applied"
    UNPROVEN = (
        "unproven",
        22,
        False,
        "our tables exist without a version row, and no revision is proven",
    )
    AMBIGUOUS = (
        "ambiguous",
        22,
        False,
        "several revisions have this schema; only the data can tell them apart",
    )
    UNKNOWN_REVISION = (
        "unknown_revision",
        23,
        False,
        "the version row names a revision that is not in this image",
    )
    AHEAD_UNPROVEN = (
        "ahead_unproven", 23, False,
        "the database is newer than this image, which may not be able to run on it",
    )  # fmt: skip
    AHEAD_INCOMPATIBLE = (
        "ahead_incompatible", 23, False,
        "the database is newer than this image, which cannot run on it",
    )  # fmt: skip
    DIVERGED = (
        "diverged",
        23,
        False,
        "version rows are on another branch than the target, or overlap",
    )
    PLAN_OUTDATED = (
        "plan_outdated", 23, False,
        "the database or the image has changed since the plan of HEADSTART_PLAN was made",
    )  # fmt: skip
    BROKEN_HISTORY = "broken_history", 24, False, "the image's own revisions cannot be used"
    HOLD_REFUSED = (
        "hold_refused", 24, False,
        "a contract revision cannot be held back: this image may not run without it",
    )  # fmt: skip
    STALE_FINGERPRINTS = (
        "stale_fingerprints", 24, False,
        "the fingerprints file is missing, or differs from what the revisions build",
    )  # fmt: skip
    DRIFTED = "drifted", 25, False, "the schema differs from what its revision builds"
    INTERRUPTED = (
        "interrupted",
        26,
        False,
        "a revision, an index or a partition's detach is half done",
    )
    FLEET_REFUSED = (
        "fleet_refused", 27, False,
        "fleet: at least one target needs a person; the others were worked on all the same",
    )  # fmt: skip
    CANCELLED_BY_SIGINT = "sigint", 130, True, "SIGINT: rolled back, lock released"
    CANCELLED_BY_SIGTERM = "sigterm", 143, True, "SIGTERM or SIGHUP: rolled back, lock released"
