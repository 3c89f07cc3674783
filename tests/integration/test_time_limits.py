"""Whose limit of time counts: env.py's own; not what the app's URL or role brings with it."""

import shutil
from contextlib import closing

import psycopg2
import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.server import a_role
from tests.integration.stage import Stage
from tests.integration.test_async_env import TEMPLATE, url_with

pytestmark = ON_ONE_SERVER

SLOW = "op.execute('SELECT pg_sleep(1.5)')"
OPTIONS = "-c%20statement_timeout%3D500%20-c%20lock_timeout%3D500"


def asked(url: str, more: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{more}"


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
@pytest.mark.parametrize("place", ["URL", "PGOPTIONS"])
def test_a_limit_of_the_apps_login_ends_no_revision(stage: Stage, place: str, driver: str) -> None:
    url, environ = stage.database.url, {}
    if driver != "psycopg2":
        shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
        url = url_with(stage, driver)
    stage.project.add("0004", "0003", SLOW)
    if place == "PGOPTIONS":
        environ = {"PGOPTIONS": "-c statement_timeout=500 -c lock_timeout=500"}
    else:
        url = asked(url, f"options={OPTIONS}")
    ended = stage.run(DATABASE_URL=url, **environ)
    assert (ended.exit_code, stage.rows()) == (0, ["0004"]), ended.verdict


@pytest.mark.parametrize("place", ["URL", "PGOPTIONS"])
def test_one_of_ours_counts_in_its_place(stage: Stage, place: str) -> None:
    stage.project.add("0004", "0003", "op.execute('SELECT pg_sleep(600)')")
    environ = {"PGOPTIONS": "-c statement_timeout=500000"} if place == "PGOPTIONS" else {}
    more = "options=-c%20statement_timeout%3D500000"
    url = asked(stage.database.url, more) if place == "URL" else stage.database.url
    ended = stage.run(DATABASE_URL=url, HEADSTART_STATEMENT_TIMEOUT_SECONDS="1", **environ)
    assert (ended.exit_code, ended.outcome) == (13, "server_failed"), ended.verdict


@pytest.mark.parametrize("place", ["URL", "PGOPTIONS"])
def test_one_that_env_py_sets_itself_counts_beside_them(stage: Stage, place: str) -> None:
    stage.project.edit_env(
        "        context.configure(\n            connection=connection",
        "        connection.exec_driver_sql(\"SET statement_timeout = '1s'\")\n"
        "        connection.commit()\n"
        "        context.configure(\n            connection=connection",
    )
    stage.project.add("0004", "0003", "op.execute('SELECT pg_sleep(600)')")
    environ = {"PGOPTIONS": "-c statement_timeout=500000"} if place == "PGOPTIONS" else {}
    more = "options=-c%20statement_timeout%3D500000"
    url = asked(stage.database.url, more) if place == "URL" else stage.database.url
    ended = stage.run(DATABASE_URL=url, **environ)
    assert (ended.exit_code, ended.outcome) == (13, "server_failed"), ended.verdict


@pytest.mark.parametrize("milliseconds", [1, 2, 3, 5, 8, 12])
def test_a_limit_that_ends_what_headstart_reads_is_named(stage: Stage, milliseconds: int) -> None:
    """Whichever of its reads it ends: never a connection that was lost, nor a database that is."""
    stage.database.execute(
        f"ALTER DATABASE {stage.database.name} SET statement_timeout = {milliseconds}"
    )
    for _ in range(2):
        ended = stage.run(HEADSTART_WAIT_SECONDS="2")
        if ended.exit_code:
            # unreachable: before the database was accepted at all
            assert ended.outcome in {"server_failed", "unreachable"}, ended.verdict
            assert ended.verdict["error"]["sqlstate"] == "57014", ended.verdict
            assert "statement_timeout" in ended.verdict["next_step"], ended.verdict


HELD = "LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE"


@pytest.mark.parametrize("limit", ["statement_timeout", "lock_timeout"])
@pytest.mark.parametrize("verb", ["check", "wait", "run"])
def test_a_limit_of_the_role_ends_no_read_for_good(stage: Stage, verb: str, limit: str) -> None:
    """It is the database's answer that takes long: whoever asks again gets it."""
    assert stage.run().exit_code == 0
    with a_role(stage.database, "app") as role:
        stage.database.execute(
            f"ALTER ROLE {role} SET {limit} = '300ms'; GRANT ALL ON alembic_version TO {role}"
        )
        url = stage.url_of(role)
        with closing(psycopg2.connect(stage.database.url)) as holder:
            holder.cursor().execute(HELD)
            with stage.start(verb, DATABASE_URL=url, HEADSTART_WAIT_SECONDS="3") as started:
                ended = started.end()
        assert ended.exit_code in {10, 12, 13, 14}, ended.verdict
        assert stage.run(verb, DATABASE_URL=url).exit_code == 0


def test_what_is_said_to_be_applied_survives_a_crash(stage: Stage) -> None:
    """Under synchronous_commit = off the server says so before it is on disk."""
    name = stage.database.name
    seen = "CREATE TABLE seen AS SELECT current_setting('synchronous_commit') AS mode"
    stage.project.add("0004", "0003", f'op.execute("{seen}")')
    stage.database.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    assert stage.run().exit_code == 0
    assert stage.database.query("SELECT mode FROM seen") == [("local",)]


@pytest.mark.parametrize("mode", ["on", "remote_apply", "local"])
def test_a_stronger_promise_is_kept(stage: Stage, mode: str) -> None:
    seen = "CREATE TABLE seen AS SELECT current_setting('synchronous_commit') AS mode"
    stage.project.add("0004", "0003", f'op.execute("{seen}")')
    stage.database.execute(f"ALTER DATABASE {stage.database.name} SET synchronous_commit = {mode}")
    assert stage.run().exit_code == 0
    assert stage.database.query("SELECT mode FROM seen") == [(mode,)]
