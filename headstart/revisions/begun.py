"""Which transaction it is, what has become of it, and whether it did anything.

A number (txid_current) tells the fate, but to ask for it makes the transaction one that has written
something. So a revision's is not numbered: it is known by its process and its beginning, and leaves
a mark that a COMMIT keeps and a ROLLBACK takes back (a setting of the session). What it wrote has a
number of its own, which is not lower than the lowest that was free as it began.
"""

import json
from enum import Enum, auto

from headstart.values import dataclass


class Numbering(Enum):
    """What is asked about a transaction as it begins."""

    NONE = auto()
    """It is none of the revisions'."""
    NATURAL = auto()
    """It has a number only when it has written something."""


@dataclass
class Begun:
    """A transaction of the connection that migrates.

    `identity` is its process and beginning, `free` the lowest number that was free then; `number`
    is None as long as it is not known. `role` and `search_path` are those it began with: a ROLLBACK
    may take them back in one that is `shared`, with env.py or by a pooler.
    """

    identity: str
    free: int
    number: int | None
    role: str
    search_path: str
    shared: bool = False


SQL_IDENTITY = (
    "pg_catalog.concat(pg_catalog.pg_backend_pid(), '-', pg_catalog.to_char(pg_catalog.timezone("
    "'UTC'::pg_catalog.text, pg_catalog.now()), 'YYYYMMDDHH24MISSUS'))"
)
"""The same however a script sets TimeZone or DateStyle."""
_SQL_FREE = "pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot())"
SQL_FREE = f"SELECT {_SQL_FREE}"
SQL_NUMBER = "SELECT pg_catalog.txid_current_if_assigned()"
_MARK = "headstart.begun"
SQL_LEAVING_MARK = f"pg_catalog.set_config('{_MARK}', {SQL_IDENTITY}, false)"

_SQL_STATE = "current_user, pg_catalog.current_setting('search_path')"

SQL_STATE = f"SELECT {_SQL_STATE}"
"""The role and the search_path, as they are now."""


def _sql_now(number: str) -> str:
    return (
        f"WITH seen AS MATERIALIZED (SELECT {SQL_IDENTITY} AS identity,"
        f" pg_catalog.{number}() AS number,"
        f" pg_catalog.current_setting('{_MARK}', true) AS mark, {_SQL_STATE})"
        " SELECT seen.*, CASE WHEN seen.mark OPERATOR(pg_catalog.=) seen.identity"
        f" THEN pg_catalog.set_config('{_MARK}', '', false) END FROM seen"
    )


SQL_NOW = _sql_now("txid_current_if_assigned")
"""Which transaction it is now, its number, if it has written something, the mark, role and path.

The mark of one that goes on is taken away: behind a pooler the session is somebody else's next.
"""
SQL_BEFORE_ROW = _sql_now("txid_current")
"""The same of the one in which the version row is written next, which gives it a number anyway."""


def sql_of_begun(numbering: Numbering) -> str:
    """SQL of one column: what is asked about a transaction that begins."""
    if numbering is Numbering.NONE:
        return "NULL"
    return (
        f"pg_catalog.json_build_array({SQL_IDENTITY}, {_SQL_FREE},"
        f" pg_catalog.txid_current_if_assigned(), {_SQL_STATE})::pg_catalog.text"
    )


def begun_of(text: str) -> Begun:
    """What that column says."""
    return Begun(*_decode(text)[0])


_decode = json.JSONDecoder().raw_decode
"""Of a text without space around it: once for each transaction."""


def sql_of_lost(begun: Begun) -> str:
    """SQL: whether anything that was written since it began was rolled back, by whomever."""
    return _sql_of_any(begun.free, "aborted")


def sql_of_kept(free: int) -> str:
    """SQL: whether anything under this number or a higher one was committed, by whomever."""
    return _sql_of_any(free, "committed")


def _sql_of_any(free: int, status: str) -> str:
    return (
        f"SELECT EXISTS (SELECT FROM pg_catalog.generate_series({free}::pg_catalog.int8,"
        f" {_SQL_FREE} OPERATOR(pg_catalog.-) 1) AS written (number)"
        f" WHERE pg_catalog.txid_status(written.number) OPERATOR(pg_catalog.=) '{status}')"
    )


def sql_of_fate(number: int) -> str:
    """SQL of two columns: what became of a transaction, and the number of the one that is open.

    Asked before the version row is written, as SQL_BEFORE_ROW is.
    """
    return f"SELECT pg_catalog.txid_status({number}), pg_catalog.txid_current()::pg_catalog.int8"


def sql_of_prepared(begun: Begun) -> str:
    """SQL: whether a transaction that began since then is prepared here, by whomever."""
    return (
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_prepared_xacts p"
        " WHERE p.database OPERATOR(pg_catalog.=) pg_catalog.current_database()"
        " AND p.transaction::pg_catalog.text::pg_catalog.int8 OPERATOR(pg_catalog.>=)"
        f" {begun.free % _XIDS}::pg_catalog.int8)"
    )


_XIDS = 2**32
"""A prepared transaction has the number that its rows bear, which starts anew after so many."""
