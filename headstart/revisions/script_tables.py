"""Read from the source of a revision script which tables it makes, without running it.

A script is clear if all that it does is known to make no table, or one that op.create_table names.
Whatever else it has counts as if it could make any: this judge lists what is harmless, never what
is not.

An example. A name in a literal is a table of ours; a name from elsewhere leaves a doubt, and its
line is kept for a person to look at:

    >>> script = '''
    ... import os
    ... from alembic import op
    ... def upgrade():
    ...     op.create_table("jobs")
    ...     op.create_table(os.environ["TABLE"])
    ... '''
    >>> made = tables_of(ast.parse(script))
    >>> made.named, made.doubt
    (frozenset({(None, 'jobs')}), 6)

_Judge visits each node of the tree once. visit_Call sees op.create_table: _judge_call finds it in
_NAMING, and _name reads its first argument, or doubts. A node for which there is no visit_ method
is harmless if its class is in _HARMLESS_NODES, and a doubt if not: what Python adds to its grammar
counts as one until somebody has thought about it.
"""

import ast
from dataclasses import field

from headstart.facts.state import TableName
from headstart.fingerprint.statements.sql_tables import tables_made, tables_touched, views_made
from headstart.revisions.known_calls import (
    ATTRIBUTES,
    BUILTINS,
    EXECUTING,
    is_known,
    may_import,
    object_of_sqlalchemy,
)
from headstart.revisions.script_names import Entered, Names
from headstart.revisions.script_sql import made_by, sql_of
from headstart.values import dataclass


@dataclass(frozen=True)
class MadeTables:
    """The tables that a script makes by name; `doubt` is the line that may make others.

    `anywhere`: these may be in any schema. `views` are the materialized views of its SQL, `touched`
    the tables that it changes.
    """

    named: frozenset[TableName]
    doubt: int | None = None
    anywhere: bool = False
    views: frozenset[TableName] = frozenset()
    touched: frozenset[TableName] = field(default=frozenset(), compare=False)


def tables_of(tree: ast.Module) -> MadeTables:
    """Find the tables of a script, its downgrade() included."""
    judge = _Judge(Names(tree))
    try:
        judge.visit(tree)
    except RecursionError:  # deeper than Python's own parser minds
        judge.doubt, judge.anywhere = judge.doubt or 1, True
    return MadeTables(
        frozenset(judge.named),
        judge.doubt,
        anywhere=judge.anywhere,
        views=frozenset(judge.views),
        touched=frozenset(judge.touched),
    )


_HARMLESS_NODES = (
    ast.Module, ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Pass, ast.If,
    ast.For, ast.While, ast.Break, ast.Continue, ast.Try, ast.ExceptHandler, ast.Raise, ast.Assert,
    ast.With, ast.withitem, ast.FunctionDef, ast.arguments, ast.arg, ast.ClassDef, ast.Global,
    ast.Nonlocal, ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.BinOp, ast.UnaryOp,
    ast.BoolOp, ast.Compare, ast.IfExp, ast.JoinedStr, ast.FormattedValue, ast.Subscript,
    ast.Slice, ast.Starred, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
    ast.comprehension, ast.Lambda, ast.NamedExpr, ast.keyword, ast.operator, ast.unaryop,
    ast.boolop, ast.cmpop, ast.expr_context,
)  # fmt: skip
"""What does nothing by itself, where its parts do nothing."""

_CHANGING = {
    **dict.fromkeys(("add_column", "alter_column", "batch_alter_table"), 0),
    **dict.fromkeys(("drop_column", "drop_table", "rename_table"), 0),
    **dict.fromkeys(("create_check_constraint", "create_exclude_constraint"), 1),
    **dict.fromkeys(("create_foreign_key", "create_index", "create_primary_key"), 1),
    **dict.fromkeys(("create_unique_constraint", "drop_constraint"), 1),
}
"""Where an operation names the table that it changes."""
_NAMING = {"create_table": (0, "table_name"), "rename_table": (1, "new_table_name")}


