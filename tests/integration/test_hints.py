"""The server's HINT is shown, with each driver: it often names the cure."""

import shutil

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.stage import Stage
from tests.integration.test_async_env import TEMPLATE, url_with

pytestmark = ON_ONE_SERVER


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
def test_what_the_server_advises_is_in_the_error(stage: Stage, driver: str) -> None:
    if driver != "psycopg2":
        shutil.copy(TEMPLATE, stage.project.path / "alembic" / "env.py")
    stage.project.add("0004", "0003", "op.execute('SELECT accounts.nme FROM accounts')")
    end = stage.run(DATABASE_URL=url_with(stage, driver))
    assert (end.exit_code, end.outcome) == (21, "revision_failed"), end.verdict
    assert "(hint: Perhaps you meant to reference the column" in end.verdict["error"]["message"]


def test_people_are_told_the_file_of_a_revision_that_failed(stage: Stage) -> None:
    """And the statement as it was written, with its tabs as spaces."""
    stage.project.add("0004", "0003", "op.execute('SELECT\\n\\tnme FROM accounts')")
    told = stage.run(HEADSTART_LOG_FORMAT="console").stderr
    (file,) = (line for line in told.splitlines() if "revision 0004 is in" in line)
    assert file.endswith("/alembic/versions/0004.py")
    assert "\n        nme FROM accounts" in told


def test_a_hint_stays_on_its_line_and_short(stage: Stage) -> None:
    hint = "E'one\\\\ntwo \\\\x1b[31m' || repeat('long ', 1000)"
    body = f"op.execute(\"DO $$ BEGIN RAISE 'no' USING HINT = {hint}; END $$\")"
    stage.project.add("0004", "0003", body)
    end = stage.run()
    assert (end.exit_code, end.outcome) == (21, "revision_failed"), end.verdict
    message = end.verdict["error"]["message"]
    assert "(hint: one two " in message
    assert len(message) < 600
    assert "\x1b" not in end.stderr
