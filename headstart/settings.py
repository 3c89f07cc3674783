"""The one table of settings, and how a run's settings are read from it.

Pure: the environment, the arguments and a way to read files are passed in. The parser, --help, the
README's table and (later) the chart's values are made from SETTINGS.
"""

import math
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from headstart.database_source import DatabaseSource, find_database
from headstart.database_url import InvalidUrl
from headstart.errors import InvalidSettings

PREFIX = "HEADSTART_"

ReadText = Callable[[str], str]
Values = Mapping[str, str | tuple[str, ...]]


class Ahead(StrEnum):
    """What to do about a database that is newer than the image."""

    PROVE = "prove"
    ALLOW = "allow"
    REFUSE = "refuse"


class LogFormat(StrEnum):
    """How log lines look."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """The least important event that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Setting:
    """One setting: HEADSTART_<name>, --<name>, and the field of Settings in lower case.

    `parse` turns a text into the value and raises ValueError with what is allowed.
    """

    name: str
    default: Any
    help: str
    parse: Callable[[str], Any]
    unit: str = ""
    several: bool = False
    short: str = ""
    default_text: str = ""

    @property
    def environment(self) -> str:
        """The environment variable."""
        return PREFIX + self.name if self.name != "DATABASE_URL" else self.name

    @property
    def options(self) -> tuple[str, ...]:
        """The options of the command line."""
        long = "--" + self.name.lower().replace("_", "-")
        return (self.short, long) if self.short else (long,)

    @property
    def field(self) -> str:
        """The name in Settings and in the log."""
        return self.name.lower()


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("a text that is not empty")
    return value.strip()


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds >= 0):
        raise ValueError("a number of seconds, 0 or more")
    return seconds


def _positive_seconds(value: str) -> float:
    seconds = _seconds(value)
    if seconds == 0:
        raise ValueError("a number of seconds above 0")
    return seconds


def _flag(value: str) -> bool:
    match value.strip().lower():
        case "1" | "true" | "yes" | "on":
            return True
        case "0" | "false" | "no" | "off":
            return False
        case _:
            raise ValueError("true or false (1, 0, yes, no, on, off)")


def _target(value: str) -> str:
    target = _text(value)
    if re.search(r"(^|@|\w)[+-]\d+$", target):
        raise ValueError(
            "head, heads, a revision or branch@head; not a relative one, because a run must mean"
            " the same thing every time"
        )
    return target


def _version_table(value: str) -> str:
    if not re.fullmatch(r"(?:[^.]+\.)?[^.]+", value.strip()):
        raise ValueError("[schema.]name")
    return value.strip()


def _choice(choices: type[StrEnum]) -> Callable[[str], StrEnum]:
    def parse(value: str) -> StrEnum:
        try:
            return choices(value.strip().lower())
        except ValueError:
            raise ValueError(" or ".join(choices)) from None

    return parse


def _words(value: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(value))
    except ValueError as error:
        raise ValueError(f"key=value words, quoted as in a shell ({error})") from None


def _setting(
    name: str, default: Any, help: str, parse: Callable[[str], Any], **more: Any
) -> Setting:
    return Setting(name, default, help, parse, default_text=_shown(default), **more)


def _shown(default: Any) -> str:
    match default:
        case None | ():
            return "none"
        case bool():
            return str(default).lower()
        case float():
            return f"{default:g}"
        case _:
            return str(default)


SETTINGS: tuple[Setting, ...] = (
    _setting(
        "DATABASE_URL",
        None,
        "the database, as the app has it; a password only in the"
        " environment or a file (DATABASE_URL_FILE)",
        _text,
        unit="URL",
    ),
    _setting("ALEMBIC_INI", "alembic.ini", "the Alembic configuration", _text, unit="PATH"),
    _setting("TARGET", "head", "where to: head, heads, a revision or branch@head", _target),
    _setting("WAIT_SECONDS", 60.0, "how long to wait for the database", _seconds, unit="SECONDS"),
    _setting("LOCK_SECONDS", 300.0, "how long to wait for the run lock", _seconds, unit="SECONDS"),
    _setting(
        "DEADLINE_SECONDS",
        None,
        "how long the whole run may take",
        _positive_seconds,
        unit="SECONDS",
    ),
    _setting(
        "ACCESS_GRACE_SECONDS",
        0.0,
        "how long a wrong password or a missing role or database counts as not there yet",
        _seconds,
        unit="SECONDS",
    ),
    _setting(
        "BASELINE",
        "proof",
        "for tables without a version row: the revision that they are, or head; proof refuses",
        _text,
    ),
    _setting(
        "AHEAD",
        Ahead.PROVE,
        "for a version row that is not in this image: prove, allow or refuse",
        _choice(Ahead),
    ),
    _setting(
        "VERSION_TABLE",
        "alembic_version",
        "[schema.]name, for check, wait and plan, which run no env.py",
        _version_table,
        unit="NAME",
    ),
    _setting(
        "X",
        (),
        "Alembic's -x, several: key=value words",
        _words,
        unit="KEY=VALUE",
        several=True,
        short="-x",
    ),
    _setting(
        "DDL_LOCK_TIMEOUT_SECONDS",
        5.0,
        "lock_timeout of each revision's transaction; 0 is none",
        _seconds,
        unit="SECONDS",
    ),
    _setting(
        "STATEMENT_TIMEOUT_SECONDS",
        0.0,
        "statement_timeout of each revision's transaction; 0 is none",
        _seconds,
        unit="SECONDS",
    ),
    _setting(
        "HEARTBEAT_SECONDS",
        10.0,
        "how often long work says that it goes on",
        _positive_seconds,
        unit="SECONDS",
    ),
    _setting(
        "LOG_FORMAT",
        LogFormat.AUTO,
        "auto (console on a terminal), json or console",
        _choice(LogFormat),
    ),
    _setting(
        "LOG_LEVEL",
        LogLevel.INFO,
        "debug, info, warning or error; debug shows tracebacks",
        _choice(LogLevel),
    ),
    _setting(
        "TERMINATION_LOG",
        "/dev/termination-log",
        "where the verdict goes for Kubernetes, if that file exists",
        _text,
        unit="PATH",
    ),
    _setting(
        "EMBEDDED", False, "development only: start a Postgres from a wheel and use it", _flag
    ),
    _setting(
        "EMBEDDED_DIR",
        ".embedded",
        "where the embedded Postgres keeps its data",
        _text,
        unit="PATH",
    ),
)
"""In the order in which they are shown."""


