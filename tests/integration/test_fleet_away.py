"""A server that is away, or refuses everybody: the first targets wait, and the others try once."""

import json

import pytest

from tests.harness.embedded import PostgresServer
from tests.harness.project import ProjectCopy
from tests.harness.result import Result
from tests.harness.server import Database, a_role, empty_database, free_port
from tests.integration.fleets import Fleet, finished, outcomes, schema_fleet, summary

NAMES = tuple(f"t{number:02}" for number in range(24))
PATIENCE = {"HEADSTART_WAIT_SECONDS": "3", "HEADSTART_ACCESS_GRACE_SECONDS": "3"}


def patient(ended: Result) -> list[str]:
    """The targets that have waited."""
    return [name for name, end in finished(ended).items() if float(str(end["wait_seconds"])) > 2]


@pytest.mark.parametrize("password", ["right", "wrong"])
def test_of_a_server_that_nobody_reaches_only_the_first_targets_wait(
    project: ProjectCopy, database: Database, password: str
) -> None:
    fleet = schema_fleet(project, database, NAMES)
    away = {"port": str(free_port())} if password == "right" else {"password": "another"}
    fleet.settings["DATABASE_URL"] = database.server.url(dbname=database.name, **away)
    ended = fleet.run("--jobs", "2", **PATIENCE)
    outcome = "unreachable" if password == "right" else "access_refused"
    assert set(outcomes(ended).values()) == {outcome}
    assert len(outcomes(ended)) == len(NAMES)
    assert 1 <= len(patient(ended)) <= 4
    told = [each for each in ended.events if each["event"] == "targets_try_once"]
    assert [each["target"] for each in told] == patient(ended)[:1]
    assert summary(ended)["exit_code"] == (14 if password == "right" else 27)


def test_each_server_that_is_away_is_waited_for_once(
    project: ProjectCopy, database: Database
) -> None:
    here, *nowhere = database.server.parameters()["port"], str(free_port()), str(free_port())
    url = database.server.url(dbname=database.name).replace(f":{here}/", ":{target}/")
    fleet = Fleet(project, [here, *nowhere], {"HEADSTART_TARGET_URL": url})
    ended = fleet.run("--jobs", "1", **PATIENCE)
    assert outcomes(ended) == {here: "upgraded"} | dict.fromkeys(nowhere, "unreachable")
    assert set(patient(ended)) == set(nowhere)


def test_once_the_server_is_back_the_others_are_done(project: ProjectCopy) -> None:
    with PostgresServer(16) as server, empty_database(server) as database:
        fleet = schema_fleet(project, database, NAMES)
        server.stop()
        with fleet.start("--jobs", "1", **PATIENCE) as run:
            run.await_event("targets_try_once", 60)
            server.start()
            ended = run.end()
    assert summary(ended)["outcomes"]["upgraded"] > len(NAMES) // 2, json.dumps(summary(ended))
    assert len(patient(ended)) <= 2


@pytest.mark.parametrize("right", ["USAGE", "CREATE"])
def test_who_is_refused_a_schema_has_reached_the_server(
    project: ProjectCopy, database: Database, right: str
) -> None:
    fleet = schema_fleet(project, database, NAMES[:3])
    with a_role(database, "app") as role:
        database.execute(f"GRANT {right} ON SCHEMA t00 TO {role}")
        database.execute("".join(f"ALTER SCHEMA {n} OWNER TO {role};" for n in NAMES[1:3]))
        fleet.settings["DATABASE_URL"] = database.url_of(role)
        ended = fleet.run("--jobs", "1")
    assert outcomes(ended)["t00"] == "access_refused"
    assert [each for each in ended.events if each["event"] == "targets_try_once"] == []
