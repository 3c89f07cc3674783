"""What goes wrong at 3 a.m.: the app's container never starts on a database that is not ready.

In each, the engine has the documented exit code on record, and the last line of the log says what
to do.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from headstart.postgres.advisory_lock import RUN_LOCK_KEY
from headstart.verdict.outcome import Outcome
from tests.harness.killed_runs import SLEEPERS
from tests.harness.program import until
from tests.image.stack import Stack, stack
from tests.image.test_running import VERSIONS, revision

pytestmark = pytest.mark.usefixtures("image", "app_image")

WAIT = "services: {headstart: {environment: {HEADSTART_WAIT_SECONDS: 4}}}"
CREATE_ALL = """
import asyncio
from sqlalchemy.ext.asyncio import create_async_engine
from minirag.settings import read_database
from models.db_schemas.minirag.schemas import Base
import os
async def create_all():
    engine = create_async_engine(read_database(os.environ)())
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
asyncio.run(create_all())
"""


def assert_refused(made: Stack, outcome: Outcome, *said: str) -> None:
    """The job ends with this outcome, its code is on record, and the app is never started."""
    up = made.up()
    verdict = made.verdict()
    assert up.exit_code != 0, up.stdout
    assert verdict["outcome"] == outcome.value, verdict
    assert made.exit_code() == verdict["exit_code"] == outcome.code
    assert verdict["next_step"]
    for text in said:
        assert text in verdict["error"]["message"]
    assert not made.app_was_started()


def assert_started_after(made: Stack, outcome: Outcome = Outcome.UPGRADED) -> None:
    """The job succeeds, and the app after it."""
    up = made.up()
    assert up.exit_code == 0, up.stdout
    assert made.verdict()["outcome"] == outcome.value
    assert made.get("/health/ready")["ready"]


def database_only(made: Stack) -> None:
    """Bring up the database, without anybody who uses it."""
    up = made.up("db")
    assert up.exit_code == 0, up.stdout


def mounted(folder: Path) -> str:
    """An override that mounts revisions over the image's."""
    return f"services: {{headstart: {{volumes: ['{folder}:{VERSIONS}:ro']}}}}"


# --- No way in ------------------------------------------------------------------------------


