"""A SQLSTATE means what it means where it arose: env.py's own query, or Alembic's version table."""

import shutil
from collections.abc import Iterator

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS, TABLES
from tests.harness.server import a_role
from tests.integration.stage import Stage
from tests.integration.test_async_env import TEMPLATE, url_with

pytestmark = ON_ONE_SERVER

OWN = {
    "a column": ("SELECT colour FROM accounts", "42703"),
    "a kind": ("ALTER SEQUENCE accounts ADD COLUMN x int", "42809"),
    "a table": ("SELECT 1 FROM settings", "42P01"),
    "a table called as Alembic's": ("SELECT colour FROM alembic_version", "42703"),
    "a long value": ("INSERT INTO codes VALUES ('abc')", "22001"),
    "a schema": ("CREATE TABLE nowhere.x (id int)", "3F000"),
    "what is there": ("CREATE TABLE accounts (id int)", "42P07"),
}
WAYS = {
    "SQLAlchemy": "connection.exec_driver_sql({sql!r})",
    "the driver": "connection.connection.cursor().execute({sql!r})",
    "a session": "__import__('sqlalchemy.orm').orm.Session(connection).execute("
    "__import__('sqlalchemy').text({sql!r}))",
}
CONNECTED = "with connectable.connect() as connection:\n"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("sql", "sqlstate"), OWN.values(), ids=OWN.keys())
def test_what_env_py_asked_itself_is_env_pys_by_file_and_line(
    stage: Stage, sql: str, sqlstate: str, way: str
) -> None:
    assert stage.run(HEADSTART_TARGET="0002").exit_code == 0
    stage.database.execute("CREATE TABLE codes (code varchar(2))")
    asking = WAYS[way].format(sql=sql)
    stage.project.edit_env(CONNECTED, f"{CONNECTED}        {asking}\n")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (24, "broken_history"), ended.verdict
    assert ended.verdict["error"]["sqlstate"] == sqlstate
    assert "version table" not in ended.verdict["error"]["message"]
    env = stage.project.path / "alembic" / "env.py"
    assert f"env.py: {env}, line " in ended.verdict["error"]["message"]
    assert "correct env.py" in ended.verdict["next_step"]
    assert stage.rows() == ["0002"]


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_nor_is_it_the_version_tables_with_an_async_driver(stage: Stage, driver: str) -> None:
    shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
    stage.project.edit_env(
        "    context.configure(connection=connection",
        "    connection.exec_driver_sql('SELECT colour FROM pg_class')\n"
        "    context.configure(connection=connection",
    )
    ended = stage.run(DATABASE_URL=url_with(stage, driver))
    assert (ended.exit_code, ended.verdict["error"]["sqlstate"]) == (24, "42703"), ended.verdict


def test_what_env_py_asks_through_alembic_is_env_pys(stage: Stage) -> None:
    run = "with context.begin_transaction():\n            context.run_migrations()\n\n\nif"
    stage.project.edit_env(run, f"context.execute('SELECT colour FROM pg_class')\n        {run}")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (24, "broken_history"), ended.verdict


def test_a_version_table_of_another_shape_is_still_named_as_that(stage: Stage) -> None:
    """Made by env.py itself, after which only Alembic looks at it."""
    stage.project.edit_env(
        "        with context.begin_transaction():\n            context.run_migrations()\n\n\nif",
        "        connection.exec_driver_sql('CREATE TABLE IF NOT EXISTS alembic_version (x int)')\n"
        "        connection.commit()\n"
        "        with context.begin_transaction():\n            context.run_migrations()\n\n\nif",
    )
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (23, "unknown_revision"), ended.verdict
    assert "the version table is none of Alembic's" in ended.verdict["error"]["message"]


@pytest.fixture
def role(stage: Stage) -> Iterator[str]:
    """Give an ordinary role that has run the plain project, beside a table of somebody else's."""
    with stage.login() as role:
        stage.database.execute(f"GRANT CREATE ON SCHEMA public TO {role}")
        assert stage.run(DATABASE_URL=stage.url_of(role)).exit_code == 0
        stage.database.execute(
            "CREATE TABLE theirs (id int); CREATE SCHEMA closed; CREATE TABLE mine (x text);"
            f"ALTER TABLE mine OWNER TO {role}"
        )
        yield role


PRIVILEGES = {
    "a schema": ("CREATE SCHEMA app", "GRANT CREATE ON DATABASE"),
    "a table elsewhere": ("CREATE TABLE closed.t (id int)", "GRANT USAGE, CREATE ON SCHEMA closed"),
    "a table of others": ("ALTER TABLE theirs ADD COLUMN x int", "ALTER TABLE theirs OWNER TO"),
    "an index of theirs": ("CREATE INDEX ON theirs (id)", "ALTER TABLE theirs OWNER TO"),
    "rows of others": ("INSERT INTO theirs VALUES (1)", "GRANT INSERT ON theirs TO"),
    "a reading": ("CREATE TABLE copied AS SELECT * FROM theirs", "GRANT SELECT on"),
    "an extension": ("CREATE EXTENSION IF NOT EXISTS vector", "CREATE EXTENSION IF NOT EXISTS"),
    "a role": ("CREATE ROLE nobody_{role}", "CREATEROLE"),
    "a file": ("COPY mine FROM '/etc/hostname'", "pg_read_server_files"),
    "by the driver": ("driver:UPDATE theirs SET id = 1", "grant role"),
}


