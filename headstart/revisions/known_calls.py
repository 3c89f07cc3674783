"""The names that revision scripts may use without making a table that nobody can name.

What is not on this list counts as if it could make any table.
"""

import builtins
import sys

from headstart.fingerprint.statements.sql_tables import is_known_function

OPERATIONS = {
    "add_column", "alter_column", "batch_alter_table", "bulk_insert", "create_check_constraint",
    "create_exclude_constraint", "create_foreign_key", "create_index", "create_primary_key",
    "create_table_comment", "create_unique_constraint", "drop_column", "drop_constraint",
    "drop_index", "drop_table", "drop_table_comment", "f", "get_bind", "get_context",
    "inline_literal",
}  # fmt: skip
"""Of alembic.op. What a connection or a context can do is listed by its methods, below."""

ATTRIBUTES = {
    *(OPERATIONS - {"get_bind", "get_context"}),
    "__name__", "all", "append", "as_", "as_scalar", "asc", "autocommit_block", "begin_nested",
    "bindparams", "c", "cast", "columns", "commit", "correlate", "critical", "days", "debug",
    "delete", "desc", "dialect", "encode", "endswith", "error", "exception", "excluded",
    "execution_options", "exists", "extend", "fetchall", "fetchone", "first", "flush", "format",
    "get", "hex", "in_", "info", "insert", "is_", "is_distinct_from", "is_not", "isnot",
    "items", "join", "keys", "label", "like", "limit", "lower", "lstrip", "mappings", "name",
    "not_in", "notin_", "now", "nullsfirst", "nullslast", "on_conflict_do_nothing",
    "on_conflict_do_update", "one", "one_or_none", "order_by", "outerjoin", "partition",
    "replace", "returning", "rowcount", "rstrip", "scalar_one", "scalar_one_or_none",
    "scalar_subquery", "select_from", "self_group", "server_version_info", "set_", "setdefault",
    "split", "splitlines", "startswith", "strip", "subquery", "title", "total_seconds",
    "update", "upper", "utcnow", "value", "values", "warning", "where", "with_variant",
}  # fmt: skip
"""What may be asked of any value. No way from a connection to another one is among them."""

EXECUTING = {"exec_driver_sql", "execute", "scalar", "scalars"}
"""Methods that execute their first argument, whatever they belong to."""

BUILTINS = {
    "abs", "all", "any", "bool", "bytes", "dict", "enumerate", "float", "frozenset",
    "int", "isinstance", "len", "list", "max", "min", "object", "print", "range", "repr",
    "reversed", "round", "set", "sorted", "str", "sum", "tuple", "zip", "__file__", "__name__",
    *(name for name, each in vars(builtins).items() if isinstance(each, type)
      and issubclass(each, BaseException)),
}  # fmt: skip

_STANDARD = {
    "alembic.context.get_x_argument", "alembic.context.is_offline_mode", "collections.OrderedDict",
    "collections.defaultdict", "datetime.*", "decimal.Decimal", "enum.*", "json.dumps",
    "json.loads", "logging.getLogger", "math.*", "re.*", "secrets.token_hex",
    "secrets.token_urlsafe",
    "textwrap.dedent", "time.time", "uuid.*", "warnings.warn",
}  # fmt: skip
_TYPES_ONLY = {
    "collections.abc", "geoalchemy2", "pgvector", "sqlalchemy_utils", "sqlmodel", "typing",
}  # fmt: skip
"""Of these, what begins with a capital letter."""

_IMPORTED = {"alembic", "sqlalchemy", *(each.partition(".")[0] for each in _TYPES_ONLY)}

