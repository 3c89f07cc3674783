"""Why a connection attempt failed, by its SQLSTATE or one of the few texts that have none.

Pure. Server texts are translated: they are shown and never matched. libpq's own and PgBouncer's own
texts are English always and are matched where no SQLSTATE tells. Permanent means: waiting will not
help. At a login that is known of access, of settings, of data; nothing else lasts for certain.
Sources: PostgreSQL documentation, appendix A (SQLSTATE); PgBouncer source, client.c and server.c.
"""

from collections.abc import Iterator
from dataclasses import field, replace

from headstart.patterns import pattern
from headstart.postgres.connect_cures import (
    BOUNCER_CURES,
    CURES,
    LIBPQ_CURES,
    LOGINS_CURE,
    SETTINGS_CURE,
    TLS_CURE,
    cure_of_role,
)
from headstart.values import dataclass
from headstart.verdict.errors import (
    AccessRefused,
    HeadstartError,
    InvalidSettings,
    Unreachable,
)
from headstart.verdict.sqlstates import Fault, fault_of

PROTOCOL_VIOLATION = "08P01"
"""What PgBouncer says for nearly everything; only its text tells."""
INVALID_AUTHORIZATION = "28000"
NO_SLOT_SQLSTATE = "53300"
_BOUNCER_IS_FULL = "no more connections allowed"
READ_ONLY_SQLSTATE = "25006"
"""Ours for a server that answers but does not let anybody write; a failover may pass."""

_ANSWER = pattern(r":  (?=[A-Z]*[0-9])([0-9A-Z]{5})(?::(?: (.*))?)?$")
"""A line of a server's answer at verbosity `verbose`: severity, SQLSTATE, and its words."""
_BEGINNING = "connection to server "
"""How libpq begins what it tells of each place and attempt, but, asynchronous, of the first one."""

_TEXTS = {
    "28P01": "the server refused the password, or the role does not exist",
    "28000": "the server refused this role",
    "3D000": "the database does not exist",
    "42501": "the role lacks the CONNECT privilege on this database",
    "55000": "the database does not accept connections",
    "0A000": "the server does not support what was asked for",
    "53300": "no connection slot is left",
    "57P03": "the server is starting up, shutting down or in recovery",
    "57P01": "the server is shutting down",
    "57P02": "the server is shutting down",
}

_WORDLESS = {
    "28000": "the server refused this role: it does not exist, may not log in, or no line of"
    " pg_hba.conf allows it from here",
}
"""Instead, where a server says nothing but its SQLSTATE."""

_PERMANENT_LIBPQ_TEXTS = (
    "server does not support SSL, but SSL was required",
    "certificate verify failed",
    "root certificate file",
    "could not read certificate file",
    "could not open certificate file",
    "could not load private key file",
    "private key file",
    "does not match host name",
    "fe_sendauth: no password supplied",
    "channel binding required",
    "channel binding is required",
    "certificate revoked",
    "local user with ID",
    "could not look up local user",
    "is too long (maximum",
    "GSSAPI encryption required",
    "authentication method requirement",
)

_PERMANENT_BOUNCER_TEXTS = (
    "no such database",
    "no such user",
    "password authentication failed",
    "SASL authentication failed",
    "auth failed",
    "SSL required",
    "TLS connection required",
    "TLS client certificate required",
    "TLS certificate name mismatch",
    "unsupported startup parameter",
    "not allowed",
    "login rejected",
)


@dataclass(frozen=True)
class ConnectFailure:
    """One failed attempt: `text` is for people.

    `grace`: an operator may still create what is missing (HEADSTART_ACCESS_GRACE_SECONDS).
    `raised`: a function of the database refuses logins, which an event trigger calls. `cure` is
    what to do, where the text alone tells it.
    """

    text: str
    permanent: bool
    grace: bool = False
    sqlstate: str | None = None
    raised: bool = False
    cure: str | None = field(default=None, compare=False)


def answers_in(message: str) -> tuple[tuple[str, str], ...]:
    """The SQLSTATEs and first lines of what servers said in a libpq message that is `verbose`."""
    return tuple((sqlstate, words) for sqlstate, words, _ in _answers(message))


def _answers(message: str) -> Iterator[tuple[str, str, str]]:
    """The same, each with the lines that follow: CONTEXT and LOCATION, say."""
    first, *others = message.splitlines() or [""]
    # what a server said may have lines of its own, in which it would answer once more
    places = [[first]]
    for line in others:
        if line.startswith(_BEGINNING):
            places.append([line])
        else:
            places[-1].append(line)
    for line, *more in places:
        if match := _ANSWER.search(line.rstrip()):
            yield match[1], " ".join((match[2] or "").split()), "\n".join(more)


def classify(message: str) -> ConnectFailure:
    """Classify a libpq message that was produced at verbosity `verbose`.

    With several hosts, or TLS tried before plain text, there are several answers: one that may pass
    makes the whole transient, and 28000 tells less than any other.
    """
    failures = [_raised_by_code(*each) or _failure_of(*each) for each in _answers(message)]
    if not failures:
        return _classify_libpq(message)
    passing = next((each for each in failures if not each.permanent), None)
    if passing is not None:
        return passing
    telling = (each for each in failures if each.sqlstate != INVALID_AUTHORIZATION)
    return replace(next(telling, failures[0]), grace=all(each.grace for each in failures))


