"""Read from its source the SQL that a revision script executes, as far as it is text."""

import ast
from collections.abc import Iterator

from headstart.revisions.known_calls import object_of_sqlalchemy
from headstart.revisions.script_names import Names


def sql_of(names: Names, node: ast.expr) -> list[str] | None:
    """The SQL of what is executed; None if the source does not show it."""
    value = names.value(node)
    match value:
        case ast.Constant(value=str() as text):
            return [text]
        case ast.Call() if object_of_sqlalchemy(names.path(value.func)) == "text":
            return sql_of(names, value.args[0]) if value.args else None
        case ast.Call(func=ast.Attribute(attr="bindparams", value=inner)):
            return sql_of(names, inner)
        case ast.Call() if _is_expression(names, value):
            return list(_fragments(names, value))
        case _:
            return None


def made_by(names: Names, node: ast.expr) -> str:
    """The name in SQLAlchemy of what makes a value."""
    made = names.value(node)
    if not isinstance(made, ast.Call):
        return ""
    return object_of_sqlalchemy(names.path(made.func))


def _is_expression(names: Names, node: ast.Call) -> bool:
    """Whether SQLAlchemy builds it: update(table).where(..), table.insert(), select(..)."""
    if object_of_sqlalchemy(names.path(node.func)) in _STATEMENTS:
        return True
    match node.func:
        case ast.Attribute(attr="insert" | "update" | "delete", value=table):
            return made_by(names, table) in {"table", "Table"}
        case ast.Attribute(value=ast.Call() as inner):
            return _is_expression(names, inner)
        case _:
            return False


_STATEMENTS = {"insert", "update", "delete", "select"}


def _fragments(names: Names, node: ast.Call) -> Iterator[str]:
    """Text that stands in an expression as it is written, as if it were selected."""
    calls = (each for each in ast.walk(node) if isinstance(each, ast.Call))
    for each in calls:
        if object_of_sqlalchemy(names.path(each.func)) in {"text", "literal_column"}:
            text = names.value(each.args[0]) if each.args else None
            literal = text.value if isinstance(text, ast.Constant) else None
            # what nobody can read is as much as a function that nobody knows
            yield f"SELECT {literal}" if isinstance(literal, str) else "CALL unknown()"
