"""Whether an event trigger of the database refused a change: a freeze, and no script's mistake."""

from headstart.facts.sql import identifier
from headstart.postgres.connection import Connection
from headstart.verdict.errors import HeadstartError, RevisionFailed, ServerFailed
from headstart.verdict.sqlstates import Fault, fault_of


def unless_refused(connection: Connection, error: RevisionFailed) -> HeadstartError:
    """A revision's error; another one where an event trigger of the database forbids the change.

    Raises psycopg2.Error.
    """
    if fault_of(error.sqlstate) is not Fault.RAISED:
        return error
    trigger = _refusing_trigger(connection, error.raised_in)
    if trigger is None:
        return error
    return ServerFailed(
        f"{error} (raised by the event trigger {identifier(trigger)})",
        sqlstate=error.sqlstate,
        statement=error.statement,
        next_step=f"wait until the event trigger {identifier(trigger)} allows changes, or disable"
        " it; then run again",
    )


def _refusing_trigger(connection: Connection, context: str) -> str | None:
    """The event trigger whose function the server names in an error's CONTEXT; None if none is.

    The words around the name are translated, the name is not.
    """
    if not context:
        return None
    rows = connection.execute(
        "SELECT e.evtname, p.proname FROM pg_catalog.pg_event_trigger e"
        " JOIN pg_catalog.pg_proc p ON p.oid = e.evtfoid WHERE e.evtenabled <> 'D'"
    )
    found = (str(trigger) for trigger, function in rows if f"{function}(" in context)
    return next(found, None)
