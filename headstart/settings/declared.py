"""Every setting, declared once: its field, type, default, parser, unit and meaning. Pure.

The command line, --help, the reference's table and the chart's schema are made from this module. It
reads nothing: read.py finds out which values an execution has.

To add a setting, add a field here (a fleet's: in fleet.py) and use it. Its name gives the
environment variable and the option: `wait_seconds` is HEADSTART_WAIT_SECONDS and --wait-seconds.
"""

from headstart.settings import kinds
from headstart.settings.defaults import ALEMBIC_INI, TERMINATION_LOG, VERSION_TABLE
from headstart.settings.fleet import FleetSettings
from headstart.settings.kinds import (
    Ahead,
    EndBlockers,
    Gate,
    Hold,
    InvalidIndexes,
    LogFormat,
    LogLevel,
    RecordKeeping,
    Verify,
)
from headstart.settings.setting import Setting, declared_in, one_of, setting
from headstart.values import dataclass

"""Alembic's own name for it. A deployment that means this one, too, can name it with its schema."""


@dataclass(frozen=True)
class _RunSettings:
    """The settings of one run, in the order in which they are shown."""

    alembic_ini: str = setting(
        default=ALEMBIC_INI,
        parse=kinds.text,
        unit="PATH",
        meaning="Alembic configuration file",
    )
    target: str = setting(
        default="head",
        parse=kinds.target,
        unit="REVISION",
        meaning="Revision to upgrade to: head, heads, a revision or branch@head",
    )
    wait_seconds: float = setting(
        default=60.0,
        parse=kinds.seconds,
        unit="SECONDS",
        meaning="How long to wait until the database accepts connections",
    )
    lock_seconds: float = setting(
        default=300.0,
        parse=kinds.seconds,
        unit="SECONDS",
        meaning="How long to wait for the run lock; in a fleet, for the first target and the"
        " canaries of another shard, too",
    )
    deadline_seconds: float | None = setting(
        default=None,
        parse=kinds.positive_seconds,
        unit="SECONDS",
        meaning="How long the whole run may take; in a fleet, the run of each target: it ends one"
        " target, not the fleet",
    )
    access_grace_seconds: float = setting(
        default=0.0,
        parse=kinds.seconds,
        unit="SECONDS",
        meaning="How long to keep retrying while the password is wrong or the role or database"
        " does not exist",
    )
    baseline: str = setting(
        default="proof",
        parse=kinds.baseline,
        unit="REVISION",
        meaning="Revision that existing, unversioned tables correspond to: proof (the one whose"
        " fingerprint matches, else refuse), a revision (x+y for several), head, or base if they"
        " predate all revisions",
    )
    ahead: Ahead = one_of(
        Ahead.PROVE,
        meaning="What to do when the database is at a revision that this image does not contain."
        " prove: accept it where the fingerprints prove that this image can run on its schema;"
        " auto: the same, and accept it where the image has no usable fingerprints; allow: accept"
        " it; refuse: refuse it",
    )
    hold: Hold = one_of(
        Hold.NONE,
        meaning="Which pending revisions to hold back. none: none; contract: those whose script"
        ' says headstart_phase = "contract", where this image runs without them',
    )
    record: RecordKeeping = one_of(
        RecordKeeping.COMMENT,
        meaning="Where a run notes which revisions it has applied, when, and from which image."
        " comment: the comment on the version table, written with each version row; off: nowhere",
    )
    plan: str | None = setting(
        default=None,
        parse=kinds.text_or_none,
        unit="PATH",
        meaning="File with a plan that somebody has read (plan --output json). A run refuses if the"
        " version rows, the schema, the target or a pending script have changed since",
    )
    verify: Verify = one_of(
        Verify.AUTO,
        meaning="What to do when the schema differs from its revision. auto: fail in check and"
        " after a run that changed something, otherwise report; strict: always fail, even when no"
        " comparison is possible; warn: report; off: do not compare",
    )
    gate: Gate = one_of(
        Gate.AUTO,
        meaning="Whether run, check and wait may answer from the proof of an earlier run, where"
        " nothing has changed since. auto: where the fingerprints file says that env.py is not"
        " needed for that; on: even where it says that it is; off: never",
    )
    fingerprints: str | None = setting(
        default=None,
        parse=kinds.text_or_none,
        unit="PATH",
        meaning="Fingerprints file. Without this setting, fingerprints.txt next to env.py is used"
        " if it exists",
    )
    replay_sql: str | None = setting(
        default=None,
        parse=kinds.text_or_none,
        unit="PATH",
        meaning="SQL file that fingerprint build and fingerprint check execute before the first"
        " revision, for a history that does not begin with an empty database",
    )
    version_table: str = setting(
        default=VERSION_TABLE,
        parse=kinds.version_table,
        unit="NAME",
        meaning="Alembic's version table, as [schema.]name, for check, wait and plan, which do not"
        " run env.py",
    )
    x: tuple[str, ...] = setting(
        default=(),
        parse=kinds.words,
        unit="KEY=VALUE",
        meaning="Argument for env.py, like Alembic's -x. Repeat the option for several; in the"
        " environment, separate them with spaces, quoted as in a shell",
        secret=True,
    )
    url_variables: tuple[str, ...] = setting(
        default=(),
        parse=kinds.variables,
        unit="NAME,NAME",
        meaning="Environment variables that, like DATABASE_URL, hold the complete URL while env.py"
        " and the revision scripts are imported and run",
        secret=True,  # of somebody who writes the URL itself here
    )
    ddl_lock_timeout_seconds: float = setting(
        default=5.0,
        parse=kinds.seconds,
        unit="SECONDS",
        meaning="Longest lock_timeout of an attempt to run a revision, unless env.py sets one; the"
        " first one waits 0.5 s at most; 0 means no limit, and one attempt",
    )
    ddl_retry_seconds: float = setting(
        default=300.0,
        parse=kinds.seconds,
        unit="SECONDS",
        meaning="How long a revision whose locks others hold is tried again, from its first attempt"
        " that was blocked; 0 means one attempt",
    )
    end_blockers: EndBlockers = one_of(
        EndBlockers.OFF,
        meaning="Whose sessions to end that keep a revision from its locks. off: nobody's; idle:"
        " those that have been idle in their transaction for END_BLOCKERS_IDLE_SECONDS",
    )
    end_blockers_idle_seconds: float = setting(
        default=60.0,
        parse=kinds.positive_seconds,
        unit="SECONDS",
        meaning="How long such a session must have been idle in its transaction",
    )
    ddl_hold_warn_seconds: float = setting(
        default=1.0,
        parse=kinds.seconds,
        unit="SECONDS",
        meaning="Warn of a revision whose transaction held a table's lock for longer, which kept"
        " writers or readers waiting; 0 means never",
    )
    statement_timeout_seconds: float = setting(
        default=0.0,
        parse=kinds.seconds,
        unit="SECONDS",
        meaning="statement_timeout in each revision's transaction, unless env.py sets one; 0 means"
        " no limit",
    )
    invalid_indexes: InvalidIndexes = one_of(
        InvalidIndexes.DROP,
        meaning="What a run does about an INVALID index that a pending revision builds, left by a"
        " build that was cut off or failed. drop: drop it, so that the revision builds it anew;"
        " refuse: end, and name the statement that drops it",
    )
    heartbeat_seconds: float = setting(
        default=10.0,
        parse=kinds.positive_seconds,
        unit="SECONDS",
        meaning="Interval between progress messages during long work",
    )
    log_format: LogFormat = one_of(
        LogFormat.AUTO,
        meaning="Format of the log. auto: console on a terminal, otherwise json",
    )
    log_level: LogLevel = one_of(
        LogLevel.INFO,
        meaning="Least severe events to log; debug includes tracebacks",
    )
    termination_log: str = setting(
        default=TERMINATION_LOG,
        parse=kinds.text,
        unit="PATH",
        meaning="File that receives the verdict for Kubernetes, if it exists",
    )
    image_revision: str | None = setting(
        default=None,
        parse=kinds.text_or_none,
        unit="TEXT",
        meaning="Source revision that the image was built from, for the log and the verdict; the"
        " image sets it",
    )
    pod_name: str | None = setting(
        default=None,
        parse=kinds.text_or_none,
        unit="TEXT",
        meaning="Name of this run in application_name, which shows who holds the run lock. In"
        " Kubernetes, the pod's metadata.name; without it, the host name",
    )
    embedded: bool = setting(
        default=False,
        parse=kinds.flag,
        unit="true|false",
        meaning="Start a Postgres server from a Python wheel and use it; for development only",
    )
    embedded_dir: str = setting(
        default=".embedded",
        parse=kinds.text,
        unit="PATH",
        meaning="Data directory of the embedded Postgres server",
    )


@dataclass(frozen=True)
class DeclaredSettings(FleetSettings, _RunSettings):
    """The settings that one value says: those of a run, then those of a fleet (fleet.py)."""


DATABASE_URL = Setting(
    "DATABASE_URL",
    None,
    kinds.text,
    "URL",
    "URL of the database, the same one that the app uses. A password is allowed only in the"
    " environment or in the file that DATABASE_URL_FILE names",
    secret=True,
)
"""It has sources of its own, and no field: see database.py."""

SETTINGS: tuple[Setting, ...] = (DATABASE_URL, *declared_in(DeclaredSettings))
"""In the order in which they are shown."""
