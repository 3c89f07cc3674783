"""Which names the statements of a script bind, and which of them to literals. Pure."""

import ast
from collections.abc import Iterator, Mapping

NAMES = ("revision", "down_revision", "branch_labels", "depends_on")
"""The four names that make the graph."""


def bindings(statement: ast.stmt) -> Iterator[tuple[str, ast.expr | None]]:
    """The names that a statement of a module binds, with their values; None where it is unclear."""
    match statement:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _targets(target, value)
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.AnnAssign(value=None):
            return
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield statement.name, None
            # a function may bind a module's name by `global`
            yield from ((n, None) for g in _globals(statement) for n in g.names)
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            if any(each.name == "*" for each in names):
                yield from ((name, None) for name in NAMES)
            yield from (((each.asname or each.name).partition(".")[0], None) for each in names)
        case _:
            for node in ast.walk(statement):
                yield from ((name, None) for name in _bound_in(node))


def _bound_in(node: ast.AST) -> Iterator[str]:
    """The names that a node inside of a statement may bind."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name):
            yield name
        case ast.Import() | ast.ImportFrom():
            yield from (name for name, _ in bindings(node))


def _targets(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr | None]]:
    match target, value:
        case ast.Name(id=name), _:
            yield name, value
        case ast.Tuple(elts=names), ast.Tuple(elts=values) if len(names) == len(values):
            for each, its in zip(names, values, strict=True):
                yield from _targets(each, its)
        case _:
            for node in ast.walk(target):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.id, None


def _globals(statement: ast.stmt) -> Iterator[ast.Global]:
    return (node for node in ast.walk(statement) if isinstance(node, ast.Global))


def literal(value: ast.expr | None, known: Mapping[str, object]) -> object:
    """The value of a literal, or of a name that has one. Raises ValueError."""
    match value:
        case None:
            raise ValueError
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return tuple(literal(part, known) for part in parts)
        case _:
            try:
                return ast.literal_eval(value)
            except (TypeError, SyntaxError, MemoryError, RecursionError) as error:
                raise ValueError from error
