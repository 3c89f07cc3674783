"""The file beside the scripts: without it, with one that is stale, and with a broken one."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.server import empty_database
from tests.integration.fingerprinting import Fingerprinter
from tests.integration.known_stage import KnownStage, rebuild, refused

pytestmark = ON_ONE_SERVER


def test_without_a_file_everything_is_as_before(known: KnownStage) -> None:
    known.file.unlink()
    known.make_exactly("0002")
    done = refused(known, 22, "unproven")
    assert "has tables of ours but no version row" in done.verdict["error"]["message"]
    assert known.run(HEADSTART_BASELINE="0002").verdict["proof"] == "operator"
    assert known.run().verdict["proof"] == "version_row"
    assert known.run("check").verdict["proof"] == "version_row"


@pytest.mark.parametrize("verify", ["auto", "warn", "off"])
def test_a_stale_file_proves_nothing_and_says_why(known: KnownStage, verify: str) -> None:
    known.project.add("0004", "0003")
    known.make_exactly("0002")
    done = refused(known, 22, "unproven", HEADSTART_VERIFY=verify)
    assert "it has no state for 0004" in done.verdict["fingerprints"]


def test_a_stale_file_does_not_stand_in_the_way_of_a_version_row(known: KnownStage) -> None:
    known.project.add("0004", "0003")
    strict = known.run(HEADSTART_VERIFY="strict")
    assert (strict.exit_code, strict.verdict["outcome"]) == (24, "stale_fingerprints")
    assert known.rows() is None
    done = known.run()
    assert (done.exit_code, done.verdict["proof"]) == (0, "version_row")
    assert [e for e in done.events if e["event"] == "fingerprints_unusable"]
    assert known.rows() == ["0004"]


@pytest.mark.parametrize("verb", ["run", "check", "plan", "diff"])
def test_a_broken_file_is_said_before_anything_is_connected_to(
    known: KnownStage, verb: str
) -> None:
    known.file.write_text(known.file.read_text() + "<<<<<<< HEAD\n")
    done = known.run(verb, DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert (done.exit_code, done.verdict["outcome"]) == (24, "broken_history")
    assert "it is no fact: '<<<<<<< HEAD'" in done.verdict["error"]["message"]
    assert done.verdict["wait_attempts"] == 0


def test_a_file_that_is_named_has_to_be_there(known: KnownStage) -> None:
    done = known.run(HEADSTART_FINGERPRINTS="nowhere.txt")
    assert done.exit_code == 24
    assert "nowhere.txt does not exist" in done.verdict["error"]["message"]
    assert "correct the setting" in done.verdict["next_step"]


@pytest.mark.parametrize("verb", ["run", "check"])
def test_rows_that_the_file_does_not_know_are_not_compared_and_it_is_said(
    known: KnownStage, verb: str
) -> None:
    """The file begins at a recorded database; this one is at a revision before that."""
    assert known.run(HEADSTART_TARGET="0001").exit_code == 0
    record_the_last(known)
    done = known.run(verb, HEADSTART_TARGET="0001")
    assert (done.exit_code, done.verdict["proof"]) == (0, "version_row"), done
    assert "no state for 0001" in done.verdict["not_compared"]
    strict = known.run(verb, HEADSTART_TARGET="0001", HEADSTART_VERIFY="strict")
    assert (strict.exit_code, strict.verdict["outcome"]) == (24, "stale_fingerprints")
    assert "no state for 0001" in strict.verdict["error"]["message"]


def record_the_last(known: KnownStage) -> None:
    """Let the file be that of `fingerprint record`, of a database at the last revision."""
    known.file.unlink()
    with empty_database(known.database.server) as other:
        assert known.run(DATABASE_URL=other.url).exit_code == 0
        fingerprinter = Fingerprinter(known.project, other)
        assert fingerprinter.run("record", "--revision", "0003").exit_code == 0


@pytest.mark.parametrize("verb", ["run", "check", "wait"])
def test_strict_is_never_ready_without_a_file(known: KnownStage, verb: str) -> None:
    known.file.unlink()
    strict = known.run(verb, HEADSTART_VERIFY="strict")
    assert (strict.exit_code, strict.verdict["outcome"]) == (24, "stale_fingerprints")
    assert "does not exist" in strict.verdict["error"]["message"]


@pytest.mark.parametrize("ran", ["0004", "0005", "0006"])
def test_what_ran_last_of_several_equal_schemas_is_asked_and_each_answer_is_taken(
    known: KnownStage, ran: str
) -> None:
    """Advice names none of them: the first fails on what is there, the last leaves out the rest."""
    for revision, parent in (("0004", "0003"), ("0005", "0004"), ("0006", "0005")):
        known.project.add(revision, parent, f'op.execute("SELECT lo_create({int(revision)})")')
    rebuild(known)
    assert known.run(HEADSTART_TARGET=ran).exit_code == 0
    known.database.execute("DROP TABLE alembic_version; INSERT INTO accounts (name) VALUES ('x')")
    asked = refused(known, 22, "ambiguous")
    assert asked.verdict["candidates"] == ["0003", "0004", "0005", "0006"]
    assert not [each for each in asked.verdict["candidates"] if each in asked.verdict["next_step"]]
    assert known.run(HEADSTART_BASELINE=ran).verdict["outcome"] == "baselined"
    made = known.database.query("SELECT oid::int FROM pg_largeobject_metadata ORDER BY 1")
    assert made == [(4,), (5,), (6,)]


MADE_ONCE = {
    "statistics": "CREATE STATISTICS s{} (ndistinct) ON id, name FROM accounts",
    "rules": "CREATE RULE r{} AS ON DELETE TO accounts DO ALSO NOTIFY gone",
    "publications": "CREATE PUBLICATION p{} FOR TABLE accounts",
    "operators": "CREATE OPERATOR <<{} (LEFTARG = int, RIGHTARG = int, FUNCTION = int4lt)",
    "text search configurations": "CREATE TEXT SEARCH CONFIGURATION c{} (COPY = simple)",
    "collations": "CREATE COLLATION c{} (locale = 'C')",
}
"""What cannot be made twice; {} makes the names of three revisions."""


@pytest.mark.parametrize("make", list(MADE_ONCE.values()), ids=list(MADE_ONCE))
def test_what_cannot_be_made_twice_tells_the_revision_and_is_made_once(
    known: KnownStage, make: str
) -> None:
    ends = ["<", "|", "~"] if "OPERATOR" in make else ["1", "2", "3"]
    for number, end in enumerate(ends, 4):
        sql = make.format(end)
        known.project.add(f"{number:04}", f"{number - 1:04}", f'op.execute("{sql}")')
    rebuild(known)
    assert known.run(HEADSTART_TARGET="0005").exit_code == 0
    known.database.execute("DROP TABLE alembic_version; INSERT INTO accounts (name) VALUES ('x')")
    done = known.run()
    assert (done.verdict["outcome"], done.verdict["proof"]) == ("baselined", "fingerprint")
    assert [each["revision"] for each in done.verdict["applied"]] == ["0006"]
    assert known.run("check").verdict["proof"] == "fingerprint"