def test_a_wrong_password_is_refused_until_it_is_the_right_one(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("another one\n")
    with stack(tmp_path) as made:
        database_only(made)
        wrong = {"POSTGRES_PASSWORD_FILE": str(tmp_path / "password")}
        assert_refused(replace(made, environ=made.environ | wrong), Outcome.ACCESS_REFUSED)
        assert_started_after(made)


def test_a_secret_file_that_is_missing_is_a_mistake_in_the_settings(tmp_path: Path) -> None:
    override = "services: {headstart: {environment: {PGPASSWORD_FILE: /run/secrets/gone}}}"
    with stack(tmp_path, override) as made:
        assert_refused(made, Outcome.INVALID_SETTINGS, "PGPASSWORD_FILE", "/run/secrets/gone")


def test_a_database_that_never_comes_is_given_up(tmp_path: Path) -> None:
    with stack(tmp_path, WAIT, PGHOST="nowhere.invalid") as made:
        assert_refused(made, Outcome.UNREACHABLE, "nowhere.invalid")


# --- A database that comes late, or goes away -----------------------------------------------


def test_a_database_that_comes_up_late_is_waited_for(tmp_path: Path) -> None:
    override = """
services:
  db:
    entrypoint: [sh, -c, "sleep 4; exec docker-entrypoint.sh postgres"]
"""
    with stack(tmp_path, override) as made:
        assert_started_after(made)
        assert made.verdict()["wait_attempts"] > 1


def test_the_temporary_server_of_the_first_start_is_not_taken_for_the_database(
    tmp_path: Path,
) -> None:
    """It accepts, for as long as the scripts of initdb.d take, and goes away again."""
    script = tmp_path / "slow.sh"
    script.write_text(
        "psql -U minirag -c 'CREATE TABLE seeded (id int)' -c 'SELECT pg_sleep(4)' minirag\n"
    )
    override = f"services: {{db: {{volumes: ['{script}:/docker-entrypoint-initdb.d/slow.sh:ro']}}}}"
    with stack(tmp_path, override) as made:
        assert_started_after(made)
        assert made.verdict()["wait_seconds"] >= 4
        assert made.psql("SELECT count(*) FROM seeded") == "0"


def test_a_postgres_that_is_restarted_while_headstart_waits_is_waited_for(tmp_path: Path) -> None:
    """Here it waits for the run lock; the connection it waits on is lost with everything else."""
    with stack(tmp_path) as made:
        database_only(made)
        hold = f"SELECT pg_advisory_lock({RUN_LOCK_KEY}), pg_sleep(120)"
        made.must(
            "exec", "--detach", "db", "psql", "--username=minirag", f"--command={hold}", "minirag"
        )
        held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        until(lambda: made.psql(held) == "1", "the lock")
        made.must("up", "--detach", "--no-build", "headstart")
        made.container("headstart").await_event("lock_waited")
        made.must("restart", "db")
        assert_started_after(made)
        assert made.exit_code() == 0


# --- A database or an image that is not right -----------------------------------------------


def test_a_revision_that_fails_keeps_the_app_from_starting(tmp_path: Path) -> None:
    folder = revision(tmp_path / "versions", "op.execute('SELECT 1 / 0')")
    with stack(tmp_path, mounted(folder)) as made:
        assert_refused(made, Outcome.REVISION_FAILED, "division by zero")
        assert made.psql("SELECT version_num FROM alembic_version") == "152ce5a49348"
        # and so does every later start, until somebody corrects the cause
        assert_refused(made, Outcome.REVISION_FAILED, "division by zero")


def test_an_image_without_revisions_is_refused(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    with stack(tmp_path, mounted(tmp_path / "versions")) as made:
        assert_refused(made, Outcome.BROKEN_HISTORY, VERSIONS)


def test_a_database_ahead_of_the_image_is_refused(tmp_path: Path) -> None:
    with stack(tmp_path) as made:
        database_only(made)
        made.psql(
            "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);"
            "INSERT INTO alembic_version VALUES ('newer')"
        )
        assert_refused(made, Outcome.UNKNOWN_REVISION, "newer")


def test_a_database_made_by_create_all_is_adopted_since_its_schema_proves_it(
    tmp_path: Path,
) -> None:
    with stack(tmp_path) as made:
        database_only(made)
        made.must("run", "--rm", "--no-deps", "--no-TTY", "app", "python", "-c", CREATE_ALL)
        assert_started_after(made, Outcome.BASELINED)
        assert made.verdict()["proof"] == "fingerprint"


def test_a_database_that_no_revision_builds_is_refused_until_an_operator_vouches_for_it(
    tmp_path: Path,
) -> None:
    with stack(tmp_path) as made:
        database_only(made)
        made.must("run", "--rm", "--no-deps", "--no-TTY", "app", "python", "-c", CREATE_ALL)
        made.psql("ALTER TABLE projects ADD COLUMN note text")
        assert_refused(made, Outcome.UNPROVEN, "nearest is 152ce5a49348")
        assert made.psql("SELECT to_regclass('alembic_version') IS NULL") == "t"
        vouched = {"HEADSTART_BASELINE": "head"}
        assert_started_after(replace(made, environ=made.environ | vouched), Outcome.BASELINED)


# --- Stopped and killed ---------------------------------------------------------------------


def test_a_job_that_is_stopped_or_killed_keeps_the_app_from_starting(tmp_path: Path) -> None:
    """In the middle of a statement; the next `up` goes on where it ended."""
    folder = revision(tmp_path / "versions", "op.execute('SELECT pg_sleep(60)')")
    with stack(tmp_path, mounted(folder)) as made:
        database_only(made)
        for end, code in (("stop", 143), ("kill", 137)):
            with made.coming_up() as up:
                until(lambda: made.psql(SLEEPERS) == "1", "the statement of a minute")
                made.must(end, "headstart")
                assert up().exit_code != 0
            assert made.exit_code() == code
            assert not made.app_was_started()
            until(lambda: made.psql(SLEEPERS) == "0", "its end on the server")
        revision(tmp_path / "versions", "pass")
        made.must("up", "--detach", "--no-build", "headstart")
        assert made.container("headstart").end().exit_code == 0
        assert made.verdict()["to"] == ["f00d"]
