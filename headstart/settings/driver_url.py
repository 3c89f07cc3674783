"""Write libpq's parameters as a URL, in the names of env.py's driver.

Pure. No message contains a password.
Sources: SQLAlchemy's PostgreSQL dialects (create_connect_args); asyncpg's connect().
"""

from collections.abc import Mapping
from urllib.parse import quote

from headstart.patterns import pattern
from headstart.verdict.errors import InvalidSettings

PLACE = ("host", "port", "dbname", "user", "password")
"""The parameters that name a database, a user and a password."""

_PLAIN_HOST = pattern(r"[A-Za-z0-9_.-]+")
_IPV6 = pattern(r"[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*")
_UNENCODED = "!$*+;="
"""Not encoded in user and password: an env.py may give its URL to a ConfigParser, to which a % is
special."""

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
"""Parameters that asyncpg accepts only in its own `dsn`. It sends unknown names to the server as
settings (application_name and options among them)."""
_ASYNCPG_UNSAFE = frozenset(["channel_binding", "hostaddr", "require_auth", "requirepeer"])
"""Parameters that asyncpg does not support. They decide which server we trust, so they are not
dropped."""


def async_drivers(named: str | None) -> tuple[str, ...]:
    """The drivers for an async env.py, best first: the one that the URL names, if it names one."""
    return tuple(sorted(_ASYNC_DRIVERS, key=lambda driver: not (named or "").startswith(driver)))


def sqlalchemy_url(
    parameters: Mapping[str, str],
    driver: str = "psycopg2",
    driver_options: Mapping[str, str] | None = None,
) -> str:
    """Libpq's parameters as a URL for SQLAlchemy, which always names the driver.

    SQLAlchemy 2.1 uses psycopg 3 for a bare postgresql://.
    Raises InvalidSettings for parameters that an async driver does not support.
    """
    return built_url(parameters, driver, driver_options)


def built_url(
    parameters: Mapping[str, str],
    driver: str | None = None,
    driver_options: Mapping[str, str] | None = None,
) -> str:
    """Libpq's parameters as a URL like an app's, in which pydantic wants a host.

    `driver_options` are the other options of the user's URL; this driver's are kept.

    A host or port that is not plain goes into the query, too, where it wins: SQLAlchemy hands it to
    the driver as it is, and libpq reads it last. A password without a user stays in front, because
    SQLAlchemy's own repr would show one in the query.
    Raises InvalidSettings for parameters that an async driver does not support.
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
    """Host and port as a URL has them, and the options for those that do not fit there.

    The host of a socket is localhost, with the socket's port.
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
    """User and password before a host, with the @; empty if there are none."""
    user, password = (
        quote(parameters.get(name, ""), safe=_UNENCODED) for name in ("user", "password")
    )
    return f"{user}:{password}@" if password else f"{user}@" if user else ""


def _asyncpg_options(options: Mapping[str, str]) -> dict[str, str]:
    """The options of asyncpg's connect(); it sets times and keepalives in other ways."""
    unsafe = _ASYNCPG_UNSAFE & options.keys()
    if unsafe:
        raise InvalidSettings(
            f"env.py uses asyncpg, which does not support {', '.join(sorted(unsafe))}",
            next_step="remove it from the URL, or install psycopg (pip install 'psycopg[binary]')"
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
    """The one option that SQLAlchemy converts to a number for asyncpg; others fail in a URL."""
    name = "prepared_statement_cache_size"
    return {name: options[name]} if name in options else {}


def query_of(options: Mapping[str, str]) -> str:
    """Options as a URL has them."""
    return "&".join(f"{name}={quote(value, safe='/:,')}" for name, value in options.items())
