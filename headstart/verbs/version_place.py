"""Where the version rows may be, for the verbs that run no env.py: what is named, what is seen."""

from headstart.decision.elsewhere import UNCERTAIN
from headstart.facts.state import DatabaseFacts, VersionTable
from headstart.postgres.connection import Connection
from headstart.postgres.other_version_tables import read_other_version_tables
from headstart.settings.defaults import VERSION_TABLE
from headstart.verbs.inspection import Image
from headstart.verbs.task import Task
from headstart.verdict.events.schema import PlaceUncertain


def is_table_named(task: Task) -> bool:
    """Whether a deployment has said which version table it is, by more than Alembic's own name."""
    return task.settings.version_table != VERSION_TABLE


def uncertainty(task: Task, attempt: int = 1) -> tuple[str, ...]:
    """What to know where only env.py knows what -x means; it is warned of once."""
    if not task.settings.x or is_table_named(task):
        return ()
    if attempt == 1:
        task.emit(PlaceUncertain(UNCERTAIN))
    return (UNCERTAIN,)


def other_version_tables(
    image: Image, connection: Connection, facts: DatabaseFacts
) -> tuple[VersionTable, ...]:
    """Where else the version rows of this image are; asked only where none was found."""
    if facts.version_rows:
        return ()
    usable = image.fingerprints.usable
    recorded = usable.meta.get("version_table") if usable is not None else None
    return read_other_version_tables(
        connection, image.history.requirements, recorded if isinstance(recorded, str) else None
    )
