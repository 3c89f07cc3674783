"""Random changes of a schema: real DDL, chosen from what is there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

import psycopg2

from headstart.facts.sql import identifier
from headstart.revisions.reading import Execute

WORDS = [
    "account", "amount", "asset", "author", "batch", "body", "budget", "code", "color", "count",
    "created", "currency", "detail", "email", "event", "expiry", "file", "flag", "folder",
    "group", "hash", "hint", "image", "invoice", "item", "job", "key", "kind", "label",
    "language", "level", "limit", "link", "locale", "log", "mail", "mode", "name", "note",
    "number", "offer", "order", "owner", "parent", "path", "payment", "phone", "place", "plan",
    "price", "project", "quota", "rank", "rate", "reason", "region", "role", "rule", "run",
    "score", "size", "source", "stage", "state", "status", "step", "tag", "target", "team",
    "text", "title", "token", "total", "trace", "type", "unit", "url", "user", "value", "version",
    "visit", "weight", "zone",
]  # fmt: skip
TYPES = (
    *("integer", "bigint", "text", "varchar(50)", "varchar(255)", "boolean", "timestamptz"),
    *("numeric(10,2)", "uuid", "jsonb", "date", "double precision"),
)
DEFAULTS = {"integer": "0", "bigint": "0", "text": "''", "boolean": "false", "jsonb": "'{}'"}

_TABLES = """
SELECT c.relname::text,
  (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  (SELECT array_agg(concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull,
                              pg_get_expr(d.adbin, d.adrelid)) ORDER BY a.attnum)
     FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  (SELECT array_agg(k.conname::text ORDER BY k.conname) FROM pg_constraint k
    WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'f', 'c')),
  (SELECT array_agg(i.indexrelid::regclass::text ORDER BY 1) FROM pg_index i
    WHERE i.indrelid = c.oid AND i.indexrelid NOT IN (SELECT conindid FROM pg_constraint))
