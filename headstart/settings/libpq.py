"""The words of connection URLs: the parameters of libpq and the options of drivers. Pure.

Sources: PostgreSQL documentation, "Parameter Key Words"; asyncpg's connect(); psycopg's connect().
"""

DRIVERS = ("asyncpg", "psycopg", "psycopg2", "psycopg_async")
"""The drivers that a URL may name after its +."""

SECRETS = ("password", "sslpassword")
"""The parameters whose values are secret."""

SSLMODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

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
"""Options that asyncpg or psycopg accept and libpq refuses."""

OTHER_NAMES = {"database": "dbname", "ssl": "sslmode"}
"""asyncpg's names for parameters of libpq."""
