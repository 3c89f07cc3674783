"""What the server cannot do for a while is no script's mistake, whoever meets it, and however."""

import shutil

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.program import until
from tests.harness.project import REVISIONS
from tests.harness.proxy import SilentListener
from tests.harness.result import Result
from tests.harness.server import a_role
from tests.integration.stage import Stage
from tests.integration.test_async_env import TEMPLATE, url_with

pytestmark = ON_ONE_SERVER

PASSING = {
    "no memory": "53200",
    "no disk": "53100",
    "no slot": "53300",
    "an I/O error": "58030",
    "read-only": "25006",
    "canceled": "57014",
    "a cache that lags": "XX000",
    "a class that nobody knows": "QX001",
    "another server's loss": "08006",
}
BLOCKED = {"a lock": "55P03", "a deadlock": "40P01", "another order": "40001"}


def raising(sqlstate: str) -> str:
    """Python that lets the server raise this."""
    return f"op.execute(\"DO $$BEGIN RAISE 'no' USING ERRCODE = '{sqlstate}'; END$$\")\n"


def indented(body: str) -> str:
    return "".join(f"    {line}\n" for line in body.splitlines())


def assert_passing(ended: Result, stage: Stage, outcome: str = "server_failed") -> None:
    """It may pass, nothing was lost, and the run goes on from there."""
    code = {"server_failed": 13, "blocked": 12, "access_refused": 20}[outcome]
    assert (ended.exit_code, ended.outcome) == (code, outcome), ended.verdict
    assert stage.rows() == (REVISIONS[-1:] if ended.applied else None)


@pytest.mark.parametrize("sqlstate", PASSING.values(), ids=PASSING)
def test_what_may_pass_is_not_the_revisions_failure(stage: Stage, sqlstate: str) -> None:
    stage.project.add("0004", "0003", raising(sqlstate))
    ended = stage.run()
    assert_passing(ended, stage)
    assert ended.verdict["error"]["sqlstate"] == sqlstate
    assert ended.verdict["next_step"].endswith(
        "run again: what was committed is kept, the rest was rolled back"
    )
    stage.project.remove("0004")
    stage.project.add("0004", "0003")
    assert stage.run().exit_code == 0


NO_DISK, NO_PRIVILEGE = raising("53100"), "op.execute('CREATE SCHEMA s')\n"
WRAPPED = {
    "another error from it": "try:\n{0}except Exception as e:\n    raise RuntimeError('x') from e",
    "another error from nothing": "try:\n{0}except Exception:\n    raise KeyError('x') from None",
    "an exit": "import sys\ntry:\n{0}except Exception:\n    sys.exit(1)",
    "a group": "try:\n{0}except Exception as e:\n    raise ExceptionGroup('2', [KeyError('x'), e])",
    "a finally": "try:\n{0}finally:\n    op.execute('SELECT 1')",
    "the next statement": "try:\n{0}except Exception:\n    pass\nop.execute('SELECT 1')",
    "an autocommit block": "with op.get_context().autocommit_block():\n{0}",
    "a session": "from sqlalchemy.orm import Session\nwith Session(op.get_bind()) as s:\n    try:\n"
    "        s.execute(sa.text(\"DO $$BEGIN RAISE 'no' USING ERRCODE = '53100'; END$$\"))\n"
    "    finally:\n        s.commit()",
}


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
@pytest.mark.parametrize("wrapped", WRAPPED.values(), ids=WRAPPED)
def test_whatever_the_revision_makes_of_it(stage: Stage, wrapped: str, driver: str) -> None:
    url = stage.database.url
    if driver != "psycopg2":
        shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
        url = url_with(stage, driver)
    stage.project.add("0004", "0003", wrapped.format(indented(NO_DISK)))
    ended = stage.run(DATABASE_URL=url)
    assert_passing(ended, stage)
    assert ended.verdict["error"]["sqlstate"] == "53100"


@pytest.mark.parametrize("sqlstate", BLOCKED.values(), ids=BLOCKED)
def test_nor_does_a_lock_turn_into_the_revisions_failure(stage: Stage, sqlstate: str) -> None:
    body = WRAPPED["another error from it"].format(indented(raising(sqlstate)))
    stage.project.add("0004", "0003", body)
    assert_passing(stage.run(), stage, "blocked")


def test_nor_does_a_privilege_that_is_missing(stage: Stage) -> None:
    refused = "op.execute('DROP TABLE pg_class')\n"  # to anybody
    body = WRAPPED["another error from it"].format(indented(refused))
    stage.project.add("0004", "0003", body)
    assert_passing(stage.run(), stage, "access_refused")


