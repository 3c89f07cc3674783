"""An INVALID index of ours is never success: it is named, with what repairs it, and that helps."""

import json

import pytest

from headstart.readiness import Readiness
from tests.conftest import ON_ONE_SERVER
from tests.harness.result import Result
from tests.integration.broken_indexes import TWICE, fail_to_build, invalid
from tests.integration.known_stage import KnownStage, rebuild
from tests.integration.stage import Stage

REINDEX = 'REINDEX INDEX CONCURRENTLY "public"."ix_names"'
ONE_NAME = "DELETE FROM accounts WHERE id > 1"


def interrupted(done: Result, *names: str) -> list[str]:
    """See that it ended with 26 and named these indexes; give the repair."""
    assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
    found = [each["index"] for each in done.verdict["invalid_indexes"]]
    assert found == [f"public.{name}" for name in names]
    return list(done.verdict["repair"])


def repaired(stage: Stage, statements: list[str]) -> None:
    """Do as told, and see that a run and a check are ready then."""
    for statement in statements:
        stage.database.execute(statement)
    done = stage.run()
    assert done.exit_code == 0, done.verdict
    assert stage.run("check").exit_code == 0
    assert invalid(stage.database) == []


@pytest.fixture
def at_head(stage: Stage) -> Stage:
    """Give a database that is ready, but for an index that somebody failed to build."""
    assert stage.run().exit_code == 0
    fail_to_build(stage.database)
    return stage


@pytest.mark.parametrize("verb", ["run", "check", "plan"])
def test_an_invalid_index_of_ours_at_head_is_interrupted(at_head: Stage, verb: str) -> None:
    done = at_head.run(verb)
    assert interrupted(done, "ix_names") == [REINDEX]
    assert "remove duplicate rows" in done.verdict["next_step"]
    assert REINDEX in done.verdict["next_step"]
    at_head.database.execute(ONE_NAME)
    repaired(at_head, [REINDEX])


@pytest.mark.parametrize("verify", ["off", "warn"])
def test_no_setting_makes_an_invalid_index_a_success(at_head: Stage, verify: str) -> None:
    for verb in ("run", "check"):
        interrupted(at_head.run(verb, HEADSTART_VERIFY=verify), "ix_names")


def test_wait_ends_with_the_same_at_its_deadline(at_head: Stage) -> None:
    interrupted(at_head.run("wait", HEADSTART_WAIT_SECONDS="1"), "ix_names")


def test_what_runs_already_stays_in_service(at_head: Stage) -> None:
    environ = {
        "DATABASE_URL": at_head.database.url,
        "HEADSTART_ALEMBIC_INI": at_head.project.ini,
    }
    answer = Readiness(environ).ask()
    assert (answer.ready, answer.outcome) == (True, "nothing_to_do")


@pytest.mark.parametrize("verify", ["auto", "strict"])
@pytest.mark.parametrize("verb", ["run", "check"])
def test_the_fingerprints_do_not_make_it_a_mere_difference(
    known: KnownStage, verb: str, verify: str
) -> None:
    assert known.run().exit_code == 0
    fail_to_build(known.database)
    done = known.run(verb, HEADSTART_VERIFY=verify)
    assert interrupted(done, "ix_names") == [REINDEX]
    known.database.execute(ONE_NAME)
    known.database.execute(REINDEX)
    known.database.execute("DROP INDEX ix_names")
    assert known.run("check").exit_code == 0


def test_a_newer_database_that_is_allowed_is_none_the_better_for_it(at_head: Stage) -> None:
    at_head.database.execute("UPDATE alembic_version SET version_num = '0009'")
    interrupted(at_head.run(HEADSTART_AHEAD="allow"), "ix_names")


@pytest.mark.parametrize(
    "place",
    [
        "CREATE SCHEMA shop; CREATE TABLE shop.accounts (id int, name text)",
        "CREATE SCHEMA shop; CREATE TABLE shop.jobs (id int, name text)",
    ],
)
def test_an_invalid_index_of_others_is_none_of_our_business(stage: Stage, place: str) -> None:
    assert stage.run().exit_code == 0
    table = place.split("TABLE ")[1].split(" ", maxsplit=1)[0]
    stage.database.execute(f"{place}; INSERT INTO {table} VALUES (1, 'ada'), (2, 'ada')")
    fail_to_build(stage.database, "ix_theirs", table)
    assert stage.run().exit_code == 0
    assert stage.run("check").exit_code == 0
    assert invalid(stage.database) == ["ix_theirs"]


@pytest.mark.parametrize("verb", ["run", "check", "plan"])
def test_where_a_revision_may_make_any_table_an_index_of_any_schema_may_be_ours(
    stage: Stage, verb: str
) -> None:
    stage.project.add("0004", "0003", 'op.execute("DO $$ BEGIN END $$")')
    assert stage.run().exit_code == 0
    stage.database.execute(
        "CREATE SCHEMA shop; CREATE TABLE shop.jobs (name text);"
        " INSERT INTO shop.jobs VALUES ('a'), ('a')"
    )
    fail_to_build(stage.database, "ix_jobs", "shop.jobs")
    done = stage.run(verb)
    assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
    assert done.verdict["invalid_indexes"] == [{"index": "shop.ix_jobs", "table": "shop.jobs"}]


VIEW = "CREATE MATERIALIZED VIEW {} AS SELECT name FROM accounts"


