"""A connection that is lost is told as that, whatever a revision or env.py makes of the error."""

import shutil
from collections.abc import Iterator

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.embedded import PostgresServer
from tests.harness.killed_runs import SLEEPERS
from tests.harness.program import until
from tests.harness.project import REVISIONS
from tests.harness.proxy import FaultyNetwork
from tests.harness.result import Result
from tests.harness.server import refusing_port
from tests.integration.stage import Stage
from tests.integration.test_async_env import TEMPLATE, url_with

pytestmark = ON_ONE_SERVER

SLEEP = "op.execute('SELECT pg_sleep(600)')"
TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name LIKE 'headstart:work:%' AND datname = current_database()"
)
BODIES = {
    "in an autocommit block": f"with op.get_context().autocommit_block():\n    {SLEEP}",
    "with more work in a finally": f"try:\n    {SLEEP}\nfinally:\n    op.execute('SELECT 1')",
    "as another error from it": (
        f"try:\n    {SLEEP}\nexcept Exception as error:\n"
        "    raise RuntimeError('the import failed') from error"
    ),
    "as another error from nothing": (
        f"try:\n    {SLEEP}\nexcept Exception:\n    raise ValueError('the import failed') from None"
    ),
    "in a group": (
        f"try:\n    {SLEEP}\nexcept Exception as error:\n"
        "    raise ExceptionGroup('two', [KeyError('x'), error])"
    ),
    "as an exit": f"import sys\ntry:\n    {SLEEP}\nexcept Exception:\n    sys.exit(1)",
    "in a session": (
        "from sqlalchemy.orm import Session\nwith Session(op.get_bind()) as session:\n"
        "    try:\n        session.execute(sa.text('SELECT pg_sleep(600)'))\n"
        "    finally:\n        session.commit()"
    ),
    "through the driver": (
        "try:\n    op.get_bind().connection.cursor().execute('SELECT pg_sleep(600)')\n"
        "except Exception:\n    raise LookupError('nothing there') from None"
    ),
    "swallowed": f"try:\n    {SLEEP}\nexcept Exception:\n    pass",
}


def lose(stage: Stage, **environ: str) -> Result:
    """Run, and let the server end the worker while its statement runs."""
    with stage.start(**environ) as started:
        until(lambda: stage.database.query(SLEEPERS) == [(1,)], "the statement runs", 60)
        stage.database.query(TERMINATE)
        return started.end()


def assert_lost(end: Result, stage: Stage) -> None:
    assert (end.exit_code, end.outcome) == (13, "connection_lost"), end.verdict
    assert end.applied == REVISIONS
    assert stage.rows() == REVISIONS[-1:]


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_lost_connection_is_no_fault_of_the_revision(stage: Stage, body: str) -> None:
    stage.project.add("0004", "0003", body)
    assert_lost(lose(stage), stage)


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
@pytest.mark.parametrize(
    "body", [BODIES["in an autocommit block"], BODIES["as another error from nothing"]]
)
def test_nor_with_an_async_driver(stage: Stage, driver: str, body: str) -> None:
    shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
    stage.project.add("0004", "0003", body)
    assert_lost(lose(stage, DATABASE_URL=url_with(stage, driver)), stage)


ENVIRONMENTS = {
    "rolls back": "except BaseException:\n                connection.rollback()\n"
    "                connection.execute(sa.text('SELECT 1'))\n                raise",
    "exits": "except Exception as error:\n                sys.exit(f'no: {error}')",
    "wraps": "except Exception:\n                raise SystemError('no upgrade') from None",
    "swallows": "except Exception:\n                pass",
}


@pytest.mark.parametrize("handling", ENVIRONMENTS.values(), ids=ENVIRONMENTS.keys())
def test_nor_is_it_one_of_env_py(stage: Stage, handling: str) -> None:
    stage.project.edit_env(
        "        with context.begin_transaction():\n            context.run_migrations()",
        "        import sys\n        import sqlalchemy as sa\n"
        "        with context.begin_transaction():\n            try:\n"
        "                context.run_migrations()\n            " + handling,
    )
    stage.project.add("0004", "0003", BODIES["in an autocommit block"])
    assert_lost(lose(stage), stage)


@pytest.mark.parametrize("body", [SLEEP, BODIES["in an autocommit block"]])
def test_nor_is_one_that_the_network_cuts(stage: Stage, body: str) -> None:
    stage.project.add("0004", "0003", body)
    with (
        FaultyNetwork(stage.database.port) as network,
        stage.start(DATABASE_URL=network.through(stage.database.url)) as started,
    ):
        until(lambda: stage.database.query(SLEEPERS) == [(1,)], "the statement runs", 60)
        network.reset()
        assert_lost(started.end(), stage)


@pytest.fixture
def restarted() -> Iterator[PostgresServer]:
    """A server of the test's own."""
    with PostgresServer(18) as server:
        yield server


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_nor_is_a_restart_of_the_server(stage: Stage, restarted: PostgresServer, mode: str) -> None:
    stage.project.add("0004", "0003", BODIES["in an autocommit block"])
    with stage.start(DATABASE_URL=restarted.url()) as started:
        until(lambda: restarted.execute(SLEEPERS) == [(1,)], "the statement runs", 60)
        restarted.restart(mode)  # type: ignore[arg-type]
        end = started.end()
    assert (end.exit_code, end.outcome) == (13, "connection_lost"), end.verdict


