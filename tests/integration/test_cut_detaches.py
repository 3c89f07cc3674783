"""A partition that is half detached is named with its repair, which leads to success."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER

MADE = {
    "a partition": (
        (
            "CREATE TABLE m (id int NOT NULL) PARTITION BY RANGE (id);"
            "CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (1) TO (10);"
            "CREATE TABLE m2 PARTITION OF m FOR VALUES FROM (10) TO (20); INSERT INTO m VALUES (1)"
        ),
        "m",
        "m1",
    ),
    "one of a list": (
        (
            "CREATE TABLE m (id text NOT NULL) PARTITION BY LIST (id);"
            "CREATE TABLE m1 PARTITION OF m FOR VALUES IN ('it''s', 'b');"
            "INSERT INTO m VALUES ('b')"
        ),
        "m",
        "m1",
    ),
    "one of a partition": (
        (
            "CREATE TABLE m (id int NOT NULL, x int) PARTITION BY RANGE (id);"
            "CREATE TABLE s PARTITION OF m FOR VALUES FROM (1) TO (10) PARTITION BY RANGE (x);"
            "CREATE TABLE m1 PARTITION OF s FOR VALUES FROM (1) TO (10);"
            "INSERT INTO m VALUES (1, 1)"
        ),
        "s",
        "m1",
    ),
    "names in quotes": (
        (
            'CREATE TABLE "M t" (id int NOT NULL) PARTITION BY RANGE (id);'
            'CREATE TABLE "P 1" PARTITION OF "M t" FOR VALUES FROM (1) TO (10);'
            'INSERT INTO "M t" VALUES (1)'
        ),
        '"M t"',
        '"P 1"',
    ),
}
PENDING = "SELECT count(*) FROM pg_inherits WHERE inhdetachpending"


@contextmanager
def read(stage: Stage, table: str) -> Iterator[None]:
    """Somebody reads the table in a transaction, for which a detach waits."""
    with closing(psycopg2.connect(stage.database.url)) as other:
        other.cursor().execute(f"SELECT FROM {table}")
        yield


def prepared(stage: Stage, kind: str) -> str:
    """A database at 0004, which has made the tables; gives the one that is detached from."""
    make, table, partition = MADE[kind]
    stage.project.add("0004", "0003", f"op.execute({make!r})")
    stage.run()
    stage.project.add(
        "0005",
        "0004",
        "with op.get_context().autocommit_block():\n"
        f"    op.execute('ALTER TABLE {table} DETACH PARTITION {partition} CONCURRENTLY')",
    )
    return table


@pytest.mark.parametrize("kind", MADE)
def test_a_revision_that_was_cut_off_there_is_told_how_to_go_on(stage: Stage, kind: str) -> None:
    table = prepared(stage, kind)
    with read(stage, table):
        cut = stage.run(HEADSTART_DEADLINE_SECONDS="4")
    assert cut.exit_code == 12, cut.verdict
    assert "was left half detached" in cut.verdict["next_step"]
    assert stage.database.query(PENDING) == [(1,)]
    assert "half detached" in stage.run("plan").stdout
    assert stage.run("check").exit_code == 14
    ended = stage.run()
    assert (ended.exit_code, ended.outcome) == (26, "interrupted"), ended.verdict
    assert len(ended.verdict["repair"]) == 2
    for statement in ended.verdict["repair"]:
        stage.database.execute(statement)
    assert stage.run().exit_code == 0
    assert stage.database.query(PENDING) == [(0,)]
    assert stage.run("check").exit_code == 0


@pytest.mark.parametrize("verb", ["run", "check", "wait"])
def test_nor_is_a_database_ready_where_somebody_has_left_one(stage: Stage, verb: str) -> None:
    make, table, partition = MADE["a partition"]
    stage.project.add("0004", "0003", f"op.execute({make!r})")
    stage.run()
    detach = f"ALTER TABLE {table} DETACH PARTITION {partition} CONCURRENTLY"
    with read(stage, table), closing(psycopg2.connect(stage.database.url)) as by_hand:
        by_hand.autocommit = True
        by_hand.cursor().execute("SET statement_timeout = 1000")
        with pytest.raises(psycopg2.errors.QueryCanceled):
            by_hand.cursor().execute(detach)
    ended = stage.run(verb, HEADSTART_WAIT_SECONDS="2")
    assert ended.exit_code == 26, ended.verdict
    (statement,) = ended.verdict["repair"]
    assert statement.endswith("FINALIZE")
    stage.database.execute(statement)
    assert stage.run(verb).exit_code == 0


def test_one_that_somebody_is_at_work_on_is_waited_for(stage: Stage) -> None:
    make, table, partition = MADE["a partition"]
    stage.project.add("0004", "0003", f"op.execute({make!r})")
    stage.run()
    detach = f"ALTER TABLE {table} DETACH PARTITION {partition} CONCURRENTLY"
    with read(stage, table), closing(psycopg2.connect(stage.database.url, async_=True)) as other:
        while other.poll() != psycopg2.extensions.POLL_OK:
            pass
        other.cursor().execute(detach)
        while stage.database.query(PENDING) == [(0,)]:
            pass
        ended = stage.run("check")
        assert ended.exit_code == 14, ended.verdict
        assert "is being detached" in ended.verdict["error"]["message"]
