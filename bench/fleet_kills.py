"""Two fleets and a plain run at once, of which one fleet is killed at a random moment, repeatedly.

    .venv/bin/python bench/fleet_kills.py --targets 200 --rounds 5 --seed 1

Each round adds a revision, starts two fleets over the same schemas and a plain run on one of them,
and attacks the first fleet: SIGKILL for its parent, its nursery or one of its targets, or SIGTERM.
Whoever is not attacked must not lose a connection, as one that is taken for an orphan would; a run
after it has to bring all to head; and nothing may be applied twice, or to a part.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.harness.embedded import PostgresServer
from tests.harness.processes import children_of
from tests.harness.program import Run, start_headstart
from tests.harness.project import REVISIONS, copy_plain
from tests.harness.server import empty_database
from tests.integration.fleets import SchemaFleet, outcomes, schema_fleet

LOGGED = "op.execute(\"INSERT INTO public.applied VALUES (current_schema(), '{}')\")"
NAP = "op.execute('SELECT pg_sleep(0.05)')"
SECONDS = 3600
ALL_ENDS = {"upgraded", "nothing_to_do"}


def attack(run: Run, how: str) -> str:
    """Do it to a fleet; gives what was done."""
    parent = run.process.pid
    nursery = children_of(parent)[:1]
    workers = [child for each in nursery for child in children_of(each)]
    victims = {"parent": [parent], "nursery": nursery, "target": workers, "SIGTERM": [parent]}[how]
    if not victims:
        return "came too late"
    with suppress(ProcessLookupError):
        os.kill(random.choice(victims), signal.SIGTERM if how == "SIGTERM" else signal.SIGKILL)
    return how


def play(fleet: SchemaFleet, number: int) -> None:
    """One round, with a revision of its own."""
    revision, parent = f"{number + 4:04}", f"{number + 3:04}"
    fleet.project.add(revision, parent, f"{LOGGED.format(revision)}\n{NAP}")
    plain = {
        "DATABASE_URL": fleet.database.url,
        "HEADSTART_ALEMBIC_INI": fleet.project.ini,
        "HEADSTART_X": f"tenant={fleet.names[-1]}",
        "HEADSTART_VERSION_TABLE": f"{fleet.names[-1]}.alembic_version",
    }
    with fleet.start() as one, fleet.start() as other, start_headstart(env=plain) as single:
        one.await_event("target_finished", SECONDS)
        time.sleep(random.uniform(0, 3))
        how = attack(one, random.choice(("parent", "nursery", "target", "SIGTERM")))
        ends = [run.end(SECONDS) for run in (one, other, single)]
    others = outcomes(ends[1])
    assert ends[2].outcome in ALL_ENDS, ends[2].stderr
    assert set(others.values()) <= ALL_ENDS, Counter(others.values())
    last = fleet.run()
    assert last.exit_code == 0, last.stderr
    assert set(fleet.revisions().values()) == {revision}
    told = [dict(Counter(outcomes(end).values())) for end in (ends[0], ends[1], last)]
    print(f"{revision}: {how}: attacked {told[0]}, beside it {told[1]}, after it {told[2]}")


def main() -> None:
    """Play the rounds, and count what was applied."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--targets", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    random.seed(asked.seed)
    with (
        tempfile.TemporaryDirectory() as folder,
        PostgresServer(18) as server,
        empty_database(server) as database,
    ):
        names = [f"t{number:04}" for number in range(asked.targets)]
        fleet = schema_fleet(copy_plain(Path(folder, "project")), database, names)
        database.execute("CREATE TABLE applied (tenant text, revision text)")
        first = fleet.run()
        assert first.exit_code == 0, first.stderr
        assert set(fleet.revisions().values()) == {REVISIONS[-1]}
        for number in range(asked.rounds):
            play(fleet, number)
        ((rows, distinct),) = database.query(
            "SELECT count(*), count(DISTINCT (tenant, revision)) FROM applied"
        )
    assert rows == distinct == asked.targets * asked.rounds, (rows, distinct)
    print(f"{rows} times a revision was applied, none twice, none left out")


if __name__ == "__main__":
    main()
