"""Session state behind a transaction pooler: env.py keeps its own, and leaves it to nobody.

The run lock has one of three server connections; our transactions and those of other clients come
to the other two in any order.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import alembic
import psycopg2
import pytest

from tests.harness.project import TABLES, ProjectCopy, copy_plain
from tests.harness.result import Result
from tests.harness.slow import run
from tests.servers.containers import Container
from tests.servers.databases import Database, bouncer
from tests.servers.other_clients import LOOK, clients_at_work

RUNS = 50
SERVERS_IN_POOL = 3
SCHEMA, ROLE = "tenant", "tenant_owner"
CONFIGURE = {
    "psycopg2": "context.configure(\n            connection=connection",
    "asyncpg": "context.configure(connection=connection",
}
COMMIT = "connection.commit(); "
ASYNC_TEMPLATE = Path(alembic.__file__).parent / "templates" / "async" / "env.py"
TABLES_AND_OWNERS = """
    SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner) FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname IN ('public', 'tenant')
"""
EXPECTED = {(SCHEMA, table, ROLE) for table in (*TABLES, "alembic_version")}
STATEMENTS = (
    f"SET search_path TO {SCHEMA}",
    f"SET ROLE {ROLE}",
    "SET lock_timeout = '3s'",
    "SET work_mem = '8MB'",
)


@pytest.fixture
def tenant(database: Database) -> Database:
    """A database with a schema and a role for one tenant."""
    if not database.query(f"SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}'"):
        database.query(f"CREATE ROLE {ROLE}")
    start_over(database)
    return database


@pytest.fixture
def pool(tenant: Database) -> Iterator[Container]:
    """A pooler with two server connections beside the one that the run lock has."""
    with bouncer(tenant, default_pool_size=SERVERS_IN_POOL, max_prepared_statements=100) as pool:
        yield pool


@pytest.fixture(params=["psycopg2", "asyncpg"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> ProjectCopy:
    """A project whose env.py sets up its session and commits that, by each kind of driver."""
    copy = copy_plain(tmp_path / "project")
    if request.param == "asyncpg":
        shutil.copy(ASYNC_TEMPLATE, copy.path / "alembic" / "env.py")
    prepared = "".join(f'connection.exec_driver_sql("{each}"); ' for each in STATEMENTS)
    configure = CONFIGURE[request.param]
    copy.edit_env(configure, f"{prepared}{COMMIT}{configure}")
    return copy


def start_over(database: Database) -> None:
    """Start over: an empty schema of the tenant's."""
    database.query(
        f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA} AUTHORIZATION {ROLE}"
    )


def migrate(tenant: Database, pool: Container, project: ProjectCopy, **environ: str) -> Result:
    """Run through the pooler."""
    return run(tenant.url(pool), HEADSTART_ALEMBIC_INI=project.ini, **environ)


def sessions_in_pool(tenant: Database, pool: Container) -> set[str]:
    """What every server connection of the pool has kept, looked at all at the same time."""
    holders = [psycopg2.connect(tenant.url(pool)) for _ in range(SERVERS_IN_POOL)]
    seen = set()
    for holder in holders:
        cursor = holder.cursor()
        cursor.execute(LOOK)
        row = cursor.fetchone()
        seen.add(row[0] if row else "")
    for holder in holders:
        holder.close()
    return seen


@pytest.mark.parametrize(
    ("official", "project"), [(16, "psycopg2"), (18, "asyncpg")], indirect=True
)
def test_in_fifty_runs_nothing_gets_into_a_wrong_schema_or_stays_in_the_pool(
    tenant: Database, pool: Container, project: ProjectCopy
) -> None:
    with clients_at_work(tenant.url(pool)) as others:
        for _ in range(RUNS):
            end = migrate(tenant, pool, project)
            assert end.outcome == "upgraded", end.verdict
            assert set(tenant.query(TABLES_AND_OWNERS)) == EXPECTED
            start_over(tenant)
    assert others.leftovers == set()
    assert others.transactions > RUNS
    assert sessions_in_pool(tenant, pool) == {""}


