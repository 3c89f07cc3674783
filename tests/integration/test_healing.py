"""An INVALID index that a pending revision builds is dropped before that runs, and built anew."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.program import until
from tests.harness.result import Result
from tests.integration.broken_indexes import TWICE, cut_off, invalid
from tests.integration.healed import UNIQUE, executing, healed, in_autocommit
from tests.integration.known_stage import KnownStage, rebuild
from tests.integration.stage import Stage
from tests.integration.test_cut_builds import CAREFUL, CREATE, index_revision, killed


@pytest.mark.parametrize("statement", [CREATE, CAREFUL, UNIQUE])
def test_what_a_killed_run_left_the_next_one_drops_and_builds(stage: Stage, statement: str) -> None:
    index_revision(stage, statement)
    killed(stage)
    done = healed(stage, "public.ix_names")
    (event,) = [each for each in done.events if each["event"] == "index_dropped"]
    assert (event["level"], event["revision"]) == ("warning", "0004")
    assert "left by a build that was cut off or failed" in event["cause"]
    assert ("may have rejected duplicate rows" in event["cause"]) == ("UNIQUE" in statement)
    assert done.verdict["dropped_indexes"] == [
        {"index": "public.ix_names", "table": "public.accounts", "revision": "0004"}
    ]
    assert stage.run("check").exit_code == 0


def test_a_name_that_only_python_computes_is_told_by_the_fingerprints(known: KnownStage) -> None:
    body = in_autocommit(
        "name = '_'.join(['ix', 'names'])",
        "op.create_index(name, 'accounts', ['name'], postgresql_concurrently=True)",
    )
    known.project.add("0004", "0003", body)
    rebuild(known)
    assert known.run(HEADSTART_TARGET="0003").exit_code == 0
    cut_off(known.database, CREATE)
    healed(known, "public.ix_names")


def test_without_fingerprints_nobody_tells_such_a_name_and_a_person_is_needed(
    behind: Stage,
) -> None:
    body = in_autocommit("op.create_index('_'.join(['ix', 'names']), 'accounts', ['name'])")
    behind.project.add("0004", "0003", body)
    cut_off(behind.database, CREATE)
    done = behind.run()
    assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
    assert "dropped_indexes" not in done.verdict


@pytest.mark.parametrize("with_file", [False, True])
def test_duplicates_fail_each_time_with_their_cause_and_leave_no_invalid_index(
    known: KnownStage, with_file: bool
) -> None:
    index_revision(known, UNIQUE)
    known.file.unlink()
    if with_file:
        rebuild(known)
    assert known.run(HEADSTART_TARGET="0003").exit_code == 0
    known.database.execute(TWICE)
    for _ in range(2):
        done = known.run()
        assert (done.exit_code, done.verdict["error"]["sqlstate"]) == (21, "23505"), done.verdict
        assert "remove the duplicate rows" in done.verdict["next_step"]
        assert "was dropped again" in done.verdict["next_step"]
        assert [each["index"] for each in done.verdict["dropped_indexes"]] == ["public.ix_names"]
        assert invalid(known.database) == []
    known.database.execute("DELETE FROM accounts WHERE id > 1")
    healed(known)


def test_each_of_several_revisions_gets_its_indexes_out_of_the_way(behind: Stage) -> None:
    first = [f"CREATE INDEX CONCURRENTLY ix_{n} ON accounts (name)" for n in "ab"]
    second = [f"CREATE INDEX CONCURRENTLY ix_{n} ON orders (account_id)" for n in "cd"]
    behind.project.add("0004", "0003", executing(*first))
    behind.project.add("0005", "0004", executing(*second))
    for statement in (first[0], *second):
        cut_off(behind.database, statement)
    healed(behind, "public.ix_a", "public.ix_c", "public.ix_d")


def test_with_refuse_a_person_drops_it_before_anything_is_done(behind: Stage) -> None:
    index_revision(behind, CAREFUL, 'op.execute("ALTER TABLE accounts ADD note text")')
    cut_off(behind.database, CREATE)
    done = behind.run(HEADSTART_INVALID_INDEXES="refuse")
    assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
    assert done.verdict["repair"] == ['DROP INDEX CONCURRENTLY "public"."ix_names"']
    assert "HEADSTART_INVALID_INDEXES=refuse" in done.verdict["error"]["message"]
    assert (behind.rows(), invalid(behind.database)) == (["0003"], ["ix_names"])
    behind.database.execute(done.verdict["repair"][0])
    healed(behind, HEADSTART_INVALID_INDEXES="refuse")


def test_with_refuse_what_a_failed_build_left_stays(behind: Stage) -> None:
    index_revision(behind, UNIQUE)
    behind.database.execute(TWICE)
    done = behind.run(HEADSTART_INVALID_INDEXES="refuse")
    assert (done.exit_code, done.verdict["error"]["sqlstate"]) == (21, "23505"), done.verdict
    assert "remove duplicate rows" in done.verdict["next_step"]
    assert invalid(behind.database) == ["ix_names"]


ADD = "ALTER TABLE accounts ADD note text"


def test_what_was_done_before_the_index_is_said_though_that_is_dropped(behind: Stage) -> None:
    behind.project.add("0004", "0003", executing(ADD, CREATE))
    behind.database.execute(ADD)
    cut_off(behind.database, CREATE)
    done = behind.run()
    assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
    assert "an earlier attempt was cut off" in done.verdict["error"]["message"]
    assert "undo by hand what revision 0004 did before" in done.verdict["next_step"]
    assert invalid(behind.database) == []
    behind.database.execute("ALTER TABLE accounts DROP note")
    healed(behind)


def test_with_fingerprints_what_is_done_and_what_is_left_is_said_each_time(
    known: KnownStage,
) -> None:
    """Of two indexes one was built; the version row is there, and says nothing of that."""
    other = "CREATE INDEX CONCURRENTLY ix_first ON accounts (name, id)"
    known.project.add("0004", "0003", executing(other, CREATE))
    rebuild(known)
    assert known.run(HEADSTART_TARGET="0003").exit_code == 0
    known.database.execute(other)
    cut_off(known.database, CREATE)
    for _ in range(2):
        done = known.run()
        assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
        (done_before,), (todo,) = done.verdict["done"], done.verdict["todo"]
        assert "ix_first" in done_before
        assert "ix_names" in todo
        assert "undo by hand what it has done" in done.verdict["next_step"]
        assert known.rows() == ["0003"]
    known.database.execute("DROP INDEX ix_first")
    healed(known)


def test_so_it_is_where_the_revision_dropped_something_first(known: KnownStage) -> None:
    """Run again it fails at what is gone, which tells of the earlier attempt as well."""
    known.project.add("0004", "0003", executing(CREATE))
    other = "CREATE INDEX CONCURRENTLY ix_later ON accounts (name, id)"
    known.project.add("0005", "0004", executing("DROP INDEX CONCURRENTLY ix_names", other))
    rebuild(known)
    assert known.run(HEADSTART_TARGET="0004").exit_code == 0
    known.database.execute("DROP INDEX ix_names")
    cut_off(known.database, other)
    for _ in range(2):
        done = known.run()
        assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
        (done_before,), (todo,) = done.verdict["done"], done.verdict["todo"]
        assert done_before.startswith("- index")
        assert "ix_later" in todo
        assert known.rows() == ["0004"]


MANY = """
    ALTER TABLE accounts SET (autovacuum_enabled = false);
    INSERT INTO accounts (name) SELECT md5(n::text) FROM generate_series(1, 2000000) AS n
