"""Read from its source which indexes the upgrade() of a revision script builds, by name.

Names that only Python computes are left out: the fingerprints tell those. downgrade() is not read:
it drops, in nearly every script, what upgrade() builds.

An example: the name is found behind op.f() and the table of a batch, and the DROP is one that would
fail without the index:

    >>> script = '''
    ... from alembic import op
    ... def upgrade():
    ...     with op.batch_alter_table("jobs", schema="shop") as batch:
    ...         batch.create_index(op.f("ix_at"), ["at"])
    ...     op.drop_index("ix_old")
    ... '''
    >>> indexes_of(ast.parse(script))
    ScriptIndexes(made=frozenset({NamedIndex(schema='shop', table='jobs', name='ix_at')}), \
dropped=frozenset({'ix_old'}))
"""

import ast
from collections.abc import Iterator

from headstart.fingerprint.statements.sql_indexes import (
    NamedIndex,
    as_kept,
    indexes_dropped,
    indexes_made,
)
from headstart.revisions.known_calls import EXECUTING, object_of_sqlalchemy
from headstart.revisions.script_names import Entered, Names
from headstart.values import dataclass

_UPGRADE = "upgrade"
_OPERATIONS = "alembic.op."


@dataclass(frozen=True)
class ScriptIndexes:
    """The indexes that a script builds, and the names of those that it drops or alters.

    A DROP that is content without the index does not count, nor one that follows the build.
    """

    made: frozenset[NamedIndex] = frozenset()
    dropped: frozenset[str] = frozenset()


def indexes_of(tree: ast.Module) -> ScriptIndexes:
    """Find the indexes of a script's upgrade(), and of the functions that it calls."""
    reader = _Reader(Names(tree))
    calls = [node for node in _nodes_of_upgrade(tree) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda each: (each.lineno, each.col_offset)):
        reader.read(call)
    return ScriptIndexes(frozenset(reader.made), frozenset(reader.dropped))


def _nodes_of_upgrade(tree: ast.Module) -> Iterator[ast.AST]:
    functions = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef)}
    waiting, seen = [_UPGRADE], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in functions:
            continue
        seen.add(name)
        for node in ast.walk(functions[name]):
            yield node
            if isinstance(node, ast.Name):
                waiting.append(node.id)


class _Reader:
    """Reads one call after another."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self.made: set[NamedIndex] = set()
        self.dropped: set[str] = set()

    def read(self, call: ast.Call) -> None:
        path = self._names.path(call.func) or ""
        operation = path.removeprefix(_OPERATIONS)
        batch = None
        if not path and isinstance(call.func, ast.Attribute):
            operation = call.func.attr
            batch = self._batch(call.func.value)
        match operation:
            case "create_index":
                self._create(call, batch)
            case "drop_index":
                self._drop(call)
            case _ if operation in EXECUTING:
                self._execute(call)

    def _batch(self, node: ast.expr) -> ast.Call | None:
        """The call of batch_alter_table() that gave this object, if one did."""
        bound = self._names.of(node.id) if isinstance(node, ast.Name) else []
        calls = [each.value for each in bound if isinstance(each, Entered)]
        return calls[0] if len(calls) == 1 and isinstance(calls[0], ast.Call) else None

    def _create(self, call: ast.Call, batch: ast.Call | None) -> None:
        name = self._argument(call, 0, "index_name")
        of = call if batch is None else batch
        table = self._argument(of, 1 if batch is None else 0, "table_name")
        schema = _keyword(of, "schema")
        if schema is None and batch is not None and len(batch.args) > 1:
            schema = batch.args[1]
        where = None if schema is None else self._text(schema)
        is_known = schema is None or where is not None or _is_none(self._names.value(schema))
        if name and table and is_known:
            self.made.add(NamedIndex(where, as_kept(table), as_kept(name)))

    def _drop(self, call: ast.Call) -> None:
        if_exists = _keyword(call, "if_exists")
        careful = isinstance(if_exists, ast.Constant) and if_exists.value is True
        name = self._argument(call, 0, "index_name")
        if name and not careful:
            self.dropped.add(as_kept(name))

    def _execute(self, call: ast.Call) -> None:
        first = call.args[0] if call.args else _keyword(call, "sqltext", "statement")
        sql = None if first is None else self._sql(first)
        if sql is not None:
            self.dropped |= indexes_dropped(sql) - {each.name for each in self.made}
            self.made |= indexes_made(sql)

    def _argument(self, call: ast.Call, at: int, keyword: str) -> str | None:
        if any(isinstance(each, ast.Starred) for each in call.args[: at + 1]):
            return None
        node = call.args[at] if len(call.args) > at else _keyword(call, keyword)
        return None if node is None else self._text(node)

    def _sql(self, node: ast.expr) -> str | None:
        value = self._names.value(node)
        if isinstance(value, ast.Call):
            made = object_of_sqlalchemy(self._names.path(value.func))
            return self._text(value.args[0]) if made == "text" and value.args else None
        return self._text(value)

    def _text(self, node: ast.expr) -> str | None:
        """A text as far as it is written there: put together of literals, names of such, op.f()."""
        match value := self._names.value(node):
            case ast.Constant(value=str() as text):
                return text
            case ast.JoinedStr(values=parts):
                return self._joined(parts)
            case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
                return self._text(inner)
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                return self._joined([left, right])
            case ast.Call(args=[inner]) if self._is_f(value.func):
                return self._text(inner)
            case _:
                return None

    def _is_f(self, function: ast.expr) -> bool:
        """Whether this is op.f(), or that of a batch: the name is final, and is as it is."""
        if self._names.path(function) == f"{_OPERATIONS}f":
            return True
        return isinstance(function, ast.Attribute) and (
            function.attr == "f" and self._batch(function.value) is not None
        )

    def _joined(self, parts: list[ast.expr]) -> str | None:
        texts = [self._text(each) for each in parts]
        return None if None in texts else "".join(filter(None, texts))


def _keyword(call: ast.Call, *names: str) -> ast.expr | None:
    return next((each.value for each in call.keywords if each.arg in names), None)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
