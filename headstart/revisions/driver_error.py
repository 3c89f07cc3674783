"""Which exceptions are a driver's, or SQLAlchemy's of one, and what the server said in them."""

from sqlalchemy.exc import DBAPIError

from headstart.revisions.asking import asked, has
from headstart.revisions.link import fault_in, sqlstate_of
from headstart.verdict.errors import HeadstartError
from headstart.verdict.sqlstates import Fault


def is_drivers(error: BaseException) -> bool:
    if isinstance(error, HeadstartError):
        return False
    return isinstance(error, DBAPIError) or has(error, "sqlstate") or has(error, "pgcode")


def state_of(error: BaseException) -> str | None:
    return sqlstate_of(asked(error, "orig") or error)


def fault_told(error: BaseException) -> Fault:
    return fault_in(asked(error, "orig") or error)