_SQLALCHEMY_MODULES = {
    "base", "dialects", "dml", "elements", "expression", "functions", "postgresql", "schema",
    "selectable", "sql", "sqltypes", "types",
}  # fmt: skip
_SQLALCHEMY = {
    "ARRAY", "BIGINT", "BINARY", "BIT", "BLOB", "BOOLEAN", "BYTEA", "BigInteger", "Boolean",
    "CHAR", "CIDR", "CITEXT", "CheckConstraint", "Column", "Computed", "DATE", "DATEMULTIRANGE",
    "DATERANGE", "DATETIME", "DECIMAL", "DOMAIN", "DOUBLE", "DOUBLE_PRECISION", "Date",
    "DateTime", "DefaultClause", "Double", "ENUM", "Enum", "ExcludeConstraint", "FLOAT",
    "FetchedValue", "Float", "ForeignKey", "ForeignKeyConstraint", "HSTORE", "INET",
    "INT4MULTIRANGE", "INT4RANGE", "INT8RANGE", "INTEGER", "INTERVAL", "Identity", "Index",
    "Integer", "Interval", "JSON", "JSONB", "LargeBinary", "MACADDR", "MACADDR8", "MONEY",
    "MetaData", "NUMERIC", "NUMRANGE", "Numeric", "OID", "PickleType", "PrimaryKeyConstraint",
    "REAL", "REGCLASS", "REGCONFIG", "SMALLINT", "Sequence", "SmallInteger", "String", "TEXT",
    "TIME", "TIMESTAMP", "TSQUERY", "TSRANGE", "TSTZRANGE", "TSVECTOR", "Table", "Text", "Time",
    "TypeDecorator", "UUID", "Unicode", "UnicodeText", "UniqueConstraint", "Uuid", "VARBINARY",
    "VARCHAR", "and_", "any_", "array", "asc", "between", "bindparam", "case", "cast", "column",
    "delete", "desc", "distinct", "exists", "extract", "false", "func", "hstore", "insert",
    "literal", "literal_column", "not_", "null", "nullsfirst", "nullslast", "or_", "quoted_name",
    "select", "table", "text", "true", "tuple_", "type_coerce", "union", "union_all", "update",
    "values",
}  # fmt: skip


def may_import(module: str) -> bool:
    """Whether the import runs no code of the project: the standard library, or a known one."""
    root = module.partition(".")[0]
    return root in _IMPORTED or root in sys.stdlib_module_names


def is_known(path: str) -> bool:
    """Whether an imported name, in full, is one that can make no table by itself."""
    root, _, rest = path.partition(".")
    if path.startswith("alembic.op."):
        return path.removeprefix("alembic.op.") in OPERATIONS
    if root == "sqlalchemy":
        return _is_known_of_sqlalchemy(rest.split("."))
    if path in _STANDARD or (f"{root}.*" in _STANDARD and _stays_in(root, rest)):
        return True
    of_types = any(path.startswith(f"{each}.") for each in _TYPES_ONLY)
    return of_types and path.rpartition(".")[2][:1].isupper()


def _stays_in(module: str, rest: str) -> bool:
    """Whether a name is a module's own: not `uuid.os.system`."""
    others = sys.stdlib_module_names - {module}
    return bool(rest) and not any(each in others or each[:1] == "_" for each in rest.split("."))


def object_of_sqlalchemy(path: str | None) -> str:
    """`sqlalchemy.dialects.postgresql.ENUM` is ENUM; an empty text for what is none of its names.

    What follows it is an attribute, which makes it another object.
    """
    root, *parts = (path or "").split(".")
    while len(parts) > 1 and parts[0] in _SQLALCHEMY_MODULES:
        parts = parts[1:]
    return parts[0] if root == "sqlalchemy" and len(parts) == 1 else ""


def _is_known_of_sqlalchemy(parts: list[str]) -> bool:
    while len(parts) > 1 and parts[0] in _SQLALCHEMY_MODULES:
        parts = parts[1:]
    name, *attributes = parts
    if name == "func":
        return is_known_function(".".join(attributes))
    return name in _SQLALCHEMY and ATTRIBUTES.issuperset(attributes)
