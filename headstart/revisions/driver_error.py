"""Which exceptions are a driver's, or SQLAlchemy's of one, and what the server said in them."""

from collections.abc import Mapping

from sqlalchemy.exc import DBAPIError

from headstart.revisions.asking import asked, has
from headstart.revisions.server_words import asked_by_of
from headstart.revisions.waited import is_lock_timeout
from headstart.verdict.errors import HeadstartError
from headstart.verdict.sqlstates import Fault, fault_of


def is_drivers(error: BaseException) -> bool:
    if isinstance(error, HeadstartError):
        return False
    return isinstance(error, DBAPIError) or has(error, "sqlstate") or has(error, "pgcode")


def state_of(error: BaseException) -> str | None:
    return sqlstate_of(asked(error, "orig") or error)


def fault_told(error: BaseException) -> Fault:
    return fault_in(asked(error, "orig") or error)


def sqlstate_of(error: BaseException) -> str | None:
    """The SQLSTATE of a driver's error; None if it has none."""
    sqlstate = asked(error, "pgcode") or asked(error, "sqlstate")
    if sqlstate is None:
        sqlstate = fields_of(error).get("C")
    return sqlstate if isinstance(sqlstate, str) else None


def fault_in(error: BaseException) -> Fault:
    """What a driver's error says, by its SQLSTATE, whose index it tells of, and who raised it.

    The SQLSTATE of a RAISE is the word of whoever wrote that function. Where it says that this may
    pass, it is believed; where not, no server has found that a privilege lacks or SQL is wrong.
    """
    fault = fault_of(sqlstate_of(error), in_catalog=_schema_of(error) == "pg_catalog")
    return Fault.RAISED if fault.permanent and is_raised(error) else fault


def is_raised(error: BaseException) -> bool:
    """Whether somebody's function has raised a driver's error, and not the server itself."""
    return asked_by_of(error) in _RAISES


_RAISES = frozenset({"exec_stmt_raise", "PLy_output"})
"""The functions of the server behind RAISE in PL/pgSQL and plpy.error(): never translated."""


def is_timeout_or_deadlock(error: BaseException) -> bool:
    """Of what a script may catch: NOWAIT is a question of its own, and has had its answer."""
    sqlstate = sqlstate_of(error)
    return sqlstate == _DEADLOCK or is_lock_timeout(sqlstate, asked_by_of(error))


_DEADLOCK = "40P01"


def _schema_of(error: BaseException) -> str | None:
    for one in (error, error.__cause__):  # SQLAlchemy raises asyncpg's errors from themselves
        name = asked(asked(one, "diag"), "schema_name")
        name = name or asked(one, "schema_name") or (one and fields_of(one).get("s"))
        if isinstance(name, str):
            return name
    return None


def fields_of(error: BaseException) -> Mapping[str, object]:
    """The fields of the server's answer where an error's argument has them, as pg8000's has.

    Source: PostgreSQL documentation, Error and Notice Message Fields.
    """
    fields = error.args[0] if error.args else None
    return fields if isinstance(fields, dict) and {"C", "M"} <= fields.keys() else {}


def says_lost(error: BaseException) -> bool:
    """Whether the SQLSTATE of a driver's error says that the connection is gone.

    Of severity ERROR it does not: that ends a statement, on a connection that is there. A script
    raises so by itself, and postgres_fdw and dblink for a server of their own.
    """
    sqlstate = sqlstate_of(error)
    return fault_of(sqlstate) is Fault.CONNECTION and _severity_of(error) != "ERROR"


def _severity_of(error: BaseException) -> str | None:
    """The server's own word, never translated; None if the driver itself raised this."""
    for one in (error, error.__cause__):  # SQLAlchemy raises asyncpg's errors from themselves
        diagnostics = asked(one, "diag")
        severity = asked(diagnostics, "severity_nonlocalized")
        severity = severity or asked(one, "severity_en")
        if isinstance(severity, str):
            return severity
    return None
