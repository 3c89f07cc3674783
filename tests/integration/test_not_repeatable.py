"""A history that builds something else each time: that is found out, recorded, and not compared."""

import json
from pathlib import Path

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.program import run_headstart
from tests.harness.result import Result
from tests.harness.server import empty_database
from tests.integration.fingerprinting import Fingerprinter
from tests.integration.known_stage import KnownStage, refused
from tests.integration.test_embedded import directory

__all__ = ["directory"]
pytestmark = ON_ONE_SERVER

TABLE = "op.execute('CREATE TABLE t (id int, a int, b int, c int, d int, made timestamptz)')\n"
COUNTER = "import pathlib; file = pathlib.Path({file!r}); n = int(file.read_text())\n"
COUNT = "file.write_text(str(n + 1))\n"
WORKS = {
    "names in the order of a set": """
        for number, name in enumerate({"u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "u9"}):
            op.execute(f"ALTER TABLE t ADD CONSTRAINT {name} CHECK (a > {number})")
    """,
    "a random name of a constraint": """
        import uuid
        op.execute(f"ALTER TABLE t ADD CONSTRAINT ck_{uuid.uuid4().hex} CHECK (a > 0)")
    """,
    "a random name of a unique index": """
        import uuid
        op.execute(f"CREATE UNIQUE INDEX ix_{uuid.uuid4().hex[:6]}_a ON t (a)")
    """,
    "the time in a default": """
        import datetime
        op.execute(f"ALTER TABLE t ALTER made SET DEFAULT '{datetime.datetime.now()}'")
    """,
    "the time in a check": """
        import time
        op.execute(f"ALTER TABLE t ADD CONSTRAINT later CHECK (a > {time.time_ns() % 10**9})")
    """,
    "a random name of a table": """
        import uuid
        name = f"old_{uuid.uuid4().hex[:8]}"
        op.execute(f"CREATE TABLE {name} (id int CONSTRAINT pk_{name} PRIMARY KEY)")
        op.execute(f"CREATE INDEX ix_{name} ON {name} (id)")
    """,
    "a column that is there every other time": """
        if n % 2:
            op.execute("ALTER TABLE t ADD COLUMN odd int")
    """,
}


def build(stage: KnownStage, *argv: str) -> Result:
    """Build the file in a scratch database; as often as it takes."""
    with empty_database(stage.database.server) as scratch:
        return Fingerprinter(stage.project, scratch).run("build", *argv)


def check(stage: KnownStage) -> Result:
    """Check the file, in another scratch database."""
    with empty_database(stage.database.server) as scratch:
        return Fingerprinter(stage.project, scratch).run("check")


@pytest.fixture
def counter(tmp_path: Path) -> str:
    """What a script begins with that counts how often it was run."""
    file = tmp_path / "counter"
    file.write_text("0")
    return COUNTER.format(file=str(file)) + COUNT


def with_work(stage: KnownStage, work: str, counter: str = "") -> None:
    """Two more revisions: a table, and what is done with it; and one after that."""
    lines = [line[8:] for line in work.splitlines()]
    stage.project.add("0004", "0003", counter + TABLE + "\n".join(lines))
    stage.project.add("0005", "0004", "op.execute('CREATE TABLE last (id int)')")


@pytest.mark.parametrize("work", list(WORKS.values()), ids=list(WORKS))
def test_what_is_not_repeatable_is_told_and_is_no_drift(
    known: KnownStage, counter: str, work: str
) -> None:
    with_work(known, work, counter)
    built = build(known)
    assert built.exit_code == 0, built.stderr
    assert "not repeatable" in built.stdout
    text = known.file.read_text()
    assert text.startswith("headstart-fingerprints 4\n")
    assert "\n*free\t" in text.split("\nstate 0004 ")[1].split("\nstate ")[0]
    for _ in range(2):  # the next ones are others again
        assert check(known).exit_code == 0
        with empty_database(known.database.server) as other:
            stage = KnownStage(known.project, other)
            done = stage.run()
            assert (done.exit_code, done.verdict["proof"]) == (0, "fingerprint"), done.verdict
            checked = stage.run("check")
            assert (checked.exit_code, checked.verdict["proof"]) == (0, "fingerprint")
            assert "not compared, since revisions build others each time: " in checked.stdout
            assert checked.verdict["free"]
            other.execute("DROP TABLE alembic_version")
            adopted = stage.run()
            assert (adopted.verdict["outcome"], adopted.verdict["to"]) == ("baselined", ["0005"])
            other.execute("ALTER TABLE t DROP COLUMN d; ALTER TABLE last ADD more int")
            drifted = stage.run("check")
            assert drifted.exit_code == 25
            assert "column last.more integer" in json.dumps(drifted.verdict["extra"])


