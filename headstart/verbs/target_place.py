"""Where one of many targets is: its version table has to be the one that its lock stands for."""

from dataclasses import replace

from headstart.facts.sql import identifier
from headstart.facts.state import Scope, VersionColumn, scope_named
from headstart.verbs.task import Task
from headstart.verdict.errors import InvalidSettings


def scope_without_env(task: Task) -> Scope:
    """Where to look by HEADSTART_VERSION_TABLE; a target's tables are in its own schema, if any."""
    target = task.target
    scope = replace(scope_named(task.settings.version_table), beside_others=target is not None)
    if target is None or not target.is_home:
        return scope
    return replace(scope, schema=target.schema, search_path=(target.schema,))


def refuse_other_table(task: Task, scope: Scope, column: VersionColumn) -> None:
    """Refuse an env.py that has another one, or works in another schema. Raises InvalidSettings.

    Two targets might meet there. `column` is of the table that Alembic finds, or would make.
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
    if target.is_home and scope.schema not in (None, target.schema):
        raise InvalidSettings(
            f"env.py works in schema {identifier(str(scope.schema))}, and not in"
            f" {identifier(target.schema)}, the target's own, where its version table is",
            next_step="let env.py choose the target's schema, in the connection's own search_path:"
            " SET search_path TO ..., and commit; where revisions name each schema in full, keep"
            " the version tables in a schema of their own"
            " (HEADSTART_TARGET_VERSION_TABLE='versions.{target}')",
        )