def test_the_pooler_is_noticed_and_what_env_sets_is_known(
    tenant: Database, pool: Container, project: ProjectCopy
) -> None:
    """A revision that cannot have the session's settings is refused before anything runs."""
    project.add("0004", "0003", "with op.get_context().autocommit_block():\n    pass")
    end = migrate(tenant, pool, project)
    assert (end.exit_code, end.outcome) == (24, "broken_history")
    message = end.verdict["error"]["message"]
    assert "0004.py" in message
    assert "lock_timeout, role, search_path, work_mem" in message
    assert "past the pooler" in end.verdict["next_step"]
    assert tenant.query(TABLES_AND_OWNERS) == []
    probed = [event["pooled"] for event in end.events if event["event"] == "env_configured"]
    assert probed == [True]


def test_what_a_revision_sets_for_its_session_holds_for_the_next_ones(
    tenant: Database, pool: Container, project: ProjectCopy
) -> None:
    """As on a direct connection: SET holds, SET LOCAL ends with its revision, RESET takes back."""
    tenant.query(f"CREATE SCHEMA other AUTHORIZATION {ROLE}")
    project.add("0004", "0003", "op.execute('SET LOCAL search_path TO other, tenant')")
    project.add("0005", "0004", "op.execute('CREATE TABLE in_tenant (id int)')")
    project.add("0006", "0005", "op.execute('SET search_path TO other, tenant')")
    project.add("0007", "0006", "op.execute('CREATE TABLE in_other (id int)')")
    project.add("0008", "0007", "op.execute('RESET ROLE')")
    project.add("0009", "0008", "op.execute('CREATE TABLE by_login (id int)')")
    with clients_at_work(tenant.url(pool)) as others:
        end = migrate(tenant, pool, project)
    assert end.outcome == "upgraded", end.verdict
    made = tenant.query(
        "SELECT schemaname, tablename, tableowner FROM pg_tables"
        " WHERE tablename IN ('in_tenant', 'in_other', 'by_login')"
    )
    assert set(made) == {
        (SCHEMA, "in_tenant", ROLE),
        ("other", "in_other", ROLE),
        ("other", "by_login", "app"),
    }
    assert others.leftovers == set()
    assert sessions_in_pool(tenant, pool) == {""}


def test_one_transaction_for_all_leaves_nothing_in_the_pool_either(
    tenant: Database, pool: Container, project: ProjectCopy
) -> None:
    project.edit_env(COMMIT, "")
    project.edit_env("connectable.connect()", "connectable.begin()")
    with clients_at_work(tenant.url(pool)) as others:
        end = migrate(tenant, pool, project)
    assert end.outcome == "upgraded", end.verdict
    assert set(tenant.query(TABLES_AND_OWNERS)) == EXPECTED
    assert others.leftovers == set()
    assert sessions_in_pool(tenant, pool) == {""}


@pytest.mark.parametrize("limit", ["lock_timeout", "statement_timeout"])
def test_a_limit_that_could_leave_an_index_invalid_is_refused(
    database: Database, tmp_path: Path, limit: str
) -> None:
    """Behind a pooler an autocommit block cannot put the server's own limit aside."""
    project = copy_plain(tmp_path / "project")
    body = "with op.get_context().autocommit_block():\n    op.execute('{}')"
    statement = "CREATE INDEX CONCURRENTLY names ON accounts (name)"
    project.add("0004", "0003", body.format(statement))
    database.query(f"ALTER DATABASE {database.name} SET {limit} = '50s'")
    with bouncer(database, default_pool_size=SERVERS_IN_POOL) as pool:
        end = migrate(database, pool, project)
        assert (end.exit_code, end.outcome) == (24, "broken_history")
        assert f"{limit} = 50000" in end.verdict["error"]["message"]
        database.query(f"ALTER DATABASE {database.name} RESET {limit}")
    with bouncer(database, default_pool_size=SERVERS_IN_POOL) as pool:
        assert migrate(database, pool, project).outcome == "upgraded"
    assert database.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'names'::regclass")
