"""Parse a database URL once, into libpq's parameters and what belongs to another driver.

Pure. Accepts what an async app shares with us, raw special characters in the password included.
No message and no repr holds the password.
Sources: PostgreSQL documentation, "Connection URIs" and "Parameter Key Words"; SQLAlchemy's
PostgreSQL dialects; asyncpg's connect().
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote

DRIVERS = ("asyncpg", "psycopg", "psycopg2", "psycopg_async")

LIBPQ_KEYWORDS = frozenset(
    [
        "host",
        "hostaddr",
        "port",
        "dbname",
        "user",
        "password",
        "passfile",
        "require_auth",
        "channel_binding",
        "connect_timeout",
        "client_encoding",
        "options",
        "application_name",
        "fallback_application_name",
        "keepalives",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_count",
        "tcp_user_timeout",
        "replication",
        "gssencmode",
        "sslmode",
        "requiressl",
        "sslnegotiation",
        "sslcompression",
        "sslcert",
        "sslkey",
        "sslpassword",
        "sslcertmode",
        "sslrootcert",
        "sslcrl",
        "sslcrldir",
        "sslsni",
        "requirepeer",
        "ssl_min_protocol_version",
        "ssl_max_protocol_version",
        "min_protocol_version",
        "max_protocol_version",
        "krbsrvname",
        "gsslib",
        "gssdelegation",
        "service",
        "target_session_attrs",
        "load_balance_hosts",
    ]
)

DRIVER_OPTIONS = frozenset(
    [
        "prepared_statement_cache_size",
        "prepared_statement_name_func",
        "statement_cache_size",
        "max_cached_statement_lifetime",
        "max_cacheable_statement_size",
        "command_timeout",
        "timeout",
        "direct_tls",
        "server_settings",
        "async_fallback",
        "prepare_threshold",
        "autocommit",
    ]
)
"""What asyncpg or psycopg understand and libpq refuses."""

SSLMODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

PLACEHOLDERS = (
    "driver://user:pass@localhost/dbname",
    "postgresql+psycopg2://user:pass$@host:port/database_name",
)

_SCHEME = re.compile(r"(postgres(?:ql)?)(?:\+(\w+))?://", re.IGNORECASE)
_QUOTES = ("'", '"', "`")


class InvalidUrl(ValueError):
    """A database URL cannot be used; the message names the place and the cure."""


@dataclass(frozen=True)
class DatabaseUrl:
    """A parsed URL: `parameters` are libpq's keywords, several hosts joined by commas."""

    driver: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    driver_options: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


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
    credentials, address, query = _split(url[scheme.end() :])
    options = parse_qsl(query, keep_blank_values=True)
    parameters = _credentials(credentials) | _address(address, where)
    foreign = _add_options(parameters, options, where)
    _check_ports(parameters, where)
    return DatabaseUrl(driver, parameters, foreign, warnings)


def sqlalchemy_url(parameters: Mapping[str, str], driver: str = "psycopg2") -> str:
    """Libpq's parameters as a URL for SQLAlchemy, with the driver named.

    SQLAlchemy 2.1 takes a bare postgresql:// for psycopg 3. Whatever is not a plain host and port
    goes into the query, where SQLAlchemy hands it to the driver as it is.
    """
    rest = dict(parameters)
    user, database = rest.pop("user", None), rest.pop("dbname", "")
    password = rest.pop("password", None) if user else None
    authority = ""
    if user:
        secret = f":{quote(password, safe='')}" if password is not None else ""
        authority = f"{quote(user, safe='')}{secret}@"
    if re.fullmatch(r"[\w.-]+", rest.get("host", "")):
        authority += rest.pop("host") + (f":{port}" if (port := rest.pop("port", "")) else "")
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in rest.items())
    base = f"postgresql+{driver}://{authority}/{quote(database, safe='')}"
    return f"{base}?{query}" if query else base