@dataclass(frozen=True)
class Settings:
    """The settings of one execution; durations in seconds."""

    database: DatabaseSource
    alembic_ini: str = "alembic.ini"
    target: str = "head"
    wait_seconds: float = 60.0
    lock_seconds: float = 300.0
    deadline_seconds: float | None = None
    access_grace_seconds: float = 0.0
    baseline: str = "proof"
    ahead: Ahead = Ahead.PROVE
    version_table: str = "alembic_version"
    x: tuple[str, ...] = ()
    ddl_lock_timeout_seconds: float = 5.0
    statement_timeout_seconds: float = 0.0
    heartbeat_seconds: float = 10.0
    log_format: LogFormat = LogFormat.AUTO
    log_level: LogLevel = LogLevel.INFO
    termination_log: str = "/dev/termination-log"
    embedded: bool = False
    embedded_dir: str = ".embedded"
    warnings: tuple[str, ...] = field(default=())


def read_settings(arguments: Values, environ: Mapping[str, str], read_text: ReadText) -> Settings:
    """Read every setting. Raises InvalidSettings with all mistakes at once."""
    mistakes, warnings = _unknown_names(environ)
    values: dict[str, Any] = {}
    for setting in SETTINGS[1:]:  # the first one is the database, which has sources of its own
        try:
            values[setting.field] = _value(setting, arguments, environ)
        except ValueError as error:
            mistakes.append(str(error))
    ini = values.get("alembic_ini", "alembic.ini")
    try:
        ini_text = read_text(ini)
    except (OSError, UnicodeDecodeError) as error:
        mistakes.append(_missing_ini(ini, error))
        ini_text = ""
    try:
        given = arguments.get("DATABASE_URL")
        source, said = find_database(
            given if isinstance(given, str) else None,
            environ,
            (ini, ini_text),
            read_text,
            embedded=values.get("embedded", False),
        )
    except InvalidUrl as error:
        mistakes.append(str(error))
    if mistakes:
        raise InvalidSettings(*mistakes)
    return Settings(database=source, **values, warnings=(*warnings, *said))


def _value(setting: Setting, arguments: Values, environ: Mapping[str, str]) -> Any:
    given = arguments.get(setting.name)
    place = setting.options[-1]
    if given is None:
        given, place = environ.get(setting.environment), setting.environment
    if given is None:
        return setting.default
    if isinstance(given, tuple):
        return given
    try:
        return setting.parse(given)
    except ValueError as error:
        raise ValueError(f"{place}={given!r}: allowed is {error}") from None


def _missing_ini(path: str, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{path} does not exist: cp alembic.ini.example alembic.ini"
    return f"{path} cannot be read: {error}"


_SERVICE_LINK = re.compile(r"HEADSTART_(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_\w+)?)")
"""What Kubernetes injects for a Service called headstart. Source: Kubernetes documentation,
"Environment variables" of Services."""


_TYPO = 0.8
"""difflib's ratio from which a name counts as a typo; newer names of ours stay below it."""


def _unknown_names(environ: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Mistakes for typos, warnings for others: an older image after a rollback meets newer names."""
    known = {setting.environment.removeprefix(PREFIX): setting for setting in SETTINGS}
    mistakes, warnings = [], []
    for name in sorted(environ):
        short = name.removeprefix(PREFIX)
        if short == name or known.get(short) in SETTINGS[1:] or _SERVICE_LINK.fullmatch(name):
            continue
        if close := get_close_matches(short, known, n=1, cutoff=_TYPO):
            mistakes.append(f"{name} is not a setting; did you mean {known[close[0]].environment}?")
        else:
            warnings.append(f"{name} is not a setting of this version; it was ignored")
    return mistakes, warnings
