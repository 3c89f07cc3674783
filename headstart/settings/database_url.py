"""Parse a database URL once, into libpq's parameters and what belongs to another driver.

Pure. Accepts what an async app shares with us, raw special characters in the password included.
No message and no repr holds the password.
Sources: PostgreSQL documentation, "Connection URIs"; SQLAlchemy's PostgreSQL dialects.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from urllib.parse import parse_qsl, unquote

from headstart.settings.libpq import (
    DRIVER_OPTIONS,
    DRIVERS,
    LIBPQ_KEYWORDS,
    OTHER_NAMES,
    SSLMODES,
)

PLACEHOLDERS = (
    "driver://user:pass@localhost/dbname",
    "postgresql+psycopg2://user:pass$@host:port/database_name",
)

_SCHEME = re.compile(r"(postgres(?:ql)?)(?:\+(\w+))?://", re.IGNORECASE)
_QUOTES = ("'", '"', "`")
_KNOWN = LIBPQ_KEYWORDS | DRIVER_OPTIONS | OTHER_NAMES.keys()
_PORT_OR_NOTHING = re.compile(r"[^:]*|\[.*\]|.*:\d*|.*/.*")
_PLAIN_HOST = r"(?:[\w.-]+|\[[^\]@/]*\])(?::\d+)?"
_TWO_WAYS = re.compile(rf"[^@/]*@{_PLAIN_HOST}(?:,{_PLAIN_HOST})*/[^@/]*@[^@/]*")
"""A database name with an @, or a password with @ and /: a wrong guess would send the password to a
host that is none of ours."""


class InvalidUrl(ValueError):
    """A database URL cannot be used; the message names the place and the cure."""


@dataclass(frozen=True)
class DatabaseUrl:
    """A parsed URL: `parameters` are libpq's keywords, several hosts joined by commas.

    `text` is what was parsed, where a source had one.
    """

    driver: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    driver_options: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    text: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class UrlText:
    """The parts of a URL as they are written; scheme with its ://, the others without marks."""

    scheme: str
    credentials: str = field(repr=False)
    address: str
    query: str = field(repr=False)


def split_database_url(text: str) -> UrlText:
    """Take a URL that can be parsed into its parts, without what it is wrapped in."""
    url, _ = _unquoted(text.strip(), "")
    scheme, mark, rest = url.partition("://")
    return UrlText(scheme + mark, *_split(rest))


def parse_database_url(text: str, where: str) -> DatabaseUrl:
    """Parse a URL that was found at `where` (a name for messages). Raises InvalidUrl."""
    url, warnings = _unquoted(text.strip(), where)
    if url in PLACEHOLDERS:
        raise InvalidUrl(f"{where} is still the placeholder of the template: write your own URL")
    scheme = _SCHEME.match(url)
    if scheme is None:
        raise InvalidUrl(_scheme_mistake(url, where))
    driver = scheme.group(2)
    if driver is not None and driver not in DRIVERS:
        raise InvalidUrl(
            f"{where} names the driver {driver!r}: allowed are {', '.join(DRIVERS)}, or none"
        )
    if not url.isprintable():
        raise InvalidUrl(f"{where} holds a line break or another control character: remove it")
    if _TWO_WAYS.fullmatch(url[scheme.end() :].partition("?")[0]):
        raise InvalidUrl(
            f"{where} can be read in two ways: write each @ but the one before the host as %40"
        )
    credentials, address, query = _split(url[scheme.end() :])
    options = parse_qsl(query, keep_blank_values=True)
    _check_names(options, query, where)
    parameters = _credentials(credentials) | _address(address, where)
    parameters |= _libpq_options(options, where)
    _match_ports(parameters, where)
    foreign = {name: value for name, value in options if name in DRIVER_OPTIONS}
    kept = {name: value for name, value in parameters.items() if value}
    if "\0" in "".join(kept.values()):
        raise InvalidUrl(f"{where} holds %00, which PostgreSQL takes nowhere")
    return DatabaseUrl(driver, kept, foreign, warnings)


def _unquoted(text: str, where: str) -> tuple[str, tuple[str, ...]]:
    if len(text) > 1 and text[0] in _QUOTES and text[-1] == text[0]:
        return text[1:-1].strip(), (
            f"{where} is wrapped in quotes; they were ignored: remove them",
        )
    return text, ()


