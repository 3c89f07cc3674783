"""Read where many targets of one database are: a few messages for fifty of them, whoever is beside.

What one target has must not hide what the others have: a batch that the server refuses is asked
again in halves, catalog and all, down to the one that is the reason.

An example: 60 targets, of which one is locked and one is dropped while they are read.

    catalog   60; the locked one is left out
    rows      the first 50: lock_timeout, or no such table
                catalog, rows, numbers of 25; catalog, .. of the other 25, and so on
    rows      the other 9
    numbers   of those among them whose rows are the heads
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

import psycopg2

from headstart.facts.target import SchemaSeen, TargetPlace, TargetSeen, VersionTableSeen
from headstart.postgres.connection import READ_SECONDS
from headstart.postgres.read_failure import LOCK_NOT_AVAILABLE, named_failures, read_failure
from headstart.postgres.reader import Reader, Rows
from headstart.postgres.target_question import (
    catalog_question,
    number_question,
    rows_question,
)
from headstart.values import dataclass
from headstart.verdict.errors import ConnectionLost

BATCH = 50
"""Planning of one message grows with the number of its tables, and each of them is locked."""
_UNDEFINED_TABLE, _UNDEFINED_SCHEMA = "42P01", "3F000"
_ANOTHER = "another table has its name by now"


@dataclass(frozen=True)
class Wanted:
    """What is asked of targets that are at the head: the heads, and the objects that count.

    `objects` are schemas, empty for that of the version table, and names; None: no number is asked.
    """

    heads: tuple[str, ...]
    objects: tuple[tuple[str, str], ...] | None


def read_targets(
    connection: Reader, places: Sequence[TargetPlace], wanted: Wanted
) -> Iterator[TargetSeen]:
    """What is found of each, in their order; `connection` is in no transaction.

    Raises ConnectionLost, and what else ends a read of the catalog (read_failure.py).
    """
    if not places:
        return
    with named_failures():
        rows = connection.execute(catalog_question(places), timeout_seconds=READ_SECONDS)
    every = [_cataloged(place, row) for place, row in zip(places, rows, strict=True)]
    plain = [(at, each) for at, each in enumerate(every) if each.table and each.table.is_plain]
    for start in range(0, len(plain), BATCH):
        batch = plain[start : start + BATCH]
        found = _read_batch(connection, [each for _, each in batch], wanted)
        for (at, _), each in zip(batch, found, strict=True):
            every[at] = each
    yield from every


def _cataloged(place: TargetPlace, row: tuple[object, ...]) -> TargetSeen:
    _, writable, oid, kind, *flags, comment = row
    if oid is None:
        return TargetSeen(place, writable=bool(writable))
    said = None if comment is None else str(comment)
    trusted, hides, watched, inherited, fits, readable, locked, in_progress = map(bool, flags)
    table = VersionTableSeen(
        int(str(oid)),
        str(kind),
        trusted=trusted,
        hides=hides,
        watched=watched,
        inherited=inherited,
        fits=fits,
        readable=readable,
        locked=locked,
        in_progress=in_progress,
        comment=said,
    )
    return TargetSeen(place, table, writable=bool(writable))


def _read_batch(
    connection: Reader, batch: Sequence[TargetSeen], wanted: Wanted
) -> Sequence[TargetSeen]:
    try:
        found = _with_rows(connection, batch)
        return _with_schemas(connection, found, wanted)
    except psycopg2.Error as error:
        failure = read_failure(error)
        if isinstance(failure, ConnectionLost):
            raise failure from None
        if len(batch) == 1:
            return [_failed(batch[0], error.pgcode, str(failure))]
    except TimeoutError:
        raise ConnectionLost("the database gave no answer in time while reading") from None
    places, middle = [each.place for each in batch], len(batch) // 2
    halves = (places[:middle], places[middle:])
    return [each for half in halves for each in read_targets(connection, half, wanted)]


def _with_rows(connection: Reader, batch: Sequence[TargetSeen]) -> list[TargetSeen]:
    question = rows_question([(at, each.place) for at, each in enumerate(batch)])
    rows = sorted(connection.execute(question, timeout_seconds=READ_SECONDS), key=_number)
    by_place = {number: list(every) for number, every in groupby(rows, key=_number)}
    return [_with_own_rows(each, by_place.get(at, [])) for at, each in enumerate(batch)]


def _number(row: tuple[object, ...]) -> int:
    return int(str(row[0]))


def _with_own_rows(seen: TargetSeen, rows: Rows) -> TargetSeen:
    """The catalog and the rows are read one after the other: they have to be of one table."""
    if seen.table is None or {oid for _, oid, _ in rows} - {seen.table.oid}:
        return replace(seen, failure=_ANOTHER)
    revisions = sorted("" if row is None else str(row) for _, _, row in rows)
    return replace(seen, rows=tuple(revisions))


def _with_schemas(
    connection: Reader, batch: Sequence[TargetSeen], wanted: Wanted
) -> list[TargetSeen]:
    heads, objects = tuple(sorted(wanted.heads)), wanted.objects
    tables = {
        each.table.oid: each.place.table for each in batch if each.table and each.rows == heads
    }
    if objects is None or not tables:
        return list(batch)
    question = number_question(tables.items(), objects)
    rows = connection.execute(question, timeout_seconds=READ_SECONDS)
    schemas = {_number(row): _schema(*row[1:]) for row in rows}
    return [
        replace(each, schema=schemas.get(each.table.oid)) if each.table else each for each in batch
    ]


def _schema(*row: object) -> SchemaSeen:
    sound, owned, comment, written_by, server, number = row
    return SchemaSeen(
        bool(sound),
        bool(owned),
        None if comment is None else str(comment),
        None if written_by is None else int(str(written_by)),
        str(server),
        str(number),
    )


def _failed(seen: TargetSeen, sqlstate: str | None, text: str) -> TargetSeen:
    """What a read of it alone has met: it was locked or dropped since the catalog was asked."""
    if sqlstate in (_UNDEFINED_TABLE, _UNDEFINED_SCHEMA):
        return replace(seen, table=None)
    if sqlstate == LOCK_NOT_AVAILABLE and seen.table is not None:
        return replace(seen, table=replace(seen.table, locked=True))
    return replace(seen, failure=text)
