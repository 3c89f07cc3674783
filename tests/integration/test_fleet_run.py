"""fleet run: each target is brought to head, by the ordinary run; a second time costs little."""

import json
from pathlib import Path

from tests.harness.project import REVISIONS, ProjectCopy
from tests.harness.server import Database, Server
from tests.integration.fingerprinting import passwordless
from tests.integration.fleets import (
    ODD_NAMES,
    database_fleet,
    finished,
    outcomes,
    schema_fleet,
    summary,
)

TWELVE = tuple(f"t{number:02}" for number in range(12))


def test_twelve_databases_are_brought_to_head_and_then_there_is_nothing_to_do(
    project: ProjectCopy, server: Server, tmp_path: Path
) -> None:
    report = tmp_path / "report"
    with database_fleet(project, server, TWELVE) as fleet:
        first = fleet.run("--report", str(report))
        assert first.exit_code == 0, first.stderr
        assert outcomes(first) == dict.fromkeys(TWELVE, "upgraded")
        assert fleet.revisions() == dict.fromkeys(TWELVE, REVISIONS[-1])
        lines = [json.loads(line) for line in report.read_text().splitlines()]
        assert {line["target"]: line["outcome"] for line in lines} == outcomes(first)
        second = fleet.run(HEADSTART_JOBS="3")
        assert outcomes(second) == dict.fromkeys(TWELVE, "nothing_to_do")
    told = summary(second)
    assert (told["outcome"], told["exit_code"]) == ("fleet_ready", 0)
    assert (told["targets"], told["ready"], told["need_person"]) == (12, 12, 0)
    assert told["outcomes"] == {"nothing_to_do": 12}
    assert (told["failures"], told["shard"], len(told["slowest"])) == ([], "0/1", 3)
    assert {event["event"] for event in second.events} == {
        "fleet_started",
        "target_finished",
        "fleet_finished",
    }


def test_twelve_schemas_are_brought_to_head_and_then_there_is_nothing_to_do(
    project: ProjectCopy, database: Database
) -> None:
    fleet = schema_fleet(project, database, TWELVE)
    first, second = fleet.run(), fleet.run()
    assert (first.exit_code, second.exit_code) == (0, 0), first.stderr
    assert outcomes(first) == dict.fromkeys(TWELVE, "upgraded")
    assert outcomes(second) == dict.fromkeys(TWELVE, "nothing_to_do")
    assert fleet.revisions() == dict.fromkeys(TWELVE, REVISIONS[-1])


def test_a_name_is_quoted_wherever_it_goes(project: ProjectCopy, database: Database) -> None:
    fleet = schema_fleet(project, database, ODD_NAMES)
    done = fleet.run()
    assert done.exit_code == 0, done.stderr
    assert outcomes(done) == dict.fromkeys(ODD_NAMES, "upgraded")
    tables = database.query("SELECT schemaname FROM pg_tables WHERE tablename = 'invoices'")
    assert sorted(row[0] for row in tables) == sorted(ODD_NAMES)


def test_so_it_is_in_a_url(project: ProjectCopy, server: Server) -> None:
    with database_fleet(project, server, ODD_NAMES) as fleet:
        done = fleet.run()
        assert outcomes(done) == dict.fromkeys(ODD_NAMES, "upgraded"), done.stderr
        named = {name: event["database"]["name"] for name, event in finished(done).items()}
        assert named == {name: fleet.database(name).name for name in ODD_NAMES}


def test_a_target_may_be_told_by_its_environment_and_keeps_that_to_itself(
    project: ProjectCopy, database: Database
) -> None:
    fleet = schema_fleet(project, database, TWELVE[:3])
    get = "context.get_x_argument(as_dictionary=True)['tenant']"
    project.edit_env(get, "__import__('os').environ['TENANT']")
    fleet.settings["HEADSTART_TARGET_ENV"] = "'TENANT={target}' OTHER=same"
    del fleet.settings["HEADSTART_TARGET_X"]
    assert outcomes(fleet.run()) == dict.fromkeys(TWELVE[:3], "upgraded")
    assert fleet.revisions() == dict.fromkeys(TWELVE[:3], REVISIONS[-1])


def test_the_names_may_come_from_a_query_or_from_stdin(
    project: ProjectCopy, database: Database
) -> None:
    fleet = schema_fleet(project, database, ("ta", "tb"))
    query = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 't_' ORDER BY 1"
    fleet.settings["HEADSTART_TARGETS"] = ""
    by_query = fleet.run("--targets-sql", query)
    assert outcomes(by_query) == dict.fromkeys(("ta", "tb"), "upgraded"), by_query.stderr
    elsewhere = fleet.run(
        HEADSTART_TARGETS_SQL="SELECT 'tb'", HEADSTART_TARGETS_URL=database.server.url()
    )
    assert outcomes(elsewhere) == {"tb": "nothing_to_do"}, elsewhere.stderr
    by_stdin = fleet.run("--targets", "-", stdin="# one\nta\n")
    assert outcomes(by_stdin) == {"ta": "nothing_to_do"}, by_stdin.stderr


def test_the_query_has_the_password_of_the_file_as_a_run_has_it(
    project: ProjectCopy, database: Database, tmp_path: Path
) -> None:
    fleet = schema_fleet(project, database, ("ta",))
    fleet.settings["HEADSTART_TARGETS"] = ""
    query = {
        "HEADSTART_TARGETS_SQL": "SELECT 'ta'",
        "HEADSTART_TARGETS_URL": passwordless(database),
    }
    assert fleet.run(**query).outcome == "access_refused"
    password = tmp_path / "password"
    password.write_text(database.parameters["password"])
    done = fleet.run(**query, PGPASSWORD_FILE=str(password))
    assert outcomes(done) == {"ta": "upgraded"}, done.stderr


def test_shards_share_the_targets_and_the_first_one_has_the_canaries(
    project: ProjectCopy, database: Database
) -> None:
    fleet = schema_fleet(project, database, TWELVE)
    named = ("--canary", "t05,t07", "--first", "t03")
    parts = [
        outcomes(fleet.run(*named, "--shard", "0/3")),
        outcomes(fleet.run(*named, JOB_COMPLETION_INDEX="1", HEADSTART_SHARDS="3")),
        outcomes(fleet.run(*named, CLOUD_RUN_TASK_INDEX="2", CLOUD_RUN_TASK_COUNT="3")),
    ]
    assert sorted(name for part in parts for name in part) == sorted(TWELVE)
    assert next(iter(parts[0])) == "t03"
    assert set(list(parts[0])[1:3]) == {"t05", "t07"}
    empty = fleet.run("--shard", "99999/100000")
    assert (empty.exit_code, summary(empty)["targets"]) == (0, 0)
