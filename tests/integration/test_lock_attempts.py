"""A revision whose locks others hold is tried again, and nobody queues behind it meanwhile."""

import re
import threading
import time
from contextlib import closing

import psycopg2

from tests.conftest import ON_ONE_SERVER
from tests.harness.program import until
from tests.harness.server import a_role
from tests.integration.blocked_runs import (
    ADD,
    BLOCKED,
    DRIVERS,
    INSERT,
    ONCE,
    Readers,
    blocked,
    give,
    held,
    run_past,
    use,
)
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER


@DRIVERS
def test_nobody_queues_behind_a_revision_that_waits_for_a_long_transaction(
    behind: Stage, driver: str
) -> None:
    behind.project.add("0004", "0003", ADD)
    url = use(behind, driver)
    with Readers(behind.database) as readers:
        ended = run_past(behind, more_seconds=4, DATABASE_URL=url)
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict
    assert ended.verdict["lock_attempts"] == {"0004": 2}
    (attempt,) = blocked(ended)
    assert (attempt["attempt"], attempt["lock_timeout_seconds"]) == (1, 0.5)
    blockers = attempt["blockers"]
    assert isinstance(blockers, list)
    assert len(blockers) == 1
    assert blockers[0]["lock"] == "AccessExclusiveLock on public.accounts"
    assert blockers[0]["statement"] == "SELECT ? FROM accounts"
    assert f"pid {blockers[0]['pid']} (a holder)" in blockers[0]["session"]
    assert readers.longest < 3, "four seconds of the holder's, or five of a lock_timeout"


def test_a_table_that_is_always_in_use_for_a_moment_is_got(behind: Stage) -> None:
    behind.project.add("0004", "0003", ADD)
    over = threading.Event()

    def use_it(offset: float) -> None:
        time.sleep(offset)
        with closing(psycopg2.connect(behind.database.url)) as session:
            while not over.is_set():
                session.cursor().execute("SELECT pg_sleep(0.3) FROM accounts LIMIT 1")
                session.cursor().execute("LOCK TABLE accounts IN ACCESS SHARE MODE")
                time.sleep(0.3)
                session.commit()

    users = [threading.Thread(target=use_it, args=(offset,)) for offset in (0.0, 0.1, 0.2)]
    for user in users:
        user.start()
    try:
        ended = behind.run()
    finally:
        over.set()
        for user in users:
            user.join()
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict


def test_two_tables_locked_in_the_other_order(behind: Stage) -> None:
    behind.database.execute("CREATE TABLE other (id int)")
    behind.project.add(
        "0004",
        "0003",
        "op.execute('LOCK TABLE other')\nimport time\ntime.sleep(1)\n" + INSERT + ADD,
    )
    with closing(psycopg2.connect(behind.database.url)) as session, behind.start() as run:
        session.cursor().execute("SET deadlock_timeout = '1min'; LOCK TABLE accounts")
        until(
            lambda: (
                behind.database.query(
                    "SELECT count(*) FROM pg_locks WHERE relation = 'other'::regclass AND granted"
                )
                == [(1,)]
            ),
            "it has the other",
        )
        session.cursor().execute("LOCK TABLE other")  # waits for it, and is waited for
        time.sleep(1)
        session.commit()
        ended = run.end(60)
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict
    assert behind.database.query(ONCE) == [(1,)]


def test_a_history_that_begins_finds_its_version_table_again(stage: Stage) -> None:
    stage.database.execute("CREATE TABLE of_others (id int)")
    script = next(stage.project.versions.glob("0001*.py"))
    begins = re.compile(r"(def upgrade\(\).*:\n)")
    script.write_text(
        begins.sub(r"\1    op.execute('LOCK TABLE of_others')\n", script.read_text(), count=1)
    )
    ended = run_past(stage, "LOCK TABLE of_others")
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict
    assert ended.verdict["lock_attempts"] == {"0001": 2}


