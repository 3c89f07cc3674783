"""The settings of one execution, and how they are read.

Pure: the environment, the arguments and a way to read files are passed in. What settings there
are is in declared.py, where the database is found in database.py.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from headstart.settings.database import DatabaseSource, find_database, set_both_ways
from headstart.settings.database_url import InvalidUrl
from headstart.settings.declared import DATABASE_URL, PREFIX, SETTINGS, Setting
from headstart.settings.kinds import Ahead, LogFormat, LogLevel, Verify
from headstart.verdict.errors import InvalidSettings

__all__ = ["Ahead", "LogFormat", "LogLevel", "Settings", "Verify", "read_settings"]

ReadText = Callable[[str], str]
Values = Mapping[str, str | tuple[str, ...]]


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
    verify: Verify = Verify.AUTO
    fingerprints: str | None = None
    replay_sql: str | None = None
    version_table: str = "alembic_version"
    x: tuple[str, ...] = ()
    url_variables: tuple[str, ...] = ()
    ddl_lock_timeout_seconds: float = 5.0
    statement_timeout_seconds: float = 0.0
    heartbeat_seconds: float = 10.0
    log_format: LogFormat = LogFormat.AUTO
    log_level: LogLevel = LogLevel.INFO
    termination_log: str = "/dev/termination-log"
    image_revision: str | None = None
    pod_name: str | None = None
    embedded: bool = False
    embedded_dir: str = ".embedded"
    warnings: tuple[str, ...] = field(default=())


def read_settings(arguments: Values, environ: Mapping[str, str], read_text: ReadText) -> Settings:
    """Read every setting. Raises InvalidSettings with all mistakes at once."""
    mistakes, warnings = _unknown_names(environ)
    mistakes += set_both_ways(environ)
    values = _values(arguments, environ, mistakes)
    ini = values.get("alembic_ini", "alembic.ini")
    ini_text = _ini_text(ini, read_text, mistakes)
    given = arguments.get(DATABASE_URL.name)
    try:
        database, said = find_database(
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
    return Settings(database=database, **values, warnings=(*warnings, *said))


def _values(arguments: Values, environ: Mapping[str, str], mistakes: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        if setting is DATABASE_URL:
            continue
        try:
            values[setting.field] = _value(setting, arguments, environ)
        except ValueError as error:
            mistakes.append(str(error))
    return values


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
        shown = "" if setting.several else f"={given!r}"  # what env.py is given may be secret
        raise ValueError(f"{place}{shown}: allowed is {error}") from None


def _ini_text(path: str, read_text: ReadText, mistakes: list[str]) -> str:
    try:
        return read_text(path)
    except FileNotFoundError as error:
        mistakes.append(
            f"{error.filename or path} does not exist: cp alembic.ini.example alembic.ini, or in an"
            " image COPY yours"
        )
    except (OSError, ValueError) as error:
        mistakes.append(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}")
    return ""


_FOREIGN = re.compile(
    r"HEADSTART_(OWN_PROJECT|TEST_\w+|(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_\w+)?))"
)
"""What Kubernetes injects for Services called headstart or headstart-something, what an image tells
entrypoint.py, and what configures our own tests. Source: Kubernetes documentation, "Environment
variables" of Services."""

_TYPO = 0.8
"""difflib's ratio from which a name counts as a typo; newer names of ours stay below it."""


def _unknown_names(environ: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Mistakes for typos; warnings for others, as an older image after a rollback meets newer."""
    known = {setting.environment for setting in SETTINGS}
    mistakes, warnings = [], []
    for name in sorted(environ):
        if not name.upper().startswith(PREFIX) or name in known or _FOREIGN.fullmatch(name):
            continue
        if hint := _meant(name.upper().removeprefix(PREFIX)):
            mistakes.append(f"{name} is not a setting; {hint}")
        else:
            warnings.append(f"{name} is not a setting of this version; it was ignored")
    return mistakes, warnings


def _meant(name: str) -> str | None:
    """A hint at the setting whose name, without its prefix, is near: a typo, no unit, a file."""
    meant = {name: name for name in (DATABASE_URL.name, f"{DATABASE_URL.name}_FILE")}
    meant |= {setting.name: setting.environment for setting in SETTINGS}
    if name not in meant and name.removesuffix("_FILE") in meant:
        return "only DATABASE_URL_FILE and PGPASSWORD_FILE name files"
    close = [f"{name}_SECONDS"] if f"{name}_SECONDS" in meant else []
    close += get_close_matches(name, meant, n=1, cutoff=_TYPO)
    return f"did you mean {meant[close[0]]}?" if close else None
