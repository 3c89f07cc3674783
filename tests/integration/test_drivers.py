"""A driver that nobody knows is refused by its name where it would migrate, and only there."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.embedded import PASSWORD, SCRAM_ITERATIONS
from tests.harness.project import REVISIONS
from tests.integration.stage import Stage


@pytest.fixture(autouse=True)
def login_of_common_cost(stage: Stage) -> None:
    """pg8000 refuses a login that costs less than PostgreSQL's default."""
    stage.database.execute(
        f"SET scram_iterations = {SCRAM_ITERATIONS}; ALTER ROLE postgres PASSWORD '{PASSWORD}'"
    )


pytestmark = ON_ONE_SERVER

PG8000 = "os.environ['DATABASE_URL'].replace('postgresql:', 'postgresql+pg8000:')"
IMPORTS = "import os\nimport sqlalchemy as sa\n"
CREATOR = (
    "import pg8000.dbapi\nfrom urllib.parse import unquote, urlsplit\n"
    "def connected():\n    url = urlsplit(os.environ['DATABASE_URL'])\n"
    "    return pg8000.dbapi.connect(user=url.username, password=unquote(url.password or ''),"
    " host=url.hostname, port=url.port, database=url.path[1:])\n"
)
ENGINES = {
    "in its URL": f"{IMPORTS}engine = sa.create_engine({PG8000})\n",
    "of a cloud's connector": f"{IMPORTS}{CREATOR}"
    "engine = sa.create_engine('postgresql+pg8000://', creator=connected)\n",
    "of another database": f"{IMPORTS}engine = sa.create_engine('sqlite://')\n",
}
MIGRATE = (
    "with engine.connect() as connection:\n{before}"
    "    context.configure(connection=connection)\n"
    "    with context.begin_transaction():\n        context.run_migrations()\n"
)
BEFORE = {
    "idle": "",
    "used before": "    connection.execute(sa.text('SELECT 1'))\n    connection.commit()\n",
    "in a transaction": "    connection.execute(sa.text('SELECT 1'))\n",
}
DRIVERS = {"in its URL": "postgresql+pg8000", "of a cloud's connector": "postgresql+pg8000"}


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_driver_that_migrates_is_refused_by_name(stage: Stage, engine: str, before: str) -> None:
    env = stage.project.path / "alembic" / "env.py"
    migrate = MIGRATE.format(before=BEFORE[before])
    env.write_text(f"from alembic import context\n{ENGINES[engine]}{migrate}")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (24, "broken_history"), ended.verdict
    driver = DRIVERS.get(engine, "sqlite+pysqlite")
    message = ended.verdict["error"]["message"]
    assert (
        message == f"env.py migrates with the driver {driver}: expected psycopg2, psycopg, asyncpg"
    )
    assert "postgresql+psycopg2://" in ended.verdict["next_step"]
    assert stage.tables() == set()


@pytest.mark.parametrize("engine", ENGINES)
def test_one_that_env_py_has_beside_is_its_own_business(stage: Stage, engine: str) -> None:
    """It begins, commits and rolls back, and a session of it does."""
    use = (
        "with engine.begin() as beside:\n    beside.execute(sa.text('SELECT 1'))\n"
        "with engine.connect() as beside:\n    beside.execute(sa.text('SELECT 1'))\n"
        "    beside.rollback()\n"
    )
    stage.project.edit_env(
        "target_metadata = None", f"{ENGINES[engine]}{use}target_metadata = None"
    )
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "upgraded"), ended.verdict
    assert stage.rows() == REVISIONS[-1:]


BESIDE = (
    f"import os\nengine = sa.create_engine({PG8000})\n"
    "with engine.begin() as beside:\n    beside.execute(sa.text({sql!r}))\n"
)


def test_nor_is_one_that_a_revision_has_beside(stage: Stage) -> None:
    body = BESIDE.format(sql="CREATE TABLE beside (id int)")
    stage.project.add("0004", "0003", body)
    assert stage.run().verdict["outcome"] == "upgraded"
    assert "beside" in stage.tables()


def test_what_the_server_says_to_it_is_told_without_rows_of_data(stage: Stage) -> None:
    assert stage.run().exit_code == 0
    stage.database.execute("INSERT INTO accounts (id, name) VALUES (1, 'Ada')")
    body = BESIDE.format(sql="INSERT INTO accounts (id, name) VALUES (1, 'Eve')")
    stage.project.add("0004", "0003", body)
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["error"]["sqlstate"]) == (21, "23505"), ended.verdict
    assert "duplicate key value" in ended.verdict["error"]["message"]
    assert "(id)=(1)" not in ended.stderr
