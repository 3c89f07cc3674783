"""Alembic's UPDATE of its version row, compiled once: it names the revisions as literals.

So SQLAlchemy has none of them in its cache, and compiles a statement for each revision: a tenth of
what a small one costs the client. The statement stays Alembic's own, and so does the look at how
many rows it has met. Its text is made of the first one's, with the other names in their places:

    UPDATE alembic_version SET version_num='0002' WHERE alembic_version.version_num = '0001'

Any statement that may be another one for somebody else is left to SQLAlchemy: names that would have
to be quoted, a schema_translate_map, and listeners that look at what is compiled.
"""

from operator import eq
from typing import Any

from sqlalchemy import Connection, Update

from headstart.patterns import pattern

_PLAIN = pattern(r"'[A-Za-z0-9_.-]+'")
_OTHER_SCHEMAS = "schema_translate_map"


class VersionRows:
    """What stands in for `_exec` of Alembic's DefaultImpl; the arguments are its own."""

    def __init__(self, context: Any) -> None:
        self._context, self._execute = context, context.impl._exec
        self._parts: tuple[str, ...] | None = None

    def __call__(self, construct: Any, *args: Any, **named: Any) -> Any:
        """Execute a statement, and give its result. Raises what executing it raises."""
        if args or named or not isinstance(construct, Update):
            return self._execute(construct, *args, **named)
        connection = self._context.connection
        sql = self._text(construct, connection)
        return self._execute(construct) if sql is None else connection.exec_driver_sql(sql)

    def _text(self, update: Update, connection: Connection) -> str | None:
        """The text of Alembic's own UPDATE; None for any other one."""
        table = self._context._version
        names = _names_in(update, table.c.version_num) if update.table is table else None
        if names is None or _is_watched(connection):
            return None
        if self._parts is None:
            self._parts = _parts(str(update.compile(dialect=connection.dialect)), names)
        if not self._parts:
            return None
        before, between, after = self._parts
        return f"{before}{names[0]}{between}{names[1]}{after}"


def compile_once(context: Any) -> None:
    """Let a MigrationContext of Alembic's execute its own statements so."""
    if not isinstance(context.impl._exec, VersionRows):
        context.impl._exec = VersionRows(context)


def _names_in(update: Any, column: Any) -> tuple[str, str] | None:
    """The literals of the new revision and of the old one, in the order of the text."""
    try:
        ((key, new),) = update._values.items()
        where = update.whereclause
        names = new.name, where.right.name
        is_alembics = where.operator is eq and where.left is column and key == column.name
    except (AttributeError, ValueError):
        return None
    return names if is_alembics and all(map(_PLAIN.fullmatch, names)) else None


def _is_watched(connection: Connection) -> bool:
    """Whether what SQLAlchemy would send is not only a matter of the statement."""
    heard: Any = connection.dispatch
    translated = connection.get_execution_options().get(_OTHER_SCHEMAS)
    return bool(heard.before_execute or heard.after_execute or translated)


def _parts(sql: str, names: tuple[str, str]) -> tuple[str, ...]:
    """What stands around the two names; empty where that cannot be told."""
    if "%" in sql or any(sql.count(name) != 1 for name in names):
        return ()
    before, _, rest = sql.partition(names[0])
    between, found, after = rest.partition(names[1])
    return (before, between, after) if found else ()
