"""How long after the run that migrates the last of many ends that wait for it.

    .venv/bin/python bench/waiters.py --starts 20 --rounds 5 --seconds 20

Each round starts headstart many times at once on an empty database, with a revision that takes a
while. One upgrades, the others wait for its lock and find nothing to do. What is printed is the gap
in seconds from the end of the first to the end of the last; a machine with other work makes it
longer, so look at the best round, too.
"""

import argparse
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.harness.embedded import SCRAM_ITERATIONS, PostgresServer
from tests.harness.program import start_headstart
from tests.harness.project import copy_plain
from tests.harness.server import empty_database


def main() -> None:
    """Print a line a round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--connections", type=int, default=100, help="the server's max_connections")
    asked = parser.parse_args()
    conf = [f"max_connections = {asked.connections}"]
    with (
        tempfile.TemporaryDirectory() as folder,
        PostgresServer(18, conf=conf, scram_iterations=SCRAM_ITERATIONS) as server,
    ):
        project = copy_plain(Path(folder, "project"))
        project.add("0004", "0003", f"op.execute('SELECT pg_sleep({asked.seconds})')")
        for _ in range(asked.rounds):
            print(json.dumps(play(server, project.ini, asked.starts)), flush=True)


def play(server: PostgresServer, ini: str, starts: int) -> dict[str, object]:
    """Start them, and see when each ends."""
    with empty_database(server) as database, ExitStack() as stack:
        environ = {"DATABASE_URL": database.url, "HEADSTART_ALEMBIC_INI": ini}
        runs = [stack.enter_context(start_headstart(env=environ)) for _ in range(starts)]
        ended: dict[int, float] = {}
        while len(ended) < starts:
            for number, run in enumerate(runs):
                if number not in ended and run.process.poll() is not None:
                    ended[number] = time.monotonic()
            time.sleep(0.01)
        outcomes = [run.end().outcome for run in runs]
        gap = max(ended.values()) - min(ended.values())
        counted = {name: outcomes.count(name) for name in sorted(set(outcomes))}
        return {"starts": starts, "outcomes": counted, "last_after_first_seconds": round(gap, 2)}


if __name__ == "__main__":
    main()
