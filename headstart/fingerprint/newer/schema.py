r"""A schema's lines, by object; and what stands around it. Pure.

>>> schema = Schema.of(["table\tusers\t\ttable", "column\tusers\tname\ttext not null"])
>>> schema.columns["users"]["name"].type, schema.columns["users"]["name"].required
('text', True)
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from datetime import datetime
from functools import cached_property
from typing import Self

from headstart.fingerprint.catalog.names import escaped, qualified, split_name
from headstart.patterns import pattern
from headstart.values import dataclass

RELATIONS = frozenset({"table", "view", "matview"})
TYPES = frozenset({"enum", "domain", "range", "composite", "type"})
OF_A_TABLE = frozenset(
    {"column", "pk", "unique", "fk", "check", "exclude", "index", "trigger", "policy", "rule"}
    | {"statistics"}
)
"""Kinds of facts about an object that has a line of its own."""
NAMED_OBJECTS = RELATIONS | TYPES | {"function", "sequence", "collation", "ts_config", "ts_dict"}
"""What is looked for in one schema after the other, by its name alone."""

_COLUMN = pattern(
    r"(?P<type>.+?)(?: collate (?P<collation>\"(?:[^\"]|\"\")*\"|\S+))?(?P<required> not null)?"
    r"(?: (?P<filled>(?:identity (?:always|by default)|serial)(?: \(.*\))?)"
    r"| generated \((?P<generated>.*)\) (?:stored|virtual)| default (?P<default>.*))?",
    re.DOTALL,
)
_PARTITION = pattern(r", partition of (.+?) (?:FOR VALUES|DEFAULT)\b", 16)  # re.DOTALL


@dataclass(frozen=True)
class Fact:
    """One line: `name` is that of a part of `thing`, empty for the object itself."""

    kind: str
    thing: str
    name: str
    detail: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same fact in another schema."""
        return self.kind, self.thing, self.name


@dataclass(frozen=True)
class Column:
    """A column; `filled` is how the server fills it, `identity ...` or `serial`."""

    type: str
    collation: str | None = None
    required: bool = False
    filled: str | None = None
    generated: str | None = None
    default: str | None = None

    @property
    def may_be_left_out(self) -> bool:
        """Whether a row may be inserted that does not name it."""
        return not self.required or self.is_given

    @property
    def is_given(self) -> bool:
        """Whether the server gives it a value."""
        return any(each is not None for each in (self.filled, self.generated, self.default))

    @property
    def is_plainly_null(self) -> bool:
        """Whether it is NULL in each row of somebody who does not know it."""
        return not self.required and not self.is_given


@dataclass(frozen=True)
class Schema:
    """The facts of a schema."""

    facts: Mapping[tuple[str, str, str], Fact]

    @classmethod
    def of(cls, lines: Iterable[str]) -> Self:
        """The schema of these lines."""
        facts = (Fact(*line.split("\t")) for line in lines)
        return cls({each.key: each for each in facts})

    @cached_property
    def relations(self) -> frozenset[str]:
        """The names of tables and views."""
        return self._things(RELATIONS)

    @cached_property
    def types(self) -> frozenset[str]:
        """The names of types."""
        return self._things(TYPES)

    @cached_property
    def functions(self) -> frozenset[str]:
        """The names of functions."""
        return self._things(frozenset({"function"}))

    @cached_property
    def by_bare_name(self) -> Mapping[str, frozenset[str]]:
        """What has which name, whatever its schema."""
        found: dict[str, set[str]] = {}
        for each in self._things(NAMED_OBJECTS):
            found.setdefault(bare(each), set()).add(each)
        return {name: frozenset(things) for name, things in found.items()}

    @cached_property
    def parts(self) -> Mapping[str, frozenset[str]]:
        """The partitions of each table, and theirs."""
        found: dict[str, set[str]] = {}
        for each in self.of_kind("table"):
            if match := _PARTITION.search(each.detail):
                found.setdefault(written(match[1]), set()).add(each.thing)
        return {table: frozenset(_all_below(table, found)) for table in found}

    @cached_property
    def columns(self) -> Mapping[str, Mapping[str, Column]]:
        """The columns of each table and view."""
        found: dict[str, dict[str, Column]] = {}
        for each in self.facts.values():
            if each.kind == "column":
                found.setdefault(each.thing, {})[each.name] = column_of(each.detail)
        return found

    def column(self, table: str, name: str) -> Column | None:
        """A column, if it is there."""
        return self.columns.get(table, {}).get(name)

    def about(self, thing: str, *kinds: str) -> list[Fact]:
        """The facts of these kinds about an object."""
        return [each for each in self._by_thing.get(thing, ()) if each.kind in kinds]

    def of_kind(self, kind: str) -> list[Fact]:
        """All facts of a kind."""
        return [each for each in self.facts.values() if each.kind == kind]

    @cached_property
    def _by_thing(self) -> Mapping[str, list[Fact]]:
        found: dict[str, list[Fact]] = {}
        for each in self.facts.values():
            found.setdefault(each.thing, []).append(each)
        return found

    def _things(self, kinds: frozenset[str]) -> frozenset[str]:
        return frozenset(each.thing for each in self.facts.values() if each.kind in kinds)