def test_in_one_transaction_of_all_there_is_one_attempt(behind: Stage) -> None:
    behind.project.edit_env("connectable.connect()", "connectable.begin()")
    behind.project.add("0004", "0003", ADD)
    with held(behind.database, 60):
        ended = behind.run()
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert not blocked(ended)


def test_a_wait_on_a_connection_of_the_scripts_own_is_its_business(behind: Stage) -> None:
    """It has no limit of ours there, and is not canceled; nor does it count as swallowed."""
    behind.database.execute("CREATE TABLE other (id int)")
    body = (
        "import os\nengine = sa.create_engine(os.environ['DATABASE_URL'])\n"
        "with engine.begin() as own:\n    own.execute(sa.text('LOCK TABLE other'))\n"
        "engine.dispose()\n"
    )
    behind.project.add("0004", "0003", body + ADD)
    with held(behind.database, 9, "LOCK TABLE other IN ACCESS SHARE MODE"):
        ended = behind.run()
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict
    assert not blocked(ended)


def test_who_may_have_no_third_connection_is_tried_again_all_the_same(behind: Stage) -> None:
    """Nobody can be asked who is in the way, nor whether the transaction is as it began."""
    behind.project.add("0004", "0003", INSERT + ADD)
    with a_role(behind.database, "narrow", "CONNECTION LIMIT 2") as role:
        give(behind, role)
        ended = run_past(behind, DATABASE_URL=behind.url_of(role))
        assert behind.database.query(ONCE) == [(1,)]
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict


def test_of_another_roles_session_is_told_what_may_be_seen(behind: Stage) -> None:
    behind.project.add("0004", "0003", ADD)
    with a_role(behind.database, "plain") as role:
        give(behind, role)
        with held(behind.database, 60, "SELECT 'a secret' FROM accounts") as process:
            ended = behind.run(DATABASE_URL=behind.url_of(role), HEADSTART_DDL_RETRY_SECONDS="1")
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert f"pid {process} (a holder) of role postgres" in ended.verdict["error"]["message"]
    assert "a secret" not in ended.stderr


def test_who_waits_behind_the_holder_is_marked(behind: Stage) -> None:
    """An ALTER of somebody else's queues behind a reader, and ours behind both."""
    behind.project.add("0004", "0003", ADD)
    url = behind.database.url
    with closing(psycopg2.connect(url)) as first, closing(psycopg2.connect(url)) as second:
        reader, queued = first.info.backend_pid, second.info.backend_pid
        first.cursor().execute("LOCK TABLE accounts IN ROW EXCLUSIVE MODE")
        waiting = threading.Thread(
            target=second.cursor().execute, args=["LOCK TABLE accounts IN EXCLUSIVE MODE"]
        )
        waiting.start()
        with behind.start() as run:
            event = run.await_event(BLOCKED, 40)
            first.rollback()
            waiting.join()
            second.rollback()
            ended = run.end()
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict
    marks = {each["pid"]: each.get("queued", False) for each in event["blockers"]}
    assert marks == {reader: False, queued: True}


def test_long_transactions_without_a_gap_end_in_blocked(behind: Stage) -> None:
    """Seven seconds each, a new one every two: nobody is waited for in vain for ever."""
    behind.project.add("0004", "0003", ADD)
    over = threading.Event()

    def use_it(offset: float) -> None:
        over.wait(offset)
        with closing(psycopg2.connect(behind.database.url, application_name="busy")) as session:
            while not over.is_set():
                session.cursor().execute("SELECT 1 FROM accounts")
                over.wait(7)
                session.commit()

    users = [threading.Thread(target=use_it, args=(2 * number,)) for number in range(4)]
    for user in users:
        user.start()
    time.sleep(2)
    try:
        ended = behind.run(HEADSTART_DDL_RETRY_SECONDS="12")
    finally:
        over.set()
        for user in users:
            user.join()
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert "(busy)" in ended.verdict["error"]["message"]
    assert all(float(str(each["lock_timeout_seconds"])) <= 5 for each in blocked(ended))
