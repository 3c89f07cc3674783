"""Who waits for whom is told while it lasts; a run that waits for itself ends."""

import shutil
import time
from contextlib import closing

import psycopg2
import pytest
from psycopg2.extensions import make_dsn

from tests.conftest import ON_ONE_SERVER
from tests.harness.killed_runs import SLEEPERS
from tests.harness.program import until
from tests.harness.project import REVISIONS
from tests.harness.proxy import FaultyNetwork
from tests.harness.server import a_role
from tests.integration.stage import Stage
from tests.integration.test_async_env import TEMPLATE
from tests.integration.test_lost_connections import TERMINATE

# env.py decides here, not the server's version
pytestmark = ON_ONE_SERVER

OWN_ENGINE = """
    import os
    op.execute("ALTER TABLE accounts ADD note text")
    engine = sa.create_engine(os.environ["DATABASE_URL"].replace("sql:", "sql+psycopg2:"))
    with engine.begin() as connection:
        connection.execute(sa.text({!r}))
    """
STATEMENTS = {
    "an update": "UPDATE accounts SET name = 'x'",
    "a read": "SELECT * FROM accounts",
    "a change of the schema": "CREATE INDEX ON accounts (name)",
}


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS.keys())
def test_a_revision_that_waits_for_itself_ends_and_says_so(stage: Stage, statement: str) -> None:
    assert stage.run().exit_code == 0
    stage.project.add("0004", "0003", OWN_ENGINE.format(statement))
    ended = stage.run(HEADSTART_HEARTBEAT_SECONDS="1")
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed")
    assert "revision 0004 waits for itself" in ended.verdict["error"]["message"]
    assert "op.get_bind()" in ended.verdict["next_step"]
    assert stage.rows() == ["0003"]
    assert "note" not in {name for (name,) in stage.database.query(COLUMNS)}


COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = 'accounts'"


def test_so_it_does_where_no_slot_is_left_to_look_from(stage: Stage) -> None:
    """The lock's connection, the one that migrates, and the revision's own take all there are."""
    with a_role(stage.database, "few") as role:
        stage.database.execute(f"ALTER SCHEMA public OWNER TO {role}")
        stage.database.execute(f"ALTER ROLE {role} CONNECTION LIMIT 3")
        url = stage.database.url_of(role)
        assert stage.run(DATABASE_URL=url).exit_code == 0
        stage.project.add("0004", "0003", OWN_ENGINE.format(STATEMENTS["an update"]))
        ended = stage.run(DATABASE_URL=url, HEADSTART_HEARTBEAT_SECONDS="1")
    assert "revision 0004 waits for itself" in ended.verdict["error"]["message"]


def test_an_env_that_waits_for_itself_ends_and_says_so(stage: Stage) -> None:
    assert stage.run().exit_code == 0
    stage.project.edit_env(
        "    with connectable.connect() as connection:\n",
        "    first = connectable.connect()\n"
        "    first.exec_driver_sql('LOCK TABLE accounts')\n"
        "    with connectable.connect() as connection:\n"
        "        connection.exec_driver_sql('SELECT * FROM accounts')\n",
    )
    ended = stage.run(HEADSTART_HEARTBEAT_SECONDS="1")
    assert (ended.exit_code, ended.verdict["outcome"]) == (24, "broken_history")
    assert "env.py waits for itself" in ended.verdict["error"]["message"]


def test_who_is_waited_for_is_told_and_the_run_goes_on(stage: Stage) -> None:
    """Somebody else gives way in the end."""
    assert stage.run().exit_code == 0
    stage.project.add("0004", "0003", 'op.execute("ALTER TABLE accounts ADD note text")')
    other = psycopg2.connect(make_dsn(**stage.database.parameters))
    other.cursor().execute("LOCK TABLE accounts")
    with closing(other), stage.start(HEADSTART_HEARTBEAT_SECONDS="1") as run:
        waiting = run.await_event("revision_running")
        time.sleep(3)
        other.rollback()
        ended = run.end()
    assert ended.verdict["outcome"] == "upgraded"
    assert "waits for pid" in waiting["waits"][0]
    assert "this run" not in waiting["waits"][0]


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
def test_who_has_kept_a_revision_from_its_lock_is_named_at_the_end(
    stage: Stage, driver: str
) -> None:
    """With nothing set: the lock timeout strikes before the first heartbeat."""
    url = stage.database.driver_url(driver)
    if driver != "psycopg2":
        shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
    assert stage.run(DATABASE_URL=url).exit_code == 0
    stage.project.add("0004", "0003", 'op.execute("ALTER TABLE accounts ADD note text")')
    name = "a holder\x1b[31m"
    with closing(psycopg2.connect(stage.database.url, application_name=name)) as other:
        process = other.info.backend_pid
        other.cursor().execute("LOCK TABLE accounts")
        ended = stage.run(DATABASE_URL=url, HEADSTART_DDL_RETRY_SECONDS="0")
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    message = ended.verdict["error"]["message"]
    assert f"waits for pid {process} (a holder" in message
    assert "of role postgres" in message
    assert ", idle in its transaction for " in message
    assert "(AccessExclusiveLock on public.accounts)" in message
    assert "\x1b" not in ended.stderr + ended.stdout


