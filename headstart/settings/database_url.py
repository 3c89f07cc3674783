"""Parse a database URL into libpq's parameters and the options that belong to another driver.

Pure. It accepts the URL of an async app, and a password with special characters as they are.
No message and no repr contains the password.
Sources: PostgreSQL documentation, "Connection URIs"; SQLAlchemy's PostgreSQL dialects.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from urllib.parse import parse_qsl, unquote

from headstart.facts.visible import cut
from headstart.patterns import pattern
from headstart.settings.defaults import PLACEHOLDERS
from headstart.settings.libpq import (
    DRIVER_OPTIONS,
    DRIVERS,
    KEYWORDS,
    LIBPQ_KEYWORDS,
    OTHER_NAMES,
)
from headstart.settings.libpq_values import mistakes_in
from headstart.values import dataclass

BYTE_ORDER_MARK = "\ufeff"
"""What some editors of Windows write in front of a text."""

_SCHEME = pattern(r"(postgres(?:ql)?)(?:\+(\w+))?://", re.IGNORECASE)
_QUOTES = ("'", '"', "`")
_KNOWN = LIBPQ_KEYWORDS | DRIVER_OPTIONS | OTHER_NAMES.keys()
_PORT_OR_NOTHING = pattern(r"[^:]*|\[.*\]|.*:\d*|.*/.*")
_PLAIN_HOST = r"(?:[\w.-]+|\[[^\]@/]*\])(?::\d+)?"
_TWO_WAYS = pattern(rf"[^@/]*@{_PLAIN_HOST}(?:,{_PLAIN_HOST})*/[^@/]*@[^@/]*")
"""The database name contains an @, or the password an @ and a /. A wrong guess would send the
password to somebody else's host."""


class InvalidUrl(ValueError):
    """A database URL cannot be used; the message names the place and the cure."""


@dataclass(frozen=True)
class UrlText:
    """The parts of a URL as they are written; scheme with its ://, the others without marks."""

    scheme: str
    credentials: str = field(repr=False)
    address: str
    query: str = field(repr=False)


@dataclass(frozen=True)
class DatabaseUrl:
    """A parsed URL: `parameters` are libpq's keywords, several hosts joined by commas.

    `text` is what was parsed and `written` its parts; None where there was no text.
    """

    driver: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    driver_options: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    text: str | None = field(default=None, repr=False)
    written: UrlText | None = field(default=None, repr=False)


def parse_database_url(text: str, where: str) -> DatabaseUrl:
    """Parse a URL that was found at `where` (a name for messages). Raises InvalidUrl."""
    url, warnings = _unquoted(text.strip(), where)
    scheme, driver = _scheme(url, where)
    _check_text(url, len(scheme), where)
    written = UrlText(scheme, *_split(url[len(scheme) :]))
    options = parse_qsl(written.query, keep_blank_values=True)
    _check_names(options, written.query, where)
    parameters = _credentials(written.credentials) | _address(written.address, where)
    parameters |= _libpq_options(options, where)
    _match_ports(parameters, where)
    foreign = {name: value for name, value in options if name in DRIVER_OPTIONS}
    kept = {name: value for name, value in parameters.items() if value}
    if mistakes := mistakes_in(kept, where):
        raise InvalidUrl("; ".join(mistakes))
    if "\0" in "".join(kept.values()):
        raise InvalidUrl(f"{where} contains %00, which PostgreSQL does not accept")
    return DatabaseUrl(driver, kept, foreign, warnings, text, written)


def _scheme(url: str, where: str) -> tuple[str, str | None]:
    """The scheme with its ://, and the driver in it."""
    if url in PLACEHOLDERS:
        instead = "set DATABASE_URL, or " if where.startswith("sqlalchemy.url") else ""
        raise InvalidUrl(
            f"{where} is still the placeholder of the template: {instead}write your own URL"
        )
    scheme = _SCHEME.match(url)
    if scheme is None:
        raise InvalidUrl(_scheme_mistake(url, where))
    driver = scheme.group(2)
    if driver is not None and driver not in DRIVERS:
        raise InvalidUrl(
            f"{where} names the driver {cut(driver)!r}: expected {', '.join(DRIVERS)}, or none"
        )
    return scheme.group(), driver


def _check_text(url: str, scheme: int, where: str) -> None:
    if not url.isprintable():
        raise InvalidUrl(f"{where} contains a line break or another control character: remove it")
    if _TWO_WAYS.fullmatch(url[scheme:].partition("?")[0]):
        raise InvalidUrl(
            f"{where} can be read in two ways: write each @ as %40, except the one before the host"
        )


def _unquoted(text: str, where: str) -> tuple[str, tuple[str, ...]]:
    if len(text) > 1 and text[0] in _QUOTES and text[-1] == text[0]:
        return text[1:-1].strip(), (
            f"{where} is wrapped in quotes; they were ignored: remove them",
        )
    return text, ()


def _scheme_mistake(url: str, where: str) -> str:
    if not url:
        return f"{where} is empty"
    if url.startswith(BYTE_ORDER_MARK):
        return f"{where} begins with a byte order mark (BOM): write it without one"
    scheme = re.match(r"([\w+.-]*)://", url)
    begin = f"begins with {cut(scheme.group(1))!r}" if scheme else "does not begin with a scheme"
    return f"{where} {begin}: expected postgresql://user:password@host:port/name"


