"""Read the event triggers of a database: they may refuse what a revision does."""

from headstart.postgres.connection import Connection
from headstart.postgres.read_failure import named_failures


def read_event_triggers(connection: Connection) -> dict[str, str]:
    """The name of each that is enabled, and that of its function. Raises as every read does."""
    with named_failures():
        rows = connection.execute(
            "SELECT e.evtname, p.proname FROM pg_catalog.pg_event_trigger e"
            " JOIN pg_catalog.pg_proc p ON p.oid = e.evtfoid WHERE e.evtenabled <> 'D'"
        )
    return {str(trigger): str(function) for trigger, function in rows}
