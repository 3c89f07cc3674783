"""The file beside the scripts: without it, with one that is stale, and with a broken one."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.known_stage import KnownStage, refused

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
