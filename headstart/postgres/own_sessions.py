"""Extensions by which a function commits in another session, whatever becomes of its caller."""

from headstart.facts.literals import array
from headstart.postgres.reader import Reader

EXTENSIONS = ("dblink", "pg_background")
"""PostgreSQL's documentation, dblink_exec(); pg_background's, pg_background_launch()."""


def has_sessions_of_its_own(connection: Reader) -> bool:
    """Whether a function of this database may have one. Raises psycopg2.Error and TimeoutError."""
    rows = connection.execute(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_extension e"
        f" WHERE e.extname::pg_catalog.text = ANY ({array(EXTENSIONS)}))"
    )
    return bool(rows[0][0])
