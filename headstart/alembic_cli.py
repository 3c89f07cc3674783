"""What alembic/env.py needs where the `alembic` command runs it alone: the database, and hints.

It must not import Alembic or open a connection, and no text that it returns holds a password.
"""

import logging
import re
import traceback
from collections.abc import Mapping
from configparser import ConfigParser, InterpolationError
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError, OperationalError

from headstart.patterns import pattern
from headstart.process.closing import place_of
from headstart.process.files import read_text
from headstart.settings.database import LIBPQ_PLACES, find_database, set_both_ways
from headstart.settings.database_url import DatabaseUrl, InvalidUrl, parse_database_url
from headstart.settings.defaults import ALEMBIC_INI, PLACEHOLDERS
from headstart.settings.driver_url import sqlalchemy_url
from headstart.settings.libpq_values import mistakes_around

# Where people look for a name that a schema file uses but does not import.
MODEL_NAMES = ("sqlalchemy", "sqlalchemy.orm", "sqlalchemy.dialects.postgresql")

SQLSTATE_HINTS = {
    "42P07": "an earlier revision makes it, too, an earlier attempt of this one left a part of its "
    "work, or somebody made it outside Alembic. In the first case let only one revision make it; "
    "in the second, undo that by hand; in the third, compare the database with the revisions, and "
    "if it has what they build and no version row, run `alembic stamp head`",
    "42501": "this role lacks a privilege. To create tables in schema public, from PostgreSQL 15 "
    "on, it needs GRANT CREATE ON SCHEMA public, or to be the owner of the database",
    "2BP01": "something that Alembic does not know needs it, for example a collection table that "
    "the application made at run time. Drop that first, if it may go",
}
_CREATES_INDEX = pattern(r"\s*CREATE\s+(UNIQUE\s+)?INDEX\b", re.IGNORECASE)
INDEX_THERE = (
    "where it is INVALID (\\d in psql shows that), a run that was cut off left it: drop it with "
    "DROP INDEX CONCURRENTLY, then upgrade again. Do not stamp"
)


def find_url(ini: ConfigParser, section: str, environ: Mapping[str, str]) -> str:
    """Find the database, log which one it is, and give its URL as SQLAlchemy wants it.

    A URL in alembic.ini wins, and a DATABASE_URL that names another database is warned of. Where
    there is none, or the example's, the environment says it: DATABASE_URL, DATABASE_URL_FILE, PG*.
    """
    text = (read_option(ini, section, "sqlalchemy.url") or "").strip()
    in_ini = bool(text) and text.strip("'\"` ") not in PLACEHOLDERS
    url, parameters = _of_ini(text) if in_ini else _of_environment(environ, text)
    for warning in url.warnings:
        _log.warning(warning)
    if in_ini:
        _warn_of_another(parameters, environ)
    _log.info("database: %s", _shown(parameters, environ))
    return sqlalchemy_url(parameters)


_log = logging.getLogger("alembic.env")
_INI = "sqlalchemy.url in alembic.ini"
_ADDRESS = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
"""What names a database, and the variable from which libpq takes what a URL leaves out."""


def _of_ini(text: str) -> tuple[DatabaseUrl, Mapping[str, str]]:
    url = parse_database_url(text, _INI)
    return url, url.parameters


def _of_environment(
    environ: Mapping[str, str], placeholder: str
) -> tuple[DatabaseUrl, Mapping[str, str]]:
    if mistakes := set_both_ways(environ):
        raise InvalidUrl("; ".join(mistakes))
    if not _names_one(environ):
        if placeholder:
            parse_database_url(placeholder, _INI)  # says what to do about it
        raise InvalidUrl(
            f"{_INI} is not set: set DATABASE_URL, or write there"
            " postgresql+psycopg2://user:password@host/name"
        )
    source, _ = find_database(None, environ, (ALEMBIC_INI, ""), read_text, embedded=False)
    if around := mistakes_around(source.url.parameters, environ, read_text):
        raise InvalidUrl("; ".join(around))
    return source.url, source.resolve(read_text).parameters


