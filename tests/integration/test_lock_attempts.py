"""A revision whose locks others hold is tried again, and nobody queues behind it meanwhile."""

import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Self

import psycopg2
import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.program import until
from tests.harness.result import Result
from tests.harness.server import Database, a_role
from tests.integration.stage import Stage
from tests.integration.test_async_env import TEMPLATE

pytestmark = ON_ONE_SERVER
DRIVERS = pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
ADD = "op.execute('ALTER TABLE accounts ADD note text')\n"
INSERT = "op.execute(\"INSERT INTO accounts (id, name) VALUES (77, 'once')\")\n"
ONCE = "SELECT count(*) FROM accounts WHERE id = 77"
HAS_NOTE = (
    "SELECT count(*) FROM pg_attribute WHERE attrelid = 'accounts'::regclass AND attname = 'note'"
)
BLOCKED = "revision_blocked"


@pytest.fixture
def applied(stage: Stage) -> Stage:
    """A stage at 0003, where a table accounts is."""
    assert stage.run().exit_code == 0
    return stage


@contextmanager
def held(
    database: Database, seconds: float, sql: str = "SELECT 1 FROM accounts", name: str = "a holder"
) -> Iterator[int]:
    """Hold the locks of a statement for so long; gives the process."""
    with closing(psycopg2.connect(database.url, application_name=name)) as holder:
        holder.cursor().execute(sql)
        ending = threading.Timer(seconds, holder.rollback)
        ending.start()
        try:
            yield holder.info.backend_pid
        finally:
            ending.cancel()
            ending.join()


class Readers:
    """Sessions that read a table again and again; `longest` is what one waited, in seconds."""

    def __init__(self, database: Database) -> None:
        self._database, self._over = database, threading.Event()
        self.longest, self._threads = 0.0, [threading.Thread(target=self._read) for _ in range(3)]

    def _read(self) -> None:
        with closing(psycopg2.connect(self._database.url)) as reader:
            reader.autocommit = True
            while not self._over.wait(0.02):
                began = time.monotonic()
                reader.cursor().execute("SELECT count(*) FROM accounts")
                self.longest = max(self.longest, time.monotonic() - began)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


def run_past(
    stage: Stage, sql: str = "SELECT 1 FROM accounts", more_seconds: float = 0, **environ: str
) -> Result:
    """Run it while a holder has the locks of a statement, until an attempt has been blocked."""
    with closing(psycopg2.connect(stage.database.url, application_name="a holder")) as holder:
        holder.cursor().execute(sql)
        with stage.start(**environ) as run:
            run.await_event(BLOCKED, 40)
            time.sleep(more_seconds)
            holder.rollback()
            return run.end()


def blocked(ended: Result) -> list[dict[str, object]]:
    """The events of attempts that were blocked."""
    return [dict(event) for event in ended.events if event["event"] == BLOCKED]


def give(stage: Stage, role: str) -> None:
    """Let a role go on with what another has begun."""
    stage.database.execute(f"GRANT CREATE ON SCHEMA public TO {role}")
    for table in ("accounts", "alembic_version"):
        stage.database.execute(f"ALTER TABLE {table} OWNER TO {role}")


def use(stage: Stage, driver: str) -> str:
    """Let env.py use a driver; gives the URL."""
    if driver != "psycopg2":
        shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
    return stage.database.driver_url(driver)


@DRIVERS
def test_nobody_queues_behind_a_revision_that_waits_for_a_long_transaction(
    applied: Stage, driver: str
) -> None:
    applied.project.add("0004", "0003", ADD)
    url = use(applied, driver)
    with Readers(applied.database) as readers:
        ended = run_past(applied, more_seconds=4, DATABASE_URL=url)
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


