"""What alembic/env.py needs where the `alembic` command runs it alone: the URL, and hints.

It must not import Alembic or open a connection, and no text that it returns holds a password.
"""

import logging
import re
import traceback
from configparser import ConfigParser, InterpolationError
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError, OperationalError

from headstart.patterns import pattern
from headstart.settings.database_url import InvalidUrl, parse_database_url
from headstart.settings.driver_url import sqlalchemy_url

# Where people look for a name that a schema file uses but does not import.
MODEL_NAMES = ("sqlalchemy", "sqlalchemy.orm", "sqlalchemy.dialects.postgresql")

SQLSTATE_HINTS = {
    "42P07": "an earlier revision makes it, too, or somebody made it outside Alembic. In the first "
    "case let only one revision make it; in the second, compare the database with the revisions, "
    "and if it has what they build, run `alembic stamp head` (or headstart with "
    "HEADSTART_BASELINE=head)",
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


def read_ini_url(ini: ConfigParser, section: str) -> str:
    """Read sqlalchemy.url as SQLAlchemy wants it, whatever its password holds."""
    where = "sqlalchemy.url in alembic.ini"
    text = read_option(ini, section, "sqlalchemy.url")
    if not text:
        raise InvalidUrl(f"{where} is not set: write postgresql+psycopg2://user:password@host/name")
    url = parse_database_url(text, where)
    for warning in url.warnings:
        logging.getLogger("alembic.env").warning(warning)
    return sqlalchemy_url(url.parameters)


def read_option(ini: ConfigParser, section: str, option: str) -> str | None:
    """Read an option; a lone % that ConfigParser takes for a mistake is meant as it stands."""
    try:
        return ini.get(section, option, fallback=None)
    except InterpolationError:
        return ini.get(section, option, raw=True)


def explain(error: Exception) -> str | None:
    """Say in one line what happened and what to do, or nothing for an error we do not know."""
    match error:
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
