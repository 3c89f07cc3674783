"""Another database, whatever it has of the proven one, is not answered for before it is proven."""

from dataclasses import replace

import pytest

from headstart.postgres.advisory_lock import RUN_LOCK_KEY
from tests.conftest import ON_ONE_SERVER, SERVERS
from tests.harness.embedded import PostgresServer
from tests.harness.server import Database, empty_database
from tests.integration.gate_stage import assert_closed, assert_open, copied_to, holding, opened
from tests.integration.known_stage import KnownStage

pytestmark = ON_ONE_SERVER


@pytest.fixture
def stage(known: KnownStage) -> KnownStage:
    """The gate has answered."""
    return opened(known)


def restore(source: Database, target: Database) -> None:
    """With owners, rows and comments."""
    target.client("psql", "--quiet", "--no-psqlrc", stdin=source.client("pg_dump"))


def test_a_dump_that_is_restored_elsewhere(stage: KnownStage) -> None:
    with empty_database(stage.database.server) as other:
        restore(stage.database, other)
        assert_closed(replace(stage, database=other), "check")
        other.execute("ALTER TABLE accounts ALTER name DROP NOT NULL")
        assert_closed(replace(stage, database=other))


def test_an_older_dump_that_is_restored_in_place(stage: KnownStage) -> None:
    dumped = stage.database.client("pg_dump", "--clean")
    stage.database.client("psql", "--quiet", "--no-psqlrc", stdin=dumped)
    stage.database.execute("ALTER TABLE accounts ALTER name DROP NOT NULL")
    assert_closed(stage)


def test_a_dump_in_a_fresh_cluster(stage: KnownStage) -> None:
    """Its counters may be the same: the cluster is not."""
    with PostgresServer(18) as cluster:
        cluster.execute("CREATE DATABASE app")
        other = Database(cluster, "app")
        restore(stage.database, other)
        assert_closed(replace(stage, database=other), "check")


def test_a_copy_made_by_template(stage: KnownStage) -> None:
    name = f"{stage.database.name}_copy"
    copy = copied_to(stage.database, name)
    try:
        of_copy = replace(stage, database=copy)
        assert_closed(of_copy, "check")
        opened(of_copy)
        copy.execute("ALTER TABLE accounts ALTER name DROP NOT NULL")
        assert_closed(of_copy)
        assert_open(stage)
    finally:
        copy.server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_another_database_under_the_same_name(stage: KnownStage) -> None:
    """The copy is changed, and gets the name."""
    server, name = stage.database.server, stage.database.name
    copy = copied_to(stage.database, f"{name}_copy")
    copy.execute("ALTER TABLE accounts ALTER name DROP NOT NULL")
    server.execute(f"ALTER DATABASE {name} RENAME TO {name}_aside")
    server.execute(f"ALTER DATABASE {name}_copy RENAME TO {name}")
    try:
        assert_closed(stage)
    finally:
        server.execute(f"DROP DATABASE {name}_aside WITH (FORCE)")


def test_an_empty_one_under_the_same_name(stage: KnownStage) -> None:
    server, name = stage.database.server, stage.database.name
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    server.execute(f"CREATE DATABASE {name}")
    assert_closed(stage, "check", "wait")
    assert stage.run().verdict["outcome"] == "upgraded"


def test_a_database_in_which_nothing_may_be_written(stage: KnownStage) -> None:
    name = stage.database.name
    stage.database.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert_closed(stage)


def test_while_a_run_is_in_progress(stage: KnownStage) -> None:
    with holding(stage.database, f"SELECT pg_advisory_lock({RUN_LOCK_KEY})"):
        assert_closed(stage, HEADSTART_LOCK_SECONDS="1", HEADSTART_WAIT_SECONDS="1")
    assert_open(stage)


def test_while_the_version_table_is_locked(stage: KnownStage) -> None:
    with holding(stage.database, "BEGIN; LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE"):
        assert_closed(stage, "check", HEADSTART_DEADLINE_SECONDS="5")
    assert_open(stage)


def test_a_change_of_somebody_else_that_is_not_committed_is_none(stage: KnownStage) -> None:
    with holding(stage.database, "BEGIN; CREATE TABLE theirs (id int)"):
        assert_open(stage, "check")


def test_a_standby_and_what_it_becomes(stage: KnownStage) -> None:
    """A standby has the primary's mark, and may lag."""
    with PostgresServer(18) as primary:
        primary.execute("CREATE DATABASE app")
        first = opened(replace(stage, database=Database(primary, "app")))
        with primary.replica() as standby:
            other = replace(stage, database=Database(standby, "app"))
            assert_closed(other, HEADSTART_WAIT_SECONDS="1")
            standby.promote()
            other.database.execute("ALTER TABLE accounts ALTER name DROP NOT NULL")
            assert_closed(other)
        assert_open(first)


def test_another_server_of_another_version(stage: KnownStage) -> None:
    assert SERVERS[0] != SERVERS[-1] or SERVERS == ["given"]
    with PostgresServer(16) as older:
        older.execute("CREATE DATABASE app")
        other = replace(stage, database=Database(older, "app"))
        opened(other)