FROM pg_class c
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version'
ORDER BY 1"""


@dataclass(frozen=True)
class Table:
    """A table that is there; names are not quoted, but those of the indexes."""

    name: str
    columns: list[str]
    details: list[str]
    constraints: list[str]
    indexes: list[str]

    @property
    def alter(self) -> str:
        """How a change of it begins."""
        return f"ALTER TABLE {identifier(self.name)}"


@dataclass(frozen=True)
class Changer:
    """Makes changes on one connection, inside of whatever transaction that is in."""

    execute: Execute
    random: Random

    def change(self, weights: Mapping[str, int]) -> str:
        """Make one change, of a kind chosen by weight; gives its SQL. Some cannot be made."""
        while True:
            (kind,) = self.random.choices([*weights], [*weights.values()])
            tables = self.tables()
            if not tables and kind != "add_table":
                continue
            sql = KINDS[kind](self, self.random.choice(tables) if tables else _NO_TABLE)
            if sql and self._made(sql) and self.tables() != tables:  # it had an effect
                return sql

    def name(self) -> str:
        """A new name, which may be there already."""
        return "_".join(self.random.sample(WORDS, 2))

    def column(self, table: Table) -> str:
        """One of its columns, quoted."""
        return identifier(self.random.choice(table.columns or [""]))

    def column_type(self) -> str:
        """A type that many columns have."""
        return self.random.choice(TYPES)

    def other_table(self) -> Table:
        """Any table."""
        return self.random.choice(self.tables())

    def tables(self) -> list[Table]:
        """What is there now."""
        rows = self.execute(_TABLES)
        return [Table(str(name), *(_texts(each) for each in lists)) for name, *lists in rows]

    def _made(self, sql: str) -> bool:
        self.execute("SAVEPOINT change")
        try:
            self.execute(sql)
        except psycopg2.Error:
            self.execute("ROLLBACK TO SAVEPOINT change")
            return False
        self.execute("RELEASE SAVEPOINT change")
        return True


def _texts(found: object) -> list[str]:
    return [str(each) for each in found] if isinstance(found, list) else []


_NO_TABLE = Table("", [], [], [], [])
_Kind = Callable[[Changer, Table], str]


def _definition(made: Changer) -> str:
    kind = made.column_type()
    default = (
        f" DEFAULT {DEFAULTS[kind]}" if kind in DEFAULTS and made.random.random() < 0.3 else ""
    )
    return f"{kind}{default}{' NOT NULL' * (made.random.random() < 0.4)}"


def _add_table(made: Changer, other: Table) -> str:
    parts = [f"{made.name()} {_definition(made)}" for _ in range(made.random.randint(2, 7))]
    if "id" in other.columns and made.random.random() < 0.6:
        parts.append(f"{other.name}_id integer REFERENCES {identifier(other.name)} (id)")
    if made.random.random() < 0.3:
        parts.append(f"UNIQUE ({parts[0].split()[0]})")
    return f"CREATE TABLE {made.name()} (id serial PRIMARY KEY, {', '.join(parts)})"


def _add_enum(made: Changer, table: Table) -> str:
    labels = ", ".join(f"'{word}'" for word in made.random.sample(WORDS, 3))
    name = made.name()
    return f"CREATE TYPE {name} AS ENUM ({labels}); {table.alter} ADD COLUMN {name} {name}"


def _drop_constraint(made: Changer, table: Table) -> str:
    if not table.constraints:
        return ""
    return f"{table.alter} DROP CONSTRAINT {identifier(made.random.choice(table.constraints))}"


def _index(made: Changer, table: Table, unique: str) -> str:
    columns = {made.column(table) for _ in range(made.random.randint(1, 2))}
    place = f"{made.name()} ON {identifier(table.name)} ({', '.join(sorted(columns))})"
    return f"CREATE {unique}INDEX ix_{place}"


def _drop_index(made: Changer, table: Table) -> str:
    return f"DROP INDEX {made.random.choice(table.indexes)}" if table.indexes else ""


def _rename_index(made: Changer, table: Table) -> str:
    if not table.indexes:
        return ""
    return f"ALTER INDEX {made.random.choice(table.indexes)} RENAME TO ix_{made.name()}"


def _change_type(made: Changer, table: Table) -> str:
    kind, column = made.column_type(), made.column(table)
    return f"{table.alter} ALTER COLUMN {column} TYPE {kind} USING NULL::{kind}"


def _add_foreign_key(made: Changer, table: Table) -> str:
    other = made.other_table()
    key = f"REFERENCES {identifier(other.name)} ({made.column(other)})"
    return f"{table.alter} ADD CONSTRAINT fk_{made.name()} FOREIGN KEY ({made.column(table)}) {key}"


def _altering(action: Callable[[Changer, Table], str]) -> _Kind:
    return lambda made, table: f"{table.alter} {action(made, table)}"


def _altering_column(action: str) -> _Kind:
    return lambda made, table: f"{table.alter} ALTER COLUMN {made.column(table)} {action}"


KINDS: Mapping[str, _Kind] = {
    "add_table": _add_table,
    "drop_table": lambda _, table: f"DROP TABLE {identifier(table.name)} CASCADE",
    "rename_table": _altering(lambda made, _: f"RENAME TO {made.name()}"),
    "add_column": _altering(lambda made, _: f"ADD COLUMN {made.name()} {_definition(made)}"),
    "drop_column": _altering(lambda made, table: f"DROP COLUMN {made.column(table)}"),
    "rename_column": _altering(lambda m, table: f"RENAME COLUMN {m.column(table)} TO {m.name()}"),
    "change_type": _change_type,
    "set_default": _altering_column("SET DEFAULT NULL::text || '1'"),
    "drop_default": _altering_column("DROP DEFAULT"),
    "set_not_null": _altering_column("SET NOT NULL"),
    "drop_not_null": _altering_column("DROP NOT NULL"),
    "add_check": _altering(
        lambda m, t: f"ADD CONSTRAINT ck_{m.name()} CHECK ({m.column(t)}::text <> '{m.name()}')"
    ),
    "add_unique": _altering(lambda m, t: f"ADD CONSTRAINT uq_{m.name()} UNIQUE ({m.column(t)})"),
    "add_foreign_key": _add_foreign_key,
    "drop_constraint": _drop_constraint,
    "add_index": lambda made, table: _index(made, table, ""),
    "add_unique_index": lambda made, table: _index(made, table, "UNIQUE "),
    "drop_index": _drop_index,
    "rename_index": _rename_index,
    "add_enum": _add_enum,
}
"""Every kind of change, as SQL; an empty text where it cannot be made."""

EVEN = dict.fromkeys(KINDS, 1)
"""Changes that nobody planned: each kind as often as any other."""
KEEPING = {kind: 1 for kind in KINDS if kind not in ("drop_table", "rename_table")}
"""Those after which every table is still there."""
PLANNED = EVEN | {"add_table": 8, "add_column": 16, "add_index": 6, "change_type": 3, "add_enum": 2}
"""What revisions do: they make more than they take away."""