def _raised_by_code(sqlstate: str, words: str, more: str) -> ConnectFailure | None:
    """What a function of the database refuses, by whatever SQLSTATE its author chose; else None."""
    if not _RAISED.search(more):
        return None
    function = _FUNCTION.search(more)
    by = f" (raised by the function {function[1]})" if function else ""
    text = f"code in the database refuses this login: {words}{by}"
    return ConnectFailure(text, permanent=False, sqlstate=sqlstate, raised=True)


_RAISED = pattern(r"(?m)^\S+ +exec_stmt_raise, pl_exec\.c:\d+$")
"""LOCATION, of RAISE in PL/pgSQL; its label is translated."""
_FUNCTION = pattern(r'(?m)([\w$."]+\([^()\n]*\)).* RAISE$')
"""In CONTEXT: the words around the function's name are translated."""


def _failure_of(sqlstate: str, words: str, more: str) -> ConnectFailure:
    if sqlstate == PROTOCOL_VIOLATION:
        return classify_bouncer(words)
    ours = _TEXTS.get(sqlstate, "the server refused the connection")
    if sqlstate in SETTINGS_SQLSTATES:
        ours = "the server refused a setting that comes with the login"
    elif sqlstate.startswith(_DATA):
        ours = "a login trigger failed"
    text = f"{ours}: {words}" if words else _WORDLESS.get(sqlstate, ours)
    # a database that is closed for a while, a proxy's limit: what nobody knows to last may pass
    access = fault_of(sqlstate) is Fault.ACCESS
    lasts = access or sqlstate in SETTINGS_SQLSTATES or sqlstate.startswith(_DATA)
    cure = cure_of_role(more) if sqlstate == INVALID_AUTHORIZATION else None
    return ConnectFailure(text, lasts, access, sqlstate, cure=cure)


def is_full(failure: ConnectFailure) -> bool:
    """Whether every slot is taken: of the server, the role, the database or a pooler's clients."""
    return failure.sqlstate == NO_SLOT_SQLSTATE or _BOUNCER_IS_FULL in failure.text


def classify_bouncer(words: str) -> ConnectFailure:
    """Classify the words of an 08P01, which PgBouncer uses for nearly everything."""
    permanent = any(each in words for each in _PERMANENT_BOUNCER_TEXTS)
    text = words or "the server refused the connection"
    cure = next((cure for told, cure in BOUNCER_CURES.items() if told in words), None)
    return ConnectFailure(text, permanent, permanent, PROTOCOL_VIOLATION, cure=cure)


SETTINGS_SQLSTATES = frozenset({"22023", "42704", "42601", "55P02"})
"""What a server says of a setting that comes with the login, from PGTZ or `options`: a value or a
name that it does not know, one that only its own configuration may have."""
_DATA = "22"
"""Class: data exception; any other one at a login is a login trigger's, which fails the next time,
too."""

_SETTINGS_TEXTS = pattern(
    r'invalid "?\w+"? value|invalid port number|invalid connection option|definition of service'
    r"|service file|could not match|could not parse network address|cannot be mixed with"
    r"|is specified more than once|weak sslmode|invalid SSL protocol version range"
)
"""Permanent texts of libpq that tell of a mistake in PG* or the URL, not of a refusal."""


def error_of(failure: ConnectFailure, attempts: int) -> HeadstartError:
    """The error that ends a wait: somebody refused, or nobody answered."""
    if failure.sqlstate is None and _SETTINGS_TEXTS.search(failure.text):
        return InvalidSettings(failure.text)
    if failure.sqlstate in SETTINGS_SQLSTATES and not failure.raised:
        return InvalidSettings(failure.text, next_step=SETTINGS_CURE)
    cure = failure.cure or CURES.get(str(failure.sqlstate))
    cure = LOGINS_CURE if failure.raised else cure
    if failure.permanent or failure.sqlstate == READ_ONLY_SQLSTATE:
        return AccessRefused(failure.text, sqlstate=failure.sqlstate, next_step=cure)
    tries = "1 attempt" if attempts == 1 else f"{attempts} attempts"
    return Unreachable(
        f"no connection after {tries}; the last one: {failure.text}",
        sqlstate=failure.sqlstate,
        next_step=cure,
    )


def classify_first_statement(text: str, sqlstate: str | None) -> ConnectFailure:
    """Classify what broke the first statement: a pooler's queue, a server that goes away.

    The server let this role in, so nothing of this is permanent; its first line is what it said.
    """
    first_line = " ".join(text.strip().split("\n")[0].split())
    return ConnectFailure(first_line, permanent=False, sqlstate=sqlstate)


def tls_required(failure: ConnectFailure) -> ConnectFailure:
    """The refinement of a 28000 that goes away when TLS is used."""
    return ConnectFailure(
        "the server accepts this role over TLS only: set sslmode=require",
        permanent=True,
        sqlstate=failure.sqlstate,
        cure=TLS_CURE,
    )


def _classify_libpq(message: str) -> ConnectFailure:
    lines = (line for line in message.splitlines() if not line.startswith(_GUESS))
    text = " ".join(" ".join(lines).split())
    lasting = any(each in text for each in _PERMANENT_LIBPQ_TEXTS)
    cure = next((cure for told, cure in LIBPQ_CURES.items() if told in text), None)
    return ConnectFailure(text, lasting or _SETTINGS_TEXTS.search(text) is not None, cure=cure)


_GUESS = "\tIs the server running "
"""libpq's second line, which asks what its first one has answered."""