def test_a_later_build_keeps_what_is_free_and_replays_only_what_is_new_twice(
    known: KnownStage, counter: str
) -> None:
    with_work(known, WORKS["a random name of a constraint"], counter)
    counted = Path(counter.split("'")[1])
    with empty_database(known.database.server) as scratch:
        fingerprint = Fingerprinter(known.project, scratch)
        assert fingerprint.run("build").exit_code == 0
        ran = int(counted.read_text())
        assert ran >= 3  # the second one differs, and the third one shows nothing new
        free = [line for line in known.file.read_text().split("\n") if line[:5] == "*free"]
        known.project.add("0006", "0005", "op.execute('DROP TABLE last')")
        done = fingerprint.run("build", "--continue")
    assert done.exit_code == 0, done.stderr
    assert int(counted.read_text()) == ran
    assert [line for line in known.file.read_text().split("\n") if line[:5] == "*free"] == free
    assert check(known).exit_code == 0


def test_a_revision_that_makes_nothing_else_is_never_run_a_second_time(known: KnownStage) -> None:
    """Where its constraint is nobody can tell it from the revision before it: a person decides."""
    known.project.add("0004", "0003", TABLE)
    work = WORKS["a random name of a constraint"]
    known.project.add("0005", "0004", "\n".join(line[8:] for line in work.splitlines()))
    assert build(known).exit_code == 0
    assert known.run().exit_code == 0
    known.database.execute("DROP TABLE alembic_version")
    assert refused(known, 22, "ambiguous").verdict["candidates"] == ["0004", "0005"]


def test_once_does_not_look_and_a_check_finds_the_difference(known: KnownStage) -> None:
    with_work(known, WORKS["a random name of a constraint"])
    built = build(known, "--replace", "--once")  # on this server
    assert built.exit_code == 0
    assert "\n*free\t" not in known.file.read_text()
    checked = check(known)
    assert (checked.exit_code, checked.verdict["outcome"]) == (24, "stale_fingerprints")
    assert "is not repeatable" in checked.verdict["error"]["message"]
    again = build(known)  # without --replace: what is on file stays, and is free now
    assert again.exit_code == 0, again.stderr
    assert check(known).exit_code == 0


def test_a_repeatable_history_has_the_file_that_it_ever_had(known: KnownStage) -> None:
    before = known.file.read_text()
    built = build(known)
    assert built.exit_code == 0
    assert "not repeatable" not in built.stdout
    assert "whether it is" not in built.stdout
    assert known.file.read_text() == before


def test_what_cannot_run_twice_on_a_server_is_built_and_the_doubt_is_told(
    known: KnownStage,
) -> None:
    known.project.add("0004", "0003", "op.execute('CREATE ROLE made_once')")
    try:
        built = build(known)
    finally:
        known.database.execute("DROP ROLE IF EXISTS made_once")
    assert built.exit_code == 0, built.stderr
    assert "whether it is repeatable is not known, since a second replay failed:" in built.stdout
    assert "made_once" in built.stdout


def test_a_role_that_may_create_no_database_is_told(known: KnownStage) -> None:
    with empty_database(known.database.server) as scratch:
        stage = KnownStage(known.project, scratch)
        with stage.login() as role:
            scratch.execute(f"GRANT ALL ON SCHEMA public TO {role}")
            url = scratch.server.url(dbname=scratch.name, user=role, password="")
            built = known.run("fingerprint", "build", "--url", url, PGPASSWORD="s3cret")
            scratch.execute(f"DROP OWNED BY {role}")
    assert built.exit_code == 0, built.stderr
    assert "no database can be made beside that of --url" in built.stdout


def test_rows_that_only_one_replay_inserts_prove_nothing(known: KnownStage, counter: str) -> None:
    seed = "op.execute(\"INSERT INTO t (id) VALUES (\" + ['1', '2'][n % 2] + \")\")"
    with_work(known, "\n        " + seed, counter)
    assert build(known).exit_code == 0
    assert "\n*row\t" not in known.file.read_text()


def test_it_is_found_out_in_the_embedded_server_too_and_of_new_revisions_only(
    known: KnownStage, counter: str, directory: Path
) -> None:
    """The first build begins with nothing; the second one where the first has left its database."""
    counted = Path(counter.split("'")[1])
    environ = {
        "HEADSTART_ALEMBIC_INI": known.project.ini,
        "HEADSTART_EMBEDDED_DIR": str(directory),
    }
    known.project.add("0004", "0003", counter + TABLE)
    built = run_headstart("fingerprint", "build", "--replace", env=environ)
    assert (built.exit_code, "not repeatable" in built.stdout) == (0, False), built.stderr
    assert counted.read_text() == "2"
    random = WORKS["a random name of a constraint"]
    known.project.add("0005", "0004", "\n".join(line[8:] for line in random.splitlines()))
    again = run_headstart("fingerprint", "build", env=environ)
    assert (again.exit_code, "not repeatable" in again.stdout) == (0, True), again.stderr
    assert "check t.ck_* a > 0" in again.stdout
    assert counted.read_text() == "2"
    checked = run_headstart("fingerprint", "check", env=environ)
    assert checked.exit_code == 0, checked.stderr


def test_the_second_replay_leaves_no_database(known: KnownStage) -> None:
    databases = "SELECT datname FROM pg_database WHERE datname LIKE 'headstart_%' ORDER BY 1"
    before = known.database.query(databases)
    assert build(known, "--replace").exit_code == 0
    assert known.database.query(databases) == before
