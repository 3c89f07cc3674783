"""INVALID indexes: what is to be said of one, and the statements that repair it. Pure.

An index that is INVALID is kept up to date at best and never read. A build that was cut off leaves
one behind, and to `IF NOT EXISTS` it is as good as the real one.

An example, a CREATE INDEX CONCURRENTLY that was cut off. It is built again where it is; unless a
revision is yet to run that makes it, for that would fail on the name, or skip it:

    >>> cut_off = InvalidIndex("public", "jobs", "jobs_at_idx")
    >>> repair(cut_off)
    ('REINDEX INDEX CONCURRENTLY "public"."jobs_at_idx"',)
    >>> repair(cut_off, made_anew=True)
    ('DROP INDEX CONCURRENTLY "public"."jobs_at_idx"',)

A REINDEX CONCURRENTLY that was cut off leaves its copy, while the original is valid and in use:

    >>> repair(InvalidIndex("public", "jobs", "jobs_at_idx_ccnew", has_original=True))
    ('DROP INDEX CONCURRENTLY "public"."jobs_at_idx_ccnew"',)

A partitioned index is valid once each partition has its part:

    >>> events = InvalidIndex(
    ...     "public", "events", "events_at_idx", partitioned=True, method="USING btree (at)",
    ...     partitions=(Partition("public", "events_2026"),),
    ... )
    >>> for statement in repair(events):
    ...     print(statement)
    CREATE INDEX CONCURRENTLY "events_2026_events_at_idx" ON "public"."events_2026" USING btree (at)
    ALTER INDEX "public"."events_at_idx" ATTACH PARTITION "public"."events_2026_events_at_idx"
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from headstart.facts.sql import identifier
from headstart.fingerprint.catalog.names import split_name
from headstart.patterns import pattern
from headstart.values import dataclass
from headstart.verdict.errors import Explanation, Interrupted, NotReady

_COPY = pattern(r"_cc(new|old)\d*$")
"""What REINDEX CONCURRENTLY calls the index that it builds, and the one that it replaces."""
_INVALID = pattern(r" invalid$")
_LONGEST_NAME = 63


@dataclass(frozen=True)
class Partition:
    """A partition of a partitioned index's table, with its part of the index, if it has one."""

    schema: str
    table: str
    partitioned: bool = False
    index: str | None = None
    attached: bool = False


@dataclass(frozen=True)
class InvalidIndex:
    """An index that PostgreSQL does not use; `builder` is who is at work on it, None for nobody.

    `has_original`: an index of the same table has the name without what REINDEX CONCURRENTLY adds.
    `constraint` is "p", "u" or "x" where the index serves one. `method` is the definition from
    USING on and `partitions` those of the table, both for a partitioned index only. `oid` tells it
    from another index that gets its name. `definition` is that of one that was dropped, without its
    name, and `beside` the oids of its table's indexes at that time.
    """

    schema: str
    table: str
    name: str
    unique: bool = False
    live: bool = True
    constraint: str = ""
    has_original: bool = False
    builder: str | None = None
    partitioned: bool = False
    method: str = ""
    partitions: tuple[Partition, ...] = ()
    oid: int = 0
    definition: str = ""
    beside: frozenset[str] = frozenset()

    @property
    def is_copy(self) -> bool:
        """Whether REINDEX CONCURRENTLY made it, which leaves it where it is cut off."""
        return self.has_original and _COPY.search(self.name) is not None

    @property
    def description(self) -> str:
        """What it is, in words."""
        return f"index {self.schema}.{self.name} of table {self.schema}.{self.table}"


def repair(index: InvalidIndex, *, made_anew: bool = False) -> tuple[str, ...]:
    """The statements that repair it; `made_anew` where a revision that is yet to run makes it."""
    name = _name(index.schema, index.name)
    if index.partitioned:
        return (f"DROP INDEX {name}",) if made_anew else tuple(_attachments(index))
    # an index of a constraint cannot be dropped, only built again
    if not index.constraint and (made_anew or index.is_copy or not index.live):
        return (f"DROP INDEX CONCURRENTLY {name}",)
    # one of an exclusion constraint cannot be built concurrently
    how = "" if index.constraint == "x" else " CONCURRENTLY"
    return (f"REINDEX INDEX{how} {name}",)


def names_of(indexes: Sequence[InvalidIndex]) -> Explanation:
    """Which they are, where a revision that is yet to run may repair them itself."""
    if not indexes:
        return Explanation()
    named = [
        {"index": f"{each.schema}.{each.name}", "table": f"{each.schema}.{each.table}"}
        for each in indexes
    ]
    return Explanation(tuple(map(_line, indexes)), {"invalid_indexes": named})


def of_invalid(indexes: Sequence[InvalidIndex], *, made_anew: bool = False) -> Explanation:
    """Each of them with its repair, in lines for people and fields for programs."""
    lines: list[str] = []
    repairs: list[str] = []
    for index in indexes:
        # while somebody builds it there is nothing to repair, and a DROP would wait for the build
        statements = () if index.builder else repair(index, made_anew=made_anew)
        lines += [_line(index), *_lines(index), *(f"  repair: {each};" for each in statements)]
        repairs += statements
    fields = dict(names_of(indexes).fields)
    return Explanation(tuple(lines), fields | ({"repair": repairs} if repairs else {}))


