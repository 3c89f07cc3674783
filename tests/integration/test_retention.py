"""Partitions that retention has dropped or detached are no drift, and are named."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.known_stage import KnownStage, rebuild

EVENTS = """
CREATE TABLE events (id bigint NOT NULL, at date NOT NULL, kind text NOT NULL,
                     PRIMARY KEY (id, at), CHECK (id > 0)) PARTITION BY RANGE (at);
CREATE INDEX ix_events_kind ON events (kind);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')
  PARTITION BY LIST (id);
CREATE TABLE events_2025_a PARTITION OF events_2025 FOR VALUES IN (7);
CREATE TABLE events_2025_other PARTITION OF events_2025 DEFAULT;
CREATE TABLE events_rest PARTITION OF events DEFAULT;
CREATE INDEX ix_2024_id ON events_2024 (id);
CREATE TABLE notes (event_id bigint, event_at date,
                    CONSTRAINT of_event FOREIGN KEY (event_id, event_at) REFERENCES events);
CREATE TABLE marks (event_id bigint, event_at date,
                    CONSTRAINT of_2024 FOREIGN KEY (event_id, event_at) REFERENCES events_2024);
"""
DETACH = "ALTER TABLE events DETACH PARTITION events_2024"
DROP_2024 = f"ALTER TABLE marks DROP CONSTRAINT of_2024; {DETACH}; DROP TABLE events_2024"
"""What refers to the partition itself has to go first: that is a difference of its own."""
GONE = {
    "dropped": (
        "ALTER TABLE events DETACH PARTITION events_2025; DROP TABLE events_2025",
        ["events_2025", "events_2025_a", "events_2025_other"],
    ),
    "a part of a part": (
        "ALTER TABLE events_2025 DETACH PARTITION events_2025_a; DROP TABLE events_2025_a",
        ["events_2025_a"],
    ),
    "detached": (DETACH, ["events_2024 (detached)"]),
    "detached, and with what DETACH CONCURRENTLY leaves": (
        f"{DETACH}; ALTER TABLE events_2024 ADD CHECK (at IS NOT NULL AND at < '2025-01-01')",
        ["events_2024 (detached)"],
    ),
    "a detached part with parts": (
        "ALTER TABLE events DETACH PARTITION events_2025",
        ["events_2025 (detached)"],
    ),
}
DRIFT = {
    "the default partition": (
        "DELETE FROM notes; ALTER TABLE events DETACH PARTITION events_rest; DROP TABLE events_rest"
    ),
    "the default partition of a part": (
        "ALTER TABLE events_2025 DETACH PARTITION events_2025_other; DROP TABLE events_2025_other"
    ),
    "a foreign key to a partition": DROP_2024,
    "the whole table": "DROP TABLE notes, marks; DROP TABLE events",
    "a column beside it": f"{DETACH}; ALTER TABLE notes DROP COLUMN event_at",
    "another range": f"{DETACH}; ALTER TABLE events ATTACH PARTITION events_2024"
    " FOR VALUES FROM ('2024-01-01') TO ('2024-07-01')",
}


def add(known: KnownStage, revision: str, sql: str) -> None:
    """Add a revision of these statements, after the last one."""
    before = f"{int(revision) - 1:04d}"
    known.project.add(revision, before, f'op.execute("""{sql}""")')


@pytest.fixture
def parted(known: KnownStage) -> KnownStage:
    """A database whose revisions make partitions, and then something else."""
    add(known, "0004", EVENTS)
    add(known, "0005", "ALTER TABLE events ADD payload text")
    rebuild(known)
    assert known.run().verdict["proof"] == "fingerprint"
    known.database.execute(
        "INSERT INTO events_rest (id, at, kind) VALUES (1, '2030-01-01', 'a');"
        " INSERT INTO notes VALUES (1, '2030-01-01')"
    )
    return known


@pytest.mark.parametrize("how", GONE)
@ON_ONE_SERVER
def test_a_partition_that_retention_took_away_is_named_and_no_drift(
    parted: KnownStage, how: str
) -> None:
    sql, names = GONE[how]
    parted.database.execute(sql)
    for verb in ("check", "diff", "wait", "run"):
        done = parted.run(verb)
        assert done.exit_code == 0, done.stdout
        assert (done.verdict["proof"], done.verdict["retired"]) == ("fingerprint", names)
        if verb != "run":
            assert f"as retention leaves it: {', '.join(names)}" in done.stdout
    assert parted.run("check", HEADSTART_VERIFY="strict").exit_code == 0


@ON_ONE_SERVER
def test_an_older_image_passes_and_names_what_retention_took(parted: KnownStage) -> None:
    parted.database.execute(f"{DETACH}; UPDATE alembic_version SET version_num = 'newer'")
    done = parted.run("check")
    assert (done.exit_code, done.verdict["outcome"]) == (0, "ahead_compatible"), done.verdict
    assert "- partition events_2024 (detached) of events" in done.verdict["newer"]


@pytest.mark.parametrize("what", DRIFT)
@ON_ONE_SERVER
def test_what_no_retention_does_is_drift(parted: KnownStage, what: str) -> None:
    parted.database.execute(DRIFT[what])
    done = parted.run("check")
    assert (done.exit_code, done.verdict["outcome"]) == (25, "drifted"), done.stdout


def test_after_retention_a_new_revision_is_applied_and_proven(parted: KnownStage) -> None:
    parted.database.execute(GONE["dropped"][0])
    parted.database.execute(DETACH)
    add(parted, "0006", "ALTER TABLE events ADD source text; CREATE INDEX ON events (source)")
    rebuild(parted)
    done = parted.run()
    assert (done.exit_code, done.verdict["proof"]) == (0, "fingerprint"), done.stderr
    assert "events_2024 (detached)" in done.verdict["retired"]


@ON_ONE_SERVER
def test_a_partition_that_a_revision_of_this_run_makes_has_to_be_there(
    parted: KnownStage,
) -> None:
    """A table of its name is in the way, and IF NOT EXISTS says nothing."""
    parted.database.execute("CREATE TABLE events_2027 (LIKE events)")
    add(
        parted,
        "0006",
        "CREATE TABLE IF NOT EXISTS events_2027 PARTITION OF events"
        " FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')",
    )
    rebuild(parted)
    done = parted.run()
    assert (done.exit_code, done.verdict["outcome"]) == (25, "drifted"), done.verdict


@ON_ONE_SERVER
def test_tables_without_a_version_row_are_proven_without_their_oldest_partitions(
    parted: KnownStage,
) -> None:
    parted.database.execute(f"{GONE['dropped'][0]}; {DETACH}; DROP TABLE alembic_version")
    planned = parted.run("plan")
    assert "stamp:  0005" in planned.stdout
    done = parted.run()
    assert (done.exit_code, done.verdict["outcome"]) == (0, "baselined"), done.verdict
    assert parted.rows() == ["0005"]
    assert "events_2025" in done.verdict["retired"]


@ON_ONE_SERVER
def test_a_revision_that_lacks_a_partition_of_its_own_may_be_half_applied(
    parted: KnownStage,
) -> None:
    """Nothing tells whether retention took it or the revision never made it."""
    add(
        parted,
        "0006",
        "CREATE TABLE events_2026 PARTITION OF events"
        " FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); ALTER TABLE notes ADD note text",
    )
    rebuild(parted)
    parted.database.execute("ALTER TABLE notes ADD note text; DROP TABLE alembic_version")
    done = parted.run()
    assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
    assert parted.rows() is None