@pytest.mark.parametrize(("sql", "cure"), PRIVILEGES.values(), ids=PRIVILEGES.keys())
def test_a_privilege_that_a_revision_lacks_is_no_fault_of_its_script(
    stage: Stage, role: str, sql: str, cure: str
) -> None:
    sql = sql.format(role=role)
    body = f"op.execute({sql!r})"
    if sql.startswith("driver:"):
        body = f"op.get_bind().connection.cursor().execute({sql.removeprefix('driver:')!r})"
    stage.project.add("0004", "0003", body)
    ended = stage.run(DATABASE_URL=stage.url_of(role))
    assert (ended.exit_code, ended.verdict["outcome"]) == (20, "access_refused"), ended.verdict
    assert ended.verdict["error"]["sqlstate"] == "42501"
    assert ended.verdict["error"]["message"].startswith("revision 0004: ")
    assert cure in ended.verdict["next_step"]
    assert role in ended.verdict["next_step"] or "EXTENSION" in cure
    assert "correct the revision" not in ended.verdict["next_step"]
    assert ended.verdict["to"] == stage.rows() == ["0003"]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE SCHEMA app",
        "ALTER TABLE theirs ADD COLUMN x int",
        "CREATE TABLE closed.t (id int)",
        "-- why\n  INSERT INTO theirs VALUES (1)",
    ],
)
def test_the_cure_of_a_lacking_privilege_is_one(stage: Stage, role: str, sql: str) -> None:
    """What it says is executed as it stands, then the run passes as it is."""
    stage.project.add("0004", "0003", f"op.execute({sql!r})")
    step = stage.run(DATABASE_URL=stage.url_of(role)).verdict["next_step"]
    cure = step.removeprefix("as an administrator: ").split(";")[0].split(", or ")[0]
    stage.database.execute(cure)
    assert stage.run(DATABASE_URL=stage.url_of(role)).verdict["outcome"] == "upgraded"


def test_the_role_that_env_py_sets_is_the_one_that_is_named(stage: Stage, role: str) -> None:
    ours = f"        connection.exec_driver_sql('SET ROLE {role}')\n        connection.commit()\n"
    stage.project.edit_env(CONNECTED, CONNECTED + ours)
    stage.project.add("0004", "0003", "op.execute('UPDATE theirs SET id = 1')")
    ended = stage.run()
    assert (ended.exit_code, role in ended.verdict["next_step"]) == (20, True), ended.verdict


def test_a_row_that_a_policy_refuses_needs_no_grant(stage: Stage, role: str) -> None:
    stage.database.execute(
        f"ALTER TABLE theirs ENABLE ROW LEVEL SECURITY; GRANT ALL ON theirs TO {role}"
    )
    stage.project.add("0004", "0003", "op.execute('INSERT INTO theirs VALUES (1)')")
    ended = stage.run(DATABASE_URL=stage.url_of(role))
    assert (ended.exit_code, "BYPASSRLS" in ended.verdict["next_step"]) == (20, True)


EMPTIED = {
    "as pg_dump does": "SELECT pg_catalog.set_config(\\'search_path\\', \\'\\', false)",
    "to another schema": "CREATE SCHEMA other; SET search_path TO other",
    "dropped": "DROP TABLE alembic_version",
}


@pytest.mark.parametrize("sql", EMPTIED.values(), ids=EMPTIED.keys())
def test_a_revision_after_which_alembic_misses_its_table_is_told_why(
    stage: Stage, sql: str
) -> None:
    stage.project.add("0004", "0003", f"op.execute('{sql}')")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["error"]["sqlstate"]) == (21, "42P01"), ended.verdict
    assert "changed the search_path or dropped the table" in ended.verdict["error"]["message"]
    assert "search_path" in ended.verdict["next_step"]
    assert ended.verdict["to"] == stage.rows() == ["0003"]


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_so_it_is_with_an_async_driver(stage: Stage, driver: str) -> None:
    shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
    stage.project.add("0004", "0003", "op.execute('DROP TABLE alembic_version')")
    ended = stage.run(DATABASE_URL=url_with(stage, driver))
    assert (ended.exit_code, ended.verdict["error"]["sqlstate"]) == (21, "42P01"), ended.verdict
    assert "changed the search_path or dropped the table" in ended.verdict["error"]["message"]


def test_a_search_path_that_an_earlier_revision_emptied_is_named_in_the_next(stage: Stage) -> None:
    stage.project.edit_env(
        "target_metadata=target_metadata", "target_metadata=None, version_table_schema='public'"
    )
    stage.project.add("0004", "0003", f"op.execute('{EMPTIED['as pg_dump does']}')")
    stage.project.add("0005", "0004", "op.create_table('five', sa.Column('id', sa.Integer))")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["error"]["sqlstate"]) == (21, "3F000"), ended.verdict
    assert "as pg_dump writes it" in ended.verdict["next_step"]
    assert [step["revision"] for step in ended.verdict["applied"]] == [*REVISIONS, "0004"]


