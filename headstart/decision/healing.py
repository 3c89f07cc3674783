"""An INVALID index that a pending revision builds: may it be dropped, and what is to be said? Pure.

A build that was cut off, or failed, leaves an index that the revision meets when it runs again: it
fails on the name, or IF NOT EXISTS takes it for the real one. Dropped before, it is built anew.

Left alone is whatever may be somebody's: an index that stood there before the revision, one that
the revision drops itself, one of a constraint, the copy of a REINDEX CONCURRENTLY, and a
partitioned index, which is INVALID and healthy until each partition has its part.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from headstart.decision.index_repair import InvalidIndex, names_of, of_invalid, repair_step
from headstart.fingerprint.catalog.names import split_name, unescaped
from headstart.fingerprint.file.states import Fingerprints
from headstart.fingerprint.statements.sql_indexes import NamedIndex
from headstart.fingerprint.statements.sql_tree import ANY_NAME
from headstart.verdict.errors import Blocked, Interrupted, RevisionFailed
from headstart.verdict.events.indexes import IndexDropBlocked, IndexDropped, IndexNotRebuilt
from headstart.verdict.sqlstates import UNIQUE_VIOLATION

Place = Callable[[str], str | None]
"""Gives the schema in which a table is found that is named without one."""


def indexes_built(
    revision: str,
    named: Iterable[NamedIndex],
    dropped: frozenset[str],
    fingerprints: Fingerprints | None,
    schema: str,
) -> frozenset[NamedIndex]:
    """The indexes that a revision builds where none was: its script names them, or its delta does.

    `named` and `dropped` are those of its script, `schema` is the target schema.
    """
    step = None if fingerprints is None else fingerprints.steps.get(revision)
    lines = step.delta.added if step is not None else frozenset[str]()
    parent = step.parent if step is not None else None
    before = fingerprints.lines(parent) if fingerprints and parent is not None else ()
    stood = frozenset(_indexes(before, schema))
    keys = {(each.table, each.name) for each in stood}
    by_name = {
        each
        for each in named
        if dropped.isdisjoint({each.name, ANY_NAME}) and (each.table, each.name) not in keys
    }
    return frozenset(by_name | (frozenset(_indexes(lines, schema)) - stood))


def _indexes(lines: Iterable[str], schema: str) -> Iterator[NamedIndex]:
    for line in lines:
        if line.startswith("index\t"):
            _, table, name, _ = line.split("\t")
            written, bare = split_name(table)
            yield NamedIndex(written or schema, bare, unescaped(name))


def to_drop(
    indexes: Iterable[InvalidIndex], built: frozenset[NamedIndex], place: Place
) -> tuple[InvalidIndex, ...]:
    """Those of the INVALID indexes that are built, and nothing else."""
    return tuple(each for each in indexes if _may_go(each) and _is_built(each, built, place))


def _may_go(index: InvalidIndex) -> bool:
    return not (index.partitioned or index.constraint or index.is_copy)


def _is_built(index: InvalidIndex, built: frozenset[NamedIndex], place: Place) -> bool:
    if NamedIndex(index.schema, index.table, index.name) in built:
        return True
    unplaced = NamedIndex(None, index.table, index.name)
    return unplaced in built and place(index.table) == index.schema


def dropped_before(index: InvalidIndex, revision: str) -> IndexDropped:
    """It was in the way of a revision that is about to run."""
    unique = (
        "; it is unique and may have rejected duplicate rows, which nothing does until then"
        if index.unique
        else ""
    )
    return _dropped(
        index,
        revision,
        f"it was INVALID, left by a build that was cut off or failed, and revision {revision}"
        f" builds it anew{unique}",
    )


def is_in_the_way(
    index: InvalidIndex,
    revision: str,
    attempt: int,
    lock_timeout_seconds: float,
    holders: Iterable[tuple[str, Mapping[str, object]]],
) -> IndexDropBlocked:
    """An attempt to drop it was kept from its lock, by holders in words and in fields."""
    seen = tuple(holders)
    return IndexDropBlocked(
        f"{index.schema}.{index.name}",
        f"{index.schema}.{index.table}",
        revision,
        attempt,
        lock_timeout_seconds,
        tuple(words for words, _ in seen),
        tuple(fields for _, fields in seen),
    )


def dropped_after(index: InvalidIndex, revision: str) -> IndexDropped:
    """The revision has failed to build it."""
    return _dropped(index, revision, f"revision {revision} failed to build it and left it INVALID")


def _dropped(index: InvalidIndex, revision: str, cause: str) -> IndexDropped:
    table = f"{index.schema}.{index.table}"
    return IndexDropped(f"{index.schema}.{index.name}", table, revision, cause)


def not_rebuilt(index: InvalidIndex, revision: str) -> IndexNotRebuilt:
    """The revision was applied, and has not built it again, nor has a later one dropped it."""
    table = f"{index.schema}.{index.table}"
    return IndexNotRebuilt(f"{index.schema}.{index.name}", table, revision)


def is_being_built(index: InvalidIndex, revision: str) -> Blocked:
    """The refusal to build what somebody else is building."""
    return Blocked(
        f"revision {revision} builds {index.description}, which {index.builder} is building or"
        " dropping now: it was left alone",
        next_step="wait until that is done, then run again; if nobody needs it, end that session:"
        " the next run builds the index anew",
        explanation=names_of([index]),
    )


def is_locked(
    index: InvalidIndex, revision: str, holders: Iterable[str], cure: str | None
) -> Blocked:
    """The refusal where the table's lock was not to be had; `cure` is what ends its holder."""
    who = "; ".join(holders)
    return Blocked(
        f"{index.description} is INVALID, and revision {revision} builds it, but it could not be"
        f" dropped: its table is locked{' by ' * bool(who)}{who}",
        next_step=cure,
        explanation=names_of([index]),
    )


def is_not_dropped(index: InvalidIndex, revision: str, cause: str) -> Interrupted:
    """The refusal where a person has to drop it."""
    return Interrupted(
        f"{index.description} is INVALID, since a build was cut off or failed, and revision"
        f" {revision} builds it; it was not dropped: {cause}",
        next_step=f"{repair_step([index], made_anew=True)}; then run again",
        explanation=of_invalid([index], made_anew=True),
    )


def after_failure(error: BaseException, dropped: Iterable[InvalidIndex]) -> str | None:
    """What to add to the next step where the failed revision's own indexes were dropped again."""
    gone = tuple(dropped)
    if not gone:
        return None
    names = " and ".join(each.description for each in gone)
    if isinstance(error, RevisionFailed) and error.sqlstate == UNIQUE_VIOLATION:
        error.next_step = "remove the duplicate rows, or correct the revision, then run again"
    return f"{names}, left INVALID by the failed build, was dropped again"