SHAPES = {
    "plain": INSERT + ADD,
    "Session": (
        "from sqlalchemy.orm import Session\nwith Session(op.get_bind()) as session:\n"
        "    session.execute(sa.text(\"INSERT INTO accounts (id, name) VALUES (77, 'x')\"))\n"
        "    session.commit()\n"
        "    session.execute(sa.text('ALTER TABLE accounts ADD note text'))\n    session.commit()\n"
    ),
    "an enum": (
        INSERT + "kind = sa.Enum('a', 'b', name='kind')\nkind.create(op.get_bind())\n"
        "op.add_column('accounts', sa.Column('note', kind))\n"
    ),
    "savepoints": (
        INSERT + "with op.get_bind().begin_nested():\n    op.execute('SELECT 1')\n"
        "    op.execute('ALTER TABLE accounts ADD note text')\n"
    ),
    "a savepoint of SQL": "op.execute('SAVEPOINT mine')\n" + INSERT + ADD,
    "a batch": (
        INSERT + "with op.batch_alter_table('accounts') as batch:\n"
        "    batch.add_column(sa.Column('note', sa.Text))\n"
    ),
    "a savepoint that catches": (
        INSERT + "try:\n    with op.get_bind().begin_nested():\n"
        "        op.execute('ALTER TABLE accounts ADD note text')\nexcept Exception:\n    pass\n"
    ),
    "a handler of the server's": (
        INSERT + "op.execute('''DO $$ BEGIN ALTER TABLE accounts ADD note text;"
        " EXCEPTION WHEN OTHERS THEN NULL; END $$''')\n"
    ),
    "a function that catches": (
        "op.execute('''CREATE FUNCTION add_note() RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
        " ALTER TABLE accounts ADD note text; EXCEPTION WHEN OTHERS THEN NULL; END $$''')\n"
        + INSERT
        + "op.execute('SELECT add_note()')\n"
    ),
    "a savepoint of the driver's": (
        INSERT + "cursor = op.get_bind().connection.cursor()\ncursor.execute('SAVEPOINT mine')\n"
        "try:\n    cursor.execute('ALTER TABLE accounts ADD note text')\n"
        "except Exception:\n    cursor.execute('ROLLBACK TO SAVEPOINT mine')\n"
    ),
    "the driver's cursor": (
        INSERT + "op.get_bind().connection.cursor().execute('ALTER TABLE accounts ADD note text')\n"
    ),
    "a trigger that catches": (
        "op.execute('CREATE TABLE early (id int)')\n"
        "op.execute('''CREATE FUNCTION add_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " ALTER TABLE accounts ADD note text; RETURN NEW;"
        " EXCEPTION WHEN OTHERS THEN RETURN NEW; END $$''')\n"
        "op.execute('CREATE TRIGGER early BEFORE INSERT ON early FOR EACH ROW"
        " EXECUTE FUNCTION add_note()')\n" + INSERT + "op.execute('INSERT INTO early VALUES (1)')\n"
    ),
    "a later statement that catches": (
        "op.execute('''CREATE FUNCTION add_note() RETURNS int LANGUAGE plpgsql AS $$ BEGIN"
        " ALTER TABLE accounts ADD note text; RETURN 1; EXCEPTION WHEN OTHERS THEN RETURN 0;"
        " END $$''')\n" + INSERT + "op.execute('/* all */ CREATE TABLE z AS SELECT add_note()')\n"
    ),
    "an error of its own": (
        INSERT + "try:\n    op.execute('ALTER TABLE accounts ADD note text')\n"
        "except Exception as error:\n    raise RuntimeError('not added') from error\n"
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
@DRIVERS
def test_what_is_tried_again_is_done_once(applied: Stage, shape: str, driver: str) -> None:
    applied.project.add("0004", "0003", SHAPES[shape])
    url = use(applied, driver)
    ended = run_past(applied, DATABASE_URL=url)
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict
    assert ended.verdict["lock_attempts"]["0004"] >= 2
    assert applied.database.query(ONCE) == [(1,)]
    assert applied.database.query(HAS_NOTE) == [(1,)]
    assert applied.rows() == ["0004"]
    assert applied.run().outcome == "nothing_to_do"


def test_what_the_module_of_a_script_keeps_is_as_at_first(applied: Stage) -> None:
    top = (
        "from functools import cache\nFILLED, ONES = [], iter([78])\n@cache\ndef ensure(number):\n"
        "    op.execute(f\"INSERT INTO accounts (id, name) VALUES ({number}, 'x')\")\n"
    )
    body = "FILLED.append(77)\nfor each in [*FILLED, *ONES]:\n    ensure(each)\n" + ADD
    applied.project.add("0004", "0003", body, top=top)
    ended = run_past(applied)
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict
    found = "SELECT id FROM accounts WHERE id IN (77, 78) ORDER BY id"
    assert applied.database.query(found) == [(77,), (78,)]


def test_who_cannot_be_imported_twice_ends_as_blocked(applied: Stage) -> None:
    """A table of a MetaData that another module keeps, say."""
    (applied.project.path / "keeping.py").write_text(
        "import sqlalchemy\nMETADATA = sqlalchemy.MetaData()\n"
    )
    top = "import keeping\nT = sa.Table('t', keeping.METADATA, sa.Column('id', sa.Integer))\n"
    applied.project.add("0004", "0003", ADD, top=top)
    ended = run_past(applied, PYTHONPATH=str(applied.project.path))
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict


LEAVING = {
    "a COMMIT": INSERT + "op.execute('COMMIT')\n" + ADD,
    "a ROLLBACK": "op.execute('ROLLBACK')\n" + INSERT + "op.execute('COMMIT')\n" + ADD,
    "a commit of SQLAlchemy's": INSERT + "op.get_bind().commit()\n" + ADD,
    "an autocommit block": "with op.get_context().autocommit_block():\n    " + INSERT + ADD,
    "a commit of the driver's": INSERT + "op.get_bind().connection.commit()\n" + ADD,
    "a rollback of the driver's": (
        "raw = op.get_bind().connection\nraw.rollback()\n"
        "raw.cursor().execute(\"INSERT INTO accounts (id, name) VALUES (77, 'x')\")\n"
        "raw.commit()\nraw.cursor().execute('ALTER TABLE accounts ADD note text')\n"
    ),
    "another engine": (
        "import os\nengine = sa.create_engine(os.environ['DATABASE_URL'])\n"
        "with engine.begin() as other:\n"
        "    other.execute(sa.text(\"INSERT INTO accounts (id, name) VALUES (77, 'x')\"))\n"
        "engine.dispose()\n" + ADD
    ),
    "another connection": (
        "import os, psycopg2\nother = psycopg2.connect(os.environ['DATABASE_URL'])\n"
        "other.cursor().execute(\"INSERT INTO accounts (id, name) VALUES (77, 'x')\")\n"
        "other.commit()\nother.close()\n" + ADD
    ),
}


def test_nor_is_what_a_module_of_the_project_has_written_by_its_driver(applied: Stage) -> None:
    (applied.project.path / "helping.py").write_text(
        "import os\nfrom psycopg2 import connect\ndef write():\n"
        "    other = connect(os.environ['DATABASE_URL'])\n    other.autocommit = True\n"
        "    other.cursor().execute(\"INSERT INTO accounts (id, name) VALUES (77, 'x')\")\n"
        "    other.close()\n"
    )
    applied.project.add("0004", "0003", f"helping.write()\n{ADD}", top="import helping")
    sql = "LOCK TABLE accounts IN ROW EXCLUSIVE MODE"
    with held(applied.database, 50, sql):
        ended = applied.run(PYTHONPATH=str(applied.project.path))
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert applied.database.query(ONCE) == [(1,)]


@pytest.mark.parametrize("shape", LEAVING)
def test_what_has_committed_something_is_never_tried_again(applied: Stage, shape: str) -> None:
    applied.project.add("0004", "0003", LEAVING[shape])
    with held(applied.database, 60, "LOCK TABLE accounts IN ROW EXCLUSIVE MODE"):
        ended = applied.run()
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert not blocked(ended)
    assert applied.database.query(ONCE) == [(1,)]


def test_a_table_that_is_always_in_use_for_a_moment_is_got(applied: Stage) -> None:
    applied.project.add("0004", "0003", ADD)
    over = threading.Event()

    def use_it(offset: float) -> None:
        time.sleep(offset)
        with closing(psycopg2.connect(applied.database.url)) as session:
            while not over.is_set():
                session.cursor().execute("SELECT pg_sleep(0.3) FROM accounts LIMIT 1")
                session.cursor().execute("LOCK TABLE accounts IN ACCESS SHARE MODE")
                time.sleep(0.3)
                session.commit()

    users = [threading.Thread(target=use_it, args=(offset,)) for offset in (0.0, 0.1, 0.2)]
    for user in users:
        user.start()
    try:
        ended = applied.run()
    finally:
        over.set()
        for user in users:
            user.join()
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict


def test_two_tables_locked_in_the_other_order(applied: Stage) -> None:
    applied.database.execute("CREATE TABLE other (id int)")
    applied.project.add(
        "0004",
        "0003",
        "op.execute('LOCK TABLE other')\nimport time\ntime.sleep(1)\n" + INSERT + ADD,
    )
    with closing(psycopg2.connect(applied.database.url)) as session, applied.start() as run:
        session.cursor().execute("SET deadlock_timeout = '1min'; LOCK TABLE accounts")
        until(
            lambda: (
                applied.database.query(
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
    assert applied.database.query(ONCE) == [(1,)]


def test_at_the_end_of_the_time_who_is_in_the_way_is_named(applied: Stage) -> None:
    applied.project.add("0004", "0003", ADD)
    with held(applied.database, 60) as process:
        ended = applied.run(HEADSTART_DDL_RETRY_SECONDS="2")
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert f"waits for pid {process} (a holder)" in ended.verdict["error"]["message"]
    assert f"pg_terminate_backend({process})" in ended.verdict["next_step"]
    assert ended.verdict["lock_attempts"] == {"0004": 2}
    assert applied.rows() == ["0003"]


def test_an_idle_session_is_ended_where_that_is_allowed(applied: Stage) -> None:
    applied.project.add("0004", "0003", ADD)
    with closing(psycopg2.connect(applied.database.url)) as holder:
        holder.cursor().execute("SELECT 1 FROM accounts")
        ended = applied.run(
            HEADSTART_END_BLOCKERS="idle",
            HEADSTART_END_BLOCKERS_IDLE_SECONDS="3",
            HEADSTART_DDL_RETRY_SECONDS="30",
        )
        process = holder.info.backend_pid
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict
    (event,) = [event for event in ended.events if event["event"] == "blocker_ended"]
    assert event["pid"] == process


@pytest.mark.parametrize("at_work", [True, False])
def test_what_is_at_work_or_not_ours_is_never_ended(applied: Stage, *, at_work: bool) -> None:
    applied.project.add("0004", "0003", ADD)
    allowed = {
        "HEADSTART_END_BLOCKERS": "idle",
        "HEADSTART_END_BLOCKERS_IDLE_SECONDS": "1",
        "HEADSTART_DDL_RETRY_SECONDS": "4",
    }
    with applied.login() as role, closing(psycopg2.connect(applied.database.url)) as holder:
        if not at_work:
            give(applied, role)
        holder.cursor().execute("SELECT 1 FROM accounts")
        working = threading.Thread(target=holder.cursor().execute, args=["SELECT pg_sleep(12)"])
        if at_work:
            working.start()
            ended = applied.run(**allowed)
            working.join()
        else:  # the holder is a superuser's, and the run is not
            ended = applied.run(DATABASE_URL=applied.url_of(role), **allowed)
        holder.cursor().execute("SELECT 1")  # it is there
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert not [event for event in ended.events if event["event"] == "blocker_ended"]


def test_without_time_there_is_one_attempt(applied: Stage) -> None:
    applied.project.add("0004", "0003", ADD)
    with held(applied.database, 60):
        ended = applied.run(HEADSTART_DDL_RETRY_SECONDS="0")
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert "lock_attempts" not in ended.verdict
    assert ended.seconds > 4.5


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


def test_in_one_transaction_of_all_there_is_one_attempt(applied: Stage) -> None:
    applied.project.edit_env("connectable.connect()", "connectable.begin()")
    applied.project.add("0004", "0003", ADD)
    with held(applied.database, 60):
        ended = applied.run()
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert not blocked(ended)


@DRIVERS
def test_a_deadline_that_passes_while_it_pauses_ends_it_as_blocked(
    applied: Stage, driver: str
) -> None:
    applied.project.add("0004", "0003", ADD)
    url = use(applied, driver)
    with held(applied.database, 60):
        ended = applied.run(DATABASE_URL=url, HEADSTART_DEADLINE_SECONDS="9")
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert "(a holder)" in ended.verdict["error"]["message"]


def test_a_wait_on_a_connection_of_the_scripts_own_is_its_business(applied: Stage) -> None:
    """It has no limit of ours there, and is not canceled; nor does it count as swallowed."""
    applied.database.execute("CREATE TABLE other (id int)")
    body = (
        "import os\nengine = sa.create_engine(os.environ['DATABASE_URL'])\n"
        "with engine.begin() as own:\n    own.execute(sa.text('LOCK TABLE other'))\n"
        "engine.dispose()\n"
    )
    applied.project.add("0004", "0003", body + ADD)
    with held(applied.database, 9, "LOCK TABLE other IN ACCESS SHARE MODE"):
        ended = applied.run()
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict
    assert not blocked(ended)


def test_who_is_asked_to_end_in_a_later_attempt_ends_so(applied: Stage) -> None:
    applied.project.add("0004", "0003", f"{ADD}op.execute('SELECT pg_sleep(60)')\n")
    with closing(psycopg2.connect(applied.database.url)) as holder, applied.start() as run:
        holder.cursor().execute("SELECT 1 FROM accounts")
        run.await_event(BLOCKED, 40)
        holder.rollback()
        sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        until(lambda: applied.database.query(sleeping) == [(1,)], "the second sleeps", 30)
        run.process.terminate()
        ended = run.end(20)
    assert (ended.exit_code, ended.outcome) == (143, "sigterm"), ended.verdict


def test_who_is_asked_to_end_while_it_pauses_ends(applied: Stage) -> None:
    applied.project.add("0004", "0003", ADD)
    with held(applied.database, 60), applied.start() as run:
        run.await_event(BLOCKED)
        run.process.terminate()
        ended = run.end(20)
    assert (ended.exit_code, ended.outcome) == (143, "sigterm"), ended.verdict
    assert applied.rows() == ["0003"]


def test_who_may_have_no_third_connection_is_tried_again_all_the_same(applied: Stage) -> None:
    """Nobody can be asked who is in the way, nor whether the transaction is as it began."""
    applied.project.add("0004", "0003", INSERT + ADD)
    with a_role(applied.database, "narrow", "CONNECTION LIMIT 2") as role:
        give(applied, role)
        ended = run_past(applied, DATABASE_URL=applied.url_of(role))
        assert applied.database.query(ONCE) == [(1,)]
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict


def test_of_another_roles_session_is_told_what_may_be_seen(applied: Stage) -> None:
    applied.project.add("0004", "0003", ADD)
    with a_role(applied.database, "plain") as role:
        give(applied, role)
        with held(applied.database, 60, "SELECT 'a secret' FROM accounts") as process:
            ended = applied.run(DATABASE_URL=applied.url_of(role), HEADSTART_DDL_RETRY_SECONDS="1")
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert f"pid {process} (a holder) of role postgres" in ended.verdict["error"]["message"]
    assert "a secret" not in ended.stderr


def test_who_waits_behind_the_holder_is_marked(applied: Stage) -> None:
    """An ALTER of somebody else's queues behind a reader, and ours behind both."""
    applied.project.add("0004", "0003", ADD)
    url = applied.database.url
    with closing(psycopg2.connect(url)) as first, closing(psycopg2.connect(url)) as second:
        reader, queued = first.info.backend_pid, second.info.backend_pid
        first.cursor().execute("LOCK TABLE accounts IN ROW EXCLUSIVE MODE")
        waiting = threading.Thread(
            target=second.cursor().execute, args=["LOCK TABLE accounts IN EXCLUSIVE MODE"]
        )
        waiting.start()
        with applied.start() as run:
            event = run.await_event(BLOCKED, 40)
            first.rollback()
            waiting.join()
            second.rollback()
            ended = run.end()
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict
    marks = {each["pid"]: each.get("queued", False) for each in event["blockers"]}
    assert marks == {reader: False, queued: True}


def test_long_transactions_without_a_gap_end_in_blocked(applied: Stage) -> None:
    """Seven seconds each, a new one every two: nobody is waited for in vain for ever."""
    applied.project.add("0004", "0003", ADD)
    over = threading.Event()

    def use_it(offset: float) -> None:
        over.wait(offset)
        with closing(psycopg2.connect(applied.database.url, application_name="busy")) as session:
            while not over.is_set():
                session.cursor().execute("SELECT 1 FROM accounts")
                over.wait(7)
                session.commit()

    users = [threading.Thread(target=use_it, args=(2 * number,)) for number in range(4)]
    for user in users:
        user.start()
    time.sleep(2)
    try:
        ended = applied.run(HEADSTART_DDL_RETRY_SECONDS="12")
    finally:
        over.set()
        for user in users:
            user.join()
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert "(busy)" in ended.verdict["error"]["message"]
    assert all(float(str(each["lock_timeout_seconds"])) <= 5 for each in blocked(ended))