@pytest.mark.parametrize(
    ("view", "body"),
    [
        ("names", f'op.execute("{VIEW.format("names")}")'),
        (
            "shop.names",
            f'op.execute("CREATE SCHEMA shop; {VIEW.format("IF NOT EXISTS shop.names")}")',
        ),
        ("names", f'op.execute("{VIEW.format("n")}; ALTER MATERIALIZED VIEW n RENAME TO names")'),
        ("names", f'op.execute("DO $$ BEGIN {VIEW.format("names")}; END $$")'),
    ],
)
@ON_ONE_SERVER
def test_an_invalid_index_of_a_materialized_view_of_ours_is_interrupted(
    stage: Stage, view: str, body: str
) -> None:
    stage.project.add("0004", "0003", body)
    assert stage.run().exit_code == 0
    stage.database.execute(f"{TWICE}; REFRESH MATERIALIZED VIEW {view}")
    fail_to_build(stage.database, "ix_names", view)
    for verb in ("check", "plan", "run"):
        done = stage.run(verb)
        assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict


def test_with_fingerprints_that_of_a_materialized_view_is_no_mere_difference(
    known: KnownStage,
) -> None:
    known.project.add("0004", "0003", f'op.execute("{VIEW.format("names")}")')
    rebuild(known)
    assert known.run().exit_code == 0
    known.database.execute(f"{TWICE}; REFRESH MATERIALIZED VIEW names")
    fail_to_build(known.database, "ix_names", "names")
    for verb in ("check", "run"):
        interrupted(known.run(verb), "ix_names")
    known.database.execute(f"DROP INDEX ix_names; {VIEW.format('theirs')}")
    fail_to_build(known.database, "ix_theirs", "theirs")
    assert known.run("check").exit_code == 0


def test_nor_that_of_a_table_in_our_schema_that_no_revision_makes(known: KnownStage) -> None:
    assert known.run().exit_code == 0
    known.database.execute(
        "CREATE TABLE jobs (id int, name text); INSERT INTO jobs VALUES (1, 'a'), (2, 'a')"
    )
    fail_to_build(known.database, "ix_theirs", "jobs")
    assert known.run().exit_code == 0
    assert known.run("check").exit_code == 0


def test_while_revisions_are_pending_it_is_named_and_refuses_nothing(stage: Stage) -> None:
    """They may repair it themselves: IF EXISTS, and made anew."""
    assert stage.run(HEADSTART_TARGET="0001").exit_code == 0
    fail_to_build(stage.database)
    stage.project.add(
        "0004",
        "0003",
        """
        op.execute("DELETE FROM accounts WHERE id > 1")
        with op.get_context().autocommit_block():
            op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_names")
            op.execute("CREATE UNIQUE INDEX CONCURRENTLY ix_names ON accounts (name)")
        """,
    )
    behind = stage.run("check")
    assert behind.verdict["outcome"] == "not_ready"
    assert behind.verdict["invalid_indexes"] == [
        {"index": "public.ix_names", "table": "public.accounts"}
    ]
    assert "INVALID: index public.ix_names" in stage.run("plan").stdout
    done = stage.run()
    assert done.verdict["outcome"] == "upgraded", done.verdict
    assert invalid(stage.database) == []


def test_an_upgrade_that_leaves_it_is_no_success_though_it_is_applied(stage: Stage) -> None:
    assert stage.run(HEADSTART_TARGET="0001").exit_code == 0
    fail_to_build(stage.database)
    done = stage.run()
    assert interrupted(done, "ix_names") == [REINDEX]
    assert [each["revision"] for each in done.verdict["applied"]] == ["0002", "0003"]
    assert done.verdict["to"] == stage.rows() == ["0003"]
    stage.database.execute(ONE_NAME)
    repaired(stage, [REINDEX])


def test_what_a_failed_reindex_left_is_dropped_and_the_index_is_kept(at_head: Stage) -> None:
    database = at_head.database
    database.execute(f"{ONE_NAME}; DROP INDEX ix_names")
    database.execute("CREATE UNIQUE INDEX ix_first ON accounts (name)")
    # what makes a rebuild fail: the index does not see what a planted change of it made double
    database.execute(
        "UPDATE pg_index SET indisready = false, indisvalid = false"
        " WHERE indexrelid = 'ix_first'::regclass"
    )
    database.execute("INSERT INTO accounts (name) VALUES ('ada')")
    assert invalid(database) == ["ix_first"]
    with pytest.raises(Exception, match="could not create unique index"):
        database.execute("REINDEX INDEX CONCURRENTLY ix_first")
    assert invalid(database) == ["ix_first", "ix_first_ccnew"]
    told = interrupted(at_head.run(), "ix_first_ccnew", "ix_first")
    assert told == [
        'DROP INDEX CONCURRENTLY "public"."ix_first_ccnew"',
        'REINDEX INDEX CONCURRENTLY "public"."ix_first"',
    ]
    database.execute(ONE_NAME)
    repaired(at_head, told)
    assert database.query("SELECT count(*) FROM pg_indexes WHERE indexname = 'ix_first'") == [(1,)]


def test_a_name_with_quotes_and_blanks_is_repaired_as_told(stage: Stage) -> None:
    assert stage.run().exit_code == 0
    stage.database.execute("INSERT INTO accounts (name) VALUES ('ada'), ('ada')")
    with pytest.raises(Exception, match="could not create unique index"):
        stage.database.execute(
            """CREATE UNIQUE INDEX CONCURRENTLY "ix ""a' b" ON accounts (name)"""
        )
    told = interrupted(stage.run(), "ix \"a' b")
    stage.database.execute(ONE_NAME)
    repaired(stage, told)


def test_the_answer_of_check_says_what_to_execute(at_head: Stage) -> None:
    answer = at_head.run("check").stdout
    assert "INVALID: index public.ix_names of table public.accounts" in answer
    assert f"repair: {REINDEX};" in answer
    told = json.loads(at_head.run("check", "--output", "json").stdout)
    assert told["repair"] == [REINDEX]
