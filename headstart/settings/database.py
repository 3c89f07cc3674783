"""Where the connection parameters come from: argument, environment, file, alembic.ini, PG*.

Pure: files are read through a function that is passed in. The secret files are read anew at every
connection attempt, because a mounted secret may be rotated while we wait; the URL is parsed again
only if its text has changed. No repr and no message contains a password.
"""

from collections.abc import Callable, Mapping
from configparser import ConfigParser, Error, InterpolationError
from dataclasses import field

from headstart.facts.visible import cut
from headstart.settings.database_url import (
    BYTE_ORDER_MARK,
    DatabaseUrl,
    InvalidUrl,
    parse_database_url,
)
from headstart.settings.defaults import PLACEHOLDERS
from headstart.settings.libpq import SECRETS
from headstart.values import dataclass
from headstart.verdict.errors import InvalidSettings

ReadText = Callable[[str], str]

LIBPQ_PLACES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE")
"""If one of these is set, the database is the one that libpq's own environment names."""

WAYS = (
    "set DATABASE_URL or DATABASE_URL_FILE, sqlalchemy.url in alembic.ini, or PGHOST and the other"
    " PG* variables"
)
_URL_FILE = "DATABASE_URL_FILE"
_PASSWORD_FILE = "PGPASSWORD_FILE"  # noqa: S105  the name of a variable


@dataclass(frozen=True)
class Database:
    """The database as the secret files name it now: its URL, and the password of PGPASSWORD_FILE.

    Whatever neither says (for PG* alone: everything) libpq takes from PG* itself.
    """

    url: DatabaseUrl
    password: str | None = field(default=None, repr=False)

    @property
    def parameters(self) -> Mapping[str, str]:
        """libpq's parameters; the password of the URL wins over the file's."""
        added = {} if self.password is None else {"password": self.password}
        return {**added, **self.url.parameters}


@dataclass(frozen=True)
class DatabaseSource:
    """The source of the parameters; `origin` names it in messages.

    `url` is the URL that was read first. `url_file` may hold another one later.
    """

    origin: str
    url: DatabaseUrl = field(default_factory=DatabaseUrl)
    url_file: str | None = None
    password_file: str | None = None

    def resolve(self, read_text: ReadText) -> Database:
        """Read the secret files anew. Raises InvalidSettings."""
        try:
            return Database(self._current_url(read_text), self.read_password(read_text))
        except InvalidUrl as error:
            raise InvalidSettings(str(error)) from None

    def _current_url(self, read_text: ReadText) -> DatabaseUrl:
        if self.url_file is None:
            return self.url
        text = _secret(self.origin, self.url_file, read_text)
        return self.url if text == self.url.text else parse_database_url(text, self.origin)

    def read_password(self, read_text: ReadText) -> str | None:
        """The password from the file for it, if there is one. Raises InvalidUrl."""
        if self.password_file is None:
            return None
        return _secret(_PASSWORD_FILE, self.password_file, read_text)


def find_database(
    argument: str | None,
    environ: Mapping[str, str],
    ini: tuple[str, str],
    read_text: ReadText,
    *,
    embedded: bool,
) -> tuple[DatabaseSource, tuple[str, ...]]:
    """Choose the source and read it once; the second part is its warnings.

    `ini` is the path and the text of alembic.ini. Raises InvalidUrl.
    """
    if embedded:
        return _embedded(argument, environ), ()
    origin, text = _choose(argument, environ, ini, read_text)
    url = DatabaseUrl() if text is None else parse_database_url(text, origin)
    if argument is not None and any(name in url.parameters for name in SECRETS):
        raise InvalidUrl(
            "--database-url or --url contains a password, which the process list shows: use the"
            f" environment, {_PASSWORD_FILE} or {_URL_FILE}"
        )
    url_file = environ[_URL_FILE] if origin == _URL_FILE else None
    source = DatabaseSource(origin, url, url_file, environ.get(_PASSWORD_FILE))
    source.read_password(read_text)  # a file that cannot be read is a mistake like the others
    return source, url.warnings


