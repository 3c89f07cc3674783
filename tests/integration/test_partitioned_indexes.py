"""A partitioned index is valid when each partition has its part: what is missing is named."""

import psycopg2
import pytest

from tests.integration.broken_indexes import invalid
from tests.integration.known_stage import KnownStage, rebuild
from tests.integration.stage import Stage
from tests.integration.test_invalid_indexes import interrupted, repaired

EVENTS = """
    CREATE TABLE events (id int NOT NULL, day int NOT NULL, what text) PARTITION BY RANGE (day);
    CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
    CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (10) TO (20);
"""
DEEPER = """
    CREATE TABLE events_3 PARTITION OF events FOR VALUES FROM (20) TO (30) PARTITION BY RANGE (id);
    CREATE TABLE events_3a PARTITION OF events_3 FOR VALUES FROM (0) TO (10);
"""


@pytest.fixture
def events(stage: Stage) -> Stage:
    """Give a database at head that has a table of two partitions."""
    stage.project.add("0004", "0003", f'op.execute("""{EVENTS}""")')
    # a table that no call of create_table names: the history has to be one that names none
    stage.project.add("0005", "0004", "if False:\n    op.create_table('events')")
    assert stage.run().exit_code == 0
    return stage


def test_a_partition_without_its_part_gets_one_and_it_is_attached(events: Stage) -> None:
    events.database.execute("CREATE INDEX ix_what ON ONLY events (what)")
    events.database.execute("CREATE INDEX CONCURRENTLY some_name ON events_1 (what)")
    assert invalid(events.database) == ["ix_what"]
    told = interrupted(events.run(), "ix_what")
    assert told == [
        'ALTER INDEX "public"."ix_what" ATTACH PARTITION "public"."some_name"',
        'CREATE INDEX CONCURRENTLY "events_2_ix_what" ON "public"."events_2" USING btree (what)',
        'ALTER INDEX "public"."ix_what" ATTACH PARTITION "public"."events_2_ix_what"',
    ]
    repaired(events, told)


def test_a_part_that_is_invalid_itself_is_repaired_first(events: Stage) -> None:
    events.database.execute("INSERT INTO events VALUES (1, 1), (1, 1)")
    events.database.execute("CREATE UNIQUE INDEX ix_ids ON ONLY events (id, day)")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        events.database.execute("CREATE UNIQUE INDEX CONCURRENTLY part ON events_1 (id, day)")
    events.database.execute("ALTER INDEX ix_ids ATTACH PARTITION part")
    told = interrupted(events.run("check"), "part", "ix_ids")
    assert told[0] == 'REINDEX INDEX CONCURRENTLY "public"."part"'
    events.database.execute("TRUNCATE events")
    repaired(events, told)


@pytest.mark.parametrize("kind", ["PRIMARY KEY", "UNIQUE"])
def test_so_is_the_index_of_a_constraint_on_every_level(events: Stage, kind: str) -> None:
    events.database.execute(DEEPER)
    events.database.execute(f"ALTER TABLE ONLY events ADD CONSTRAINT ids {kind} (id, day)")
    assert invalid(events.database) == ["ids"]
    repaired(events, interrupted(events.run(), "ids"))


def test_a_partition_that_is_partitioned_gets_its_part_as_a_whole(events: Stage) -> None:
    events.database.execute(DEEPER)
    events.database.execute("CREATE INDEX ix_what ON ONLY events (what)")
    repaired(events, interrupted(events.run(), "ix_what"))


def test_a_partition_made_at_run_time_is_ours_as_its_table_is(events: Stage) -> None:
    events.database.execute(DEEPER)
    events.database.execute("INSERT INTO events VALUES (1, 21, 'a'), (2, 21, 'a')")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        events.database.execute("CREATE UNIQUE INDEX CONCURRENTLY part ON events_3a (what)")
    told = interrupted(events.run(), "part")
    events.database.execute("TRUNCATE events")
    repaired(events, told)


def test_one_that_its_revision_leaves_to_a_later_one_is_what_it_builds(known: KnownStage) -> None:
    known.project.add("0004", "0003", f'op.execute("""{EVENTS}""")')
    known.project.add("0005", "0004", 'op.execute("CREATE INDEX ix_what ON ONLY events (what)")')
    rebuild(known)
    assert known.run().exit_code == 0
    assert invalid(known.database) == ["ix_what"]
    assert known.run("check").exit_code == 0