_WITHOUT_EQUALITY = frozenset(
    {"json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle"}
)


def is_without_equality(column: Column, schema: Schema) -> bool:
    """Whether two values of its type, or two elements of them, may not be comparable."""
    kind = column.type.removesuffix("[]")
    return kind in _WITHOUT_EQUALITY or ("composite", written(kind), "") in schema.facts


@dataclass(frozen=True)
class Surroundings:
    """What no line says, read from the database; nothing of it is known of a recorded schema.

    `sources` are the texts of functions, with the names of their arguments, by the function's name
    as lines write it. `builtins` are the names of functions and types of which pg_catalog has a
    function, too; `role_schemas` the schemas that are called as a role is; `unusable` the columns
    whose sequence the role may not use; `overloads` the functions of whose name an extension has
    one; `unpopulated` the materialized views that hold nothing yet; `bodies` the digests of the
    texts, as lines have them; `ending` the columns whose sequence ends before they do; `now` the
    server's time, in UTC.
    """

    sources: Mapping[str, str] = field(default_factory=dict)
    builtins: frozenset[str] = frozenset()
    role_schemas: frozenset[str] = frozenset()
    unusable: frozenset[str] = frozenset()
    overloads: frozenset[str] = frozenset()
    unpopulated: frozenset[str] = frozenset()
    bodies: frozenset[str] | None = None
    known: bool = True
    ending: frozenset[str] = frozenset()
    now: datetime | None = None


@dataclass(frozen=True)
class Pair:
    """The schema that code was made for, and the one that it meets."""

    before: Schema
    after: Schema
    around: Surroundings

    def is_new_null(self, table: str, column: str) -> bool:
        """Whether it is NULL in each row that code for `before` writes, and in no row else used."""
        found = self.after.column(table, column)
        new = self.before.column(table, column) is None
        return new and found is not None and found.is_plainly_null and not self.is_domain(found)

    def is_domain(self, column: Column) -> bool:
        """Whether its type is a domain, or an array of one."""
        return self.domain_of(column.type.removesuffix("[]")) is not None

    def domain_of(self, name: str) -> Fact | None:
        """What a domain is, by its name as the server prints it."""
        return self.after.facts.get(("domain", written(name), ""))


def column_of(detail: str) -> Column:
    """What a column's line says of it."""
    match = _COLUMN.fullmatch(detail)
    assert match is not None  # any text is a type
    found = match.groupdict()
    return Column(
        found["type"],
        found["collation"],
        found["required"] is not None,
        found["filled"],
        found["generated"],
        found["default"],
    )


def written(name: str) -> str:
    """A name as lines write it: a server quotes keywords, too."""
    try:
        return escaped(qualified(*split_name(name)))
    except ValueError:
        return name  # a type of the server's, in several words or with a length


def _all_below(table: str, parts: Mapping[str, set[str]]) -> Iterator[str]:
    for each in parts.get(table, ()):
        yield each
        yield from _all_below(each, parts)


def bare(name: str) -> str:
    """The name alone, without its schema and quotes."""
    last = name.rpartition(".")[2] if not name.endswith('"') else name
    return last.split('."')[-1].strip('"').replace('""', '"')