def nowhere() -> DatabaseSource:
    """A database that nobody can reach (RFC 6761), for what connects to none.

    Scripts may import an app whose settings ask for a URL, as they are read.
    """
    return DatabaseSource("--image", parse_database_url(_NOWHERE, "--image"))


_NOWHERE = "postgresql://nobody@nowhere.invalid/none"


def set_both_ways(environ: Mapping[str, str]) -> list[str]:
    """The mistakes for a secret that is set both as a value and as a file."""
    return [
        f"{name} and {name}_FILE are both set: remove one"
        for name in ("DATABASE_URL", "PGPASSWORD")
        if name in environ and f"{name}_FILE" in environ
    ]


def _embedded(argument: str | None, environ: Mapping[str, str]) -> DatabaseSource:
    others = ["--database-url"] if argument is not None else []
    others += [name for name in ("DATABASE_URL", _URL_FILE) if name in environ]
    if others:
        raise InvalidUrl(
            "; ".join(
                f"HEADSTART_EMBEDDED and {name} exclude each other: remove one" for name in others
            )
        )
    return DatabaseSource("HEADSTART_EMBEDDED")


def _choose(
    argument: str | None, environ: Mapping[str, str], ini: tuple[str, str], read_text: ReadText
) -> tuple[str, str | None]:
    """The origin and the text of the URL that wins; PG* has no text."""
    if argument is not None:
        return "--database-url", argument
    if "DATABASE_URL" in environ:
        return "DATABASE_URL", environ["DATABASE_URL"]
    if _URL_FILE in environ:
        return _URL_FILE, _secret(_URL_FILE, environ[_URL_FILE], read_text)
    url = read_ini_url(*ini)
    libpq = any(environ.get(name) for name in LIBPQ_PLACES)  # libpq ignores empty ones
    if url is not None and not (libpq and url.strip(" '\"`") in PLACEHOLDERS):
        return f"sqlalchemy.url in {ini[0]}", url
    if libpq:
        return "PG*", None
    raise InvalidUrl(f"no database is named: {WAYS}")


def read_ini_url(path: str, text: str) -> str | None:
    """sqlalchemy.url in section [alembic]; a single % stays as it is. Raises InvalidUrl."""
    parser = ConfigParser({"here": "."})
    try:
        parser.read_string(text, path)
    except Error as error:
        raise InvalidUrl(f"{path} cannot be read: {error.message.splitlines()[0]}") from None
    try:
        return parser.get("alembic", "sqlalchemy.url", fallback=None) or None
    except InterpolationError:
        return parser.get("alembic", "sqlalchemy.url", raw=True)


_PATH_STARTS = ("/", "./", "../", "~")


def _secret(name: str, path: str, read_text: ReadText) -> str:
    if not path.strip():
        raise InvalidUrl(f"{name} is empty: name a file, or remove it")
    try:
        secret = read_text(path).rstrip("\r\n")
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a path that no file can have
        reason = getattr(error, "strerror", None) or "it is not a text file"
        if not path.startswith(_PATH_STARTS):  # somebody has set the secret itself, maybe
            raise InvalidUrl(
                f"{name}: what it says is no file that can be read: {reason}; it is not shown, for"
                " it may be the secret itself: name a file with its whole path"
            ) from None
        if isinstance(error, FileNotFoundError):
            reason += "; if a Secret is mounted there, check that it exists and has this key"
        raise InvalidUrl(f"{name}: {cut(path)} cannot be read: {reason}") from None
    if not secret.strip():
        raise InvalidUrl(f"{name}: {cut(path)} is empty")
    if secret.startswith(BYTE_ORDER_MARK):
        raise InvalidUrl(
            f"{name}: {cut(path)} begins with a byte order mark (BOM): save it as UTF-8 without one"
        )
    if "\0" in secret:
        raise InvalidUrl(f"{name}: {cut(path)} contains a zero byte: it is not a text file")
    return secret
