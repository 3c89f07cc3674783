"""Where the database is, for the usual ways to say that; any other one is left to the flow.

The password goes to libpq by PGPASSWORD: in a connection string psycopg2 masks it, and imports json
and re to do so.
"""

import os

from headstart.gate.doubt import Doubt
from headstart.settings.defaults import PLACEHOLDERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SCHEMES = ("postgresql", "postgres")
_DRIVERS = ("", "asyncpg", "psycopg", "psycopg2")
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_HEX = "0123456789ABCDEFabcdef"
_HIGHEST_PORT = 65535
_OWN_PLACES = ("PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD")
_UNDERSTOOD = (*_OWN_PLACES, "PGPASSWORD_FILE", "PGAPPNAME", "PGSSLMODE")
_FILE_BYTES = 16_384


class Place:
    """libpq's parameters, and the password if one is named."""

    def __init__(self, parameters: "dict[str, str]", password: str | None) -> None:
        self.parameters, self.password = parameters, password

    def text(self, **more: str) -> str:
        """The connection string, without the password."""
        every = {**self.parameters, **more}
        return " ".join(f"{name}={_quoted(value)}" for name, value in every.items())


def place_of(environ: "Mapping[str, str]", ini: str) -> Place:
    """The place that the environment names; `ini` is the text of alembic.ini. Raises Doubt."""
    for name, value in environ.items():
        if name.startswith("PG") and (name not in _UNDERSTOOD or not value):
            raise Doubt(name)
    _check_libpq(environ)
    password = _from_file(environ, "PGPASSWORD")
    url = _from_file(environ, "DATABASE_URL") or environ.get("DATABASE_URL")
    if url is not None:
        place = parsed(url)
        place.password = place.password or password
        return place
    for line in ini.splitlines():
        key, _, value = line.partition("=")
        if key.startswith("sqlalchemy.url") and value.strip() not in PLACEHOLDERS:
            raise Doubt("sqlalchemy.url")
    if not environ.get("PGHOST"):
        raise Doubt("no place")
    return Place({}, password)


def parsed(url: str) -> Place:
    """A URL of the usual form. Raises Doubt."""
    scheme, mark, rest = url.partition("://")
    dialect, _, driver = scheme.partition("+")
    if not mark or dialect not in _SCHEMES or driver not in _DRIVERS or scheme.endswith("+"):
        raise Doubt("scheme")
    rest, _, query = rest.partition("?")
    credentials, at, address = rest.rpartition("@")
    host_and_port, slash, name = address.partition("/")
    user, colon, password = credentials.partition(":")
    host, _, port = host_and_port.partition(":")
    if not (at and slash and name and user) or (colon and not password):
        raise Doubt("parts")
    parameters = {"user": _decoded(user), "dbname": _decoded(name)}
    if host:
        parameters["host"] = host if _is_plain(host) else ""
    if port or ":" in host_and_port:
        parameters["port"] = port if _is_port(port) else ""
    for option in query.split("&") if query else ():
        key, _, value = option.partition("=")
        parameters.update(_option(key, value, parameters))
    if not all(parameters.values()) or "host" not in parameters:
        raise Doubt("address")
    return Place(parameters, _decoded(password) if password else None)


def _option(key: str, value: str, parameters: "Mapping[str, str]") -> "dict[str, str]":
    if key == "sslmode" and key not in parameters and value in _SSL_MODES:
        return {key: value}
    if key == "host" and "host" not in parameters and value.startswith(("/", "%2F")):
        return {key: _decoded(value.replace("/", "%2F"))}
    raise Doubt(key)


def _check_libpq(environ: "Mapping[str, str]") -> None:
    if "PGPORT" in environ and not _is_port(environ["PGPORT"]):
        raise Doubt("PGPORT")
    if "PGSSLMODE" in environ and environ["PGSSLMODE"] not in _SSL_MODES:
        raise Doubt("PGSSLMODE")
    if "," in environ.get("PGHOST", ""):
        raise Doubt("PGHOST")


def _from_file(environ: "Mapping[str, str]", name: str) -> str | None:
    """A secret from the file that is named for it, as the flow reads it."""
    path = environ.get(f"{name}_FILE")
    if path is None:
        return None
    if name in environ or not os.path.isfile(path):  # a pipe can be read but once
        raise Doubt(path)
    try:
        with open(path, "rb") as file:
            content = file.read(_FILE_BYTES)
        text = content.decode().replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    except (OSError, ValueError) as error:
        raise Doubt(path) from error
    if len(content) == _FILE_BYTES or not text.strip() or not text.isprintable():
        raise Doubt(path)
    return text


def _is_plain(text: str) -> bool:
    return bool(text) and all(character in _PLAIN for character in text)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) <= _HIGHEST_PORT


def _decoded(text: str) -> str:
    """The text with its %XX replaced. Raises Doubt for any character that is not plain."""
    try:
        decoded = bytes(_bytes_of(text)).decode()
    except UnicodeDecodeError as error:
        raise Doubt("encoding") from error
    if not decoded.isprintable():
        raise Doubt("characters")
    return decoded


def _bytes_of(text: str) -> "Iterator[int]":
    place = 0
    while place < len(text):
        if text[place] == "%":
            digits = text[place + 1 : place + 3]
            if len(digits) != 2 or any(digit not in _HEX for digit in digits):
                raise Doubt("percent")
            yield int(digits, 16)
            place += 3
        elif text[place] in _PLAIN:
            yield ord(text[place])
            place += 1
        else:
            raise Doubt("characters")


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
