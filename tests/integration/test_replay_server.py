"""Each replay finds an embedded server that is as if new, whatever an earlier one left on it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from headstart.dev.embedded import server_account
from tests.conftest import ON_ONE_SERVER
from tests.harness.program import run_headstart, run_program, start_headstart
from tests.harness.project import REVISIONS, ProjectCopy
from tests.harness.result import Result
from tests.harness.server import empty_database
from tests.integration.fingerprinting import Fingerprinter, edit, replayed
from tests.integration.test_embedded import command, directory

__all__ = ["directory"]
LEFT_BEHIND = {
    "a role": "CREATE ROLE app_readonly",
    "a role and what it is given": "CREATE ROLE app_readonly LOGIN;"
    " ALTER ROLE app_readonly SET search_path = app; GRANT pg_monitor TO app_readonly;"
    " CREATE SCHEMA app AUTHORIZATION app_readonly",
    "a role in a block": "DO $$ BEGIN CREATE ROLE app_readonly; CREATE ROLE writer; END $$",
    "a database": "CREATE DATABASE app_readonly",
    "a tablespace": "CREATE TABLESPACE app_readonly LOCATION '@FOLDER@'",
}


class Replays:
    """`headstart fingerprint` in an embedded server whose folder is the test's own."""

    def __init__(self, project: ProjectCopy, folder: Path) -> None:
        self.project, self.folder = project, folder

    def __call__(self, verb: str, sql: str = "", **environ: str) -> Result:
        """Run it; `sql` is what is executed before the first revision."""
        if sql:
            file = self.project.path / "before.sql"
            file.write_text(sql)
            environ["HEADSTART_REPLAY_SQL"] = str(file)
        return run_headstart("fingerprint", *verb.split(), env=self.environ() | environ)

    def environ(self) -> dict[str, str]:
        """The project, and where the server is."""
        return {
            "HEADSTART_ALEMBIC_INI": self.project.ini,
            "HEADSTART_EMBEDDED_DIR": str(self.folder),
        }


@pytest.fixture
def replays(project: ProjectCopy, directory: Path) -> Replays:
    """Replay the plain project."""
    return Replays(project, directory)


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder outside of the server's data that its account may write."""
    folder = Path("/tmp") / f"headstart-test-space-{os.getpid()}"
    folder.mkdir(mode=0o700)
    if (account := server_account()) is not None:
        shutil.chown(folder, account)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("kind", LEFT_BEHIND)
def test_sql_that_makes_what_belongs_to_the_whole_server_works_at_each_replay(
    replays: Replays, elsewhere: Path, kind: str
) -> None:
    sql = LEFT_BEHIND[kind].replace("@FOLDER@", str(elsewhere))
    ends = [replays(verb, sql) for verb in ("build", "check", "build", "check")]
    assert [end.exit_code for end in ends] == [0, 0, 0, 0], ends[1].verdict
    assert [replayed(end) for end in ends] == [REVISIONS, REVISIONS, [], REVISIONS]


def test_a_revision_that_makes_a_role_can_be_replayed_twice(replays: Replays) -> None:
    replays.project.add("0004", "0003", 'op.execute("CREATE ROLE app_readonly")')
    ends = [replays(verb) for verb in ("build", "check", "build")]
    assert [end.exit_code for end in ends] == [0, 0, 0], ends[1].verdict


def test_a_later_revision_finds_the_roles_of_the_replay_that_it_goes_on_from(
    replays: Replays,
) -> None:
    assert replays("build", LEFT_BEHIND["a role"]).exit_code == 0
    replays.project.add("0004", "0003", 'op.execute("GRANT SELECT ON orders TO app_readonly")')
    done = replays("build", LEFT_BEHIND["a role"])
    assert (done.exit_code, replayed(done)) == (0, ["0004"]), done.verdict