def nearest(name: str, known: frozenset[str] | tuple[str, ...]) -> str:
    """A hint at the known name that is meant, or nothing."""
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


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

    The credentials end at the last @ before the query. A ? begins the query only behind them, so
    that it may stand in a password; if an @ follows it, an @ before it decides.
    """
    before_query = rest.partition("?")[0]
    at = before_query.rfind("@")
    if at < 0:
        at = _at_behind_question_mark(rest)
    credentials, tail = (rest[:at], rest[at + 1 :]) if at >= 0 else ("", rest)
    address, _, query = tail.partition("?")
    return credentials, address, query


def _at_behind_question_mark(rest: str) -> int:
    """The @ of a password that holds a ?, unless the ? begins a query that holds an @."""
    head = rest.partition("?")[0]
    return rest.rfind("@") if ":" in head and not re.search(r":\d*(/|$)", head) else -1


def _credentials(text: str) -> dict[str, str]:
    if not text:
        return {}
    user, separator, password = text.partition(":")
    found = {"user": unquote(user)} if user else {}
    return found | ({"password": unquote(password)} if separator else {})


def _address(text: str, where: str) -> dict[str, str]:
    hosts, _, database = text.partition("/")
    found = {"dbname": unquote(database)} if database else {}
    if "/" in database:
        raise InvalidUrl(f"{where}: the database name holds a /: write it as %2F")
    if hosts:
        pairs = [_host_and_port(host, where) for host in hosts.split(",")]
        found["host"] = ",".join(host for host, _ in pairs)
        if any(port for _, port in pairs):
            found["port"] = ",".join(port for _, port in pairs)
    return {name: value for name, value in found.items() if value}


def _host_and_port(text: str, where: str) -> tuple[str, str]:
    match = re.fullmatch(r"(?:\[([^\]]*)\]|([^:\[\]]*))(?::(.*))?", text)
    if match is None:
        raise InvalidUrl(f"{where}: an IPv6 address needs brackets, as in [::1]:5432")
    return unquote(match.group(1) or match.group(2) or ""), match.group(3) or ""


def _add_options(
    parameters: dict[str, str], options: list[tuple[str, str]], where: str
) -> dict[str, str]:
    """Add the query's options to libpq's parameters; give back those of other drivers."""
    foreign: dict[str, str] = {}
    hosts = [value for name, value in options if name == "host"]
    for name, value in options:
        if name in ("ssl", "sslmode"):
            parameters["sslmode"] = _sslmode(name, value, where)
        elif name == "database":
            parameters["dbname"] = value
        elif name == "host":
            _set_hosts(parameters, hosts, where)
        elif name in DRIVER_OPTIONS:
            foreign[name] = value
        elif name in LIBPQ_KEYWORDS:
            parameters[name] = value
        else:
            hint = nearest(name, LIBPQ_KEYWORDS | DRIVER_OPTIONS)
            raise InvalidUrl(f"{where}: unknown option {name!r}{hint}")
    return foreign


def _set_hosts(parameters: dict[str, str], hosts: list[str], where: str) -> None:
    """?host=h1:5432&host=h2:5433 is SQLAlchemy's form, ?host=/directory that of a socket."""
    pairs = [
        (host, "") if "/" in host else _host_and_port(part, where)
        for host in hosts
        for part in ([host] if "/" in host else host.split(","))
    ]
    parameters["host"] = ",".join(host for host, _ in pairs)
    if any(port for _, port in pairs):
        parameters["port"] = ",".join(port for _, port in pairs)


def _sslmode(name: str, value: str, where: str) -> str:
    if value not in SSLMODES:
        raise InvalidUrl(f"{where}: {name}={value!r} is not one of {', '.join(SSLMODES)}")
    return value


def _check_ports(parameters: Mapping[str, str], where: str) -> None:
    for port in parameters.get("port", "").split(","):
        if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise InvalidUrl(
                f"{where}: the port is not a number from 1 to 65535"
                " (a / or : in the password? write it as %2F or %3A)"
            )
