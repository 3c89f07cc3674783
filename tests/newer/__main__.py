"""Play the changes, and write docs/rolling-back-proof.md; words choose those that have one.

Each process has a server of its own.
"""

import sys
from multiprocessing import Pool

from tests.harness.embedded import PostgresServer
from tests.harness.server import empty_database
from tests.newer.changes import CHANGES
from tests.newer.page import PAGE, page, row
from tests.newer.proof import prove, put_in_place

PROCESSES = 4


def played(names: list[str]) -> dict[str, str]:
    """The row of each change."""
    rows = {}
    with PostgresServer(18) as server, empty_database(server, "template1") as base:
        put_in_place(base)
        for change in (each for each in CHANGES if each.name in names):
            with empty_database(server, base.name) as database:
                try:
                    rows[change.name] = row(change, prove(database, change))
                except Exception as error:  # noqa: BLE001  the others are written all the same
                    sys.stderr.write(f"{change.name}: {error!r}\n")
    return rows


def main(*words: str) -> None:
    """Rows of other changes stay as they are."""
    names = [e.name for e in CHANGES if not words or any(word in e.name for word in words)]
    text = PAGE.read_text() if PAGE.exists() else ""
    known = {line[2:].split(" | ")[0]: line for line in text.splitlines() if line.startswith("| ")}
    with Pool(PROCESSES) as pool:
        for rows in pool.map(played, [names[part::PROCESSES] for part in range(PROCESSES)]):
            known.update(rows)
    PAGE.write_text(page(known[each.name] for each in CHANGES if each.name in known))


if __name__ == "__main__":
    main(*sys.argv[1:])
