"""What to do about a connection that failed, by its SQLSTATE or one of the texts that have none.

Pure, as connect_failure.py, which says what has failed.
"""

from headstart.patterns import pattern

TO_A_PRIMARY = (
    "let DATABASE_URL lead to the primary alone: add target_session_attrs=read-write to it, or use"
    " the address of the primary; then run again"
)
LOGINS_LIMIT_CURE = (
    "raise the statement_timeout that comes with the login (ALTER ROLE or ALTER DATABASE ... SET,"
    " PGOPTIONS, the URL's options), if it is a short one; then run again"
)
_LOGIN_CURE = (
    "correct the password (PGPASSWORD_FILE, PGPASSWORD, or in DATABASE_URL, where @ is %40, : is"
    " %3A, / is %2F and % is %25), or the role: one that does not exist is refused in these words,"
    " too"
)
_DATABASE_CURE = (
    "create the database, or correct its name in DATABASE_URL; where that names none, nor"
    " PGDATABASE, libpq has taken the name of the user"
)
TLS_CURE = "set sslmode=require in DATABASE_URL, or PGSSLMODE=require"
CURES = {
    "28P01": _LOGIN_CURE,
    "3D000": _DATABASE_CURE,
    "42501": "as an administrator: GRANT CONNECT ON DATABASE ... TO this role; then run again",
    "57014": LOGINS_LIMIT_CURE,
    "25006": f"{TO_A_PRIMARY}; if there is none, complete the failover, or turn"
    " default_transaction_read_only off",
    "55000": "let the database accept connections again: ALTER DATABASE ... ALLOW_CONNECTIONS true;"
    " who restores or renames it may have closed it; then run again",
    "53300": "end idle sessions, or raise the limit that the server names (its"
    " max_connections, or a CONNECTION LIMIT); then run again",
}
"""By SQLSTATE."""
LOGINS_CURE = (
    "the server answers, and an event trigger on login refuses this one: wait until it allows it,"
    " or disable it (as a superuser, with event_triggers=off in PGOPTIONS: ALTER EVENT TRIGGER ..."
    " DISABLE); then run again"
)
SETTINGS_CURE = (
    "correct the setting that the server names: it comes with the login, from PGTZ, PGDATESTYLE,"
    " PGGEQO, PGOPTIONS or the URL's options"
)
_CERTIFICATE_CURE = (
    "name the certificate of the authority that has signed the server's (sslrootcert in"
    " DATABASE_URL, or PGSSLROOTCERT), and the host by the name that is in the server's"
)
LIBPQ_CURES = {
    "no password supplied": "give a password: PGPASSWORD_FILE, PGPASSWORD, or in DATABASE_URL",
    "server does not support SSL": "let the server accept TLS, or take sslmode out of DATABASE_URL"
    " and PGSSLMODE",
    "certificate verify failed": _CERTIFICATE_CURE,
    "root certificate file": _CERTIFICATE_CURE,
    "does not match host name": _CERTIFICATE_CURE,
}
"""By a part of libpq's own text."""
BOUNCER_CURES = {
    "no such database": "add the database to PgBouncer's [databases], or correct its name in"
    " DATABASE_URL",
    "no such user": "add the role to PgBouncer's auth_file, or correct its name in DATABASE_URL",
    "authentication failed": _LOGIN_CURE,
    "auth failed": _LOGIN_CURE,
    "SSL required": TLS_CURE,
    "TLS connection required": TLS_CURE,
}
"""By a part of PgBouncer's."""


def cure_of_role(more: str) -> str:
    """What helps against a 28000: LOCATION tells which part of the server has said it."""
    if _OF_ROLE.search(more):
        return _ROLE_CURE
    return _PLACE_CURE if _OF_PLACE.search(more) else f"{_ROLE_CURE}; or {_PLACE_CURE}"


_OF_ROLE = pattern(r"(?m)^\S+ +InitializeSessionUserId, miscinit\.c:\d+$")
_OF_PLACE = pattern(r"(?m)^\S+ +ClientAuthentication, auth\.c:\d+$")
"""LOCATION: no such role, or one that may not log in; no line of pg_hba.conf."""
_ROLE_CURE = "create the role (CREATE ROLE ... LOGIN), or correct its name in DATABASE_URL"
_PLACE_CURE = (
    "let a line of the server's pg_hba.conf allow this role in this database from here, with or"
    " without TLS (sslmode), as the error says"
)