def test_nor_does_one_that_hides_the_schema(stage: Stage) -> None:
    """The server says "no schema has been selected to create in", as for a wrong search_path."""
    with a_role(stage.database, "app") as role:
        stage.database.execute(f"GRANT ALL ON SCHEMA public TO {role}")
        url = stage.url_of(role)
        assert stage.run(DATABASE_URL=url).exit_code == 0
        revoked = f"REVOKE ALL ON SCHEMA public FROM {role}, PUBLIC"
        body = (
            "import os, psycopg2\nadmin = psycopg2.connect(os.environ['ADMIN'])\n"
            "admin.autocommit = True\n"
            f"admin.cursor().execute({revoked!r})\nop.execute('CREATE TABLE late (id int)')"
        )
        stage.project.add("0004", "0003", body)
        ended = stage.run(DATABASE_URL=url, ADMIN=stage.database.url)
        assert (ended.exit_code, ended.outcome) == (20, "access_refused"), ended.verdict
        stage.database.execute(f"GRANT ALL ON SCHEMA public TO {role}")
        assert stage.rows() == REVISIONS[-1:]


@pytest.mark.parametrize("sqlstate", [*PASSING.values(), "P0001", "42501", "23505"])
def test_nor_is_it_a_mistake_of_env_py(stage: Stage, sqlstate: str) -> None:
    sql = f"DO $$BEGIN RAISE 'no' USING ERRCODE = '{sqlstate}'; END$$"
    stage.project.edit_env(
        "        context.configure(\n            connection=connection",
        f"        connection.exec_driver_sql({sql!r})\n"
        "        context.configure(\n            connection=connection",
    )
    ended = stage.run()
    assert_passing(ended, stage)
    assert ended.verdict["applied"] == []


CLOSED = """
CREATE FUNCTION closed() RETURNS event_trigger LANGUAGE plpgsql
AS $$BEGIN RAISE 'no changes until Monday'; END$$;
CREATE EVENT TRIGGER "the freeze" ON ddl_command_start EXECUTE FUNCTION closed()
"""


AUTHORS_WORDS = ("42501", "55000", "0A000", "23001", "23505", "42P07", "3F000")


@pytest.mark.parametrize("sqlstate", AUTHORS_WORDS)
@pytest.mark.parametrize("target", ["0002", "base"])
def test_it_may_be_closed_by_any_sqlstate(stage: Stage, target: str, sqlstate: str) -> None:
    """Which is the word of whoever wrote the trigger, and none of the server's."""
    if target != "base":
        assert stage.run(HEADSTART_TARGET=target).exit_code == 0
    stage.database.execute(CLOSED.replace("Monday'", f"Monday' USING ERRCODE = '{sqlstate}'"))
    ended = stage.run()
    assert (ended.exit_code, ended.outcome) == (13, "server_failed"), ended.verdict
    assert ended.verdict["error"]["sqlstate"] == sqlstate
    assert "event trigger" in ended.verdict["next_step"]
    assert "GRANT" not in ended.verdict["next_step"]


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
@pytest.mark.parametrize("sqlstate", ["42501", "23505", "42P07"])
def test_whatever_sqlstate_a_revision_raises_is_its_own_failure(
    stage: Stage, sqlstate: str, driver: str
) -> None:
    url = stage.database.url
    if driver != "psycopg2":
        shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
        url = url_with(stage, driver)
    stage.project.add("0004", "0003", raising(sqlstate))
    ended = stage.run(DATABASE_URL=url)
    assert (ended.exit_code, ended.outcome) == (21, "revision_failed"), ended.verdict
    assert ended.verdict["next_step"].startswith("correct the revision")


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
@pytest.mark.parametrize("target", ["0002", "base"])
def test_a_database_that_is_closed_for_changes_may_be_opened(
    stage: Stage, target: str, driver: str
) -> None:
    """At the first statement of Alembic's own, and at a revision's."""
    url = stage.database.url
    if driver != "psycopg2":
        shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
        url = url_with(stage, driver)
    if target != "base":
        assert stage.run(HEADSTART_TARGET=target, DATABASE_URL=url).exit_code == 0
    stage.database.execute(CLOSED)
    ended = stage.run(DATABASE_URL=url)
    assert (ended.exit_code, ended.outcome) == (13, "server_failed"), ended.verdict
    assert "no changes until Monday" in ended.verdict["error"]["message"]
    assert stage.rows() == (None if target == "base" else [target])
    stage.database.execute('DROP EVENT TRIGGER "the freeze"')
    assert stage.run(DATABASE_URL=url).exit_code == 0


def test_the_event_trigger_that_refused_is_named(stage: Stage) -> None:
    assert stage.run(HEADSTART_TARGET="0002").exit_code == 0
    stage.database.execute(CLOSED)
    ended = stage.run()
    assert 'event trigger "the freeze"' in ended.verdict["error"]["message"]
    assert "disable it" in ended.verdict["next_step"]