ENDS = {
    "another error": "raise RuntimeError('db')",
    "an exit": "raise SystemExit('db')",
    "an exit that claims success": "raise SystemExit(0)",
}


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_nor_does_what_env_py_says_of_it_hide_it(stage: Stage, end: str, driver: str) -> None:
    """Only the lock's own question finds the loss: its connection is closed before its release."""
    stage.project.edit_env(
        "        context.configure(\n            connection=connection",
        "        import sqlalchemy as sa\n        lost = None\n        try:\n"
        "            connection.execute(sa.text('SELECT pg_sleep(600)'))\n"
        "        except Exception as error:\n            lost = str(error)\n"
        f"        if lost:\n            {end}\n"
        "        context.configure(\n            connection=connection",
    )
    stage.project.edit_env(
        '        prefix="sqlalchemy.",',
        f"        prefix=\"sqlalchemy.\",\n        url=config.get_main_option('sqlalchemy.url')"
        f".replace('postgresql+psycopg2:', 'postgresql+{driver}:'),",
    )
    with (
        FaultyNetwork(stage.database.port) as network,
        stage.start(DATABASE_URL=network.through(stage.database.url)) as started,
    ):
        until(lambda: stage.database.query(SLEEPERS) == [(1,)], "the statement runs", 60)
        network.reset()
        found = started.end()
    assert (found.exit_code, found.outcome) == (13, "connection_lost"), found.verdict


OTHER = (
    "import psycopg2\ntry:\n"
    f"    psycopg2.connect(host='127.0.0.1', port={refusing_port()}, user='app', "
    "dbname='reports')\n"
    "except psycopg2.OperationalError:\n    "
)
OWN_FAILURES = {
    "the server's refusal": "op.execute('INSERT INTO orders (account_id) VALUES (7)')",
    "an error of its own": "raise ValueError('no reports')",
    "an exit": "raise SystemExit(3)",
}


@pytest.mark.parametrize("failure", OWN_FAILURES.values(), ids=OWN_FAILURES.keys())
def test_a_lost_connection_to_something_else_excuses_no_revision(
    stage: Stage, failure: str
) -> None:
    """Else a run that can never succeed would be tried for ever."""
    stage.project.add("0004", "0003", OTHER + failure)
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed"), ended.verdict
    assert stage.rows() == REVISIONS[-1:]


NOWHERE = f"127.0.0.1:{refusing_port()}/other"
SECOND = (
    "import os, socket, psycopg\n"
    "c = psycopg.connect(os.environ['DATABASE_URL'], dbname='postgres')\nc.execute('SELECT 1')\n"
)
OTHERS = {
    "a driver's": f"import psycopg\npsycopg.connect('postgresql://x:y@{NOWHERE}')",
    "psycopg2's": f"import psycopg2\npsycopg2.connect('postgresql://x:y@{NOWHERE}')",
    "SQLAlchemy's": f"sa.create_engine('postgresql+psycopg2://x:y@{NOWHERE}').connect()",
    "SQLite's": "sa.create_engine('sqlite:////nonexistent/x.db').connect()",
    "one that is cut": (
        f"{SECOND}socket.socket(fileno=os.dup(c.fileno())).shutdown(2)\nc.execute('SELECT 1')"
    ),
    "one that is terminated": (
        f"{SECOND}op.execute(f'SELECT pg_terminate_backend({{c.info.backend_pid}})')\n"
        "c.execute('SELECT 1')"
    ),
}


@pytest.mark.parametrize("body", OTHERS.values(), ids=OTHERS.keys())
def test_a_connection_of_the_revisions_own_that_fails_may_pass(stage: Stage, body: str) -> None:
    stage.project.add("0004", "0003", body)
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (13, "server_failed"), ended.verdict
    assert "not headstart's connection, which is alive" in ended.verdict["error"]["message"]
    assert "what the revision connects to" in ended.verdict["next_step"]
    assert stage.rows() == REVISIONS[-1:]


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
@pytest.mark.parametrize("sqlstate", ["08006", "57P01", "57P03"])
def test_a_statement_that_raises_the_sqlstate_of_a_loss_has_lost_nothing_here(
    stage: Stage, sqlstate: str, driver: str
) -> None:
    if driver != "psycopg2":
        shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
    raising = f"DO $$BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{sqlstate}'; END$$"
    stage.project.add("0004", "0003", f'op.execute("{raising}")')
    url = stage.database.url if driver == "psycopg2" else url_with(stage, driver)
    ended = stage.run(DATABASE_URL=url)
    assert (ended.exit_code, ended.verdict["outcome"]) == (13, "server_failed"), ended.verdict
    assert ended.verdict["error"]["sqlstate"] == sqlstate


def test_a_restart_that_a_second_connection_meets_first_is_a_loss(
    stage: Stage, restarted: PostgresServer
) -> None:
    second = f"{SECOND}c.execute('SELECT pg_sleep(600)')"
    stage.project.add("0004", "0003", second)
    with stage.start(DATABASE_URL=restarted.url()) as started:
        until(lambda: restarted.execute(SLEEPERS) == [(1,)], "the statement runs", 60)
        restarted.restart("fast")
        end = started.end()
    assert (end.exit_code, end.outcome) == (13, "connection_lost"), end.verdict


ONCE = (
    "import os\nif not os.environ.get('LOST_ONCE'):\n    os.environ['LOST_ONCE'] = 'yes'\n"
    "    op.execute('SELECT pg_terminate_backend(pg_backend_pid())')\n"
)


def test_a_failure_on_a_new_connection_is_the_revisions_own(stage: Stage) -> None:
    """An env.py that tries again: what it fails of at last is not the connection."""
    stage.project.edit_env(
        "else:\n    run_migrations_online()",
        "else:\n    try:\n        run_migrations_online()\n"
        "    except Exception:\n        run_migrations_online()",
    )
    stage.project.add("0004", "0003", ONCE + OWN_FAILURES["the server's refusal"])
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed"), ended.verdict
    assert ended.verdict["error"]["sqlstate"] == "23503"
