"""What keeps the reading of one target from going through those of all others. Pure text.

The query of catalog_rows.py reads whole catalogs and joins them by hashing, which is best where the
target is most of the database. Of a thousand schemas each target would pay for all: 10 ms of the
server's CPU became 230 at three thousand. Where the target is one of many, the oids of what may
count are looked up by name first, and kept in settings of the transaction; as they are there when
the query is planned, the planner knows how few they are, and takes the indexes.
"""

from collections.abc import Iterable

from headstart.facts.literals import literal
from headstart.fingerprint.catalog.names import split_name
from headstart.patterns import pattern

_ONE_OF = pattern(r"@one_of\((\w+), ([^)]+)\)@")
"""A mark in the SELECTs: the column has to be one of the oids that are kept by this name."""
_NAMED = {
    "relations": ("pg_class", "relname", "relnamespace"),
    "types": ("pg_type", "typname", "typnamespace"),
    "functions": ("pg_proc", "proname", "pronamespace"),
}
"""What is looked up by name and schema, each with the columns of its index."""
_DEPENDENT = """SELECT d.objid FROM pg_catalog.pg_depend d
  WHERE d.refclassid = 'pg_catalog.{kind}'::pg_catalog.regclass AND d.refobjid = ANY ({of})
    AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ({types})"""
"""The relations that depend on a schema or on others: pg_class has no index by either."""


def look_up(names: Iterable[str]) -> tuple[str, ...]:
    """What to execute before the query, once the target's name is set and the path is pinned."""
    pairs = [split_name(name) for name in names]
    # a schema that revisions make is a name, too
    schemas = _array({part for pair in pairs for part in pair if part})
    target = "pg_catalog.current_setting('headstart.schema')::pg_catalog.name"
    relations = _kept("relations")
    return (
        _keep(
            "spaces",
            "SELECT n.oid FROM pg_catalog.pg_namespace n"
            f" WHERE n.nspname = ANY ({schemas} || {target})",
        ),
        _keep("present", _DEPENDENT.format(kind="pg_namespace", of=_kept("spaces"), types="'n'")),
        *(_keep(what, _by_name(*index, pairs)) for what, index in _NAMED.items()),
        # with their indexes, and the sequences of their columns
        _keep(
            "with_parts",
            f"SELECT pg_catalog.unnest({relations}) UNION SELECT x.indexrelid"
            f" FROM pg_catalog.pg_index x WHERE x.indrelid = ANY ({relations}) UNION "
            + _DEPENDENT.format(kind="pg_class", of=relations, types="'a', 'i'"),
        ),
    )


def narrowed(sql: str, *, narrow: bool) -> str:
    """With the conditions that the marks stand for, or without."""
    return _ONE_OF.sub(
        lambda mark: f" AND {mark[2]} = ANY ({_kept(mark[1])})" if narrow else "", sql
    )


def _by_name(catalog: str, name: str, schema: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Each by its own look into the index; a join would take the name, which all targets have."""
    objects = _array({each for _, each in pairs})
    found = (
        f"SELECT x.oid FROM pg_catalog.{catalog} x WHERE x.{name} = w.name AND x.{schema} = s.oid"
    )
    return (
        f"SELECT pg_catalog.unnest(ARRAY({found})) FROM pg_catalog.unnest({objects}) w (name),"
        f" pg_catalog.unnest({_kept('spaces')}) s (oid)"
    )


def _kept(what: str) -> str:
    return f"pg_catalog.current_setting('headstart.{what}')::pg_catalog.oid[]"


def _keep(what: str, oids: str) -> str:
    return f"SELECT pg_catalog.set_config('headstart.{what}', ARRAY({oids})::text, true)"


def _array(names: Iterable[str]) -> str:
    return f"ARRAY[{', '.join(map(literal, sorted(names)))}]::pg_catalog.name[]"
