"""What is half done in a partition of the app's closes the gate, as it stops the flow."""

from contextlib import closing

import psycopg2
import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.gate_stage import assert_closed, assert_open, build, opened
from tests.integration.known_stage import KnownStage

pytestmark = ON_ONE_SERVER
MADE = "op.execute('CREATE TABLE m (id integer, at date) PARTITION BY RANGE (at)')"
PARTITIONS = "; ".join(
    f"CREATE TABLE m{year} PARTITION OF m FOR VALUES FROM ('{year}-01-01') TO ('{year + 1}-01-01')"
    for year in (2026, 2027)
)


@pytest.fixture
def parted(known: KnownStage) -> KnownStage:
    """The gate has answered, and goes on when the app makes partitions of its own."""
    known.project.add("0004", "0003", MADE)
    opened(build(known))
    known.database.execute(PARTITIONS)
    assert_open(known, "run")
    return known


def cut_off(stage: KnownStage, sql: str) -> None:
    """Execute what cannot end, outside of a transaction."""
    with closing(psycopg2.connect(stage.database.url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("SET statement_timeout = '1s'")
        with pytest.raises(psycopg2.Error):
            cursor.execute(sql)


def test_an_index_that_could_not_be_built(parted: KnownStage) -> None:
    parted.database.execute("INSERT INTO m VALUES (1, '2026-02-02'), (1, '2026-02-03')")
    cut_off(parted, "CREATE UNIQUE INDEX CONCURRENTLY m_id ON m2026 (id)")
    assert assert_closed(parted).exit_code == 26
    parted.database.execute("DROP INDEX m_id")
    assert_open(parted, "run")


def test_a_partition_that_is_half_detached(parted: KnownStage) -> None:
    with closing(psycopg2.connect(parted.database.url)) as reader:
        reader.cursor().execute("SELECT FROM m")
        cut_off(parted, "ALTER TABLE m DETACH PARTITION m2027 CONCURRENTLY")
    assert assert_closed(parted).exit_code == 26
    parted.database.execute("ALTER TABLE m DETACH PARTITION m2027 FINALIZE")
    assert_open(parted, "run")
