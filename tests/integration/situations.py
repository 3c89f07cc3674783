"""One real situation for each outcome: what leads to it, the command, and what that printed.

docs/runbook.md shows these. A situation says what to do by its effects on a Desk, which writes
each command down as a reader would type it.
"""

import json
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import psycopg2

from headstart.verdict import Outcome
from tests.conftest import Finished
from tests.integration.one_server_pool import OneServerPool
from tests.integration.runs import Run, until
from tests.integration.stage import Stage
from tests.postgres_server import free_port

SLEEP = 'op.execute("SELECT pg_sleep(60)")'
WORKER = """
    SELECT pid FROM pg_stat_activity
    WHERE application_name LIKE 'headstart:work:%' AND wait_event = 'PgSleep'
"""
BUG = "import headstart.job, headstart.cli; headstart.job.decide = None; headstart.cli.main()"
"""A function taken away: the only way to meet a bug that is not known."""


@dataclass
class Desk:
    """Where an operator sits: a stage, and the commands typed so far with what they printed."""

    stage: Stage
    typed: list[str] = field(default_factory=list)

    def sql(self, statement: str) -> None:
        """Execute a statement as superuser."""
        self.typed.append(f"$ psql -c {json.dumps(statement)}")
        self.stage.database.execute(statement)

    def before(self, **environ: str) -> None:
        """Run headstart to get where the situation begins."""
        self.typed.append(f"$ {command_line((), environ)}")
        assert self.stage.run(**environ).exit_code == 0

    def revision(self, revision: str, body: str) -> None:
        """Add a revision after the last one, and say what it does."""
        self.typed.append(f"# revision {revision} of the image: {body}")
        self.stage.project.add(revision, "0003", body)

    def note(self, text: str) -> None:
        """Say what a command cannot show."""
        self.typed.append(f"# {text}")

    def run(self, *argv: str, shown: str = "", **environ: str) -> Finished:
        """Run headstart, the command that the situation is about."""
        self.typed.append(f"$ {shown or command_line(argv, environ)}")
        return self.stage.run(*argv, **environ)

    def documented_names(self) -> dict[str, str]:
        """Return what the document calls the things of this test."""
        database = self.stage.database
        return {
            str(self.stage.project.path): "/app",
            database.name: "app",
            f'"{database.parameters["user"]}"': '"app"',
        }

    @contextmanager
    def running(self) -> Iterator[Run]:
        """Give a run that is in the middle of a long revision."""
        self.revision("0004", SLEEP)
        self.typed.append("$ headstart &")
        with self.stage.start() as run:
            until(lambda: self.stage.database.query(WORKER), "a worker in its statement")
            yield run


def command_line(argv: tuple[str, ...], environ: dict[str, str]) -> str:
    """Write a command as a shell takes it."""
    settings = (f"{name}={shlex.quote(value)}" for name, value in environ.items())
    return " ".join((*settings, "headstart", *argv))


Verdict = dict[str, Any]
Situation = Callable[[Desk], Verdict]


def nothing_to_do(desk: Desk) -> Verdict:
    desk.before()
    return desk.run().verdict


def upgraded(desk: Desk) -> Verdict:
    desk.note("the database is empty")
    return desk.run().verdict


def baselined(desk: Desk) -> Verdict:
    desk.sql("CREATE TABLE accounts (id serial PRIMARY KEY, name text NOT NULL)")
    return desk.run(HEADSTART_BASELINE="0001").verdict


def ahead_compatible(desk: Desk) -> Verdict:
    desk.before()
    desk.sql("UPDATE alembic_version SET version_num = '0009'")
    return desk.run(HEADSTART_AHEAD="allow").verdict


def planned(desk: Desk) -> Verdict:
    desk.note("the database is empty")
    ended = desk.run("plan")
    desk.typed += ended.stdout.splitlines()
    return ended.verdict


def internal_error(desk: Desk) -> Verdict:
    desk.note("no bug is known, so the test provokes one: it takes a function away")
    desk.typed.append(f'$ python -c "{BUG}"')
    return desk.stage.run_python(BUG).verdict


def invalid_settings(desk: Desk) -> Verdict:
    return desk.run(HEADSTART_WAIT_SECOND="90", HEADSTART_LOCK_SECONDS="soon").verdict