def test_whom_an_earlier_statement_waited_for_is_not_blamed(stage: Stage) -> None:
    """One that gave way; the last statement asks with NOWAIT, for what somebody else has."""
    assert stage.run().exit_code == 0
    stage.project.add(
        "0004",
        "0003",
        'op.execute("LOCK TABLE accounts")\nop.execute("LOCK TABLE alembic_version NOWAIT")',
    )
    with (
        closing(psycopg2.connect(stage.database.url)) as first,
        closing(psycopg2.connect(stage.database.url)) as second,
    ):
        process = first.info.backend_pid
        first.cursor().execute("LOCK TABLE accounts")
        second.cursor().execute("LOCK TABLE alembic_version IN ACCESS SHARE MODE")
        with stage.start(HEADSTART_DDL_RETRY_SECONDS="0") as run:
            run.await_event("revision_started")
            time.sleep(3.5)
            first.rollback()
            ended = run.end()
    assert ended.outcome == "blocked", ended.verdict
    assert f"pid {process} " not in ended.verdict["error"]["message"]


def test_a_revision_that_gives_up_waiting_for_itself_is_told_so(stage: Stage) -> None:
    """No heartbeat has seen it twice: its own lock timeout was faster."""
    assert stage.run().exit_code == 0
    stage.project.add("0004", "0003", OWN_LIMITED)
    ended = stage.run()
    assert (ended.exit_code, ended.outcome) == (21, "revision_failed"), ended.verdict
    assert "revision 0004 waits for itself" in ended.verdict["error"]["message"]
    assert "headstart:work:" in ended.verdict["error"]["message"]
    assert "op.get_bind()" in ended.verdict["next_step"]


OWN_LIMITED = """
    op.execute("ALTER TABLE accounts ADD note text")
    with op.get_bind().engine.connect() as connection:
        connection.exec_driver_sql("SET lock_timeout = '4s'")
        connection.exec_driver_sql("SELECT * FROM accounts")
    """


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
def test_a_connection_whose_end_nobody_tells_is_lost(stage: Stage, driver: str) -> None:
    """The run lock's is well, and the network keeps to itself that the server ended the other."""
    url = stage.database.driver_url(driver)
    if driver == "psycopg2":
        stage.project.edit_env("config = context.config\n", OTHER_URL)
    else:
        shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
        stage.project.edit_env("config = context.config\n", OTHER_URL)
    stage.project.add("0004", "0003", "op.execute('SELECT pg_sleep(600)')")
    with (
        FaultyNetwork(stage.database.port) as network,
        stage.start(
            OTHER=network.through(url),
            DATABASE_URL=stage.database.url if driver == "psycopg2" else url,
            HEADSTART_HEARTBEAT_SECONDS="1",
        ) as run,
    ):
        until(lambda: stage.database.query(SLEEPERS) == [(1,)], "the statement runs", 60)
        network.silent.set()
        stage.database.query(TERMINATE)
        ended = run.end(40)
    assert (ended.exit_code, ended.outcome) == (13, "connection_lost"), ended.verdict
    assert "nobody has told this client" in ended.verdict["error"]["message"]
    assert stage.rows() == REVISIONS[-1:]


OTHER_URL = (
    "config = context.config\nimport os\n"
    "config.set_main_option('sqlalchemy.url', os.environ['OTHER'].replace('%', '%%'))\n"
)


def test_a_connection_that_is_well_is_not_given_up(stage: Stage) -> None:
    stage.project.add("0004", "0003", "import time; time.sleep(5)")
    ended = stage.run(HEADSTART_HEARTBEAT_SECONDS="1")
    assert ended.outcome == "upgraded"


LOCKS = "SET LOCAL lock_timeout = 0"
WAITERS = {
    "a change of a table": (
        f"op.execute({LOCKS!r})\nop.execute('ALTER TABLE accounts ADD note text')",
        "LOCK TABLE accounts",
    ),
    "an advisory lock": ("op.execute('SELECT pg_advisory_lock(1)')", "SELECT pg_advisory_lock(1)"),
    "an index that waits for a transaction": (
        (
            "with op.get_context().autocommit_block():\n"
            "    op.execute('CREATE INDEX CONCURRENTLY by_name ON accounts (name)')"
        ),
        "INSERT INTO accounts (name) VALUES ('x')",
    ),
}
UNLIMITED = {"HEADSTART_DDL_LOCK_TIMEOUT_SECONDS": "60", "HEADSTART_DEADLINE_SECONDS": "8"}


@pytest.mark.parametrize(("body", "held"), WAITERS.values(), ids=WAITERS)
def test_a_deadline_that_passes_while_somebody_else_is_in_the_way_names_him(
    stage: Stage, body: str, held: str
) -> None:
    """No heartbeat comes so soon: the look before the deadline tells."""
    assert stage.run().exit_code == 0
    stage.project.add("0004", "0003", body)
    with closing(psycopg2.connect(stage.database.url)) as other:
        process = other.info.backend_pid
        other.cursor().execute(held)
        ended = stage.run(**UNLIMITED)
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    message = ended.verdict["error"]["message"]
    assert "HEADSTART_DEADLINE_SECONDS passed while the work waited" in message
    assert f"waits for pid {process} " in message
    assert stage.rows() == ["0003"]


def test_so_does_one_that_passes_in_env_py(stage: Stage) -> None:
    stage.project.edit_env(
        "        context.configure(\n",
        "        connection.exec_driver_sql('SELECT pg_advisory_lock(1)')\n"
        "        connection.commit()\n        context.configure(\n",
    )
    with closing(psycopg2.connect(stage.database.url)) as other:
        process = other.info.backend_pid
        other.cursor().execute("SELECT pg_advisory_lock(1)")
        ended = stage.run(**UNLIMITED)
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert f"waits for pid {process} " in ended.verdict["error"]["message"]


def test_a_deadline_that_passes_in_a_revisions_own_work_is_its_failure(stage: Stage) -> None:
    stage.project.add("0004", "0003", "op.execute('SELECT pg_sleep(60)')")
    ended = stage.run(**UNLIMITED)
    assert (ended.exit_code, ended.outcome) == (21, "revision_failed"), ended.verdict