def _split(rest: str) -> tuple[str, str, str]:
    """Credentials, address (hosts and path) and query, with raw characters in the password.

    The credentials end at the last @ before the query; a ? begins the query only after them.
    """
    at = rest.partition("?")[0].rfind("@")
    if at < 0 and not _PORT_OR_NOTHING.fullmatch(rest.partition("?")[0]):
        at = rest.rfind("@")  # no address comes before the ?, but a user and half a password
    credentials, tail = (rest[:at], rest[at + 1 :]) if at >= 0 else ("", rest)
    address, _, query = tail.partition("?")
    return credentials, address, query


def _check_names(options: Sequence[tuple[str, str]], query: str, where: str) -> None:
    unknown = [name for name, _ in options if name not in _KNOWN]
    if unknown and ("@" in query or "password" in query):  # they may be a part of it
        raise InvalidUrl(f"{where}: unknown options (write a ? or & in the password as %3F or %26)")
    if unknown:
        hints = [f"{cut(name)!r}{_nearest(name)}" for name in unknown]
        raise InvalidUrl(f"{where}: unknown option {', '.join(hints)}")


def _nearest(name: str) -> str:
    from difflib import get_close_matches  # of a mistake only

    close = get_close_matches(name, sorted(_KNOWN), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _credentials(text: str) -> dict[str, str]:
    user, _, password = text.partition(":")
    return {"user": _decoded(user), "password": _decoded(password)}


def _decoded(text: str) -> str:
    """Undo percent-encoding; a % that does not begin a character stays as it is."""
    return re.sub(r"(?:%[0-9A-Fa-f]{2})+", _decoded_run, text)


def _decoded_run(run: re.Match[str]) -> str:
    try:
        return unquote(run.group(), errors="strict")
    except UnicodeDecodeError:
        return run.group()


def _address(text: str, where: str) -> dict[str, str]:
    hosts, _, database = text.partition("/")
    if "/" in database:
        raise InvalidUrl(f"{where}: the database name contains a /: write it as %2F")
    pairs = [_host_and_port(host, where) for host in hosts.split(",")]
    return _joined(pairs) | {"dbname": _decoded(database)}


def _joined(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Hosts and ports as libpq wants them; no port at all is no entry."""
    joined = {"host": ",".join(host for host, _ in pairs)}
    return joined | ({"port": ",".join(p for _, p in pairs)} if any(p for _, p in pairs) else {})


def _host_and_port(text: str, where: str) -> tuple[str, str]:
    match = re.fullmatch(r"(?:\[([^\]]*)\]|([^:\[\]]*))(?::([^:]*))?", text)
    if match is None:
        raise InvalidUrl(f"{where}: an IPv6 address needs brackets, as in [::1]:5432")
    return unquote(match.group(1) or match.group(2) or ""), match.group(3) or ""


def _libpq_options(options: Sequence[tuple[str, str]], where: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for written, value in options:
        name = OTHER_NAMES.get(written, written)
        if name == "sslmode":
            mode = _sslmode(written, value, where)
            if parameters.setdefault(name, mode) != mode:
                raise InvalidUrl(f"{where}: ssl and sslmode contradict each other")
        elif name in LIBPQ_KEYWORDS:
            parameters[name] = value
    hosts = [value for name, value in options if name == "host"]
    # the ports of ?host=h1:5432&host=h2:5433 win over those of ?port=
    return parameters | (_joined(list(_query_hosts(hosts, where))) if hosts else {})


def _query_hosts(hosts: Sequence[str], where: str) -> list[tuple[str, str]]:
    """?host=h1:5432&host=h2:5433 is SQLAlchemy's form, ?host=h1,h2 libpq's, ?host=/... a socket."""
    each = [part for host in hosts for part in host.split(",")]
    # libpq wants no brackets here, so a text with several colons is an IPv6 address
    return [
        (host, "")
        if host[:1] in "/@" or re.fullmatch(r"[^\[]*:.*:.*", host)
        else _host_and_port(host, where)
        for host in each
    ]


def _sslmode(name: str, value: str, where: str) -> str:
    if (name, value) == ("ssl", "true"):
        return "require"  # libpq reads JDBC's ssl=true in this way
    if value not in KEYWORDS["sslmode"].choices:
        allowed = ", ".join(KEYWORDS["sslmode"].choices)
        raise InvalidUrl(f"{where}: {name} is invalid: expected {allowed}")
    return value


def _match_ports(parameters: dict[str, str], where: str) -> None:
    """Check the ports, and give each of several hosts its own, as SQLAlchemy wants."""
    ports = parameters.get("port", "").split(",")
    for port in ports:
        if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise InvalidUrl(
                f"{where}: the port is invalid: expected a number from 1 to 65535"
                " (write a / or : in the password as %2F or %3A)"
            )
    places = parameters.get("host") or parameters.get("hostaddr", "")
    count = places.count(",") + 1
    if len(ports) == 1:
        parameters["port"] = ",".join(ports * count) if ports[0] else ""
    elif len(ports) != count:
        raise InvalidUrl(f"{where} names {count} hosts but {len(ports)} ports")
