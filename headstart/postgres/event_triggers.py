"""Whether an event trigger of the database refused a change: a freeze, and no script's mistake."""

from headstart.postgres.connection import Connection


def refusing_trigger(connection: Connection, context: str) -> str | None:
    """The event trigger whose function the server names in an error's CONTEXT; None if none is.

    The words around the name are translated, the name is not. Raises psycopg2.Error.
    """
    if not context:
        return None
    rows = connection.execute(
        "SELECT e.evtname, p.proname FROM pg_catalog.pg_event_trigger e"
        " JOIN pg_catalog.pg_proc p ON p.oid = e.evtfoid WHERE e.evtenabled <> 'D'"
    )
    found = (str(trigger) for trigger, function in rows if f"{function}(" in context)
    return next(found, None)
