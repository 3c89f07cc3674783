"""A thousand tenants, ten of them broken in ten ways: who is done, and who is named with a cause.

    .venv/bin/python bench/fleet_broken.py --tenants 1000

The first run has to end with 27 and bring all but the ten to head; after the repair the second one
has to end with 0, and to touch these ten alone. Prints what each run said.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.harness.embedded import PostgresServer
from tests.harness.project import copy_plain
from tests.harness.result import Result
from tests.harness.server import empty_database
from tests.integration.broken_tenants import HEAD, NO_PATIENCE, Tenants, tenants
from tests.integration.fleets import finished, summary


def play(stage: Tenants) -> None:
    """Run it, repair the ten, run it again."""
    fleet, healthy = stage.fleet, set(stage.fleet.names) - set(stage.broken)
    with stage.spoiled():
        first = told(stage, "ten are broken", **NO_PATIENCE)
    assert first.exit_code == 27, first.stderr
    unlike = {
        name: end["outcome"]
        for name, end in finished(first).items()
        if end["outcome"] != (stage.broken[name].outcome if name in stage.broken else "upgraded")
    }
    assert unlike == {}, unlike
    stage.repair()
    second = told(stage, "they are repaired")
    assert second.exit_code == 0, second.stderr
    worked = {name for name, end in finished(second).items() if end["applied"]}
    assert not worked & healthy, worked & healthy
    print(f"{len(worked)} were brought to head, {len(healthy)} left as they were")
    assert set(fleet.revisions().values()) == {HEAD}


def told(stage: Tenants, when: str, **environ: str) -> Result:
    """Run the fleet, and print what it said at the end."""
    began = time.monotonic()
    done = stage.fleet.run(**environ)
    last = summary(done)
    shown = ("outcome", "exit_code", "targets", "ready", "need_person", "outcomes")
    print(f"\n{when}: {time.monotonic() - began:.0f} s")
    print(json.dumps({name: last[name] for name in shown}))
    for each in last["failures"]:
        print(f"  {each['target']}: {each['outcome']} ({each['exit_code']}): {each['message']}")
    return done


def main() -> None:
    """Play it on a server of its own."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tenants", type=int, default=1000)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        # the role's objects are dropped in one transaction at the end, each under a lock
        PostgresServer(18, conf=["max_locks_per_transaction = 1024"]) as server,
        empty_database(server) as database,
        tenants(copy_plain(Path(folder, "project")), database, asked.tenants) as stage,
    ):
        play(stage)


if __name__ == "__main__":
    main()
