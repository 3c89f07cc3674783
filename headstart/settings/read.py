"""The settings of one execution, and how they are read.

Pure: the environment, the arguments and a function that reads files are passed in. declared.py says
which settings exist, database.py where the database is.
"""

from collections.abc import Callable, Mapping
from typing import Any

from headstart.facts.visible import cut
from headstart.patterns import pattern
from headstart.settings.database import (
    DatabaseSource,
    find_database,
    nowhere,
    set_both_ways,
)
from headstart.settings.database_url import InvalidUrl
from headstart.settings.declared import DATABASE_URL, SETTINGS, DeclaredSettings
from headstart.settings.libpq_values import mistakes_around
from headstart.settings.setting import PREFIX, Setting
from headstart.values import dataclass
from headstart.verdict.errors import InvalidSettings

ReadText = Callable[[str], str]
Values = Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Settings(DeclaredSettings):
    """The settings of one execution; durations in seconds."""

    database: DatabaseSource
    warnings: tuple[str, ...] = ()


def read_settings(
    arguments: Values, environ: Mapping[str, str], read_text: ReadText, *, connects: bool = True
) -> Settings:
    """Read every setting. Raises InvalidSettings with all mistakes at once.

    For a verb that does not connect, a database that is missing or mistaken is no mistake.
    """
    mistakes, warnings = _unknown_names(environ)
    values = _values(arguments, environ, mistakes)
    declared = DeclaredSettings(**values)
    ini_text = _ini_text(declared.alembic_ini, read_text, mistakes)
    url = arguments.get(DATABASE_URL.name)
    misplaced = set_both_ways(environ)
    url_warnings: tuple[str, ...] = ()
    try:
        database, url_warnings = find_database(
            url if isinstance(url, str) else None,
            environ,
            (declared.alembic_ini, ini_text),
            read_text,
            embedded=declared.embedded,
        )
        if not declared.embedded:
            misplaced += mistakes_around(database.url.parameters, environ, read_text)
    except InvalidUrl as error:
        database = nowhere()
        misplaced.append(str(error))
    mistakes += misplaced if connects else ()
    if mistakes:
        raise InvalidSettings(*mistakes)
    return Settings(database=database, **values, warnings=(*warnings, *url_warnings))


def readable_settings(arguments: Values, environ: Mapping[str, str]) -> DeclaredSettings:
    """The settings, with the default of each mistaken one: they say how to report the mistakes."""
    return DeclaredSettings(**_values(arguments, environ, []))


def _values(arguments: Values, environ: Mapping[str, str], mistakes: list[str]) -> dict[str, Any]:
    """The values by field; without those that are mistaken."""
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
    value = arguments.get(setting.name)
    place = setting.options[-1]
    if value is None:
        value, place = environ.get(setting.environment), setting.environment
    if value is None:
        return setting.default
    if isinstance(value, tuple):
        return value
    try:
        return setting.parse(value)
    except ValueError as error:
        shown = "" if setting.secret else f"={cut(repr(value))}"
        raise ValueError(f"{place}{shown} is invalid: expected {error}") from None


def _ini_text(path: str, read_text: ReadText, mistakes: list[str]) -> str:
    try:
        return read_text(path)
    except FileNotFoundError as error:
        mistakes.append(
            f"{cut(str(error.filename or path))} does not exist: run where alembic.ini is, or set"
            f" HEADSTART_ALEMBIC_INI; in an image COPY yours{_example(read_text)}"
        )
    except (OSError, ValueError) as error:
        mistakes.append(f"{cut(path)} cannot be read: {getattr(error, 'strerror', None) or error}")
    return ""


def _example(read_text: ReadText) -> str:
    """What to copy, in a checkout of ours; no other project has the file."""
    try:
        read_text("alembic.ini.example")
    except (OSError, ValueError):
        return ""
    return "; here: cp alembic.ini.example alembic.ini"


_FOREIGN = pattern(
    r"HEADSTART_(OWN_PROJECT|TEST_\w+|(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_\w+)?))"
)
"""Names that Kubernetes injects for Services called headstart or headstart-something, that an image
sets for entrypoint.py, or that configure our own tests. Source: Kubernetes documentation,
"Environment variables" of Services."""

_TYPO = 0.8
"""difflib's ratio from which a name counts as a typo. Names of later versions stay below it."""


def _unknown_names(environ: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Mistakes for typos; warnings for others: an older image meets newer names at a rollback."""
    names = {setting.environment for setting in SETTINGS}
    mistakes, warnings = [], []
    for name in sorted(environ):
        if not name.upper().startswith(PREFIX) or name in names or _FOREIGN.fullmatch(name):
            continue
        if hint := _hint(name.upper().removeprefix(PREFIX)):
            mistakes.append(f"{name} is not a setting; {hint}")
        else:
            warnings.append(f"{name} is not a setting of this version; it was ignored")
    return mistakes, warnings


def _hint(name: str) -> str | None:
    """A hint for a name, without its prefix, that is similar to one of ours."""
    names = {name: name for name in (DATABASE_URL.name, f"{DATABASE_URL.name}_FILE")}
    names |= {setting.name: setting.environment for setting in SETTINGS}
    if name not in names and name.removesuffix("_FILE") in names:
        return "only DATABASE_URL_FILE and PGPASSWORD_FILE name files"
    from difflib import get_close_matches  # of a mistake only

    close = [f"{name}_SECONDS"] if f"{name}_SECONDS" in names else []
    close += get_close_matches(name, names, n=1, cutoff=_TYPO)
    return f"did you mean {names[close[0]]}?" if close else None
