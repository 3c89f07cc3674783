"""The kinds of values that settings have: the closed sets, and one parser for each kind. Pure.

A parser turns a text into the value, or raises ValueError with what is allowed; it never repeats
the text, which may be a secret at the wrong place.
"""

import math
import re
import shlex
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

SHORTEST_SECONDS, LONGEST_SECONDS = 0.001, 2_147_483
"""Postgres counts its time limits in milliseconds, in 32 bits, and takes 0 for none."""


class Ahead(StrEnum):
    """What to do about a database that is newer than the image."""

    PROVE = "prove"
    ALLOW = "allow"
    REFUSE = "refuse"


class Verify(StrEnum):
    """What a schema that is not as its revision builds it leads to."""

    AUTO = "auto"
    """A failure after a run that changed something, and in check; else it is reported."""
    STRICT = "strict"
    """A failure always, and so are fingerprints that belong to other scripts."""
    WARN = "warn"
    """It is reported."""
    OFF = "off"
    """Nobody looks."""


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


Choice = TypeVar("Choice", bound=StrEnum)


def text_or_none(value: str) -> str | None:
    """A text; an empty one is none, as a build argument that nobody gave is."""
    return value or None


def text(value: str) -> str:
    """Any text but an empty one."""
    if not value.strip():
        raise ValueError("a text that is not empty")
    return value.strip()


def seconds(value: str) -> float:
    """A duration; 0 is allowed."""
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if number != 0 and not SHORTEST_SECONDS <= number <= LONGEST_SECONDS:  # nan is neither
        raise ValueError(f"a number of seconds, 0 or {SHORTEST_SECONDS:g} to {LONGEST_SECONDS}")
    return number


def positive_seconds(value: str) -> float:
    """A duration above 0."""
    number = seconds(value)
    if number == 0:
        raise ValueError(f"a number of seconds, {SHORTEST_SECONDS:g} to {LONGEST_SECONDS}")
    return number


def flag(value: str) -> bool:
    """Yes or no, in the usual spellings."""
    match value.strip().lower():
        case "1" | "true" | "yes" | "on":
            return True
        case "0" | "false" | "no" | "off":
            return False
        case _:
            raise ValueError("true or false (1, 0, yes, no, on, off)")


def target(value: str) -> str:
    """What Alembic's upgrade takes, but for a relative revision."""
    if _RELATIVE.search(value.strip()):
        raise ValueError(
            "head, heads, a revision or branch@head; not a relative one, because a run must mean"
            " the same thing every time"
        )
    if value.strip().split("@")[-1] == "base" or not re.fullmatch(
        r"[^\s@:]+(?:@[^\s@:]+)?", value.strip()
    ):
        raise ValueError("head, heads, a revision or branch@head")
    return value.strip()


def baseline(value: str) -> str:
    """Which revisions the tables are that stand there without a version row.

    x+1 may be a revision and another: whoever knows the revisions refuses a relative one.
    """
    wanted = value.strip()
    if _STEPS.search(wanted) or not re.search(r"[^+,\s]", wanted) or ":" in wanted:
        raise ValueError("proof, base, head or a revision, not a relative one; x+y for several")
    return wanted


_STEPS = re.compile(r"(^|[@,\s])\+\d|-\d+($|[+,\s])")
_RELATIVE = re.compile(r"(^|[@\w])[+-]\d+$")


def version_table(value: str) -> str:
    """A table's name, with or without its schema."""
    if not re.fullmatch(r"(?:[^.\s]+\.)?[^.\s]+", value.strip()):
        raise ValueError("[schema.]name")
    return value.strip()


def choice(choices: type[Choice]) -> Callable[[str], Choice]:
    """One of a closed set, in any case of letters."""

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


_OTHERS = re.compile(
    r"DATABASE_URL(_FILE)?|(PG|HEADSTART_|PYTHON|LD_|LC_|KUBERNETES_).*"
    r"|PATH|HOME|USER|LOGNAME|LANG|SHELL|PWD|TZ|TMPDIR|HOSTNAME|VIRTUAL_ENV"
)
"""Variables that no app's URL stands in: they are set anyway, or are somebody else's."""


def variables(value: str) -> tuple[str, ...]:
    """Names of environment variables, between commas or spaces."""
    names = tuple(dict.fromkeys(filter(None, re.split(r"[\s,]+", value))))
    if any(not re.fullmatch(r"[A-Za-z_]\w*", n, re.ASCII) or _OTHERS.fullmatch(n) for n in names):
        raise ValueError(
            "names of variables in which an app looks for its database URL, such as"
            " APP_DB_URL,SQLALCHEMY_DATABASE_URI; DATABASE_URL is always set, and what belongs to"
            " the system, to libpq or to headstart is none"
        )
    return names
