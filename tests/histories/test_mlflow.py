"""mlflow 3.17.2: its first revision alters tables that the package makes, and no revision does."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.result import Result
from tests.harness.server import Database
from tests.histories.app import App
from tests.histories.comparison import (
    assert_applied,
    assert_nothing_to_do,
    assert_upgraded,
    version_rows,
)
from tests.histories.conftest import MakeDatabase

MIGRATIONS = "mlflow/store/db_migrations"
MLFLOW = App("mlflow", f"{MIGRATIONS}/alembic.ini", f"{MIGRATIONS}/versions")
FIRST = "451aebb31d03"
MIDDLE = "867495a8f9d4"
"""It makes the tables of traces; a third of the history is below it."""
BASE_TABLES = ["experiments", "metrics", "params", "runs", "tags"]
"""mlflow.store.tracking.dbmodels.initial_models, which are those of mlflow 0.9.1."""
MAKE_BASE_TABLES = """
import sys
from mlflow.store.db.utils import InitialBase, create_sqlalchemy_engine
InitialBase.metadata.create_all(create_sqlalchemy_engine(sys.argv[1]))
"""
"""The first of the two lines of the package's own _initialize_tables."""
INITIALIZE = """
import sys
from mlflow.store.db.utils import _initialize_tables, create_sqlalchemy_engine
_initialize_tables(create_sqlalchemy_engine(sys.argv[1]))
"""
"""What a server of mlflow's does on an empty database."""
OLD_ROWS = """
    INSERT INTO experiments VALUES (1, 'first', 's3://here', 'active');
    INSERT INTO runs (run_uuid, name, user_id, status, lifecycle_stage, experiment_id)
        VALUES ('r1', 'one', 'ann', 'FINISHED', 'active', 1);
    INSERT INTO metrics VALUES ('loss', 0.5, 1, 'r1'), ('loss', 0.25, 2, 'r1');
"""
MOVED_ROWS = (
    "SELECT key, value, run_uuid FROM tags ORDER BY 1, 2, 3",
    "SELECT key, value, timestamp, step, run_uuid FROM latest_metrics ORDER BY 1, 2, 3",
)
"""Where revisions copy the old rows to, in a Session of their own on op.get_bind()."""


@pytest.fixture
def base(make_database: MakeDatabase) -> Database:
    """Give a database as the package makes it before its first revision, with some rows."""
    database = make_database()
    python(MAKE_BASE_TABLES, database)
    database.execute(OLD_ROWS)
    return database


def python(source: str, database: Database) -> None:
    """Run Python with the package."""
    done = MLFLOW.program("python", "-c", source, database.driver_url("psycopg2"))
    assert done.exit_code == 0, done.stderr


def upgrade(ini: Path, database: Database, target: str) -> Result:
    """Run the `alembic` command, with the URL in a copy of the wheel's alembic.ini."""
    text = (MLFLOW.packages / MLFLOW.ini).read_text()
    url = database.driver_url("psycopg2").replace("%", "%%")
    assert 'sqlalchemy.url = ""' in text
    ini.write_text(text.replace('sqlalchemy.url = ""', f"sqlalchemy.url = {url}"))
    return MLFLOW.program("alembic", "-c", str(ini), "upgrade", target)


def upgraded(ini: Path, database: Database, target: str) -> Database:
    """Run the `alembic` command, which has to succeed."""
    done = upgrade(ini, database, target)
    assert done.exit_code == 0, done.stderr
    return database


def assert_same(database: Database, reference: Database) -> None:
    """Fail where schema, version row or moved rows differ."""
    assert version_rows(database) == version_rows(reference)
    assert database.dump() == reference.dump()
    for query in MOVED_ROWS:
        rows = reference.query(query)
        assert rows
        assert database.query(query) == rows


def assert_unproven(ended: Result, tables: list[str]) -> None:
    """Fail where a run did not refuse, or names other tables than these as present."""
    assert (ended.exit_code, ended.verdict["outcome"]) == (22, "unproven"), ended
    assert ended.verdict["applied"] == []
    message: str = ended.verdict["error"]["message"]
    present = message.partition("present: ")[2].partition(";")[0].split(", ")
    assert present == [f"public.{name}" for name in tables]


def test_the_whole_history_is_there() -> None:
    assert len(MLFLOW.history) == 67
    assert MLFLOW.history[0] == FIRST


@ON_ONE_SERVER
def test_an_empty_database_fails_at_the_first_revision_as_with_alembic_alone(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    """No revision makes the table that it alters."""
    database, reference = make_database(), make_database()
    alone = upgrade(tmp_path / "alembic.ini", reference, "head")
    assert (alone.exit_code, 'relation "metrics" does not exist' in alone.stderr) == (1, True)
    ended = MLFLOW.headstart(database.url)
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed"), ended
    error: Mapping[str, str] = ended.verdict["error"]
    assert error["sqlstate"] == "42P01"
    assert FIRST in error["message"]
    assert ended.verdict["applied"] == []
    assert database.query("SELECT relname FROM pg_class WHERE relname = 'metrics'") == []


def test_it_ends_as_with_alembic_alone(
    base: Database, make_database: MakeDatabase, tmp_path: Path
) -> None:
    """From the first revision, from the middle, and once more when there is nothing to do."""
    ini, starts = tmp_path / "alembic.ini", {}
    for start in (FIRST, MIDDLE):
        starts[start] = make_database(upgraded(ini, base, start).name)
    reference = upgraded(ini, base, "head")
    for start, database in starts.items():
        assert_upgraded(MLFLOW, MLFLOW.headstart(database.url), database, start)
        assert_same(database, reference)
    assert_nothing_to_do(MLFLOW.headstart(database.url))
    assert_same(database, reference)


@ON_ONE_SERVER
def test_base_tables_without_a_version_row_are_refused_and_named(base: Database) -> None:
    before = base.dump()
    assert_unproven(MLFLOW.headstart(base.url), BASE_TABLES)
    assert base.dump() == before


@ON_ONE_SERVER
def test_base_tables_are_taken_over_at_an_operators_word(
    base: Database, make_database: MakeDatabase, tmp_path: Path
) -> None:
    """`alembic upgrade head` does it, as the package itself does."""
    reference = upgraded(tmp_path / "alembic.ini", make_database(base.name), "head")
    ended = MLFLOW.headstart(base.url, HEADSTART_BASELINE="base")
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "baselined"), ended
    assert_applied(MLFLOW, ended, base, "")
    assert_same(base, reference)


@ON_ONE_SERVER
def test_what_the_package_makes_is_ready_and_baselined_at_head_where_its_row_is_lost(
    make_database: MakeDatabase,
) -> None:
    database = make_database()
    python(INITIALIZE, database)
    made = database.dump()
    assert_nothing_to_do(MLFLOW.headstart(database.url))
    database.execute("DROP TABLE alembic_version")
    tables = "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'"
    names = database.query(f'{tables}::regnamespace ORDER BY relname COLLATE "C"')
    assert_unproven(MLFLOW.headstart(database.url), [str(name) for (name,) in names])
    ended = MLFLOW.headstart(database.url, HEADSTART_BASELINE="head")
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "baselined"), ended
    assert (ended.verdict["applied"], ended.verdict["proof"]) == ([], "operator")
    assert version_rows(database) == [MLFLOW.history[-1]]
    assert database.dump() == made
