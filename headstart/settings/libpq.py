"""The words of connection URLs: the parameters of libpq and the options of drivers. Pure.

Sources: PostgreSQL documentation, "Parameter Key Words"; asyncpg's connect(); psycopg's connect().
"""

from collections.abc import Mapping
from enum import Enum

from headstart.values import dataclass

DRIVERS = ("asyncpg", "psycopg", "psycopg2", "psycopg_async")
"""The drivers that a URL may name after its +."""

SECRETS = ("password", "sslpassword")
"""The parameters whose values are secret."""


class Kind(Enum):
    """What the value of a parameter is, where it is not one of a few words."""

    TEXT = "any text"
    INTEGER = "a whole number"
    PORTS = "a number from 1 to 65535, or several, joined by commas"
    ADDRESSES = "an IP address, or several, joined by commas"
    METHODS = (
        "password, md5, gss, sspi, scram-sha-256 or none, several joined by commas, each or none of"
        " them with a !"
    )
    ENCODING = "an encoding that PostgreSQL knows (UTF8, say), or auto"


@dataclass(frozen=True)
class Keyword:
    """A parameter of libpq: the variable that gives its default, and what it may be.

    libpq compares the words of `choices` letter by letter, but for those of `any_case`.
    """

    variable: str | None = None
    choices: tuple[str, ...] = ()
    kind: Kind = Kind.TEXT
    any_case: bool = False


_TLS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_PROTOCOLS = ("3.0", "3.2", "latest")
_INTEGER = Keyword(kind=Kind.INTEGER)

KEYWORDS: Mapping[str, Keyword] = {
    "host": Keyword("PGHOST"),
    "hostaddr": Keyword("PGHOSTADDR", kind=Kind.ADDRESSES),
    "port": Keyword("PGPORT", kind=Kind.PORTS),
    "dbname": Keyword("PGDATABASE"),
    "user": Keyword("PGUSER"),
    "password": Keyword("PGPASSWORD"),
    "passfile": Keyword("PGPASSFILE"),
    "require_auth": Keyword("PGREQUIREAUTH", kind=Kind.METHODS),
    "channel_binding": Keyword("PGCHANNELBINDING", ("disable", "prefer", "require")),
    "connect_timeout": Keyword("PGCONNECT_TIMEOUT", kind=Kind.INTEGER),
    "client_encoding": Keyword("PGCLIENTENCODING", kind=Kind.ENCODING),
    "options": Keyword("PGOPTIONS"),
    "application_name": Keyword("PGAPPNAME"),
    "fallback_application_name": Keyword(),
    "keepalives": _INTEGER,
    "keepalives_idle": _INTEGER,
    "keepalives_interval": _INTEGER,
    "keepalives_count": _INTEGER,
    "tcp_user_timeout": _INTEGER,
    "replication": Keyword(),
    "gssencmode": Keyword("PGGSSENCMODE", ("disable", "prefer", "require")),
    "sslmode": Keyword(
        "PGSSLMODE", ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
    ),
    "requiressl": Keyword("PGREQUIRESSL"),
    "sslnegotiation": Keyword("PGSSLNEGOTIATION", ("postgres", "direct")),
    "sslcompression": Keyword("PGSSLCOMPRESSION"),
    "sslcert": Keyword("PGSSLCERT"),
    "sslkey": Keyword("PGSSLKEY"),
    "sslpassword": Keyword(),
    "sslcertmode": Keyword("PGSSLCERTMODE", ("disable", "allow", "require")),
    "sslrootcert": Keyword("PGSSLROOTCERT"),
    "sslcrl": Keyword("PGSSLCRL"),
    "sslcrldir": Keyword("PGSSLCRLDIR"),
    "sslsni": Keyword("PGSSLSNI"),
    "requirepeer": Keyword("PGREQUIREPEER"),
    "ssl_min_protocol_version": Keyword("PGSSLMINPROTOCOLVERSION", _TLS, any_case=True),
    "ssl_max_protocol_version": Keyword("PGSSLMAXPROTOCOLVERSION", _TLS, any_case=True),
    "min_protocol_version": Keyword("PGMINPROTOCOLVERSION", _PROTOCOLS),
    "max_protocol_version": Keyword("PGMAXPROTOCOLVERSION", _PROTOCOLS),
    "krbsrvname": Keyword("PGKRBSRVNAME"),
    "gsslib": Keyword("PGGSSLIB"),
    "gssdelegation": Keyword("PGGSSDELEGATION"),
    "service": Keyword("PGSERVICE"),
    "target_session_attrs": Keyword(
        "PGTARGETSESSIONATTRS",
        ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    ),
    "load_balance_hosts": Keyword("PGLOADBALANCEHOSTS", ("disable", "random")),
}
"""Every parameter of libpq, and every value that it refuses. Source: PostgreSQL documentation,
33.1.2 "Parameter Key Words" and 33.15 "Environment Variables"; what libpq only ignores (an sslsni
of "yes") stays its own business."""

LIBPQ_KEYWORDS = frozenset(KEYWORDS)

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
"""Options that asyncpg or psycopg accept and libpq refuses."""

OTHER_NAMES = {"database": "dbname", "ssl": "sslmode"}
"""asyncpg's names for parameters of libpq."""
