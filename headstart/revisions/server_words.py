"""What a driver's error has of the server's answer beside its message, none of it translated."""

from collections.abc import Mapping

from headstart.revisions.asking import asked

_ACTIVE_TRANSACTION = "25001"
_SETS_TOO_LATE = ("_check_hook", "ImportSnapshot")
"""The functions of the server that look at what SET TRANSACTION sets (call_enum_check_hook, say);
others refuse VACUUM and its kin, which no transaction may hold."""

ASKED_BEFORE = (
    " (headstart's own query comes first in each transaction: it asks whether the run lock is still"
    " held)"
)
SET_BEFORE: Mapping[bool, str] = {
    True: "in place of SET TRANSACTION give the engine the isolation level"
    " (create_engine(..., isolation_level=...)) in env.py, or the role (ALTER ROLE ... SET"
    " default_transaction_isolation); then build the image again",
    False: "in place of SET TRANSACTION let the revision execute SET SESSION CHARACTERISTICS AS"
    " TRANSACTION ..., then op.get_bind().commit(), or give the engine the isolation level in"
    " env.py (create_engine(..., isolation_level=...)); then run again",
}
"""By whether it is env.py that sets it."""


def sets_too_late(sqlstate: str | None, driver_error: BaseException) -> bool:
    """Whether SET TRANSACTION came after a query, which may be headstart's."""
    asked_by = asked_by_of(driver_error) or ""
    return sqlstate == _ACTIVE_TRANSACTION and asked_by.endswith(_SETS_TOO_LATE)


def asked_by_of(driver_error: BaseException) -> str | None:
    """The function of the server that refused."""
    for one in (driver_error, driver_error.__cause__):
        name = asked(asked(one, "diag"), "source_function")
        name = name or asked(one, "server_source_function")
        if isinstance(name, str):
            return name
    return None


def context_of(driver_error: BaseException) -> str:
    """The server's CONTEXT: the functions of the database that were at work."""
    for one in (driver_error, driver_error.__cause__):
        context = asked(asked(one, "diag"), "context")
        context = context or asked(one, "context")
        if isinstance(context, str):
            return context
    return ""