TWICE = {
    "an Enum in two tables": (
        "op.create_table('one', sa.Column('mood', sa.Enum('sad', name='mood')))",
        "op.create_table('two', sa.Column('mood', sa.Enum('sad', name='mood')))",
        "42710",
        "mood",
    ),
    "a type in SQL": (
        "op.execute('CREATE TYPE mood AS ENUM ()')",
        "op.execute('CREATE TYPE public.mood AS ENUM ()')",
        "42710",
        "mood",
    ),
    "a table": (
        "op.create_table('twice', sa.Column('id', sa.Integer))",
        "op.execute('CREATE TABLE twice (id int)')",
        "42P07",
        "twice",
    ),
    "an index": (
        "op.create_index('ix_name', 'accounts', ['name'])",
        "op.create_index(op.f('ix_name'), 'accounts', ['name'])",
        "42P07",
        "ix_name",
    ),
    "a column": (
        "op.add_column('accounts', sa.Column('age', sa.Integer))",
        "op.execute('ALTER TABLE accounts ADD COLUMN age int')",
        "42701",
        "age",
    ),
    "a schema": (
        "op.execute('CREATE SCHEMA IF NOT EXISTS shop')",
        "op.execute('CREATE SCHEMA shop')",
        "42P06",
        "shop",
    ),
}


@pytest.mark.parametrize("when", ["in an earlier run", "in this run"])
@pytest.mark.parametrize("kind", TWICE)
def test_what_two_revisions_make_is_said_to_be_theirs(stage: Stage, kind: str, when: str) -> None:
    first, second, sqlstate, name = TWICE[kind]
    file = stage.project.add("0004", "0003", first)
    if when == "in an earlier run" or "Enum" in kind:  # Alembic remembers one within a run
        assert stage.run().exit_code == 0
    stage.project.add("0005", "0004")
    stage.project.add("0006", "0005", second)
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["error"]["sqlstate"]) == (21, sqlstate), ended.verdict
    step = ended.verdict["next_step"]
    assert f"revision 0004 ({file}) makes {name}, too" in step
    assert not [word for word in ("stamp", "outside", "person") if word in step]
    assert stage.rows() == ["0005"]


def test_what_no_revision_makes_may_be_a_persons(stage: Stage) -> None:
    """The earlier ones only use the name."""
    stage.database.execute("CREATE TYPE mood AS ENUM ()")
    stage.project.add("0004", "0003", "op.execute('CREATE TABLE moods (mood mood)')")
    stage.project.add("0005", "0004", "op.execute('CREATE TYPE mood AS ENUM ()')")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["error"]["sqlstate"]) == (21, "42710"), ended.verdict
    assert "a person made it" in ended.verdict["next_step"]
    assert "stamp" not in ended.verdict["next_step"]


def test_a_revision_elsewhere_is_named_by_its_own_file_and_line(stage: Stage) -> None:
    """Not by the line of env.py that runs the revisions."""
    elsewhere = stage.project.path.parent / "elsewhere"
    shutil.move(stage.project.versions, elsewhere)
    ini = stage.project.path / "alembic.ini"
    text = ini.read_text().replace(
        "[alembic]\n", f"[alembic]\nversion_locations = {elsewhere}\n", 1
    )
    ini.write_text(text)
    last = elsewhere / "0004.py"
    last.write_text(
        "revision, down_revision = '0004', '0003'\ndef upgrade():\n    raise ValueError('price')\n"
    )
    ended = stage.run()
    assert ended.exit_code == 21
    assert f"{last}, line 3: ValueError: price" in ended.verdict["error"]["message"]
    assert stage.tables() == TABLES | {"alembic_version"}


SETS = {
    "SET ROLE": "SET ROLE {}",
    "SET LOCAL ROLE": "SET LOCAL ROLE {}",
    "SET SESSION AUTHORIZATION": "SET SESSION AUTHORIZATION {}",
}


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("sets", SETS.values(), ids=SETS)
def test_a_role_that_a_revision_leaves_in_force_is_named(
    stage: Stage, sets: str, first: bool
) -> None:
    """The version row is written with it; a GRANT to the login would help nobody."""
    with a_role(stage.database, "left") as role:
        if not first:
            assert stage.run().exit_code == 0
        before = stage.rows()
        stage.project.add("0004", "0003", f"op.execute({sets.format(role)!r})")
        ended = stage.run()
        assert (ended.exit_code, ended.outcome) == (21, "revision_failed"), ended.verdict
        assert f'left the role "{role}" in force' in ended.verdict["error"]["message"]
        assert "RESET ROLE" in ended.verdict["next_step"]
        assert "GRANT" not in ended.verdict["next_step"]
        assert stage.rows() == (before or REVISIONS[-1:])
