"""A revision that cannot be tried again: it waits as long as any may, and nothing is done twice."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.blocked_runs import ADD, BLOCKED, HAS_NOTE, INSERT, ONCE, held, run_past
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER

CONNECT = f"""
import os, psycopg2
other = psycopg2.connect(os.environ["DATABASE_URL"])
other.autocommit = True
other.cursor().execute({ONCE!r})
other.close()
"""
BLOCK = """
with op.get_context().autocommit_block():
    op.execute("CREATE INDEX CONCURRENTLY accounts_name ON accounts (name)")
"""
LEFT = {
    "a commit": 'op.execute("COMMIT")\n',
    "a commit of SQLAlchemy's": INSERT + "op.get_bind().commit()\n",
    "a block": BLOCK,
    "a word in a comment": "# as psycopg2 has it\n",
    "a connection": CONNECT,
    "a process": "import subprocess\nsubprocess.run(['true'], check=True)\n",
}


@pytest.mark.parametrize("first", LEFT.values(), ids=LEFT)
def test_it_waits_as_long_as_any_attempt_may(behind: Stage, first: str) -> None:
    behind.project.add("0004", "0003", first + ADD)
    behind.project.add("0005", "0004")
    with behind.start(HEADSTART_DDL_LOCK_TIMEOUT_SECONDS="20") as run:
        run.await_event("lock_acquired")
        with held(behind.database, 3, "SELECT pg_sleep(0) FROM accounts"):
            ended = run.end()
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict
    assert not [event for event in ended.events if event["event"] == BLOCKED]
    assert behind.database.query(HAS_NOTE) == [(1,)]


CHILD = """
import sys
WORK = "import os, psycopg2; c = psycopg2.connect(os.environ['DATABASE_URL']); "
WORK += "c.cursor().execute(\\"INSERT INTO accounts (id, name) VALUES (77, 'once')\\"); c.commit()"
"""
CHILDREN = {
    "subprocess": "import subprocess\nsubprocess.run([sys.executable, '-c', WORK], check=True)\n",
    "a shell": "import os, shlex\nos.system(shlex.join([sys.executable, '-c', WORK]))\n",
    "spawn": "import os\nos.waitpid(os.posix_spawn(sys.executable, [sys.executable, '-c', WORK],"
    " os.environ), 0)\n",
    "multiprocessing": "import multiprocessing\n"
    "child = multiprocessing.get_context('spawn').Process(target=exec, args=(WORK,))\n"
    "child.start()\nchild.join()\nassert child.exitcode == 0\n",
    "forked": "import os\nchild = os.fork()\n"
    "if child == 0:\n    os.execv(sys.executable, [sys.executable, '-c', WORK])\n"
    "os.waitpid(child, 0)\n",
}


@pytest.mark.parametrize("start", CHILDREN.values(), ids=CHILDREN)
def test_what_a_child_process_did_is_not_done_twice(behind: Stage, start: str) -> None:
    # a script that has the driver's name in it would be tried once in any case
    behind.project.add("0004", "0003", CHILD.replace("psycopg2", 'psy" "copg2') + start + ADD)
    with held(behind.database, 60):
        ended = behind.run(HEADSTART_DDL_LOCK_TIMEOUT_SECONDS="1")
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert behind.database.query(ONCE) == [(1,)]


def test_an_attempt_that_has_not_been_made_is_not_counted(behind: Stage) -> None:
    behind.project.add("0004", "0003", ADD)
    with held(behind.database, 60):
        ended = behind.run(HEADSTART_DDL_RETRY_SECONDS="3")
    assert "lock_attempts" not in ended.verdict
    ended = run_past(behind)
    assert ended.verdict["lock_attempts"] == {"0004": 2}


SLOW_LOOKS = """
import time, headstart.verbs.under_lock as under_lock
look_at = under_lock.look_at
def late(*given):
    time.sleep(10)
    return look_at(*given)
under_lock.look_at = late
from headstart.command.main import main
main(["--ddl-lock-timeout-seconds", "1", "--ddl-retry-seconds", "{retry}"])
"""
CAUGHT = {
    "a block": 'op.execute("DO $$ BEGIN {} EXCEPTION WHEN OTHERS THEN NULL; END $$")\n',
    "a function": """
op.execute("CREATE FUNCTION work() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {}"
           " EXCEPTION WHEN OTHERS THEN NULL; END $$")
op.execute("SELECT work()")
""",
}


@pytest.mark.parametrize("caught", CAUGHT.values(), ids=CAUGHT)
@pytest.mark.parametrize("retry", [0, 30])
def test_a_timeout_that_nobody_saw_is_no_success(behind: Stage, caught: str, retry: int) -> None:
    """The looks take too long, so that the server's own timeout is first, and a handler has it."""
    behind.project.add("0004", "0003", caught.format("ALTER TABLE accounts ADD note text;"))
    with held(behind.database, 6):
        ended = behind.run_python(SLOW_LOOKS.format(retry=retry))
    added = behind.database.query(HAS_NOTE) == [(1,)]
    assert (ended.outcome == "upgraded") == added, ended.verdict
    assert ended.outcome == ("upgraded" if retry else "blocked"), ended.verdict
    assert behind.rows() == (["0004"] if retry else ["0003"])


OTHER = """
from alembic import context
from sqlalchemy import create_engine, text
other = create_engine(context.config.get_main_option("sqlalchemy.url")).connect()
other.execute(text("SELECT 1 FROM accounts"))
"""


def test_who_waits_for_env_pys_other_connection_does_not_wait_for_long(behind: Stage) -> None:
    env = behind.project.path / "alembic" / "env.py"
    env.write_text(OTHER + env.read_text())
    behind.project.add("0004", "0003", INSERT + ADD)
    ended = behind.run()
    assert (ended.exit_code, ended.outcome) == (21, "revision_failed"), ended.verdict
    assert "waits for itself" in ended.verdict["error"]["message"]
    assert not [event for event in ended.events if event["event"] == "revision_running"]
