"""What revision scripts say in their source, read without running them."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from headstart.revisions.project import Project
from headstart.state import TableName

_AUTOCOMMIT = "autocommit_block"


def created_tables(project: Project) -> Iterator[TableName]:
    """The literal names in op.create_table and op.rename_table, of every script."""
    for script in project.scripts:
        yield from _tables_in(Path(script.path).read_text(encoding="utf-8"))


def env_rolls_back(project: Project) -> bool:
    """Whether env.py calls rollback() itself, as one does that can make a dry run of an upgrade."""
    file = Path(project.directory.env_py_location)
    source = file.read_text(encoding="utf-8") if file.is_file() else ""
    if "rollback" not in source:
        return False
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "rollback"
        for node in ast.walk(ast.parse(source, str(file)))
    )


def scripts_with_autocommit(project: Project, revisions: Iterable[str]) -> list[str]:
    """The files of those revisions whose source uses op.get_context().autocommit_block()."""
    wanted = frozenset(revisions)
    files = [str(script.path) for script in project.scripts if script.revision in wanted]
    return [file for file in files if _uses_autocommit(file)]


def _uses_autocommit(file: str) -> bool:
    source = Path(file).read_text(encoding="utf-8")
    # parsing costs a millisecond a script, so only those that have the word are parsed
    return _AUTOCOMMIT in source and any(
        isinstance(node, ast.Attribute) and node.attr == _AUTOCOMMIT
        for node in ast.walk(ast.parse(source))
    )


def _tables_in(source: str) -> Iterator[TableName]:
    # parsing costs a millisecond a script, so only those that can have a name are parsed
    if "create_table" not in source and "rename_table" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            position = {"create_table": 0, "rename_table": 1}.get(node.func.attr)
            if position is not None and len(node.args) > position:
                yield from _table_name(node, node.args[position])


def _table_name(call: ast.Call, name: ast.expr) -> Iterator[TableName]:
    schemas = [keyword.value for keyword in call.keywords if keyword.arg == "schema"]
    schema = schemas[0] if schemas else ast.Constant(None)
    match (schema, name):
        case ast.Constant(value=str() | None as schema_name), ast.Constant(value=str() as table):
            yield schema_name, table
        case _:
            return