class _Judge(ast.NodeVisitor):
    def __init__(self, names: Names) -> None:
        self.named: set[TableName] = set()
        self.views: set[TableName] = set()
        self.touched: set[TableName] = set()
        self.doubt: int | None = None
        self.anywhere = False
        self._names = names
        self._line = 1

    def visit(self, node: ast.AST) -> None:
        self._line = getattr(node, "lineno", self._line)
        super().visit(node)

    def generic_visit(self, node: ast.AST) -> None:
        if not isinstance(node, _HARMLESS_NODES) or getattr(node, "decorator_list", None):
            self._doubt()
        if isinstance(node, ast.ClassDef) and node.keywords:  # a metaclass, which runs code
            self._doubt()
        super().generic_visit(node)

    def _doubt(self, *, anywhere: bool = True) -> None:
        """Note that any table may be made, or any in a schema that is known."""
        self.doubt = self.doubt or self._line
        self.anywhere = self.anywhere or anywhere

    def visit_Import(self, node: ast.Import) -> None:
        # an import runs the module, which may do anything
        if not all(may_import(each.name) for each in node.names):
            self._doubt()

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        star = any(each.name == "*" for each in node.names)
        if star or node.level or not may_import(node.module or ""):
            self._doubt()

    def visit_Name(self, node: ast.Name) -> None:
        path = self._names.path(node)
        if path is not None and not is_known(path):
            self._doubt()
        if path is None and not self._names.of(node.id) and node.id not in BUILTINS:
            self._doubt()

    def visit_Attribute(self, node: ast.Attribute) -> None:
        path = self._names.path(node)
        if path is not None:
            # an operation that is not called here may be called by another name
            if path.startswith("alembic.op.") or not is_known(path):
                self._doubt()
            return
        if not isinstance(node.ctx, ast.Load) or not self._may_ask(node):
            self._doubt()
        self.visit(node.value)

    def _may_ask(self, node: ast.Attribute) -> bool:
        return node.attr in ATTRIBUTES or self._is_column(node)

    def _is_column(self, node: ast.Attribute) -> bool:
        """Whether this is table.c.name, of what is known to be a table."""
        match node.value:
            case ast.Attribute(attr="c" | "columns", value=table):
                return made_by(self._names, table) in {"table", "Table"}
            case _:
                return False

    def visit_Call(self, node: ast.Call) -> None:
        self._judge_call(node)
        self._touch(node)
        for argument in (*node.args, *node.keywords):
            self.visit(argument)

    def _judge_call(self, node: ast.Call) -> None:
        # the full name, where one import and nothing else can be behind it
        path = self._names.path(node.func)
        operation = (path or "").removeprefix("alembic.op.")
        if path is not None and operation in _NAMING and operation != path:
            self._name(node, operation)
        elif path == "alembic.op.execute":
            self._judge_sql(node, "sqltext")
        elif path is not None:
            if not is_known(path) or not self._is_one_statement(node, path):
                self._doubt()
        elif isinstance(node.func, ast.Name):
            self._judge_function(node.func.id)
        elif isinstance(node.func, ast.Attribute):
            self._judge_method(node, node.func)
        else:
            self._doubt()

    def _touch(self, node: ast.Call) -> None:
        """Keep the name of a table that is changed, as far as it can be read."""
        path = self._names.path(node.func) or ""
        if object_of_sqlalchemy(path) in {"table", "Table"}:
            position = 0
        elif (operation := path.removeprefix("alembic.op.")) in _CHANGING:
            position = _CHANGING[operation]
        else:
            return
        keywords = {each.arg: self._names.value(each.value) for each in node.keywords}
        named = keywords.get("table_name", keywords.get("source_table"))
        at = self._names.value(node.args[position]) if len(node.args) > position else named
        schema = keywords.get("schema", keywords.get("source_schema"))
        if isinstance(at, ast.Constant) and isinstance(at.value, str):
            literal = schema.value if isinstance(schema, ast.Constant) else None
            self.touched.add((literal if isinstance(literal, str) else None, at.value))

    def _judge_function(self, name: str) -> None:
        is_builtin = name in BUILTINS and not self._names.of(name)
        if not is_builtin and not self._names.is_defined(name):
            self._doubt()

    def _judge_method(self, node: ast.Call, method: ast.Attribute) -> None:
        made = made_by(self._names, method.value)
        of_a_type = method.attr in {"create", "drop"} and made in _TYPES
        # result.scalar() reads what is there already; connection.scalar(sql) executes
        of_a_result = method.attr in {"scalar", "scalars"} and not node.args + node.keywords
        if method.attr in _NAMING:  # of something that may be alembic.op: named, and a doubt
            self._name(node, method.attr)
            self._doubt()
        elif method.attr in EXECUTING and not of_a_result:
            self._judge_sql(node, "statement")
        elif not (of_a_type or of_a_result or self._may_ask(method)):
            self._doubt()
        if self._is_batch(method.value) and not self._is_one_statement(node, "alembic.op."):
            self._doubt()
        self.visit(method.value)

    def _is_batch(self, node: ast.expr) -> bool:
        bound = self._names.of(node.id) if isinstance(node, ast.Name) else []
        return any(isinstance(each, Entered) for each in bound)

    def _is_one_statement(self, node: ast.Call, path: str) -> bool:
        """Whether no text among the arguments ends the statement that it becomes a part of."""
        if not path.startswith(("alembic.", "sqlalchemy.")):
            return True
        texts = (each.value for each in ast.walk(node) if isinstance(each, ast.Constant))
        return not any(isinstance(each, str) and ";" in each for each in texts)

    def _name(self, node: ast.Call, operation: str) -> None:
        position, keyword = _NAMING[operation]
        keywords = {each.arg: each.value for each in node.keywords}
        at = node.args[position] if len(node.args) > position else keywords.get(keyword)
        name = None if at is None else self._names.value(at)
        schema = self._names.value(keywords.get("schema", ast.Constant(None)))
        # create_table(*names): nobody knows which argument is the first
        starred = any(isinstance(each, ast.Starred) for each in node.args[: position + 1])
        match schema, name:
            case (
                ast.Constant(value=str() | None as schema_name),
                ast.Constant(value=str() as table),
            ) if None not in keywords and not starred:
                self.named.add((schema_name, table))
            case ast.Constant(value=None), _ if None not in keywords and not starred:
                self._doubt(anywhere=False)
            case _:
                self._doubt()
        if not self._is_one_statement(node, "alembic.op."):
            self._doubt()

    def _judge_sql(self, node: ast.Call, keyword: str) -> None:
        by_keyword = (each.value for each in node.keywords if each.arg == keyword)
        sql = node.args[0] if node.args else next(by_keyword, None)
        texts = None if sql is None else sql_of(self._names, sql)
        # SQL that is made at run time may be any
        if texts is None:
            return self._doubt()
        for text in texts:
            made = tables_made(text)
            if made is None or made:  # a name in SQL is one that we read, not one that we know
                self._doubt(anywhere=made is None)
            self.named |= made or frozenset()
            self.views |= views_made(text)
            self.touched |= tables_touched(text)
        return None


_TYPES = {"Enum", "ENUM", "DOMAIN", "Sequence"}
