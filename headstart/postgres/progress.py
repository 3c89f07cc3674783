"""How far the long commands of backends are, from the pg_stat_progress views.

They are counters in the server's memory: to read them takes no lock on a table. A role sees those
of its own backends, others with pg_read_all_stats. What the views do not count is not there: a
rewrite by ALTER TABLE, say, or the rows of an UPDATE.
"""

from collections.abc import Collection
from contextlib import suppress

import psycopg2

from headstart.postgres.reader import Reader, Rows
from headstart.verdict.progress import Progress

_WITH_COPY = 140000
"""pg_stat_progress_copy is there from 14 on; the columns used here are the same up to 18."""

_BLOCKS = (
    # at the first block as many are said to be done as there are
    "CASE WHEN p.blocks_done < p.blocks_total THEN 100.0 * p.blocks_done / p.blocks_total END"
)
_TUPLES = "100.0 * p.tuples_done / NULLIF(p.tuples_total, 0)"
_SCANS = "p.phase LIKE '%scanning table' OR p.phase LIKE '%scanning index'"
_INDEX_PERCENT = (
    # the counters of an earlier phase stay as they were: they say something in these phases only
    f"CASE WHEN {_SCANS} OR p.phase = 'building index' THEN {_BLOCKS}"
    f" WHEN p.phase LIKE '%loading tuples in tree' THEN {_TUPLES} END"
)
_OF_PARTITION = (
    # what follows the scan of a partition takes little of its time
    f"CASE WHEN {_SCANS} OR p.phase = 'building index' THEN COALESCE({_BLOCKS}, 0)"
    " WHEN p.phase LIKE 'building index: %' THEN 100 ELSE 0 END"
)
_OF_ALL = (
    "CASE WHEN p.partitions_total > 0"
    f" THEN (100.0 * p.partitions_done + {_OF_PARTITION}) / p.partitions_total"
    f" ELSE {_INDEX_PERCENT} END"
)
_HEAP_PERCENT = (
    "CASE WHEN p.phase = 'seq scanning heap'"
    " THEN 100.0 * p.heap_blks_scanned / NULLIF(p.heap_blks_total, 0) END"
)
_VIEWS = (
    ("create_index", "p.command", "p.phase", _OF_ALL),
    ("cluster", "p.command", "p.phase", _HEAP_PERCENT),
)
_COPY = (
    "copy",
    "p.command",
    "p.tuples_processed || ' rows so far'",
    "100.0 * p.bytes_processed / NULLIF(p.bytes_total, 0)",
)


def read_progress(connection: Reader, processes: Collection[int]) -> Progress | None:
    """What one of these backends is at; None where the server counts nothing for any, or is silent.

    Nothing else that is to be seen may be lost for it: it raises nothing.
    """
    if not processes:
        return None
    pids = ", ".join(map(str, sorted(processes)))
    views = (*_VIEWS, _COPY) if connection.server_version >= _WITH_COPY else _VIEWS
    each = (
        f"SELECT p.pid, {command}, {phase}, pg_catalog.round(({percent})::pg_catalog.numeric, 1),"
        " p.relid::pg_catalog.regclass::pg_catalog.text"
        f" FROM pg_catalog.pg_stat_progress_{view} p WHERE p.pid IN ({pids})"
        for view, command, phase, percent in views
    )
    with suppress(psycopg2.Error, TimeoutError):
        return _progress(connection.execute(f"{' UNION ALL '.join(each)} ORDER BY 1 LIMIT 1"))
    return None


def _progress(rows: Rows) -> Progress | None:
    for _, command, phase, percent, relation in rows:
        if command is None or phase is None:  # another role's
            return None
        name = str(relation)
        known = relation is not None and name != "-" and not name.isdigit()
        return Progress(
            str(command),
            str(phase),
            None if percent is None else min(100.0, float(str(percent))),
            name if known else None,
        )
    return None