def _scheme_mistake(url: str, where: str) -> str:
    if not url:
        return f"{where} is empty"
    scheme = re.match(r"([\w+.-]*)://", url)
    found = f"begins with {scheme.group(1)!r}" if scheme else "does not begin with a scheme"
    return f"{where} {found}: a URL is postgresql://user:password@host:port/name"


def _split(rest: str) -> tuple[str, str, str]:
    """Credentials, address (hosts and path) and query, with raw characters in the password.

    The credentials end at the last @ before the query; a ? begins the query only behind them.
    """
    at = rest.partition("?")[0].rfind("@")
    if at < 0 and not _PORT_OR_NOTHING.fullmatch(rest.partition("?")[0]):
        at = rest.rfind("@")  # what stands before the ? is no address: user and half a password
    credentials, tail = (rest[:at], rest[at + 1 :]) if at >= 0 else ("", rest)
    address, _, query = tail.partition("?")
    return credentials, address, query


def _check_names(options: Sequence[tuple[str, str]], query: str, where: str) -> None:
    unknown = [name for name, _ in options if name not in _KNOWN]
    if unknown and ("@" in query or "password" in query):  # perhaps a part of it: not repeated
        raise InvalidUrl(
            f"{where}: unknown options (a ? or & in the password? write it as %3F or %26)"
        )
    if unknown:
        hints = [f"{name!r}{_nearest(name)}" for name in unknown]
        raise InvalidUrl(f"{where}: unknown option {', '.join(hints)}")


def _nearest(name: str) -> str:
    close = get_close_matches(name, sorted(_KNOWN), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _credentials(text: str) -> dict[str, str]:
    user, _, password = text.partition(":")
    return {"user": _decoded(user), "password": _decoded(password)}


def _decoded(text: str) -> str:
    """Undo percent-encoding; a % that begins no character is meant as it stands."""
    return re.sub(r"(?:%[0-9A-Fa-f]{2})+", _decoded_run, text)


def _decoded_run(run: re.Match[str]) -> str:
    try:
        return unquote(run.group(), errors="strict")
    except UnicodeDecodeError:
        return run.group()


def _address(text: str, where: str) -> dict[str, str]:
    hosts, _, database = text.partition("/")
    if "/" in database:
        raise InvalidUrl(f"{where}: the database name holds a /: write it as %2F")
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
    found: dict[str, str] = {}
    for given, value in options:
        name = OTHER_NAMES.get(given, given)
        if name == "sslmode":
            mode = _sslmode(given, value, where)
            if found.setdefault(name, mode) != mode:
                raise InvalidUrl(f"{where}: ssl and sslmode contradict each other")
        elif name in LIBPQ_KEYWORDS:
            found[name] = value
    hosts = [value for name, value in options if name == "host"]
    # the ports of ?host=h1:5432&host=h2:5433 go before those of ?port=
    return found | (_joined(list(_query_hosts(hosts, where))) if hosts else {})


def _query_hosts(hosts: Sequence[str], where: str) -> list[tuple[str, str]]:
    """?host=h1:5432&host=h2:5433 is SQLAlchemy's form, ?host=h1,h2 libpq's, ?host=/... a socket."""
    each = [part for host in hosts for part in host.split(",")]
    # libpq wants no brackets here, so that what has several colons is an address as it stands
    return [
        (host, "")
        if host[:1] in "/@" or re.fullmatch(r"[^\[]*:.*:.*", host)
        else _host_and_port(host, where)
        for host in each
    ]


def _sslmode(name: str, value: str, where: str) -> str:
    if (name, value) == ("ssl", "true"):
        return "require"  # as libpq reads it, for the sake of JDBC's URLs
    if value not in SSLMODES:
        raise InvalidUrl(f"{where}: {name} is not one of {', '.join(SSLMODES)}")
    return value


def _match_ports(parameters: dict[str, str], where: str) -> None:
    """Check the ports, and give each of several hosts its own: SQLAlchemy wants as many."""
    ports = parameters.get("port", "").split(",")
    for port in ports:
        if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise InvalidUrl(
                f"{where}: the port is not a number from 1 to 65535"
                " (a / or : in the password? write it as %2F or %3A)"
            )
    places = parameters.get("host") or parameters.get("hostaddr", "")
    count = places.count(",") + 1
    if len(ports) == 1:
        parameters["port"] = ",".join(ports * count) if ports[0] else ""
    elif len(ports) != count:
        raise InvalidUrl(f"{where}: {count} hosts but {len(ports)} ports")
