"""The stamp: one transaction, and nothing is committed that Alembic would not write."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from sqlalchemy import Connection, NullPool, create_engine

from headstart.revisions.history import read_history
from headstart.revisions.project import Project, load_project
from headstart.revisions.stamping import stamp_steps
from headstart.verdict.errors import Diverged, NotReady
from tests.harness.project import copied
from tests.harness.server import Database
from tests.integration.branches_stage import EXPAND_CONTRACT


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Give the project expand_contract, loaded as a run loads it."""
    found = load_project(copied(EXPAND_CONTRACT, tmp_path).ini, "heads", ())
    read_history(found, "heads", "proof")
    return found


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """Give a connection as env.py makes one."""
    engine = create_engine(database.driver_url(), poolclass=NullPool)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def stamp(project: Project, connection: Connection, *revisions: str, split: bool = True) -> None:
    """Stamp, as an env.py does that has begun no transaction."""

    def steps(heads: object, context: object) -> object:
        assert isinstance(heads, tuple)
        return stamp_steps(project, revisions, heads, context, lambda _: None)

    options = {"fn": steps, "transaction_per_migration": split}
    context = MigrationContext.configure(connection, opts=options)
    with context.begin_transaction():
        context.run_migrations()


def rows(database: Database) -> list[str]:
    """What somebody else sees."""
    if not database.query("SELECT 1 FROM pg_tables WHERE tablename = 'alembic_version'"):
        return []
    return sorted(row[0] for row in database.query("SELECT version_num FROM alembic_version"))


SPLIT = pytest.mark.parametrize("split", [True, False], ids=["per revision", "atomic"])


@SPLIT
@pytest.mark.parametrize(
    "revisions", [("contract1",), ("contract1", "expand2"), ("audit1", "contract2", "expand3")]
)
def test_rows_that_alembic_writes_are_stamped(
    project: Project,
    connection: Connection,
    database: Database,
    revisions: tuple[str, ...],
    split: bool,
) -> None:
    stamp(project, connection, *revisions, split=split)
    assert rows(database) == sorted(revisions)


@SPLIT
@pytest.mark.parametrize(
    "revisions", [("contract1", "expand1"), ("base1", "expand3"), ("audit1", "contract1")]
)
def test_rows_that_alembic_would_not_write_are_rolled_back(
    project: Project,
    connection: Connection,
    database: Database,
    revisions: tuple[str, ...],
    split: bool,
) -> None:
    with pytest.raises(Diverged, match=r"overlaps with .* nothing was stamped"):
        stamp(project, connection, *revisions, split=split)
    assert rows(database) == []


@SPLIT
def test_rows_that_something_else_changes_are_rolled_back(
    project: Project, connection: Connection, database: Database, split: bool
) -> None:
    database.execute(
        "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);"
        "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RETURN CASE WHEN new.version_num <> 'expand2' THEN new END; END $$;"
        "CREATE TRIGGER other BEFORE INSERT ON alembic_version"
        " FOR EACH ROW EXECUTE FUNCTION other()"
    )
    with pytest.raises(Diverged, match="the table has contract1; nothing was stamped"):
        stamp(project, connection, "contract1", "expand2", split=split)
    assert rows(database) == []


def test_who_fails_between_two_rows_has_stamped_none(
    project: Project, connection: Connection, database: Database
) -> None:
    """Alembic alone would have committed the first: a state that never was."""
    database.execute(
        "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY"
        " CHECK (version_num <> 'expand2'))"
    )
    with pytest.raises(Exception, match="alembic_version_version_num_check"):
        stamp(project, connection, "contract1", "expand2")
    connection.close()
    assert rows(database) == []


def test_a_database_with_a_version_row_is_not_stamped(
    project: Project, connection: Connection, database: Database
) -> None:
    stamp(project, connection, "contract1")
    with pytest.raises(NotReady, match="a version row appeared meanwhile: contract1"):
        stamp(project, connection, "expand3")
    assert rows(database) == ["contract1"]
