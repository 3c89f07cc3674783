"""A slot that others have taken is waited for, in the middle of a run, too; waiters take none."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg2
import pytest

from headstart.postgres.advisory_lock import RUN_LOCK_KEY
from tests.conftest import ON_ONE_SERVER
from tests.harness.embedded import PostgresServer
from tests.harness.program import until
from tests.harness.project import REVISIONS
from tests.harness.server import a_role
from tests.harness.slow import run, start
from tests.integration.stage import Stage
from tests.integration.test_async_env import TEMPLATE

WAITERS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'headstart:lock:%'"
PAUSE = """
import pathlib, time
at = pathlib.Path({at!r})
at.touch()
while at.exists():
    time.sleep(0.05)
"""
"""env.py waits until the test has done something."""
ENV_PLACES: dict[str, Callable[[str, str], str]] = {
    "before env.py connects": lambda env, pause: pause + env,
    "after env.py": lambda env, pause: env + pause,
}


@pytest.fixture
def role(stage: Stage) -> Iterator[str]:
    """The URL of a role that may have two connections: the run lock's and one more."""
    with a_role(stage.database, "narrow", "CONNECTION LIMIT 2") as name:
        stage.database.execute(f"GRANT CREATE ON SCHEMA public TO {name}")
        yield stage.database.url_of(name)


@ON_ONE_SERVER
@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
@pytest.mark.parametrize("place", ENV_PLACES)
def test_a_run_that_holds_the_lock_waits_for_a_slot(
    stage: Stage, role: str, tmp_path: Path, place: str, driver: str
) -> None:
    env, at = stage.project.path / "alembic" / "env.py", tmp_path / "at"
    if driver == "asyncpg":
        shutil.copy(TEMPLATE, env)
    env.write_text(ENV_PLACES[place](env.read_text(), PAUSE.format(at=str(at))))
    url = role.replace("postgresql://", f"postgresql+{driver}://", 1)
    with stage.start(DATABASE_URL=url) as started:
        until(at.exists, "env.py has come so far", 30)
        with closing(psycopg2.connect(role)):
            at.unlink()
            failed = started.await_event("connection_failed", 30)
        end = started.end()
    assert "no connection slot is left" in failed["cause"]
    assert (end.exit_code, end.outcome) == (0, "upgraded"), end.verdict


IN_BETWEEN = """
import psycopg2, time
real, refused = psycopg2.connect, []
def connect(*given, **named):
    if "async_" in named or len(refused) == {refusals}:
        return real(*given, **named)
    taken = real({url!r})
    try:
        return real(*given, **named)
    except psycopg2.OperationalError as error:
        refused.append(error)
        raise
    finally:
        taken.close()
        time.sleep(0.5)
psycopg2.connect = connect
"""
"""env.py's connection is refused for a slot that is free when headstart looks."""


@ON_ONE_SERVER
@pytest.mark.parametrize(("refusals", "outcome"), [(2, "upgraded"), (99, "connection_lost")])
def test_a_slot_that_got_free_before_we_looked_is_tried_for_again(
    stage: Stage, role: str, refusals: int, outcome: str
) -> None:
    env = stage.project.path / "alembic" / "env.py"
    env.write_text(IN_BETWEEN.format(url=role, refusals=refusals) + env.read_text())
    end = stage.run(DATABASE_URL=role)
    assert end.outcome == outcome, end.verdict
    failed = [event for event in end.events if event["event"] == "connection_failed"]
    assert len(failed) == min(refusals, 5)


@ON_ONE_SERVER
@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
@pytest.mark.parametrize("ends", ["upgraded", "revision_failed"])
def test_what_env_py_has_left_idle_in_its_pool_makes_room_for_the_verification(
    stage: Stage, role: str, driver: str, ends: str
) -> None:
    env = stage.project.path / "alembic" / "env.py"
    if driver == "asyncpg":
        shutil.copy(TEMPLATE, env)
    stage.project.edit_env("poolclass=pool.NullPool", "pool_size=5")
    if driver == "asyncpg":
        stage.project.edit_env("    await connectable.dispose()\n", "")
    if ends == "revision_failed":
        stage.project.add("0004", "0003", "op.execute('no SQL')")
    ended = stage.run(DATABASE_URL=role.replace("postgresql://", f"postgresql+{driver}://", 1))
    assert ended.outcome == ends, ended.verdict
    assert ended.applied == REVISIONS
    assert ended.verdict["to"] == REVISIONS[-1:]


@ON_ONE_SERVER
def test_a_role_with_one_connection_is_told_its_limit_at_once(stage: Stage) -> None:
    with a_role(stage.database, "single", "CONNECTION LIMIT 1") as name:
        end = stage.run(DATABASE_URL=stage.database.url_of(name))
    assert (end.exit_code, end.outcome) == (10, "unreachable"), end.verdict
    assert f'the CONNECTION LIMIT of ROLE "{name}" is 1' in end.verdict["error"]["message"]
    assert f'ALTER ROLE "{name}" CONNECTION LIMIT' in end.verdict["next_step"]
    assert "pool" not in end.verdict["error"]["message"] + end.verdict["next_step"]
    assert end.seconds < 30


@ON_ONE_SERVER
def test_who_waits_for_the_lock_keeps_no_connection(stage: Stage) -> None:
    with closing(psycopg2.connect(stage.database.url)) as holder:
        holder.cursor().execute(f"SELECT pg_advisory_xact_lock({RUN_LOCK_KEY})")
        with stage.start() as waiter:
            waiter.await_event("lock_waited")
            until(lambda: stage.database.query(WAITERS) == [(0,)], "it has left", 30)
            until(lambda: stage.database.query(WAITERS) == [(1,)], "it has come again", 30)
            holder.rollback()
            assert waiter.end().exit_code == 0


def test_of_many_runs_on_few_slots_each_ends_well() -> None:
    """Five slots: the others have 3 for superusers, and the run that works needs two of them."""
    with PostgresServer(18, conf=["max_connections = 8"]) as server, ExitStack() as stack:
        server.execute("CREATE ROLE app LOGIN PASSWORD 'pw'")
        server.execute("CREATE DATABASE shop OWNER app")
        url = server.url(dbname="shop", user="app", password="pw")
        runs = [stack.enter_context(start(url, SLOW_SECONDS="6")) for _ in range(16)]
        ends = [each.end(150) for each in runs]
    failed = [end.stderr for end in ends if end.exit_code]
    assert not failed, failed[0]
    assert sorted(end.outcome for end in ends) == ["nothing_to_do"] * 15 + ["upgraded"]


@ON_ONE_SERVER
def test_a_lock_that_may_not_be_taken_is_refused_at_once_with_the_grant(stage: Stage) -> None:
    function = "FUNCTION pg_catalog.pg_try_advisory_xact_lock(bigint)"
    stage.database.execute(f"REVOKE EXECUTE ON {function} FROM PUBLIC")
    with stage.login() as role:
        end = run(stage.url_of(role))
    assert (end.exit_code, end.outcome) == (20, "access_refused"), end.verdict
    assert "permission denied for function pg_try_advisory_xact_lock" in str(end.verdict["error"])
    assert end.verdict["error"]["sqlstate"] == "42501"
    assert end.verdict["next_step"].startswith(f"GRANT EXECUTE ON {function} to")
    assert end.seconds < 30
