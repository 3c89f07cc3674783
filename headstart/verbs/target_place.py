"""The run of one of many targets: its version table has to be the one that its lock stands for."""

from headstart.facts.sql import identifier
from headstart.facts.state import Scope, VersionColumn
from headstart.verbs.task import Task
from headstart.verdict.errors import InvalidSettings


def refuse_other_table(task: Task, scope: Scope, column: VersionColumn) -> None:
    """Refuse an env.py that has another one: two targets might meet there. Raises InvalidSettings.

    `column` is of the table that Alembic finds, or would make.
    """
    target = task.target
    if target is None:
        return
    expected = f"{identifier(target.schema)}.{identifier(target.version_table)}"
    first = identifier(scope.version_schema or scope.schema or "")
    found = column.table if column.exists else f"{first}.{identifier(scope.version_table)}"
    if found != expected:
        raise InvalidSettings(
            f"env.py has its version table in {found}, and not in {expected}, of which this run has"
            " the lock",
            next_step="correct HEADSTART_TARGET_VERSION_TABLE; or let env.py choose that schema for"
            " the target (search_path, version_table_schema)",
        )
