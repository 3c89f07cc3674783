"""The example app at its start: its settings, and a server that is not there."""

import asyncio
import runpy
import tempfile
import time

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.server import Database, free_port, refusing_port
from tests.integration.minirag_app import APP, App, headstart, start_uvicorn


def test_without_a_server_the_app_lives_and_is_not_ready() -> None:
    with App(DATABASE_URL=f"postgresql://u:secret@127.0.0.1:{refusing_port()}/d") as app:
        probe, request = app.get("/health/ready"), app.post("/projects")
        assert "Traceback" not in app.log
    assert (probe.status, probe.json["outcome"]) == (503, "unreachable")
    assert (request.status, request.json["detail"]) == (503, "the database cannot be reached")
    assert "secret" not in probe.body


@ON_ONE_SERVER
def test_the_settings_of_libpq_and_a_mounted_password_lead_to_the_database(
    database: Database,
) -> None:
    headstart(database.url)
    given = database.parameters
    with tempfile.NamedTemporaryFile("w") as secret:
        secret.write(given["password"] + "\n")
        secret.flush()
        with App(
            PGHOST=given["host"],
            PGPORT=given["port"],
            PGUSER=given["user"],
            PGDATABASE=database.name,
            PGPASSWORD_FILE=secret.name,
        ) as app:
            assert app.post("/projects").status == 201
            assert app.get("/health/ready").status == 200


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "is still the placeholder of the template"),
        ({"DATABASE_URL": "mysql://u:secret@h/d"}, "DATABASE_URL begins with 'mysql'"),
        ({"DATABASE_URL_FILE": "/nowhere"}, "/nowhere cannot be read"),
    ],
)
def test_settings_that_are_no_use_end_the_start_with_one_line(
    environ: dict[str, str], said: str
) -> None:
    with start_uvicorn(free_port(), environ) as run:
        ended = run.end(20)
    (line,) = ended.stdout.splitlines()
    assert ended.exit_code == 1
    assert line.startswith("minirag: ")
    assert said in line
    assert "secret" not in line


def test_simultaneous_probes_share_one_question() -> None:
    asked: list[str] = []

    class Slow:
        def ask(self) -> str:
            asked.append("ask")
            time.sleep(0.1)
            return f"answer {len(asked)}"

    async def probe() -> list[list[str]]:
        shared = runpy.run_path(str(APP / "minirag" / "health.py"))["Probe"](Slow())
        return [await asyncio.gather(*(shared.ask() for _ in range(50))) for _ in range(2)]

    assert asyncio.run(probe()) == [["answer 1"] * 50, ["answer 2"] * 50]
