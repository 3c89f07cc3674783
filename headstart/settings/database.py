"""Where the connection parameters come from: argument, environment, file, alembic.ini, PG*.

Pure: files are read through a function that is passed in, anew at every connection attempt, since
a mounted secret may be rotated while we wait. No repr and no message holds a password.
"""

from collections.abc import Callable, Mapping
from configparser import ConfigParser, Error, InterpolationError
from dataclasses import dataclass, field, replace

from headstart.settings.database_url import (
    PLACEHOLDERS,
    DatabaseUrl,
    InvalidUrl,
    parse_database_url,
)
from headstart.verdict.errors import InvalidSettings

ReadText = Callable[[str], str]

LIBPQ_PLACES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE")
"""One of these says that libpq's own environment is meant."""

WAYS = (
    "set DATABASE_URL or DATABASE_URL_FILE, sqlalchemy.url in alembic.ini, or PGHOST and the rest"
)


@dataclass(frozen=True)
class DatabaseSource:
    """The source of the parameters; `origin` names it for messages."""

    origin: str
    url: str | None = field(default=None, repr=False)
    url_file: str | None = None
    password_file: str | None = None

    def resolve(self, read_text: ReadText) -> DatabaseUrl:
        """Read the files and parse. Raises InvalidSettings.

        What neither URL nor file says (with PG* alone: everything) libpq takes from PG* itself.
        """
        try:
            return self.parse(read_text)
        except InvalidUrl as error:
            raise InvalidSettings(str(error)) from None

    def parse(self, read_text: ReadText) -> DatabaseUrl:
        """As resolve(), but raises InvalidUrl."""
        text = self.url
        if self.url_file is not None:
            text = _secret(self.origin, self.url_file, read_text)
        found = DatabaseUrl()
        if text is not None:
            found = replace(parse_database_url(text, self.origin), text=text)
        if self.password_file is None or "password" in found.parameters:
            return found
        password = _secret("PGPASSWORD_FILE", self.password_file, read_text)
        return replace(found, parameters={**found.parameters, "password": password})


def find_database(
    argument: str | None,
    environ: Mapping[str, str],
    ini: tuple[str, str],
    read_text: ReadText,
    *,
    embedded: bool,
) -> tuple[DatabaseSource, tuple[str, ...]]:
    """Choose the source and try it; the second part is its warnings.

    `ini` is the path and the text of alembic.ini. Raises InvalidUrl.
    """
    if embedded:
        return _embedded(argument, environ), ()
    source = _choose(argument, environ, ini)
    parsed = source.parse(read_text)
    if argument is not None and _holds_secret(argument):
        raise InvalidUrl(
            "--database-url or --url holds a password, which the process list shows: use the"
            " environment, PGPASSWORD_FILE"
            " or DATABASE_URL_FILE"
        )
    return source, parsed.warnings


def _holds_secret(url: str) -> bool:
    parameters = parse_database_url(url, "--database-url").parameters
    return "password" in parameters or "sslpassword" in parameters


def set_both_ways(environ: Mapping[str, str]) -> list[str]:
    """The mistakes of those who set a secret as a value and as a file."""
    return [
        f"{name} and {name}_FILE are both set: remove one"
        for name in ("DATABASE_URL", "PGPASSWORD")
        if name in environ and f"{name}_FILE" in environ
    ]


def _embedded(argument: str | None, environ: Mapping[str, str]) -> DatabaseSource:
    given = ["--database-url"] if argument is not None else []
    given += [name for name in ("DATABASE_URL", "DATABASE_URL_FILE") if name in environ]
    if given:
        raise InvalidUrl(
            "; ".join(
                f"HEADSTART_EMBEDDED and {name} exclude each other: remove one" for name in given
            )
        )
    return DatabaseSource("HEADSTART_EMBEDDED")


def _choose(
    argument: str | None, environ: Mapping[str, str], ini: tuple[str, str]
) -> DatabaseSource:
    password_file = environ.get("PGPASSWORD_FILE")
    if argument is not None:
        return DatabaseSource("--database-url", argument, password_file=password_file)
    if "DATABASE_URL" in environ:
        return DatabaseSource("DATABASE_URL", environ["DATABASE_URL"], password_file=password_file)
    if "DATABASE_URL_FILE" in environ:
        path = environ["DATABASE_URL_FILE"]
        return DatabaseSource("DATABASE_URL_FILE", url_file=path, password_file=password_file)
    url = read_ini_url(*ini)
    libpq = any(environ.get(name) for name in LIBPQ_PLACES)  # libpq passes over empty ones
    if url is not None and not (libpq and url.strip(" '\"`") in PLACEHOLDERS):
        origin = f"sqlalchemy.url in {ini[0]}"
        return DatabaseSource(origin, url, password_file=password_file)
    if libpq:
        return DatabaseSource("PG*", password_file=password_file)
    raise InvalidUrl(f"no database is named: {WAYS}")


def read_ini_url(path: str, text: str) -> str | None:
    """sqlalchemy.url in section [alembic]; a lone % is taken as it stands. Raises InvalidUrl."""
    parser = ConfigParser({"here": "."})
    try:
        parser.read_string(text, path)
    except Error as error:
        raise InvalidUrl(f"{path} cannot be read: {error.message.splitlines()[0]}") from None
    try:
        return parser.get("alembic", "sqlalchemy.url", fallback=None) or None
    except InterpolationError:
        return parser.get("alembic", "sqlalchemy.url", raw=True)


def _secret(name: str, path: str, read_text: ReadText) -> str:
    if not path.strip():
        raise InvalidUrl(f"{name} is empty: name a file, or remove it")
    try:
        secret = read_text(path).rstrip("\r\n")
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, or a path that no file can have
        reason = getattr(error, "strerror", None) or "not a text"
        raise InvalidUrl(f"{name}: {path} cannot be read: {reason}") from None
    if not secret.strip():
        raise InvalidUrl(f"{name}: {path} is empty")
    if "\0" in secret:
        raise InvalidUrl(f"{name}: {path} holds a zero byte; it is not a text")
    return secret
