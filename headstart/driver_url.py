"""Libpq's parameters as a URL for SQLAlchemy, in the names of the driver that env.py works with.

Pure. No message holds a password.
Sources: SQLAlchemy's PostgreSQL dialects (create_connect_args); asyncpg's connect().
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

from headstart.errors import InvalidSettings

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

    `driver_options` are what else stood in the URL; those that this driver takes are kept.

    SQLAlchemy 2.1 takes a bare postgresql:// for psycopg 3. Whatever is not a plain host and port
    goes into the query, where SQLAlchemy hands it to the driver as it is. A password without a
    user stays in front, since SQLAlchemy's own repr would show one that is in the query.
    Raises InvalidSettings for what an async driver cannot do.
    """
    rest = dict(parameters)
    user, password = quote(rest.pop("user", ""), safe=""), rest.pop("password", "")
    authority = f"{user}:{quote(password, safe='')}@" if password else f"{user}@" if user else ""
    database = quote(rest.pop("dbname", ""), safe="")
    if re.fullmatch(r"[A-Za-z0-9_.-]+", rest.get("host", "")):
        authority += rest.pop("host") + (f":{port}" if (port := rest.pop("port", "")) else "")
    if driver == "asyncpg":
        rest = _asyncpg_options(rest) | _asyncpg_cache(driver_options or {})
    query = _query(rest)
    base = f"postgresql+{driver}://{authority}/{database}"
    return f"{base}?{query}" if query else base


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
    return kept | ({"dsn": f"postgresql://?{_query(dsn)}"} if dsn else {})


def _asyncpg_cache(options: Mapping[str, str]) -> dict[str, str]:
    """The one option of asyncpg's that SQLAlchemy makes a number of; others it cannot take here."""
    name = "prepared_statement_cache_size"
    return {name: options[name]} if name in options else {}


def _query(options: Mapping[str, str]) -> str:
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in options.items())
