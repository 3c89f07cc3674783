"""Libpq's parameters as a URL, in the names of the driver that env.py works with.

Pure. No message holds a password.
Sources: SQLAlchemy's PostgreSQL dialects (create_connect_args); asyncpg's connect().
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

from headstart.verdict.errors import InvalidSettings

PLACE = ("host", "port", "dbname", "user", "password")
"""What says where a URL leads, and as whom."""

_PLAIN_HOST = re.compile(r"[A-Za-z0-9_.-]+")
_IPV6 = re.compile(r"[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*")
_UNENCODED = "!$*+;="
"""In user and password as they are: each % less helps an env.py that gives its URL to a
ConfigParser."""

_ASYNC_DRIVERS = ("asyncpg", "psycopg")

_ASYNCPG_DSN = frozenset(
    [
        "application_name",
        "gsslib",
        "krbsrvname",
        "options",
        "passfile",
        "service",
        "sslcert",
        "sslcrl",
        "sslkey",
        "sslmode",
        "sslnegotiation",
        "sslpassword",
        "sslrootcert",
        "ssl_max_protocol_version",
        "ssl_min_protocol_version",
        "target_session_attrs",
    ]
)
"""What asyncpg takes, but only in its own `dsn`, where names that it does not know go to the
server as settings (application_name and options among them)."""
_ASYNCPG_UNSAFE = frozenset(["channel_binding", "hostaddr", "require_auth", "requirepeer"])
"""What asyncpg cannot do and that must not be dropped: it decides whom we talk to."""


def async_drivers(named: str | None) -> tuple[str, ...]:
    """What an async env.py can work with, best first: the one that the URL names, if it does."""
    return tuple(sorted(_ASYNC_DRIVERS, key=lambda driver: not (named or "").startswith(driver)))


def sqlalchemy_url(
    parameters: Mapping[str, str],
    driver: str = "psycopg2",
    driver_options: Mapping[str, str] | None = None,
) -> str:
    """Libpq's parameters as a URL for SQLAlchemy, with the driver named.

    SQLAlchemy 2.1 takes a bare postgresql:// for psycopg 3.
    Raises InvalidSettings for what an async driver cannot do.
    """
    return built_url(parameters, driver, driver_options)


def built_url(
    parameters: Mapping[str, str],
    driver: str | None = None,
    driver_options: Mapping[str, str] | None = None,
) -> str:
    """Libpq's parameters as a URL that looks like what apps have: pydantic wants a host in it.

    `driver_options` are what else stood in the URL; those that this driver takes are kept.

    What is no plain host and port goes into the query, too, where it wins: SQLAlchemy hands it to
    the driver as it is, and libpq looks there last. A password without a user stays in front, since
    SQLAlchemy's own repr would show one that is in the query.
    Raises InvalidSettings for what an async driver cannot do.
    """
    authority, places = authority_of(parameters)
    rest = {name: value for name, value in parameters.items() if name not in PLACE} | places
    if driver == "asyncpg":
        rest = _asyncpg_options(rest) | _asyncpg_cache(driver_options or {})
    scheme = f"postgresql+{driver}" if driver else "postgresql"
    database = quote(parameters.get("dbname", ""), safe="")
    query = query_of(rest)
    base = f"{scheme}://{credentials_of(parameters)}{authority}/{database}"
    return f"{base}?{query}" if query else base


def authority_of(parameters: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Host and port as they stand in a URL, and as options what does not fit in there.

    Of a socket the host is localhost, with the socket's port.
    """
    host, port = parameters.get("host", ""), parameters.get("port", "")
    first, first_port = host.split(",")[0], port.split(",")[0]
    written = f"[{first}]" if _IPV6.fullmatch(first) else first
    fits = written != first or _PLAIN_HOST.fullmatch(first) is not None
    if not fits:
        written = "localhost" if host else ""
    if written and first_port:
        written = f"{written}:{first_port}"
    if fits and "," not in host:
        return written, {}
    if "," in host and port and "," not in port:  # SQLAlchemy wants as many ports as hosts
        port = ",".join([port] * (host.count(",") + 1))
    places = {"host": host, "port": port if "," in host or not written else ""}
    return written, {name: value for name, value in places.items() if value}


def credentials_of(parameters: Mapping[str, str]) -> str:
    """User and password in front of a host, with the @; nothing where there are none."""
    user, password = (
        quote(parameters.get(name, ""), safe=_UNENCODED) for name in ("user", "password")
    )
    return f"{user}:{password}@" if password else f"{user}@" if user else ""


def _asyncpg_options(options: Mapping[str, str]) -> dict[str, str]:
    """What asyncpg's connect() takes; times and keepalives, which it has other ways for, go."""
    unsafe = _ASYNCPG_UNSAFE & options.keys()
    if unsafe:
        raise InvalidSettings(
            f"env.py is async and asyncpg cannot do {', '.join(sorted(unsafe))}",
            next_step="remove that from the URL, or install psycopg (pip install 'psycopg[binary]')"
            " instead of asyncpg",
        )
    kept = {name: options[name] for name in ("host", "port") if name in options}
    hosts = kept.get("host", "").split(",")
    if len(hosts) > 1:  # SQLAlchemy wants a port for each
        ports = kept.get("port", "").split(",")
        each = ports if len(ports) == len(hosts) else ports * len(hosts)
        kept["port"] = ",".join(port or "5432" for port in each)
    dsn = {name: value for name, value in options.items() if name in _ASYNCPG_DSN}
    return kept | ({"dsn": f"postgresql://?{query_of(dsn)}"} if dsn else {})


def _asyncpg_cache(options: Mapping[str, str]) -> dict[str, str]:
    """The one option of asyncpg's that SQLAlchemy makes a number of; others it cannot take here."""
    name = "prepared_statement_cache_size"
    return {name: options[name]} if name in options else {}


def query_of(options: Mapping[str, str]) -> str:
    """Options as they stand in a URL."""
    return "&".join(f"{name}={quote(value, safe='/:,')}" for name, value in options.items())
