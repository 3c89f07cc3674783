"""A revision that others keep from its locks: behind a transaction pooler, and on an old server."""

import shutil
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tests.harness.project import ProjectCopy, copy_plain
from tests.harness.result import Result
from tests.harness.slow import start
from tests.servers.databases import Database, bouncer
from tests.servers.test_sessions_behind_bouncer import ASYNC_TEMPLATE

BLOCKED = "revision_blocked"
BODY = (
    "op.execute(\"INSERT INTO accounts (id, name) VALUES (77, 'once')\")\n"
    "op.execute('ALTER TABLE accounts ADD note text')"
)


@pytest.fixture(params=["psycopg2", "asyncpg"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> ProjectCopy:
    """A project with each kind of driver."""
    copy = copy_plain(tmp_path / "project")
    if request.param == "asyncpg":
        shutil.copy(ASYNC_TEMPLATE, copy.path / "alembic" / "env.py")
    return copy


def run_past(database: Database, url: str, project: ProjectCopy) -> Result:
    """Run it to 0003, then once more while somebody reads, until an attempt has been blocked."""
    with start(url, HEADSTART_ALEMBIC_INI=project.ini) as first:
        assert first.end().exit_code == 0
    project.add("0004", "0003", BODY)
    with closing(psycopg2.connect(database.url(), application_name="a reader")) as reader:
        reader.cursor().execute("SELECT 1 FROM accounts")
        with start(url, HEADSTART_ALEMBIC_INI=project.ini) as run:
            run.await_event(BLOCKED, 40)
            reader.rollback()
            return run.end()


def blocked_by_a_reader(
    database: Database, project: ProjectCopy, body: str, **environ: str
) -> Result:
    """Run it to 0003, then a revision more while somebody reads, and goes on doing so."""
    url = database.url()
    with start(url, HEADSTART_ALEMBIC_INI=project.ini) as first:
        assert first.end().exit_code == 0
    project.add("0004", "0003", body)
    with closing(psycopg2.connect(url, application_name="a reader")) as reader:
        reader.cursor().execute("SELECT 1 FROM accounts")
        with start(url, HEADSTART_ALEMBIC_INI=project.ini, **environ) as run:
            return run.end()


def assert_done_once(database: Database, ended: Result) -> None:
    """It was tried again, and what it inserts is there once."""
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict
    assert ended.verdict["lock_attempts"]["0004"] >= 2
    assert database.query("SELECT count(*) FROM accounts WHERE id = 77") == [(1,)]


@pytest.mark.parametrize(
    ("official", "project"), [(16, "psycopg2"), (18, "asyncpg")], indirect=True
)
def test_behind_a_transaction_pooler(database: Database, project: ProjectCopy) -> None:
    with bouncer(database, default_pool_size=4, max_prepared_statements=100) as pool:
        ended = run_past(database, database.url(pool), project)
    assert_done_once(database, ended)
    (blocked,) = [event for event in ended.events if event["event"] == BLOCKED]
    assert "(a reader)" in blocked["waits"][0]


@pytest.mark.parametrize(("official", "project"), [(18, "psycopg2")], indirect=True)
def test_behind_one_that_has_no_connection_to_look_with(
    database: Database, project: ProjectCopy
) -> None:
    with bouncer(database, default_pool_size=2, max_prepared_statements=100) as pool:
        ended = run_past(database, database.url(pool), project)
    assert_done_once(database, ended)


@pytest.mark.parametrize(("official", "project"), [(16, "psycopg2")], indirect=True)
def test_what_a_function_commits_elsewhere_is_not_done_twice(
    database: Database, project: ProjectCopy
) -> None:
    database.query(
        "CREATE EXTENSION dblink; CREATE FUNCTION audit() RETURNS text LANGUAGE sql AS"
        " $$ SELECT dblink_exec(format('dbname=%s user=app host=/var/run/postgresql',"
        " current_database()), 'INSERT INTO accounts (id, name) VALUES (77, ''once'')') $$"
    )
    ended = blocked_by_a_reader(
        database,
        project,
        "op.execute('SELECT audit()')\nop.execute('ALTER TABLE accounts ADD c int')",
    )
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert database.query("SELECT count(*) FROM accounts WHERE id = 77") == [(1,)]


@pytest.mark.parametrize(
    ("official", "project"), [(13, "psycopg2"), (13, "asyncpg")], indirect=True
)
def test_on_the_oldest_server(database: Database, project: ProjectCopy) -> None:
    ended = run_past(database, database.url(), project)
    assert_done_once(database, ended)
    (blocked,) = [event for event in ended.events if event["event"] == BLOCKED]
    assert "(a reader)" in blocked["waits"][0]
