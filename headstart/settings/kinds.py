"""The kinds of values that settings have: the closed sets, and one parser for each kind. Pure.

A parser turns a text into the value, or raises ValueError, which names what is expected. It never
repeats the text: somebody may have written a secret in the wrong place.
"""

import math
import re
import shlex
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from headstart.facts.qualified import QUALIFIED
from headstart.patterns import pattern

SHORTEST_SECONDS, LONGEST_SECONDS = 0.001, 2_147_483
"""Postgres counts its time limits in milliseconds, in 32 bits; 0 means no limit to it."""


class Ahead(StrEnum):
    """What to do about a database that is newer than the image."""

    PROVE = "prove"
    AUTO = "auto"
    ALLOW = "allow"
    REFUSE = "refuse"


class EndBlockers(StrEnum):
    """Whose sessions a run ends that keep a revision from its locks."""

    OFF = "off"
    IDLE = "idle"


class Gate(StrEnum):
    """Whether what was proven before may be said again without the flow."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class Hold(StrEnum):
    """Which pending revisions a run holds back."""

    NONE = "none"
    CONTRACT = "contract"


class InvalidIndexes(StrEnum):
    """What a run does about an INVALID index that a pending revision builds."""

    DROP = "drop"
    REFUSE = "refuse"


class RecordKeeping(StrEnum):
    """Where a run notes what it has applied."""

    COMMENT = "comment"
    OFF = "off"


class Verify(StrEnum):
    """What to do when the schema differs from its revision."""

    AUTO = "auto"
    """Fail in check and after a run that changed something, otherwise report."""
    STRICT = "strict"
    """Always fail, even when no comparison is possible."""
    WARN = "warn"
    """Report."""
    OFF = "off"
    """Do not compare."""


class LogFormat(StrEnum):
    """The format of log lines."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """The least severe event that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


Choice = TypeVar("Choice", bound=StrEnum)


def text_or_none(value: str) -> str | None:
    """Any text; None for an empty one, which an image's build argument is by default."""
    return value or None


def text(value: str) -> str:
    """A text that is not blank, without the blanks around it."""
    if not value.strip():
        raise ValueError("a value that is not empty")
    return value.strip()


def seconds(value: str) -> float:
    """A duration; 0 is allowed."""
    try:
        number = float(value) if value.isascii() else math.nan  # no digits of other scripts
    except ValueError:
        number = math.nan
    if number != 0 and not SHORTEST_SECONDS <= number <= LONGEST_SECONDS:  # nan is neither
        raise ValueError(
            f"a number of seconds, either 0 or from {SHORTEST_SECONDS:g} to {LONGEST_SECONDS}"
        )
    return number


def positive_seconds(value: str) -> float:
    """A duration above 0."""
    number = seconds(value)
    if number == 0:
        raise ValueError(f"a number of seconds from {SHORTEST_SECONDS:g} to {LONGEST_SECONDS}")
    return number


def flag(value: str) -> bool:
    """Yes or no, in the usual spellings."""
    match value.strip().lower():
        case "1" | "true" | "yes" | "on":
            return True
        case "0" | "false" | "no" | "off":
            return False
        case _:
            raise ValueError("true or false (also 1, 0, yes, no, on, off)")


def target(value: str) -> str:
    """A target of `alembic upgrade`, but no relative revision: every run must mean the same."""
    if _RELATIVE.search(value.strip()):
        raise ValueError("head, heads, a revision or branch@head, not a relative revision")
    if value.strip().split("@")[-1] == "base" or not re.fullmatch(
        r"[^\s@:]+(?:@[^\s@:]+)?", value.strip()
    ):
        raise ValueError("head, heads, a revision or branch@head")
    return value.strip()


def baseline(value: str) -> str:
    """The revisions that existing tables correspond to, where no version row says it.

    x+1 may be two revisions or a relative one: only the history can tell, which decides later.
    """
    wanted = value.strip()
    if _STEPS.search(wanted) or not re.search(r"[^+,\s]", wanted) or ":" in wanted:
        raise ValueError(
            "proof, base, head or a revision (x+y for several), not a relative revision"
        )
    return wanted


_STEPS = pattern(r"(^|[@,\s])\+\d|-\d+($|[+,\s])")
_RELATIVE = pattern(r"(^|[@\w])[+-]\d+$")


def version_table(value: str) -> str:
    """The name of a table, with or without its schema; each may be quoted as SQL quotes it."""
    if not QUALIFIED.fullmatch(value.strip()):
        raise ValueError("the name of a table, as [schema.]name")
    return value.strip()


def choice(choices: type[Choice]) -> Callable[[str], Choice]:
    """A member of a closed set, in upper or lower case."""

    def parse(value: str) -> Choice:
        try:
            return choices(value.strip().lower())
        except ValueError:
            *first, last = choices
            raise ValueError(f"{', '.join(first)} or {last}") from None

    return parse


def words(value: str) -> tuple[str, ...]:
    """Several words, quoted as in a shell."""
    try:
        return tuple(shlex.split(value))
    except ValueError as error:
        raise ValueError(f"key=value words, quoted as in a shell ({error})") from None


_OTHERS = pattern(
    r"DATABASE_URL(_FILE)?|(PG|HEADSTART_|PYTHON|LD_|LC_|KUBERNETES_).*"
    r"|PATH|HOME|USER|LOGNAME|LANG|SHELL|PWD|TZ|TMPDIR|HOSTNAME|VIRTUAL_ENV"
)
"""Variables that hold no app's URL: headstart sets them anyway, or they belong to others."""


def variables(value: str) -> tuple[str, ...]:
    """Names of environment variables, separated by commas or spaces."""
    names = tuple(dict.fromkeys(filter(None, re.split(r"[\s,]+", value))))
    if any(not re.fullmatch(r"[A-Za-z_]\w*", n, re.ASCII) or _OTHERS.fullmatch(n) for n in names):
        raise ValueError(
            "names of variables in which an app looks for its database URL, such as"
            " APP_DB_URL,SQLALCHEMY_DATABASE_URI (DATABASE_URL is always set; variables of the"
            " system, of libpq and of headstart are not allowed)"
        )
    return names