def _names_one(environ: Mapping[str, str]) -> bool:
    urls = ("DATABASE_URL", "DATABASE_URL_FILE")
    return any(name in environ for name in urls) or any(map(environ.get, LIBPQ_PLACES))


def _warn_of_another(parameters: Mapping[str, str], environ: Mapping[str, str]) -> None:
    """Warn where DATABASE_URL names another database; one that cannot be read names none."""
    if not {"DATABASE_URL", "DATABASE_URL_FILE"} & environ.keys():
        return
    try:
        other, _ = find_database(None, environ, (ALEMBIC_INI, ""), read_text, embedded=False)
    except InvalidUrl:
        return
    if _place(other.url.parameters) != _place(parameters):
        _log.warning(
            "%s names another database (%s); %s is used: remove one of them",
            other.origin,
            _shown(other.url.parameters, environ),
            _INI,
        )


def _place(parameters: Mapping[str, str]) -> list[str]:
    defaults = {"port": "5432"}
    return [parameters.get(name) or defaults.get(name, "") for name in _ADDRESS]


def _shown(parameters: Mapping[str, str], environ: Mapping[str, str]) -> str:
    """`user@host:port/name`, with what libpq adds from its own variables; never a password."""
    found = {name: parameters.get(name) or environ.get(at) for name, at in _ADDRESS.items()}
    service = parameters.get("service") or environ.get("PGSERVICE")
    place = place_of({**found, "name": found["dbname"]})
    return " ".join(filter(None, (place, f"(service {service})" if service else "")))


def read_option(ini: ConfigParser, section: str, option: str) -> str | None:
    """Read an option; a lone % that ConfigParser takes for a mistake is meant as it stands."""
    try:
        return ini.get(section, option, fallback=None)
    except InterpolationError:
        return ini.get(section, option, raw=True)


def explain(error: Exception, *, under_headstart: bool = False) -> str | None:
    """Say in one line what happened and what to do, or nothing for an error we do not know.

    `under_headstart`: nothing of what a database says, nor of drivers. headstart sees its version
    rows and its record, and says what fits them; a note of env.py's would come before that.
    """
    match error:
        case ModuleNotFoundError() | DBAPIError() if under_headstart:
            return None
        case InvalidUrl():
            return str(error)
        case ModuleNotFoundError(name="psycopg2"):
            return "the driver psycopg2 is not installed: pip install psycopg2-binary"
        case NameError():
            return explain_name(error)
        case DBAPIError():
            return explain_database_error(error)
        case _:
            return None


def explain_name(error: NameError) -> str | None:
    """Name the file that lacks an import of SQLAlchemy, and the line to add to it."""
    for module in MODEL_NAMES:
        if hasattr(import_module(module), error.name or ""):
            frame = traceback.extract_tb(error.__traceback__)[-1]
            return (
                f"{error} ({shorten(frame.filename)}, line {frame.lineno}): "
                f"add `from {module} import {error.name}` at the top of that file"
            )
    return None


def explain_database_error(error: DBAPIError) -> str | None:
    """Explain a SQLSTATE that has a hint, and a connection that did not come about or broke."""
    driver_error: Any = error.orig
    sqlstate = getattr(driver_error, "pgcode", None)
    if sqlstate == "42P07" and _CREATES_INDEX.match(error.statement or ""):
        return f"{driver_error.diag.message_primary} (SQLSTATE {sqlstate}): {INDEX_THERE}"
    if sqlstate in SQLSTATE_HINTS:
        message = driver_error.diag.message_primary
        return f"{message} (SQLSTATE {sqlstate}): {SQLSTATE_HINTS[sqlstate]}"
    if sqlstate is None and isinstance(error, OperationalError):
        return f"no connection to the database: {' '.join(str(driver_error).split())}"
    return None


def shorten(filename: str) -> str:
    """Give a path below the current folder without that folder."""
    path = Path(filename)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else filename
