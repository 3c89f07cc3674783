"""env.py of Alembic's async template, as it is, with each driver that an async app may have."""

import shutil
import signal
from importlib.util import find_spec
from pathlib import Path

import alembic
import psycopg2
import pytest

from tests.harness.killed_runs import SLEEPERS
from tests.harness.program import until
from tests.harness.project import REVISIONS, TABLES, ProjectCopy
from tests.integration.stage import Stage

TEMPLATE = Path(alembic.__file__).parent / "templates" / "async" / "env.py"
DRIVERS = ["asyncpg", "psycopg"]
WORKER = "application_name LIKE 'headstart:work:%'"


@pytest.fixture
def project(project: ProjectCopy) -> ProjectCopy:
    """Give the plain project with the env.py of the async template."""
    shutil.copy(TEMPLATE, project.path / "alembic" / "env.py")
    return project


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    """Name a driver, which is there."""
    assert find_spec(request.param)
    return str(request.param)


def url_with(stage: Stage, driver: str, **parameters: str) -> str:
    """Return the URL as the app has it, with its own driver."""
    url = stage.database.url.replace("postgresql://", f"postgresql+{driver}://", 1)
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return f"{url}{'&' if '?' in url else '?'}{query}" if query else url


def test_the_revisions_run_with_the_driver_that_the_url_names(stage: Stage, driver: str) -> None:
    ended = stage.run(DATABASE_URL=url_with(stage, driver))
    assert ended.verdict["outcome"] == "upgraded"
    assert [step["revision"] for step in ended.verdict["applied"]] == REVISIONS
    assert stage.tables() == {*TABLES, "alembic_version"}
    probed = [event for event in ended.events if event["event"] == "env_configured"]
    assert [(event["driver"], event["transactions"]) for event in probed] == [
        (driver, "per_revision")
    ]


def test_without_a_driver_in_the_url_an_installed_one_is_taken(stage: Stage) -> None:
    ended = stage.run()
    assert ended.verdict["outcome"] == "upgraded"
    assert [e["driver"] for e in ended.events if e["event"] == "env_configured"] == ["asyncpg"]


def test_without_an_async_driver_the_refusal_says_what_to_install(stage: Stage) -> None:
    ended = stage.run_python(
        "import headstart.revisions.late_driver as late, headstart.command.main as cli\n"
        "late.find_spec = lambda name: None\ncli.main([])"
    )
    assert (ended.exit_code, ended.verdict["outcome"]) == (24, "broken_history")
    assert ended.verdict["next_step"] == "install asyncpg or psycopg in the image"
    assert stage.tables() == set()


@pytest.mark.parametrize(
    "parameters",
    [
        {"sslmode": "prefer", "target_session_attrs": "read-write"},
        {"connect_timeout": "7", "keepalives_idle": "30", "gssencmode": "disable"},
        {"application_name": "shop", "options": "-c%20work_mem%3D8MB"},
        {"prepared_statement_cache_size": "0"},
    ],
    ids="-".join,
)
def test_what_the_url_says_to_libpq_is_told_to_asyncpg_as_it_takes_it(
    stage: Stage, parameters: dict[str, str]
) -> None:
    ended = stage.run(DATABASE_URL=url_with(stage, "asyncpg", **parameters))
    assert ended.verdict["outcome"] == "upgraded", ended.verdict


def test_a_check_that_asyncpg_cannot_do_is_not_dropped(stage: Stage) -> None:
    """`prefer` is libpq's own default, so the run's own connections pass."""
    ended = stage.run(DATABASE_URL=url_with(stage, "asyncpg", channel_binding="prefer"))
    assert (ended.exit_code, ended.verdict["outcome"]) == (2, "invalid_settings")
    assert "channel_binding" in ended.verdict["error"]["message"]
    assert "psycopg" in ended.verdict["next_step"]
    assert stage.tables() == set()


def test_what_the_server_says_to_a_failing_revision_is_named(stage: Stage, driver: str) -> None:
    stage.project.add("0004", "0003", "op.execute('INSERT INTO orders (account_id) VALUES (7)')")
    ended = stage.run(DATABASE_URL=url_with(stage, driver))
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed")
    error = ended.verdict["error"]
    assert error["sqlstate"] == "23503"
    assert error["message"].startswith('revision 0004: insert or update on table "orders" violates')
    assert "Key" not in ended.stderr  # DETAIL has rows of people's data
    assert stage.rows() == ["0003"]


def test_a_lock_that_does_not_come_is_named(stage: Stage, driver: str) -> None:
    stage.project.add("0004", "0003", "op.execute('ALTER TABLE busy ADD name text')")
    assert stage.run(DATABASE_URL=url_with(stage, driver), HEADSTART_TARGET="0003").exit_code == 0
    stage.database.execute("CREATE TABLE busy (id int)")
    holder = psycopg2.connect(stage.database.url)
    holder.cursor().execute("LOCK TABLE busy")
    ended = stage.run(DATABASE_URL=url_with(stage, driver), HEADSTART_DDL_RETRY_SECONDS="1")
    holder.close()
    assert (ended.exit_code, ended.verdict["outcome"]) == (12, "blocked")
    assert stage.rows() == ["0003"]


def test_a_signal_ends_the_statement_on_the_server(stage: Stage, driver: str) -> None:
    stage.project.add("0004", "0003", "op.execute('SELECT pg_sleep(600)')")
    with stage.start(DATABASE_URL=url_with(stage, driver)) as started:
        until(lambda: stage.database.query(SLEEPERS) == [(1,)], "the statement runs")
        started.process.send_signal(signal.SIGTERM)
        ended = started.end()
    assert (ended.exit_code, ended.outcome) == (143, "sigterm")
    assert ended.applied == REVISIONS
    until(lambda: stage.database.query(SLEEPERS) == [(0,)], "the statement has ended")
    assert stage.rows() == ["0003"]


def test_a_worker_that_the_server_ends_is_a_lost_connection(stage: Stage, driver: str) -> None:
    stage.project.add("0004", "0003", "op.execute('SELECT pg_sleep(600)')")
    with stage.start(DATABASE_URL=url_with(stage, driver)) as started:
        until(lambda: stage.database.query(SLEEPERS) == [(1,)], "the statement runs")
        stage.database.query(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {WORKER}"
        )
        ended = started.end()
    assert (ended.exit_code, ended.outcome) == (13, "connection_lost")
    assert stage.rows() == ["0003"]
