"""The heartbeat says how far a long command is, in the server's own phases."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import make_dsn

from tests.conftest import ON_ONE_SERVER
from tests.harness.program import Run
from tests.harness.server import a_role
from tests.integration.stage import Stage

SLOW_TABLE = """
    CREATE FUNCTION slow(a int) RETURNS int IMMUTABLE LANGUAGE plpgsql
        AS $$ BEGIN PERFORM pg_sleep(0.002); RETURN a; END $$;
    CREATE TABLE chunks (id int PRIMARY KEY, filler text);
    ALTER TABLE chunks ALTER filler SET STORAGE PLAIN;
    INSERT INTO chunks SELECT i, repeat('x', 4000) FROM generate_series(1, 1500) i;
"""
"""Two rows a page, and an index of slow(id) takes some three seconds."""
FAST = {"HEADSTART_HEARTBEAT_SECONDS": "0.2"}


@pytest.fixture
def slow(stage: Stage) -> Stage:
    """Give a stage at the head of the plain project, with a table that takes its time."""
    assert stage.run().exit_code == 0
    stage.database.execute(SLOW_TABLE)
    return stage


def heard(run: Run) -> Iterator[dict[str, Any]]:
    """Yield what the heartbeats say of a command, until the run ends."""
    for event in run.stream():
        if event["event"] in ("revision_running", "env_running") and "progress" in event:
            yield event["progress"]
    assert run.end().exit_code == 0


def seen(stage: Stage, **environ: str) -> list[dict[str, Any]]:
    """Run to the end; return what was said."""
    with stage.start(**FAST, **environ) as run:
        return list(heard(run))


def test_the_heartbeat_has_per_cent_and_phase_of_an_index(slow: Stage) -> None:
    slow.project.add("0004", "0003", 'op.execute("CREATE INDEX ON chunks (slow(id))")')
    told = seen(slow)
    assert {(each["command"], each["relation"]) for each in told} == {
        ("CREATE INDEX", "public.chunks")
    }
    scanning = [each for each in told if each["phase"] == "building index: scanning table"]
    percents = [each["percent"] for each in scanning]
    assert len(percents) >= 3
    assert percents == sorted(percents)
    assert 0 <= percents[0] < 60 < percents[-1] <= 100


def test_a_role_of_its_own_sees_its_own(slow: Stage) -> None:
    with a_role(slow.database, "app") as role:
        slow.database.execute(
            f"ALTER TABLE chunks OWNER TO {role}; GRANT ALL ON SCHEMA public TO {role};"
            f" ALTER TABLE alembic_version OWNER TO {role}"
        )
        slow.project.add("0004", "0003", 'op.execute("CREATE INDEX ON chunks (slow(id))")')
        told = seen(slow, DATABASE_URL=slow.url_of(role))
    assert any(each.get("percent") for each in told)


def test_an_index_that_waits_for_somebody_says_so_without_per_cent(slow: Stage) -> None:
    slow.project.add(
        "0004",
        "0003",
        """
        with op.get_context().autocommit_block():
            op.create_index("by_id", "chunks", ["id"], postgresql_concurrently=True)
        """,
    )
    with closing(psycopg2.connect(make_dsn(**slow.database.parameters))) as other:
        other.cursor().execute("UPDATE chunks SET filler = '' WHERE id = 1")
        with slow.start(**FAST) as run:
            for told in heard(run):
                if told["phase"] == "waiting for writers before build":
                    break
            assert told == {
                "command": "CREATE INDEX CONCURRENTLY",
                "phase": "waiting for writers before build",
                "relation": "public.chunks",
            }
            other.rollback()
            assert run.end().exit_code == 0


@pytest.mark.parametrize("command", ["CLUSTER", "VACUUM FULL"])
def test_a_rewrite_that_the_server_counts_is_told(slow: Stage, command: str) -> None:
    slow.database.execute("CREATE INDEX ON chunks (slow(id))")
    using = " USING chunks_pkey" if command == "CLUSTER" else ""
    slow.project.add(
        "0004",
        "0003",
        f"""
        with op.get_context().autocommit_block():
            op.execute("{command} chunks{using}")
        """,
    )
    told = seen(slow)
    assert {each["command"] for each in told} == {command}
    assert "rebuilding index" in {each["phase"] for each in told}


def test_a_copy_tells_its_rows_and_of_a_file_the_per_cent(slow: Stage) -> None:
    ((folder,),) = slow.database.query("SHOW data_directory")
    file = f"{folder}/{slow.database.name}.rows"  # what the server itself has written it can read
    slow.database.execute(
        f"COPY (SELECT id + 2000, left(filler, 500) FROM chunks) TO '{file}';"
        " ALTER TABLE chunks ADD CHECK (slow(id) > 0) NOT VALID"
    )
    slow.project.add("0004", "0003", f"op.execute(\"COPY chunks FROM '{file}'\")")
    told = seen(slow)
    assert {each["command"] for each in told} == {"COPY FROM"}
    assert {each["relation"] for each in told} == {"public.chunks"}
    assert all(each["phase"].endswith(" rows so far") for each in told)
    assert any(20 < each["percent"] < 100 for each in told)


@ON_ONE_SERVER
def test_of_partitions_the_per_cent_is_of_all(slow: Stage) -> None:
    slow.database.execute("""
        CREATE TABLE parted (id int, filler text) PARTITION BY RANGE (id);
        CREATE TABLE part1 PARTITION OF parted FOR VALUES FROM (0) TO (700);
        CREATE TABLE part2 PARTITION OF parted FOR VALUES FROM (700) TO (9999);
        INSERT INTO parted SELECT id, filler FROM chunks;
    """)
    slow.project.add("0004", "0003", 'op.execute("CREATE INDEX ON parted (slow(id))")')
    percents = [each["percent"] for each in seen(slow) if "percent" in each]
    assert percents == sorted(percents)
    assert percents[0] < 50 < percents[-1] <= 100


@ON_ONE_SERVER
def test_there_is_nothing_where_the_server_counts_nothing(slow: Stage) -> None:
    slow.project.add("0004", "0003", 'op.execute("SELECT pg_sleep(1)")')
    assert seen(slow) == []
