"""A connection that env.py never got: a mistake of its settings, or a database that went away.

Where headstart's own connection to the lock answers, a URL of env.py's own is most likely wrong;
only what may pass (a restart, no free slot) is to be tried again. The driver's words tell too
little, so the attempt is made once more by libpq, whose SQLSTATE tells. A host that we do not know
is not printed: of a password that nobody percent-encoded, what follows its @ is read as a host.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from headstart.patterns import pattern
from headstart.postgres.connect_failure import ConnectFailure
from headstart.postgres.connection import ConnectFailed, connect
from headstart.revisions.asking import asked
from headstart.revisions.driver_error import sqlstate_of
from headstart.revisions.link import Link
from headstart.verdict.errors import ConnectionLost, HeadstartError, WrongDatabase
from headstart.verdict.sqlstates import Fault, fault_of

Login = Mapping[str, str]
"""libpq's host, port, dbname, user and password."""

CURE = (
    "let env.py use DATABASE_URL, or name the variable that its settings read in"
    " HEADSTART_URL_VARIABLES, or give its own variables (POSTGRES_* and the like) the same values"
    " as headstart's"
)
_SECONDS = 5.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_UNKNOWN_HOST = (
    "a host that headstart does not know (is the password in a URL not percent-encoded?)"
)


def refusal_of(causes: Iterable[BaseException], link: Link) -> HeadstartError | None:
    """What a connection that env.py never got means; None if the error is about another thing.

    `causes` are the error and all that it was raised for. Raises nothing.
    """
    behind = list(causes)
    states = [state for state in map(_state_of_failure, behind) if state is not None]
    if link.connected or not states:
        return None
    refused = next((state for state in states if fault_of(state) is Fault.ACCESS), None)
    passing = next((state for state in states if _passes(state)), None)
    told = next(filter(None, (_LIBPQ.search(str(each)) for each in behind)), None)
    direct = link.attempt is None and refused is None  # env.py went to the driver itself
    if direct and told is None:
        return None
    if link.is_lost():
        return ConnectionLost("the database went away while env.py connected")
    if direct and told is not None:
        return _refused_directly(told, link)
    if passing is not None:
        return _passing(f"SQLSTATE {passing}")
    if link.attempt is None:
        return _changed(link) or _wrong("", f"SQLSTATE {refused}", link.login())
    again = _tried_again(login_of(link.attempt), link)
    if again is None and any(isinstance(each, OSError) for each in behind):
        # it answers us: the network, or another address of the same name, did not
        return ConnectionLost("the database did not answer env.py's connection; it answers now")
    return again


def login_changed(causes: Iterable[BaseException], link: Link) -> ConnectionLost | None:
    """What a refused login means in a revision, whose engine may have ours; None for another."""
    states = (sqlstate_of(asked(each, "orig") or each) for each in causes)
    refused = any(str(state).startswith(_LOGIN_CLASS) for state in states)
    return _changed(link) if refused else None


_LOGIN_CLASS = "28"


def _changed(link: Link) -> ConnectionLost | None:
    """What ends the run where the login that let us in is refused by now: no script is to blame."""
    failure = failure_again(link.login(), link)
    if failure is None:
        return None
    return ConnectionLost(
        "the login that was accepted when this run began is refused now (the password, the role or"
        f" the database was changed meanwhile): {failure.text}",
        sqlstate=failure.sqlstate,
        next_step="run again, with the new password where it was changed: a file that holds it is"
        " read anew; what was committed is kept",
    )


def _refused_directly(told: re.Match[str], link: Link) -> HeadstartError:
    """What libpq told, whose driver env.py called itself (a `creator`, say), without a SQLSTATE.

    Our own login is tried again where a server answered: if that is let in, theirs is wrong. What
    did not answer, or is another place, may be somebody else's server, which may be back.
    """
    ours, there = link.login(), {"host": told["host"], "port": told["port"]}
    words = " ".join(told["words"].split())
    where = f"{there['host']}:{there['port']}" if _is_known(there, ours) else _UNKNOWN_HOST
    answered = _ANSWERED.match(told["words"]) is not None
    if answered and _address(there) == _address(ours):
        return _changed(link) or _wrong(f" to {where}", words, ours)
    return ConnectionLost(f"env.py could not connect to {where}: {words}")