def not_as_built(indexes: Iterable[InvalidIndex], built: Iterable[str]) -> tuple[InvalidIndex, ...]:
    """Those that no revision leaves so: one may make a partitioned index for later to fill.

    `built` are the lines of what the version rows build.
    """
    parts = (line.split("\t") for line in built if line.startswith("index\t"))
    left = {(split_name(table)[1], name) for _, table, name, text in parts if _INVALID.search(text)}
    return tuple(e for e in indexes if not (e.partitioned and (e.table, e.name) in left))


def named_in(text: str, indexes: Iterable[InvalidIndex]) -> tuple[InvalidIndex, ...]:
    """Those of them whose name stands in a text: a statement, a message, a script."""
    return tuple(
        each for each in indexes if re.search(rf"(?<!\w){re.escape(each.name)}(?!\w)", text)
    )


def unusable(indexes: Sequence[InvalidIndex]) -> Interrupted | NotReady:
    """The error of a database that would be ready but for these."""
    left = [each for each in indexes if each.builder is None]
    if not left:
        return NotReady(
            f"an index build is in progress: {_names(indexes)} ({indexes[0].builder})",
            next_step=(
                "wait for the build to end, then try again; if it failed, headstart check shows"
                " what to do"
            ),
            explanation=of_invalid(indexes),
        )
    verb = "is" if len(left) == 1 else "are"
    return Interrupted(
        f"{_names(left)} {verb} INVALID: the build was cut off or failed",
        explanation=of_invalid(indexes),
        next_step=f"{repair_step(left)}; then run again{_IF_IT_FAILS * _rebuilds(left)}",
    )


_IF_IT_FAILS = (
    "; if REINDEX fails for another reason, correct the rows that it names, or drop the index if no"
    " revision creates it"
)


def _rebuilds(indexes: Iterable[InvalidIndex]) -> bool:
    return any(each.startswith("REINDEX") for index in indexes for each in repair(index))


def repair_step(indexes: Sequence[InvalidIndex], *, made_anew: bool = False) -> str:
    """What a person does, as a part of a sentence."""
    statements = [each for index in indexes for each in repair(index, made_anew=made_anew)]
    first = "remove duplicate rows, if any, then " if _may_be_twice(indexes) else ""
    if len(statements) == 1:
        return f"{first}execute {statements[0]}"
    return f"{first}execute the statements in `repair`, in that order"


def _may_be_twice(indexes: Iterable[InvalidIndex]) -> bool:
    # a copy beside its original, or an index half dropped, did not fail on rows
    return any(each.unique and not each.is_copy and each.live for each in indexes)


def _line(index: InvalidIndex) -> str:
    builder = f"; {index.builder} builds it" if index.builder else ""
    return f"INVALID: {index.description}{builder}"


def _lines(index: InvalidIndex) -> Iterator[str]:
    if index.is_copy:
        yield "  REINDEX CONCURRENTLY was cut off and left it: nothing uses it"
    elif not index.live:
        yield "  DROP INDEX CONCURRENTLY was cut off: it is half dropped"
    elif index.partitioned:
        yield "  its table is partitioned, and not every partition has a valid index for it"
    if _may_be_twice([index]):
        yield "  it is unique: it cannot be built while there are duplicate rows"


def _attachments(index: InvalidIndex) -> Iterator[str]:
    """A partitioned index is valid when each partition has an index of its own in it.

    To attach what is attached makes PostgreSQL look again, after that has been repaired.
    """
    parent = _name(index.schema, index.name)
    for each in index.partitions:
        part = each.index or f"{each.table}_{index.name}"[:_LONGEST_NAME]
        # where the build of a part was cut off it is there, invalid, and has a repair of its own
        if each.index is None:
            yield _part(index, each, part)
        if index.constraint and not each.attached and not (each.partitioned and not each.index):
            kind = _constraint(index)
            yield (
                f"ALTER TABLE {_name(each.schema, each.table)} ADD CONSTRAINT {identifier(part)}"
                f" {kind} USING INDEX {identifier(part)}"
            )
        yield f"ALTER INDEX {parent} ATTACH PARTITION {_name(each.schema, part)}"


def _part(index: InvalidIndex, partition: Partition, name: str) -> str:
    table = _name(partition.schema, partition.table)
    if index.constraint and partition.partitioned:  # it takes no index that is there already
        columns = index.method[index.method.index("(") :]
        return (
            f"ALTER TABLE {table} ADD CONSTRAINT {identifier(name)} {_constraint(index)} {columns}"
        )
    unique = "UNIQUE " * index.unique
    how = "" if partition.partitioned else "CONCURRENTLY "
    return f"CREATE {unique}INDEX {how}{identifier(name)} ON {table} {index.method}"


def _constraint(index: InvalidIndex) -> str:
    return "PRIMARY KEY" if index.constraint == "p" else "UNIQUE"


def _name(schema: str, name: str) -> str:
    return f"{identifier(schema)}.{identifier(name)}"


def _names(indexes: Iterable[InvalidIndex]) -> str:
    return ", ".join(each.description for each in indexes)
