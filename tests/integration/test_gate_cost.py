"""What the gate does not pay for: imports, connections, messages; and what it does not run."""

import re
import sys
from collections.abc import Iterator

import pytest

from tests.harness.embedded import PostgresServer
from tests.harness.program import run_program
from tests.harness.project import ProjectCopy
from tests.harness.server import Database, empty_database
from tests.integration.gate_stage import assert_open, is_answered, opened
from tests.integration.known_stage import KnownStage
from tests.integration.planted import CallLog
from tests.integration.planted_stage import AS_EVER, bare, log, on_planted, own_server, planted

__all__ = ["bare", "log", "own_server", "planted"]

MODULES = """
import os, sys
before, end = set(sys.modules), os._exit
def tell(code):
    sys.stdout.write(" ".join(sorted(set(sys.modules) - before)))
    sys.stdout.flush()
    end(code)
os._exit = tell
sys.argv = ["headstart"]
from headstart.__main__ import main
main()
"""
NEVER = (
    "alembic", "argparse", "ast", "asyncio", "collections", "contextlib", "dataclasses",
    "decimal", "enum", "functools", "inspect", "json", "logging", "pathlib", "psycopg2.extensions",
    "re", "signal", "socket", "sqlalchemy", "ssl", "subprocess", "tenacity", "typing", "urllib",
    "headstart.command", "headstart.verbs", "headstart.settings.declared",
)  # fmt: skip
MOST_MODULES = 40
"""Ours and others', above what the bare interpreter has."""


def test_it_imports_nothing_that_is_dear(known: KnownStage) -> None:
    """In an interpreter of its own, without site, as the image starts it."""
    opened(known)
    environ = {"DATABASE_URL": known.database.url, "HEADSTART_ALEMBIC_INI": known.project.ini}
    paths = f"import sys; sys.path[:] = {sys.path!r}\n"
    done = run_program(sys.executable, "-I", "-S", "-c", paths + MODULES, env=environ)
    assert is_answered(done), done.stderr
    loaded = done.stdout.split()
    dear = [name for name in loaded if name in NEVER or name.partition(".")[0] in NEVER]
    assert dear == []
    assert len(loaded) <= MOST_MODULES, loaded


@pytest.fixture(scope="module")
def logged() -> Iterator[PostgresServer]:
    """A server whose log has each connection and each message."""
    lines = ("log_statement = all", "log_connections = on", "log_line_prefix = '[%p] <%a> '")
    with PostgresServer(18, conf=lines) as server:
        yield server


def test_it_costs_one_connection_and_one_message(
    logged: PostgresServer, project: ProjectCopy, plain_fingerprints: str
) -> None:
    with empty_database(logged) as database:
        stage = KnownStage(project, database)
        stage.file.write_text(plain_fingerprints)
        opened(stage)
        for verb in ("run", "check", "wait"):
            seen = logged.log.stat().st_size
            assert_open(stage, verb)
            with logged.log.open(errors="replace") as file:
                file.seek(seen)
                text = file.read()
            assert len(re.findall(r"connection authorized", text)) == 1, text
            sent = re.findall(r"<headstart:gate:\w+> LOG:  (statement|execute|parse)", text)
            assert sent == ["statement"], text


def test_it_calls_nothing_that_others_have_planted(
    bare: KnownStage, planted: Database, log: CallLog
) -> None:
    stage = on_planted(bare, planted, AS_EVER)
    assert stage.run().exit_code == 0
    assert_open(stage)
    assert log.calls() == []


def test_it_leaves_nothing_behind(known: KnownStage) -> None:
    """No lock, no session, no setting, no row."""
    opened(known)
    before = known.catalog(), known.database.query("SELECT pg_current_wal_insert_lsn()")
    known.database.execute("CHECKPOINT")
    assert_open(known)
    assert known.catalog() == before[0]
    found = known.database.query(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'headstart:gate:%'"
        " AND state <> 'idle'"
    )
    assert found == [(0,)]
