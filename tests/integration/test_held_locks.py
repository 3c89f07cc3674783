"""What each revision held until its COMMIT: which relations, how strongly, and for how long."""

from typing import Any

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.result import Result
from tests.harness.server import a_role
from tests.integration.stage import Stage

ACCESS = "AccessExclusive"
BEFORE = """
    CREATE TABLE parents (id int PRIMARY KEY);
    CREATE TABLE chunks (id int PRIMARY KEY, parent_id int, note text);
    CREATE SCHEMA "Other";
    CREATE TABLE "Other"."Mixed Case" (id int);
    CREATE TABLE "12345" (id int);
    CREATE TABLE parted (id int) PARTITION BY LIST (id);
    CREATE TABLE part (id int);
    CREATE MATERIALIZED VIEW summary AS SELECT 1 AS one;
"""
WORK = {
    "alter_table": ("ALTER TABLE chunks ADD x int", {"chunks": ACCESS}),
    "create_index": ("CREATE INDEX by_note ON chunks (note)", {"chunks": "Share"}),
    "foreign_key": (
        "ALTER TABLE chunks ADD FOREIGN KEY (parent_id) REFERENCES parents",
        {"chunks": "ShareRowExclusive", "parents": "ShareRowExclusive"},
    ),
    "drop": ("DROP TABLE chunks", {"chunks": ACCESS, "chunks_pkey": ACCESS}),
    "truncate": ("TRUNCATE chunks", {"chunks": ACCESS, "chunks_pkey": ACCESS}),
    "new_table": ("CREATE TABLE other (id int PRIMARY KEY); ALTER TABLE other ADD x int", {}),
    "rename": ("ALTER TABLE chunks RENAME TO pieces; TRUNCATE parents", None),
    "other_schema": (
        'ALTER TABLE "Other"."Mixed Case" ADD x int',
        {'"Other"."Mixed Case"': ACCESS},
    ),
    "digits": ('ALTER TABLE "12345" ADD x int', {'"12345"': ACCESS}),
    "partition": (
        "ALTER TABLE parted ATTACH PARTITION part FOR VALUES IN (1)",
        {"part": ACCESS},  # of the parent only SHARE UPDATE EXCLUSIVE
    ),
    "lock_table": ("LOCK TABLE parents IN EXCLUSIVE MODE", {"parents": "Exclusive"}),
    "refresh": ("REFRESH MATERIALIZED VIEW summary", {"summary": ACCESS}),
    "rows_only": ("INSERT INTO parents VALUES (1); DELETE FROM chunks", {}),
    "rewrite": (
        "ALTER TABLE chunks ALTER id TYPE bigint",
        {"chunks": ACCESS, "chunks_pkey": ACCESS},
    ),
    "strongest": (
        "CREATE INDEX by_note ON chunks (note); ALTER TABLE chunks ADD x int",
        {"chunks": ACCESS},
    ),
}
RENAMED = {"chunks": ACCESS, "parents": ACCESS, "parents_pkey": ACCESS}


def applied(ended: Result, revision: str = "0004") -> dict[str, Any]:
    """What the verdict says of a revision; the event has to say the same."""
    assert ended.exit_code == 0, ended
    (step,) = [each for each in ended.verdict["applied"] if each["revision"] == revision]
    (event,) = [
        each
        for each in ended.events
        if each["event"] == "revision_applied" and each["revision"] == revision
    ]
    assert {name: event[name] for name in step} == step
    return dict(step)


@pytest.fixture
def upgraded(stage: Stage) -> Stage:
    """Give a stage at the head of the plain project, with a few tables beside it."""
    assert stage.run().exit_code == 0
    stage.database.execute(BEFORE)
    return stage


@pytest.mark.parametrize("kind", WORK)
def test_exactly_what_was_there_before_is_told_with_its_strongest_lock(
    upgraded: Stage, kind: str
) -> None:
    statement, locks = WORK[kind]
    upgraded.project.add("0004", "0003", f"op.execute({statement!r})")
    step = applied(upgraded.run())
    assert step["locks"] == (RENAMED if locks is None else locks)
    assert ("held_seconds" in step) == bool(step["locks"])
    assert step.get("held_seconds", 0) <= 5
    assert "locks_in_part" not in step


def test_each_revision_tells_what_the_ones_before_have_made(stage: Stage) -> None:
    stage.database.execute("CREATE SCHEMA theirs; CREATE TABLE theirs.own (id int)")
    stage.project.add("0004", "0003", "op.add_column('accounts', sa.Column('x', sa.Integer))")
    ended = stage.run(HEADSTART_BASELINE="base")
    assert [each["locks"] for each in ended.verdict["applied"]] == [
        {},
        {"accounts": "ShareRowExclusive"},
        {"orders": "ShareRowExclusive"},
        {"accounts": ACCESS},
    ]


def test_from_empty_only_what_took_its_time_is_looked_at(stage: Stage) -> None:
    body = (
        "op.add_column('accounts', sa.Column('x', sa.Integer))\nop.execute('SELECT pg_sleep(1.1)')"
    )
    stage.project.add("0004", "0003", body)
    ended = stage.run()
    assert applied(ended)["locks"] == {"accounts": ACCESS}
    assert "locks" not in ended.verdict["applied"][2]


