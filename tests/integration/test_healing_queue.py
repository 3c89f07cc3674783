"""Healing under traffic: an INVALID index is dropped without a queue of readers behind it."""

from contextlib import closing
from typing import Any

import psycopg2

from tests.conftest import ON_ONE_SERVER
from tests.harness.result import Result
from tests.integration.blocked_runs import Readers, held
from tests.integration.broken_indexes import cut_off, invalid
from tests.integration.healed import executing, healed
from tests.integration.stage import Stage
from tests.integration.test_cut_builds import CREATE, DROP, index_revision

pytestmark = ON_ONE_SERVER
READS = "SELECT count(*) FROM accounts"


def refused(done: Result) -> list[dict[str, Any]]:
    """Give the events of attempts to drop an index that were blocked."""
    return [dict(each) for each in done.events if each["event"] == "index_drop_blocked"]


def broken(stage: Stage) -> None:
    """Leave an INVALID index that a pending revision builds."""
    index_revision(stage, CREATE)
    cut_off(stage.database, CREATE)


def test_a_reader_of_long_is_waited_for_and_the_others_are_delayed_once(behind: Stage) -> None:
    broken(behind)
    with held(behind.database, 8, READS) as pid, Readers(behind.database) as readers:
        done = healed(behind, "public.ix_names")
    (event,) = refused(done)
    assert (event["index"], event["revision"], event["attempt"]) == ("public.ix_names", "0004", 1)
    assert (event["lock_timeout_seconds"], event["level"]) == (0.5, "warning")
    (blocker,) = event["blockers"]
    assert (blocker["pid"], blocker["lock"]) == (pid, "AccessExclusiveLock on public.accounts")
    assert "idle in its transaction for" in blocker["session"]
    # one attempt before the pause, one after it, which gets its lock
    assert 0.3 < readers.longest < 0.9, readers.longest


def test_each_of_two_readers_in_turn_is_waited_for(behind: Stage) -> None:
    broken(behind)
    with (
        held(behind.database, 4, READS, "first"),
        held(behind.database, 8, READS, "second"),
        Readers(behind.database) as readers,
    ):
        done = healed(behind, "public.ix_names")
    (event,) = refused(done)
    assert len(event["waits"]) == 2
    assert readers.longest < 0.9, readers.longest


def test_after_the_time_the_run_names_the_reader_and_what_ends_it(behind: Stage) -> None:
    broken(behind)
    with closing(psycopg2.connect(behind.database.url)) as reader:
        reader.cursor().execute(READS)
        done = behind.run(HEADSTART_DDL_RETRY_SECONDS="2")
        assert (done.exit_code, done.verdict["outcome"]) == (12, "blocked"), done.verdict
        pid = reader.info.backend_pid
        assert f"locked by pid {pid}" in done.verdict["error"]["message"]
        assert f"SELECT pg_terminate_backend({pid})" in done.verdict["next_step"]
        assert (len(refused(done)), behind.rows()) == (1, ["0003"])
        behind.database.execute(f"SELECT pg_terminate_backend({pid})")
    healed(behind, "public.ix_names")


def test_zero_is_one_attempt(behind: Stage) -> None:
    broken(behind)
    with held(behind.database, 30, READS) as pid:
        done = behind.run(HEADSTART_DDL_RETRY_SECONDS="0")
        behind.database.execute(f"SELECT pg_terminate_backend({pid})")
    assert (done.exit_code, done.verdict["outcome"]) == (12, "blocked"), done.verdict
    assert refused(done) == []
    assert f"SELECT pg_terminate_backend({pid})" in done.verdict["next_step"]


def test_the_deadline_of_the_run_ends_the_wait_and_names_the_reader(behind: Stage) -> None:
    broken(behind)
    with held(behind.database, 60, READS) as pid:
        done = behind.run(HEADSTART_DEADLINE_SECONDS="6")
        behind.database.execute(f"SELECT pg_terminate_backend({pid})")
    assert (done.exit_code, done.verdict["outcome"]) == (12, "blocked"), done.verdict
    assert f"pid {pid}" in done.verdict["error"]["message"]


def test_an_idle_session_is_ended_where_that_is_allowed(behind: Stage) -> None:
    broken(behind)
    with closing(psycopg2.connect(behind.database.url)) as reader:
        reader.cursor().execute(READS)
        pid = reader.info.backend_pid
        done = healed(
            behind,
            "public.ix_names",
            HEADSTART_END_BLOCKERS="idle",
            HEADSTART_END_BLOCKERS_IDLE_SECONDS="1",
        )
    ended = [each["pid"] for each in done.events if each["event"] == "blocker_ended"]
    assert ended == [pid]


def test_env_py_that_holds_the_table_itself_is_not_waited_for(behind: Stage) -> None:
    """One transaction holds all revisions, and has read the table: that ends after them only."""
    behind.project.edit_env(
        "with connectable.connect() as connection:",
        "with connectable.begin() as connection:\n"
        "        connection.exec_driver_sql('SELECT count(*) FROM accounts')",
    )
    plain = CREATE.replace("CONCURRENTLY ", "")
    behind.project.add("0004", "0003", f'op.execute("{plain}")')
    cut_off(behind.database, CREATE)
    done = behind.run()
    assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
    assert done.verdict["repair"] == [DROP]
    assert "env.py's own connection holds a lock" in done.verdict["error"]["message"]


SWAPS = {
    "the new one is renamed": (
        "CREATE INDEX CONCURRENTLY ix_new ON accounts (name, id)",
        ("DROP INDEX ix_names", "ALTER INDEX ix_new RENAME TO ix_names"),
    ),
    "the dropped one is renamed": (
        "CREATE INDEX CONCURRENTLY ix_new ON accounts (lower(name)) WHERE id > 7",
        ("ALTER INDEX ix_new RENAME TO ix_lower",),
    ),
}


def test_an_index_that_is_built_again_and_renamed_is_not_missed(behind: Stage) -> None:
    behind.database.execute("CREATE INDEX ix_names ON accounts (name)")
    for number, (build, then) in enumerate(SWAPS.values(), start=4):
        lines = "\n".join(f"op.execute('{each}')" for each in then)
        body = f"{executing(build)}\n{lines}"
        behind.project.add(f"{number:04}", f"{number - 1:04}", body)
        cut_off(behind.database, build)
        done = behind.run()
        assert done.exit_code == 0, done.verdict
        (dropped,) = done.verdict["dropped_indexes"]
        assert (dropped["index"], "rebuilt" in dropped) == ("public.ix_new", False)
        assert "index_not_rebuilt" not in [each["event"] for each in done.events]
        assert invalid(behind.database) == []


def test_one_of_that_definition_that_stood_there_before_is_not_it(behind: Stage) -> None:
    behind.database.execute("CREATE INDEX ix_other ON accounts (name)")
    behind.project.add(
        "0004",
        "0003",
        "if False: op.create_index('ix_names', 'accounts', ['name'])\n"
        "op.execute('CREATE UNIQUE INDEX ix_unlike ON accounts (name)')",
    )
    cut_off(behind.database, CREATE)
    done = behind.run()
    (event,) = [each for each in done.events if each["event"] == "index_not_rebuilt"]
    assert event["index"] == "public.ix_names"
    assert "under another name" in event["next_step"]