def test_what_a_revision_raises_itself_is_its_own_failure(stage: Stage) -> None:
    stage.database.execute(CLOSED.replace("ddl_command_start", "sql_drop"))
    stage.project.add("0004", "0003", raising("P0001"))
    ended = stage.run()
    assert (ended.exit_code, ended.outcome) == (21, "revision_failed"), ended.verdict


def test_a_statement_that_somebody_cancels_may_be_tried_again(stage: Stage) -> None:
    stage.project.add("0004", "0003", "op.execute('SELECT pg_sleep(600)')")
    sleepers = (
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sl%'"
    )
    with stage.start() as started:
        until(lambda: stage.database.query(sleepers) == [(True,)], "the statement runs", 60)
        ended = started.end()
    assert_passing(ended, stage)
    assert "somebody canceled it" in ended.verdict["next_step"]


def test_a_limit_of_statements_is_named(stage: Stage) -> None:
    stage.project.add("0004", "0003", "op.execute('SELECT pg_sleep(600)')")
    ended = stage.run(HEADSTART_STATEMENT_TIMEOUT_SECONDS="1")
    assert_passing(ended, stage)
    assert "HEADSTART_STATEMENT_TIMEOUT_SECONDS" in ended.verdict["next_step"]


def test_a_login_that_ends_with_the_work_leaves_it_applied_and_not_verified(stage: Stage) -> None:
    """A token that expires, a password that is rotated: everything is committed all the same."""
    with a_role(stage.database, "app") as role:
        stage.database.execute(f"GRANT ALL ON SCHEMA public TO {role}")
        body = (
            "import os, psycopg2\nadmin = psycopg2.connect(os.environ['ADMIN'])\n"
            "admin.autocommit = True\n"
            f"admin.cursor().execute(\"ALTER ROLE {role} PASSWORD 'next'\")\n"
        )
        stage.project.add("0004", "0003", body)
        ended = stage.run(DATABASE_URL=stage.url_of(role), ADMIN=stage.database.url)
        assert (ended.exit_code, ended.outcome) == (13, "connection_lost"), ended.verdict
        assert ended.applied == [*REVISIONS, "0004"]
        assert stage.rows() == ["0004"]
        assert "what was done is not verified" in ended.verdict["error"]["message"]
        again = stage.run(DATABASE_URL=stage.database.url_of(role, "next"))
        assert again.outcome == "nothing_to_do"


@pytest.mark.parametrize("how", ["another error from it", "another error from nothing"])
@pytest.mark.parametrize("sqlstate", ["57P01", "08006", "08001", "XX000", "QX001"])
def test_nor_is_one_that_is_wrapped(stage: Stage, sqlstate: str, how: str) -> None:
    stage.project.add("0004", "0003", WRAPPED[how].format(indented(raising(sqlstate))))
    assert_passing(stage.run(), stage)


ELSEWHERE = {
    "a refused connection": "import socket; socket.create_connection(('127.0.0.1', 1))",
    "a name that nobody knows": "import socket; socket.getaddrinfo('nowhere.invalid', 1)",
    "a secret store": "import urllib.request; urllib.request.urlopen('http://127.0.0.1:1/')",
    "a disk that is full": "import errno; raise OSError(errno.ENOSPC, 'No space left on device')",
    "no memory": "raise MemoryError",
    "asyncpg": "import asyncio, asyncpg; asyncio.run(asyncpg.connect(host='127.0.0.1', port=1))",
    "a pool": (
        "import os; from sqlalchemy import create_engine, QueuePool\n"
        "engine = create_engine(os.environ['DATABASE_URL'].replace('postgresql:',"
        " 'postgresql+psycopg2:'), poolclass=QueuePool, pool_size=1, max_overflow=0,"
        " pool_timeout=0.2)\nfirst = engine.connect()\nengine.connect()"
    ),
}


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("body", ELSEWHERE.values(), ids=ELSEWHERE)
def test_nor_is_what_the_network_or_the_machine_lacks(
    stage: Stage, body: str, wrapped: bool
) -> None:
    code = WRAPPED["another error from it"].format(indented(body)) if wrapped else body
    stage.project.add("0004", "0003", code)
    assert_passing(stage.run(), stage)


@pytest.mark.parametrize("body", ELSEWHERE.values(), ids=ELSEWHERE)
def test_nor_is_that_env_pys(stage: Stage, body: str) -> None:
    stage.project.edit_env("config = context.config\n", f"config = context.config\n{body}\n")
    ended = stage.run()
    assert ended.exit_code == 13, ended.verdict


def test_a_mute_address_does_not_keep_env_pys_driver(stage: Stage) -> None:
    there = f"127.0.0.1:{stage.database.port}"
    with SilentListener() as mute:
        port = mute.url.rpartition(":")[2].partition("/")[0]
        url = stage.database.url.replace(there, f"127.0.0.1:{port},{there}")
        ended = stage.run(DATABASE_URL=url)
    assert (ended.exit_code, ended.applied) == (0, REVISIONS), ended.verdict
