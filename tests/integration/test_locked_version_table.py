"""Somebody has locked the version table: who asks for its rows ends soon, and says who that is."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Timer

import psycopg2
import pytest

from headstart.readiness import Readiness
from tests.conftest import ON_ONE_SERVER
from tests.harness.server import Database
from tests.integration.stage import Stage
from tests.integration.test_readiness import environment

pytestmark = ON_ONE_SERVER
SECONDS = 10
"""It took half a minute; a slow machine needs some seconds to start Python."""


@contextmanager
def locked(database: Database) -> Iterator[int]:
    """Hold the version table exclusively; gives the session's process."""
    with closing(psycopg2.connect(database.url)) as holder:
        holder.cursor().execute("LOCK TABLE alembic_version")
        yield holder.info.backend_pid


@pytest.mark.parametrize("verb", ["check", "plan", "status", "wait", "run"])
def test_each_verb_names_who_has_locked_the_version_table(stage: Stage, verb: str) -> None:
    assert stage.run().exit_code == 0
    with locked(stage.database) as process:
        ended = stage.run(verb, HEADSTART_WAIT_SECONDS="2")
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    message = ended.verdict["error"]["message"]
    assert "the version table alembic_version could not be read: it is locked by" in message
    assert f"pid {process} " in message
    assert ended.seconds < SECONDS + 5 * (verb == "run")


def test_so_does_a_probe(stage: Stage) -> None:
    assert stage.run().exit_code == 0
    readiness = Readiness(environment(stage))
    with locked(stage.database) as process:
        answer = readiness.ask()
    assert (answer.ready, answer.outcome) == (False, "blocked")
    assert f"pid {process} " in str(answer.message)


def test_wait_goes_on_until_it_is_unlocked(stage: Stage) -> None:
    assert stage.run().exit_code == 0
    with locked(stage.database) as process:
        ending = Timer(5, stage.database.execute, [f"SELECT pg_terminate_backend({process})"])
        ending.start()
        ended = stage.run("wait", HEADSTART_WAIT_SECONDS="60")
        ending.join()
    assert (ended.exit_code, ended.outcome) == (0, "nothing_to_do"), ended.verdict


def test_what_a_run_has_committed_is_verified_when_it_is_unlocked(stage: Stage) -> None:
    """Locked for longer than one look has patience, just after the last COMMIT."""
    stage.project.edit_env("    run_migrations_online()\n", LOCKED_AFTER)
    ended = stage.run()
    assert (ended.exit_code, ended.outcome) == (0, "upgraded"), ended.verdict


LOCKED_AFTER = """    run_migrations_online()
    import threading
    from sqlalchemy import create_engine
    other = create_engine(config.get_main_option("sqlalchemy.url")).connect()
    other.exec_driver_sql("LOCK TABLE alembic_version")
    threading.Timer(4, other.close).start()
"""