"""
PROGRESS = "SELECT 1 FROM pg_stat_progress_create_index WHERE phase LIKE 'building index%'"


@ON_ONE_SERVER
def test_a_run_that_is_killed_at_two_million_rows_needs_nobody(behind: Stage) -> None:
    """No trick slows the build: the server notices a second later that its client is gone."""
    behind.database.execute(MANY)
    index_revision(behind, CREATE)
    with behind.start() as run:
        until(lambda: behind.database.query(PROGRESS), "a build", 60)
        run.kill()
    until(lambda: not behind.database.query(PROGRESS), "the end of the build", 60)
    assert invalid(behind.database) == ["ix_names"]
    healed(behind, "public.ix_names")


def not_rebuilt(done: Result) -> list[dict[str, object]]:
    """Give the warnings of what was dropped and is not there again."""
    return [dict(each) for each in done.events if each["event"] == "index_not_rebuilt"]


@pytest.mark.parametrize("condition", ["False", "op.get_context().as_sql"])
def test_an_index_that_its_revision_does_not_build_again_is_told(
    behind: Stage, condition: str
) -> None:
    body = f"if {condition}: op.create_index('ix_names', 'accounts', ['name'])\n"
    behind.project.add("0004", "0003", body + "op.execute('ALTER TABLE accounts ADD note text')")
    cut_off(behind.database, CREATE)
    done = behind.run()
    assert (done.exit_code, done.verdict["outcome"]) == (0, "upgraded"), done.verdict
    (event,) = not_rebuilt(done)
    assert (event["level"], event["revision"]) == ("warning", "0004")
    assert (event["index"], event["table"]) == ("public.ix_names", "public.accounts")
    assert "if it is needed, build it in a new revision" in str(event["next_step"])
    assert done.verdict["dropped_indexes"] == [
        {
            "index": "public.ix_names",
            "table": "public.accounts",
            "revision": "0004",
            "rebuilt": False,
        }
    ]


def test_so_it_is_where_one_transaction_holds_all_or_a_later_revision_fails(behind: Stage) -> None:
    body = "if False: op.create_index('ix_names', 'accounts', ['name'])\n"
    behind.project.add("0004", "0003", body + "op.execute('ALTER TABLE accounts ADD note text')")
    behind.project.add("0005", "0004", "op.execute('SELECT 1/0')")
    cut_off(behind.database, CREATE)
    done = behind.run()
    assert (done.exit_code, behind.rows()) == (21, ["0004"]), done.verdict
    assert [each["revision"] for each in not_rebuilt(done)] == ["0004"]
    behind.project.remove("0005")
    behind.project.edit_env("with connectable.connect() as", "with connectable.begin() as")
    behind.project.add("0005", "0004", body.replace("names", "more") + "op.execute('SELECT 1')")
    cut_off(behind.database, CREATE.replace("names", "more"))
    done = behind.run()
    assert done.exit_code == 0, done.verdict
    assert [each["index"] for each in not_rebuilt(done)] == ["public.ix_more"]


def test_nor_is_one_missed_that_a_later_revision_drops_or_a_failed_one_has_yet_to_build(
    behind: Stage,
) -> None:
    behind.project.add("0004", "0003", executing(CREATE))
    behind.project.add("0005", "0004", "op.drop_index('ix_names')")
    behind.project.add("0006", "0005", "op.execute('SELECT 1/0')\n" + executing(ORDERS))
    cut_off(behind.database, CREATE)
    cut_off(behind.database, ORDERS)
    done = behind.run()
    assert (done.exit_code, behind.rows()) == (21, ["0005"]), done.verdict
    assert len(done.verdict["dropped_indexes"]) == 2
    assert not not_rebuilt(done)


ORDERS = "CREATE INDEX CONCURRENTLY ix_orders ON orders (account_id)"
