"""Where revisions are replayed: nobody's database is touched, and what fails changes no file."""

from pathlib import Path

import pytest

from tests.harness.program import run_headstart, start_headstart, until
from tests.harness.project import REVISIONS, ProjectCopy, copied
from tests.harness.server import Database, empty_database
from tests.integration.fingerprinting import (
    Fingerprinter,
    edit,
    password_of,
    passwordless,
    replayed,
)
from tests.integration.stage import Stage


def test_a_database_with_other_tables_in_it_is_refused_and_left_alone(
    fingerprint: Fingerprinter, stage: Stage
) -> None:
    stage.database.execute("CREATE TABLE somebodys (x text)")
    before = stage.catalog()
    for verb in ("build", "build --replace"):
        done = fingerprint(*verb.split())
        assert (done.exit_code, done.verdict["outcome"]) == (2, "invalid_settings")
    assert stage.catalog() == before
    assert not fingerprint.file.exists()


def test_a_database_at_a_revision_that_is_not_on_file_is_refused_and_left_alone(
    fingerprint: Fingerprinter, stage: Stage
) -> None:
    stage.run(HEADSTART_TARGET="0002")
    before = stage.catalog()
    assert fingerprint("build").exit_code == 2
    assert stage.catalog() == before


def test_a_database_in_use_is_refused_though_its_revision_is_on_file(
    fingerprint: Fingerprinter, stage: Stage
) -> None:
    """Only who says --continue has a scratch database: a new revision may delete rows."""
    fingerprint.build()
    with empty_database(stage.database.server) as used:
        app = Stage(stage.project, used)
        assert app.run().verdict["outcome"] == "upgraded"
        used.execute("INSERT INTO accounts (name) VALUES ('somebody')")
        before = app.catalog()
        stage.project.add("0004", "0003", 'op.execute("DELETE FROM accounts")')
        done = Fingerprinter(stage.project, used).run("build")
        assert (done.exit_code, done.verdict["outcome"]) == (2, "invalid_settings")
        assert "--continue" in done.verdict["next_step"]
        assert app.rows() == ["0003"]
        assert app.catalog() == before
        assert used.query("SELECT name FROM accounts") == [("somebody",)]


@pytest.mark.parametrize("given", [{}, {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}])
def test_an_env_py_that_reads_database_url_finds_the_scratch_database_there(
    database: Database, tmp_path: Path, given: dict[str, str]
) -> None:
    project = copied("url_set_in_env", tmp_path)
    done = Fingerprinter(project, database)("build", **given)
    assert done.exit_code == 0, done.verdict
    assert replayed(done) == REVISIONS


def test_sql_before_the_first_revision(fingerprint: Fingerprinter, tmp_path: Path) -> None:
    """A history that begins with tables of an older time."""
    (fingerprint.project.versions / "0001_create_accounts.py").unlink()
    fingerprint.project.add("0001", None, 'op.execute("ALTER TABLE accounts ADD name text")')
    sql = tmp_path / "before.sql"
    sql.write_text("CREATE TABLE accounts (id int PRIMARY KEY);")
    fingerprint.build(HEADSTART_REPLAY_SQL=str(sql))
    assert [state.name for state in fingerprint.states.states] == ["base", *REVISIONS]
    assert "table\taccounts\t\ttable" in fingerprint.states.lines("base")


@pytest.mark.parametrize("sql", [None, "CREATE TABEL t (x int)"])
def test_sql_before_the_first_revision_that_is_wrong_is_a_mistake_in_the_settings(
    fingerprint: Fingerprinter, tmp_path: Path, sql: str | None
) -> None:
    file = tmp_path / "before.sql"
    if sql:
        file.write_text(sql)
    done = fingerprint("build", HEADSTART_REPLAY_SQL=str(file))
    assert done.exit_code == 2, done.verdict
    assert "HEADSTART_REPLAY_SQL" in done.verdict["error"]["message"]


@pytest.mark.parametrize("verb", ["build", "check"])
def test_what_database_url_names_is_never_touched(
    fingerprint: Fingerprinter, stage: Stage, verb: str
) -> None:
    fingerprint.build()
    with empty_database(stage.database.server) as apps, empty_database(apps.server) as scratch:
        apps.execute("CREATE TABLE accounts (id int)")
        before = Stage(stage.project, apps).catalog()
        elsewhere = Fingerprinter(stage.project, scratch)
        done = elsewhere(verb, DATABASE_URL=apps.url)
        assert done.exit_code == 0, done.verdict
        assert replayed(done) == REVISIONS
        assert Stage(stage.project, apps).catalog() == before


def test_without_an_url_the_revisions_are_replayed_in_the_embedded_server(
    project: ProjectCopy, tmp_path: Path
) -> None:
    """DATABASE_URL is not asked: it may name anybody's database, or none that answers."""
    env = {
        "HEADSTART_ALEMBIC_INI": project.ini,
        "HEADSTART_EMBEDDED_DIR": str(tmp_path / "embedded"),
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    }
    first = run_headstart("fingerprint", "build", env=env)
    assert first.exit_code == 0, first.stderr
    assert replayed(first) == REVISIONS
    again = run_headstart("fingerprint", "build", env=env)
    assert (again.exit_code, replayed(again)) == (0, [])
    checked = run_headstart("fingerprint", "check", env=env)
    assert (checked.exit_code, replayed(checked)) == (0, REVISIONS)
    edit(project, '"""create orders"""', '"""create the orders"""')
    rebuilt = run_headstart("fingerprint", "build", env=env)
    assert (rebuilt.exit_code, replayed(rebuilt)) == (0, REVISIONS)


def test_a_build_that_is_killed_leaves_the_old_file(
    fingerprint: Fingerprinter, stage: Stage
) -> None:
    fingerprint.build()
    before = fingerprint.text
    fingerprint.project.add("0004", "0003", 'op.execute("CREATE TABLE notes ()")')
    fingerprint.project.add("0005", "0004", 'op.execute("SELECT pg_sleep(30)")')
    env = {"HEADSTART_ALEMBIC_INI": fingerprint.project.ini} | password_of(stage.database)
    url = passwordless(stage.database)
    with start_headstart("fingerprint", "build", "--continue", "--url", url, env=env) as build:
        until(lambda: "notes" in stage.tables(), "the first of the new revisions")
        build.kill()
    assert fingerprint.text == before


def test_a_revision_that_fails_leaves_the_old_file(fingerprint: Fingerprinter) -> None:
    fingerprint.build()
    before = fingerprint.text
    fingerprint.project.add("0004", "0003", 'op.execute("CREATE TABLE notes ()")')
    fingerprint.project.add("0005", "0004", 'op.execute("SELECT 1/0")')
    done = fingerprint("build")
    assert (done.exit_code, done.verdict["outcome"]) == (21, "revision_failed")
    assert "0005" in done.verdict["error"]["message"]
    assert fingerprint.text == before


def test_a_place_that_takes_no_file_is_a_mistake_in_the_settings(
    fingerprint: Fingerprinter, tmp_path: Path
) -> None:
    done = fingerprint("build", HEADSTART_FINGERPRINTS=str(tmp_path / "nowhere" / "f.txt"))
    assert done.exit_code == 2, done.verdict