def wrong_database(desk: Desk) -> Verdict:
    desk.note("env.py has a URL of its own, of the database `postgres` on the same server")
    other = desk.stage.database.server.url(dbname="postgres").replace("%", "%%")
    line = f"config.set_main_option('sqlalchemy.url', {other.replace('postgresql', 'postgresql+psycopg2', 1)!r})"
    desk.stage.project.edit_env("target_metadata = None", f"target_metadata = None\n{line}")
    return desk.run().verdict


def unreachable(desk: Desk) -> Verdict:
    url = f"postgresql://app@127.0.0.1:{free_port()}/app"
    return desk.run(DATABASE_URL=url, HEADSTART_WAIT_SECONDS="1").verdict


def pool_exhausted(desk: Desk) -> Verdict:
    given = desk.stage.database.parameters
    desk.note("between headstart and the server: a pool with one server connection")
    with OneServerPool(given["host"], desk.stage.database.port) as pool:
        url = desk.stage.database.server.url(
            dbname=desk.stage.database.name, host="127.0.0.1", port=str(pool.port)
        )
        return desk.run(shown="headstart", DATABASE_URL=url).verdict


def lock_unavailable(desk: Desk) -> Verdict:
    with desk.running():
        return desk.run(HEADSTART_LOCK_SECONDS="1").verdict


def blocked(desk: Desk) -> Verdict:
    desk.before(HEADSTART_TARGET="0001")
    desk.typed.append('$ psql -c "BEGIN; LOCK TABLE accounts; SELECT pg_sleep(600)" &')
    with psycopg2.connect(**desk.stage.database.parameters) as holder:
        holder.cursor().execute("LOCK TABLE accounts")
        ended = desk.run(HEADSTART_DDL_LOCK_TIMEOUT_SECONDS="0.5")
    holder.close()
    return ended.verdict


def connection_lost(desk: Desk) -> Verdict:
    with desk.running() as run:
        desk.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name LIKE 'headstart:work:%'"
        )
        return run.end().verdict


def not_ready(desk: Desk) -> Verdict:
    desk.before(HEADSTART_TARGET="0001")
    return desk.run("check").verdict


def access_refused(desk: Desk) -> Verdict:
    database = desk.stage.database
    url = database.server.url(dbname=database.name, password="wrong")
    documented = "postgresql://app:wrong@db:5432/app"
    return desk.run(shown=f"DATABASE_URL={documented} headstart", DATABASE_URL=url).verdict


def revision_failed(desk: Desk) -> Verdict:
    desk.revision("0004", "op.execute(\"INSERT INTO orders (account_id) VALUES (4711)\")")
    return desk.run().verdict


def not_committed(desk: Desk) -> Verdict:
    desk.note("env.py leaves out context.run_migrations()")
    desk.stage.project.edit_env("            context.run_migrations()\n\n\nif", "            pass\n\n\nif")
    return desk.run().verdict


def unproven(desk: Desk) -> Verdict:
    desk.sql("CREATE TABLE accounts (id serial PRIMARY KEY, name text NOT NULL)")
    return desk.run().verdict


def unknown_revision(desk: Desk) -> Verdict:
    desk.before()
    desk.sql("UPDATE alembic_version SET version_num = '0009'")
    return desk.run().verdict


def diverged(desk: Desk) -> Verdict:
    desk.before()
    desk.sql("INSERT INTO alembic_version VALUES ('0001')")
    return desk.run().verdict


def broken_history(desk: Desk) -> Verdict:
    desk.note("two branches of development each added a revision after 0003")
    for revision in ("0004_discounts", "0004_refunds"):
        desk.stage.project.add(revision, "0003")
    return desk.run().verdict


def sigint(desk: Desk) -> Verdict:
    with desk.running() as run:
        desk.typed.append("$ kill -INT %1")
        run.process.send_signal(signal.SIGINT)
        return run.end().verdict


def sigterm(desk: Desk) -> Verdict:
    with desk.running() as run:
        desk.typed.append("$ kill -TERM %1")
        run.process.send_signal(signal.SIGTERM)
        return run.end().verdict


_ALL: tuple[Situation, ...] = (
    nothing_to_do,
    upgraded,
    baselined,
    ahead_compatible,
    planned,
    internal_error,
    invalid_settings,
    wrong_database,
    unreachable,
    pool_exhausted,
    lock_unavailable,
    blocked,
    connection_lost,
    not_ready,
    access_refused,
    revision_failed,
    not_committed,
    unproven,
    unknown_revision,
    diverged,
    broken_history,
    sigint,
    sigterm,
)
SITUATIONS = {Outcome(situation.__name__): situation for situation in _ALL}
"""Each function has the name of its outcome."""