def test_the_sql_is_executed_anew_after_a_first_replay_that_failed(replays: Replays) -> None:
    (first,) = replays.project.versions.glob("0001*.py")
    edit(replays.project, "def upgrade() -> None:\n", "def upgrade() -> None:\n    1 / 0\n", "0001")
    assert replays("build", LEFT_BEHIND["a role"]).exit_code == 21
    first.write_text(first.read_text().replace("    1 / 0\n", ""))
    done = replays("build", LEFT_BEHIND["a role"])
    assert (done.exit_code, replayed(done)) == (0, REVISIONS), done.verdict


def test_the_roles_of_the_server_that_an_app_is_developed_on_are_left_alone(
    replays: Replays,
) -> None:
    """That one is another server, in the same HEADSTART_EMBEDDED_DIR."""
    made = run_program(*command(replays.folder, "CREATE ROLE app_readonly"))
    assert made.exit_code == 0, made.stderr
    assert replays("build", LEFT_BEHIND["a role"]).exit_code == 0
    assert replays("check", LEFT_BEHIND["a role"]).exit_code == 0
    roles = "SELECT rolname FROM pg_roles WHERE oid >= 16384"
    asked = run_program(*command(replays.folder, roles))
    assert asked.stdout.strip() == "[('app_readonly',)]", asked.stderr


def test_a_server_that_another_replay_uses_is_not_made_anew(replays: Replays) -> None:
    assert replays("build", LEFT_BEHIND["a role"]).exit_code == 0
    replays.project.add("0004", "0003", 'op.execute("SELECT pg_sleep(60)")')
    with start_headstart("fingerprint", "build", env=replays.environ()) as other:
        other.await_event("revision_started", revision="0004")
        done = replays("build --replace", LEFT_BEHIND["a role"])
        assert (done.exit_code, done.verdict["outcome"]) == (2, "invalid_settings")
        assert "another process uses this server" in done.verdict["error"]["message"]
        assert "HEADSTART_EMBEDDED_DIR" in done.verdict["next_step"]
        assert other.process.poll() is None


LACKS = {
    "a role": 'op.execute("GRANT SELECT ON orders TO app_readonly")',
    "a schema": 'op.execute("CREATE TABLE app.notes (id int)")',
    "a table": 'op.execute("ALTER TABLE customers ADD note text")',
    "a function": 'op.execute("ALTER TABLE orders ADD note text DEFAULT app_note()")',
    "a role to be": 'op.execute("SET LOCAL ROLE app_readonly")',
}


@pytest.mark.parametrize("kind", LACKS)
@ON_ONE_SERVER
def test_where_a_revision_lacks_what_no_revision_makes_the_sql_is_named(
    fingerprint: Fingerprinter, kind: str
) -> None:
    fingerprint.project.add("0004", "0003", LACKS[kind])
    done = fingerprint("build")
    assert (done.exit_code, done.verdict["outcome"]) == (21, "revision_failed"), done.verdict
    assert "revision 0004" in done.verdict["error"]["message"]
    assert "HEADSTART_REPLAY_SQL" in done.verdict["next_step"]


@ON_ONE_SERVER
def test_a_mistake_in_a_revision_is_still_to_be_corrected_there(fingerprint: Fingerprinter) -> None:
    fingerprint.project.add("0004", "0003", 'op.execute("SELECT 1/0")')
    assert fingerprint("build").verdict["next_step"].startswith("correct the revision")


@ON_ONE_SERVER
def test_on_a_server_of_somebody_the_sql_has_to_work_twice(fingerprint: Fingerprinter) -> None:
    """What is there is left there: nobody but its owner knows whose it is."""
    role = f"{fingerprint.scratch.name}_role"
    sql = fingerprint.project.path / "before.sql"
    sql.write_text(f"CREATE ROLE {role}")
    try:
        assert fingerprint("build", HEADSTART_REPLAY_SQL=str(sql)).exit_code == 0
        with empty_database(fingerprint.scratch.server) as other:
            again = Fingerprinter(fingerprint.project, other)
            done = again("check", HEADSTART_REPLAY_SQL=str(sql))
    finally:
        fingerprint.scratch.execute(f"DROP ROLE IF EXISTS {role}")
    assert done.exit_code == 2, done.verdict
    assert "roles and databases belong to the whole server" in done.verdict["next_step"]