@ON_ONE_SERVER
def test_the_time_is_that_of_the_transaction_and_a_long_one_is_warned_of(upgraded: Stage) -> None:
    upgraded.project.add(
        "0004", "0003", 'op.execute("ALTER TABLE chunks ADD x int; SELECT pg_sleep(0.6)")'
    )
    ended = upgraded.run(HEADSTART_DDL_HOLD_WARN_SECONDS="0.5")
    step = applied(ended)
    assert 0.6 <= step["held_seconds"] <= step["seconds"] + 0.1
    (warning,) = [each for each in ended.events if each["event"] == "locks_held_long"]
    assert warning["level"] == "warning"
    assert (warning["revision"], warning["locks"]) == ("0004", {"chunks": ACCESS})
    assert (warning["held_seconds"], warning["limit_seconds"]) == (step["held_seconds"], 0.5)


@ON_ONE_SERVER
@pytest.mark.parametrize("limit", ["0", "30"])
def test_none_is_warned_of_below_the_limit_nor_where_there_is_none(
    upgraded: Stage, limit: str
) -> None:
    upgraded.project.add("0004", "0003", 'op.execute("TRUNCATE chunks; SELECT pg_sleep(1.2)")')
    ended = upgraded.run(HEADSTART_DDL_HOLD_WARN_SECONDS=limit)
    assert applied(ended)["held_seconds"] > 1
    assert not [each for each in ended.events if each["event"] == "locks_held_long"]


@ON_ONE_SERVER
def test_an_empty_database_gets_no_warning_for_nobody_waited_there(stage: Stage) -> None:
    stage.project.add("0004", "0003", 'op.execute("TRUNCATE invoices; SELECT pg_sleep(1.1)")')
    ended = stage.run(HEADSTART_DDL_HOLD_WARN_SECONDS="0.1")
    assert applied(ended)["held_seconds"] > 1.1
    assert not [each for each in ended.events if each["event"] == "locks_held_long"]


ONE_FOR_ALL = "with connectable.begin() as connection:"


def test_where_one_transaction_holds_all_the_last_one_tells_for_all(upgraded: Stage) -> None:
    upgraded.project.edit_env("with connectable.connect() as connection:", ONE_FOR_ALL)
    upgraded.project.add("0004", "0003", 'op.execute("TRUNCATE chunks; SELECT pg_sleep(0.2)")')
    upgraded.project.add("0005", "0004", 'op.execute("CREATE INDEX by_id ON part (id)")')
    ended = upgraded.run()
    assert "locks" not in applied(ended)
    step = applied(ended, "0005")
    assert step["locks"] == {"chunks": ACCESS, "chunks_pkey": ACCESS, "part": "Share"}
    assert step["held_seconds"] > 0.2


def test_a_revision_that_commits_in_between_tells_all_and_the_longest(upgraded: Stage) -> None:
    upgraded.project.add(
        "0004",
        "0003",
        """
        op.execute("TRUNCATE chunks; SELECT pg_sleep(0.4)")
        op.get_bind().commit()
        op.get_bind().begin()
        op.execute("ALTER TABLE part ADD x int")
        """,
    )
    step = applied(upgraded.run())
    assert step["locks"] == {"chunks": ACCESS, "chunks_pkey": ACCESS, "part": ACCESS}
    assert 0.4 <= step["held_seconds"] < 0.8


def test_a_commit_in_the_text_of_a_statement_is_seen_too(upgraded: Stage) -> None:
    upgraded.project.add(
        "0004",
        "0003",
        """
        op.execute("TRUNCATE chunks")
        op.execute("COMMIT")
        op.execute("ALTER TABLE part ADD x int")
        """,
    )
    step = applied(upgraded.run())
    assert step["locks"].items() >= {"chunks": ACCESS, "chunks_pkey": ACCESS}.items()


def test_of_work_outside_a_transaction_the_locks_are_told_in_part(upgraded: Stage) -> None:
    begin = 'op.execute("TRUNCATE part")\nwith op.get_context().autocommit_block():'
    body = f'{begin}\n    op.execute("ALTER TABLE chunks ADD x int")'
    upgraded.project.add("0004", "0003", body)
    step = applied(upgraded.run())
    assert (step["locks"], step["locks_in_part"]) == ({"part": ACCESS}, True)


@ON_ONE_SERVER
def test_a_role_without_a_slot_for_that_runs_as_before_and_says_that_it_is_unknown(
    upgraded: Stage,
) -> None:
    with a_role(upgraded.database, "app") as role:
        upgraded.database.execute(
            f"ALTER ROLE {role} CONNECTION LIMIT 2; GRANT ALL ON SCHEMA public TO {role};"
            f" GRANT ALL ON alembic_version TO {role}; ALTER TABLE alembic_version OWNER TO {role};"
            f" ALTER TABLE chunks OWNER TO {role}"
        )
        upgraded.project.add("0004", "0003", 'op.execute("ALTER TABLE chunks ADD x int")')
        ended = upgraded.run(DATABASE_URL=upgraded.url_of(role))
        assert applied(ended)["locks"] is None


@ON_ONE_SERVER
def test_a_connection_that_a_revision_needs_gets_the_slot(upgraded: Stage) -> None:
    with a_role(upgraded.database, "app") as role:
        upgraded.database.execute(
            f"ALTER ROLE {role} CONNECTION LIMIT 3; GRANT ALL ON SCHEMA public TO {role};"
            f" GRANT ALL ON alembic_version TO {role}; ALTER TABLE alembic_version OWNER TO {role};"
            f" ALTER TABLE chunks OWNER TO {role}"
        )
        body = """
        op.execute("ALTER TABLE chunks ADD x int")
        with sa.create_engine(op.get_bind().engine.url).connect() as other:
            other.execute(sa.text("SELECT 1"))
        """
        upgraded.project.add("0004", "0003", body)
        upgraded.project.add("0005", "0004", "pass")
        ended = upgraded.run(DATABASE_URL=upgraded.url_of(role))
        assert applied(ended)["locks"] is None
        assert applied(ended, "0005")["locks"] is None
