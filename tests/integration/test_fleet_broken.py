"""A fleet in which ten tenants are broken in ten ways: the others are done, and the ten are named.

bench/fleet_broken.py is the same with a thousand.
"""

import json
from pathlib import Path

from tests.harness.project import ProjectCopy
from tests.harness.server import Database
from tests.integration.broken_tenants import HEAD, NO_PATIENCE, tenants
from tests.integration.fleets import finished, outcomes, summary

NUMBER = 24


def test_ten_are_named_the_others_done_and_after_the_repair_only_the_ten_are_touched(
    project: ProjectCopy, database: Database, tmp_path: Path
) -> None:
    with tenants(project, database, NUMBER) as stage:
        fleet, broken = stage.fleet, stage.broken
        healthy = set(fleet.names) - set(broken)
        report = tmp_path / "report"
        with stage.spoiled():
            done = fleet.run("--report", str(report), **NO_PATIENCE)
        told = summary(done)
        assert (told["outcome"], told["exit_code"]) == ("fleet_refused", 27)
        assert (told["targets"], told["ready"]) == (NUMBER, NUMBER - 10)
        assert told["need_person"] == 7  # a lock, a read-only tenant and a timeout may pass
        expected = {name: way.outcome for name, way in broken.items()}
        assert outcomes(done) == expected | dict.fromkeys(healthy, "upgraded")
        causes = {each["target"]: each["message"] for each in told["failures"]}
        assert {name for name, way in broken.items() if way.said not in causes[name]} == set()
        lines = map(json.loads, report.read_text().splitlines())
        assert {line["target"]: line["outcome"] for line in lines} == outcomes(done)

        stage.repair()
        again = fleet.run()
        assert again.exit_code == 0, again.stderr
        worked = {name for name, end in finished(again).items() if end["applied"]}
        assert worked == {name for name, way in broken.items() if way.suffix != "drifted"}
        assert outcomes(again) == dict.fromkeys(fleet.names, "nothing_to_do") | dict.fromkeys(
            worked, "upgraded"
        )
        assert set(fleet.revisions().values()) == {HEAD}
