"""Client CPU of `headstart status`, paired with `alembic history --indicate-current`.

    make bench

Both name the revisions and where the database is. The fingerprints file describes each script, as
it does in an image; the database was brought to the head by headstart. A line of JSON for each
number of revisions; CPU is user + system time of the client's process, in milliseconds.
"""

import json
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from client_cpu import Bench, asked
from peers.tools import build_fingerprints

from tests.harness.embedded import SCRAM_ITERATIONS, PostgresServer
from tests.harness.environment import clean_environ

ALEMBIC = ["alembic", "history", "--indicate-current"]
STATUS = ["headstart", "status"]


def main() -> None:
    """Measure each size and print a line of JSON for it."""
    options = asked(__doc__, [3, 300])
    with PostgresServer(18, scram_iterations=SCRAM_ITERATIONS) as server:
        for revisions in options.revisions:
            with tempfile.TemporaryDirectory() as folder:
                bench = Bench(options.bin.absolute(), Path(folder), server)
                bench.make_history(revisions)
                found = _measured(bench, f"status_{revisions}", options.rounds)
            print(json.dumps({"revisions": revisions, **found}), flush=True)


def _measured(bench: Bench, name: str, rounds: int) -> dict[str, float]:
    bench.server.execute(f"CREATE DATABASE {name}")
    bench.point_at(name)
    environ = clean_environ() | {"DATABASE_URL": bench.server.url(dbname=name)}
    build_fingerprints(bench.folder)
    for _ in range(2):  # the second one proves, and marks
        bench.cpu_seconds(["headstart"], environ)
    took: dict[str, list[float]] = {"alembic": [], "headstart": []}
    for number in range(rounds):
        for command in (ALEMBIC, STATUS)[:: 1 if number % 2 else -1]:
            took[command[0]].append(1000 * bench.cpu_seconds(command, environ))
    pairs = zip(took["headstart"], took["alembic"], strict=True)
    return {
        "alembic_cpu_ms": round(statistics.median(took["alembic"]), 1),
        "status_cpu_ms": round(statistics.median(took["headstart"]), 1),
        "ratio_median": round(statistics.median(ours / theirs for ours, theirs in pairs), 3),
    }


if __name__ == "__main__":
    main()
