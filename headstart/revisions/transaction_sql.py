"""The SELECT that begins each transaction of env.py's connection, and sets its settings. Pure."""

from enum import Enum
from functools import lru_cache
from typing import Self

from headstart.facts.literals import array, literal
from headstart.postgres.advisory_lock import held_condition
from headstart.revisions.begun import SQL_LEAVING_MARK, Numbering, sql_of_begun
from headstart.values import dataclass

LIMITS = ("lock_timeout", "statement_timeout")
"""The time limits that env.py may set itself."""

TransactionSettings = tuple[tuple[str, str], ...]
"""Names and values of the server's settings."""


@dataclass(frozen=True)
class Fence:
    """What proves that this is the database that we locked; `lent_limits` come with the login."""

    nonce: int
    lent_limits: frozenset[str]


class Form(Enum):
    """What is set for how long, and what is looked at before."""

    LASTING = "the session's settings, which an autocommit block puts back"
    LOOKING = "this transaction's, but for the limits that env.py has set"
    LOCAL = "this transaction's"

    @classmethod
    def of(cls, look: bool, lasting: bool) -> Self:
        return cls.LASTING if lasting else cls.LOOKING if look else cls.LOCAL


@lru_cache(maxsize=8)
def sql_of_begin(
    fence: Fence, settings: TransactionSettings, numbering: Numbering, form: Form
) -> str:
    """One round trip: is the fence up, which transaction is it, the process, and the settings.

    Five columns, however many settings there are: each costs the client some time. What is looked
    at is looked at first: once ours are set, nobody can tell them from env.py's own.
    """
    held = f"SELECT FROM pg_catalog.pg_locks l WHERE {held_condition(fence.nonce)}"
    begun = sql_of_begun(numbering)
    calls = [_call(name, value, form) for name, value in settings]
    if numbering is Numbering.NATURAL:
        calls.append(SQL_LEAVING_MARK)
    made = f"pg_catalog.concat({', '.join(calls)})" if calls else "NULL"
    columns = f"EXISTS ({held}), {begun}, pg_catalog.pg_backend_pid()"
    match form:
        case Form.LOCAL:
            return f"SELECT {columns}, NULL, {made}"
        case Form.LOOKING:
            before = f"SELECT {_own_limits(fence.lent_limits)} AS before"
        case Form.LASTING:
            values = ", ".join(f"pg_catalog.current_setting('{name}')" for name, _ in settings)
            before = f"SELECT pg_catalog.to_json(ARRAY[{values}])::pg_catalog.text AS before"
    return f"WITH b AS MATERIALIZED ({before}) SELECT {columns}, b.before, {made} FROM b"


def _own_limits(lent: frozenset[str]) -> str:
    """What env.py has set, by a statement or as it connected; what our own login brings is not."""
    connected = array(name for name in LIMITS if name not in lent)
    is_connected = f"s.name OPERATOR(pg_catalog.=) ANY ({connected})"
    return (
        "(SELECT pg_catalog.json_agg(s.name)::pg_catalog.text FROM pg_catalog.pg_settings s"
        f" WHERE s.name OPERATOR(pg_catalog.=) ANY ({array(LIMITS)})"
        " AND (s.source OPERATOR(pg_catalog.=) 'session'"
        f" OR s.source OPERATOR(pg_catalog.=) 'client' AND {is_connected}))"
    )


def _call(name: str, value: str, form: Form) -> str:
    if name == "synchronous_commit":
        is_off = f"pg_catalog.current_setting('{name}') OPERATOR(pg_catalog.=) 'off'"
        local = form is not Form.LASTING
        return f"CASE WHEN {is_off} THEN {set_config(name, value, local=local)} END"
    if form is Form.LOOKING and name in LIMITS:
        # the names are no part of one another
        is_own = f"pg_catalog.strpos(b.before, '{name}') OPERATOR(pg_catalog.>) 0"
        return f"CASE WHEN {is_own} THEN NULL ELSE {set_config(name, value, local=True)} END"
    return set_config(name, value, local=form is not Form.LASTING)


def set_config(name: str, value: str, *, local: bool) -> str:
    """A call that sets it, for the transaction or for the session."""
    return f"pg_catalog.set_config('{name}', {literal(value)}, {str(local).lower()})"
