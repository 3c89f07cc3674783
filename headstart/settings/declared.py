"""The one table of settings: the parser, --help and the README's table are made from it. Pure.

It must not read anything: what the values are in an execution is read.py's business.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from headstart.settings import kinds
from headstart.settings.kinds import Ahead, LogFormat, LogLevel, Verify

PREFIX = "HEADSTART_"


@dataclass(frozen=True)
class Setting:
    """One setting: HEADSTART_<name>, --<name>, and the field of Settings in lower case."""

    name: str
    default: Any
    help: str
    parse: Callable[[str], Any]
    unit: str = ""
    several: bool = False
    short: str = ""

    @property
    def environment(self) -> str:
        """The environment variable."""
        return self.name if self.name == "DATABASE_URL" else PREFIX + self.name

    @property
    def options(self) -> tuple[str, ...]:
        """The options of the command line."""
        long = "--" + self.name.lower().replace("_", "-")
        return (self.short, long) if self.short else (long,)

    @property
    def field(self) -> str:
        """The name in Settings and in the log."""
        return self.name.lower()

    @property
    def default_text(self) -> str:
        """The default, as one writes it."""
        match self.default:
            case None | ():
                return "none"
            case bool():
                return str(self.default).lower()
            case float():
                return f"{self.default:g}"
            case _:
                return str(self.default)


def _seconds(name: str, default: float, sentence: str) -> Setting:
    return Setting(name, default, sentence, kinds.seconds, "SECONDS")


def _path(name: str, default: str, sentence: str) -> Setting:
    return Setting(name, default, sentence, kinds.text, "PATH")


def _choice(name: str, default: StrEnum, sentence: str) -> Setting:
    choices = type(default)
    return Setting(name, default, sentence, kinds.choice(choices), "|".join(choices))


DATABASE_URL = Setting(
    "DATABASE_URL",
    None,
    "the database, as the app has it; a password only in the environment or in the file that"
    " DATABASE_URL_FILE names",
    kinds.text,
    "URL",
)
"""It has sources of its own: see database_source.py."""

SETTINGS: tuple[Setting, ...] = (
    DATABASE_URL,
    _path("ALEMBIC_INI", "alembic.ini", "the Alembic configuration"),
    Setting(
        "TARGET",
        "head",
        "where to: head, heads, a revision or branch@head",
        kinds.target,
        "REVISION",
    ),
    _seconds("WAIT_SECONDS", 60.0, "how long to wait for the database"),
    _seconds("LOCK_SECONDS", 300.0, "how long to wait for the run lock"),
    Setting(
        "DEADLINE_SECONDS",
        None,
        "how long the whole run may take",
        kinds.positive_seconds,
        "SECONDS",
    ),
    _seconds(
        "ACCESS_GRACE_SECONDS",
        0.0,
        "how long a wrong password or a missing role or database counts as not there yet",
    ),
    Setting(
        "BASELINE",
        "proof",
        "for tables without a version row: the revision that they are (several as x+y), head, or"
        " base where they precede every revision; proof takes the one whose fingerprint they have,"
        " or refuses",
        kinds.baseline,
        "REVISION",
    ),
    _choice("AHEAD", Ahead.PROVE, "what to do about a version row that is not in this image"),
    _choice(
        "VERIFY",
        Verify.AUTO,
        "what a schema leads to that is not what its revision builds: auto is drifted after a run"
        " that changed something, and in check, and reports it else (in wait, too); strict is"
        " drifted always, and fails without a comparison; warn reports it; off does not look",
    ),
    Setting(
        "FINGERPRINTS",
        None,
        "the file of fingerprints; without a name fingerprints.txt beside env.py, if it is there",
        kinds.text_or_none,
        "PATH",
    ),
    Setting(
        "REPLAY_SQL",
        None,
        "for fingerprint build and check: SQL to execute before the first revision, where a history"
        " does not begin with an empty database",
        kinds.text_or_none,
        "PATH",
    ),
    Setting(
        "VERSION_TABLE",
        "alembic_version",
        "[schema.]name, for check, wait and plan, which run no env.py",
        kinds.version_table,
        "NAME",
    ),
    Setting(
        "X",
        (),
        "for env.py, as Alembic's -x; several are allowed, in the environment as words",
        kinds.words,
        "KEY=VALUE",
        several=True,
        short="-x",
    ),
    Setting(
        "URL_VARIABLES",
        (),
        "names of environment variables that hold the whole URL, as DATABASE_URL does, while env.py"
        " and the scripts are imported and run",
        kinds.variables,
        "NAME,NAME",
    ),
    _seconds(
        "DDL_LOCK_TIMEOUT_SECONDS",
        5.0,
        "lock_timeout of each revision's transaction, where env.py sets none; 0 is none",
    ),
    _seconds(
        "STATEMENT_TIMEOUT_SECONDS",
        0.0,
        "statement_timeout of each revision's transaction, where env.py sets none; 0 is none",
    ),
    Setting(
        "HEARTBEAT_SECONDS",
        10.0,
        "how often long work says that it goes on",
        kinds.positive_seconds,
        "SECONDS",
    ),
    _choice("LOG_FORMAT", LogFormat.AUTO, "auto is console on a terminal, else json"),
    _choice("LOG_LEVEL", LogLevel.INFO, "the least important event to log; debug has tracebacks"),
    _path(
        "TERMINATION_LOG",
        "/dev/termination-log",
        "where the verdict goes for Kubernetes, if that file exists",
    ),
    Setting(
        "IMAGE_REVISION",
        None,
        "the source revision that the image was built from, for the log and the verdict; the image"
        " sets it",
        kinds.text_or_none,
        "TEXT",
    ),
    Setting(
        "POD_NAME",
        None,
        "who runs, for application_name, which names the holder of the run lock: in Kubernetes the"
        " pod's metadata.name; without it the host name",
        kinds.text_or_none,
        "TEXT",
    ),
    Setting(
        "EMBEDDED",
        False,
        "development only: start a Postgres from a wheel and use it",
        kinds.flag,
        "true|false",
    ),
    _path("EMBEDDED_DIR", ".embedded", "where the embedded Postgres keeps its data"),
)
"""In the order in which they are shown."""