_LIBPQ = pattern(
    r'connection to server at "(?P<host>[^"]*)"(?: \([^)]*\))?, port (?P<port>\d+) failed:'
    r" (?P<words>.*)"
)
"""libpq's own words, which are English always."""
_ANSWERED = pattern(r"[^:]+:  ")
"""A severity, in any language: a server said the rest."""


def server_answered(error: BaseException) -> bool:
    """Whether libpq's words say that a server refused the connection."""
    told = _LIBPQ.search(str(error))
    return told is not None and _ANSWERED.match(told["words"]) is not None


def _passes(state: str) -> bool:
    fault = fault_of(state)
    return fault is Fault.SERVER or (fault is Fault.CONNECTION and state.startswith("57"))


def login_of(parameters: Mapping[str, Any]) -> Login:
    """A driver's parameters by libpq's names; several hosts and ports joined by commas."""
    named = {**parameters, "dbname": parameters.get("dbname") or parameters.get("database")}
    login = {name: named.get(name) for name in ("host", "port", "dbname", "user", "password")}
    return {
        name: ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        for name, value in login.items()
        if value
    }


def _state_of_failure(error: BaseException) -> str | None:
    """The SQLSTATE of what a driver raises for a connection, "" if it gives none."""
    state = sqlstate_of(error)
    if state is not None:
        return state
    names = {cls.__name__ for cls in type(error).__mro__}
    return "" if names & {"OperationalError", "InterfaceError", "OSError"} else None


def failure_again(there: Login, link: Link) -> ConnectFailure | None:
    """Why an attempt of our own fails there; None if it does not."""
    try:
        _connect(there, link)
    except ConnectFailed as failed:
        return failed.failure
    return None


def _connect(there: Login, link: Link) -> None:
    ours = link.login()
    # an env.py that says no password finds ours in PGPASSWORD
    secret = {"password": ours["password"]} if "password" in ours else {}
    connect({**secret, **there}, link.name, _SECONDS).close()


def _tried_again(there: Login, link: Link) -> HeadstartError | None:
    try:
        _connect(there, link)
    except ConnectFailed as failed:
        place = {"host": failed.place.get("host"), "port": failed.place.get("port")}
        there = {**{name: value for name, value in place.items() if value}, **there}
        error = _error_of(failed.failure, there, link.login())
        return (_changed(link) or error) if isinstance(error, WrongDatabase) else error
    return None  # what failed was not the place, nor the login


def _error_of(failure: ConnectFailure, there: Login, ours: Login) -> HeadstartError:
    host_known = _is_known(there, ours)
    words = failure.text if host_known or failure.sqlstate else ""
    elsewhere = _address(there) != _address(ours)
    if failure.permanent or (failure.sqlstate is None and elsewhere):
        return _wrong(f" to {_shown(there) if host_known else _UNKNOWN_HOST}", words, ours)
    return _passing(words)


def _wrong(where: str, words: str, ours: Login) -> WrongDatabase:
    cause = f": {words}" if words else ""
    return WrongDatabase(
        f"env.py could not connect{where}, while headstart is connected to {_shown(ours)}{cause}",
        next_step=CURE,
    )


def _passing(words: str) -> ConnectionLost:
    return ConnectionLost(f"the database refused env.py's connection: {words}")


def _address(login: Login) -> tuple[frozenset[str], str]:
    hosts = frozenset(login.get("host", "").split(","))
    return _LOOPBACK if hosts & _LOOPBACK else hosts, login.get("port", "5432")


def _is_known(there: Login, ours: Login) -> bool:
    hosts = set(there.get("host", "").split(","))
    return hosts <= {"", *_LOOPBACK, *ours.get("host", "").split(",")} or all(
        host.startswith("/") for host in hosts
    )


def _shown(login: Login) -> str:
    """Where a login leads and as whom; of a URL that was read wrongly, not what may be secret."""
    user, database = login.get("user", ""), login.get("dbname", "")
    at = f"{user}@" if user else ""
    name = f"/{database}" if database and "@" not in database else ""
    return f"{at}{login.get('host', '')}:{login.get('port', '5432')}{name}"
