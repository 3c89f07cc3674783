"""What a run notes beside its revisions: what fails again and again, and what has begun."""

import json
from typing import Any

from tests.conftest import ON_ONE_SERVER
from tests.integration.known_stage import KnownStage
from tests.integration.recorded import comment_of, record_of

# what is decided here, the server's version has no part in
pytestmark = ON_ONE_SERVER

FAILS = "op.execute('SELECT 1/0')"
V2 = {"HEADSTART_IMAGE_REVISION": "v2"}
BEGINS = """
    op.execute("CREATE TABLE half (id int)")
    with op.get_context().autocommit_block():
        op.execute("CREATE TABLE other_half (id int)")
    op.execute("SELECT 1/0")
    """
NO = "headstart_compatible = False"


def status(stage: KnownStage) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stage.run("status", "--output", "json").stdout)
    return found


def test_what_fails_again_is_counted_and_said_until_it_succeeds(known: KnownStage) -> None:
    assert known.run().exit_code == 0
    script = known.project.add("0004", "0003", FAILS)
    line = "the same image has failed here {} times at 0004"
    for times in (1, 2, 3):
        done = known.run(HEADSTART_VERIFY="off", **V2)
        assert (done.exit_code, done.verdict["outcome"]) == (21, "revision_failed")
        assert done.verdict.get("failed_times", 1) == times
        assert (line.format(times) in done.verdict["next_step"]) == (times > 1)
        failed = {"revision": "0004", "what": "v2", "times": times}
        assert status(known)["failed"] == failed
        often = "once" if times == 1 else f"{times} times"
        note = f"0004 has failed {often}, run from the image v2, and was not applied since"
        assert note in status(known)["notes"]
        assert note in known.run("plan").stdout
    assert record_of(known.database)["at"] == ["0003"]
    other = known.run(HEADSTART_VERIFY="off", HEADSTART_IMAGE_REVISION="v3")
    assert "failed_times" not in other.verdict
    script.write_text(script.read_text().replace("1/0", "1"))
    assert known.run(HEADSTART_VERIFY="off", **V2).exit_code == 0
    assert "failed" not in record_of(known.database)
    assert status(known)["failed"] is None


def test_where_nothing_may_be_recorded_a_failure_is_none_either(known: KnownStage) -> None:
    assert known.run().exit_code == 0
    before = comment_of(known.database)
    known.project.add("0004", "0003", FAILS)
    for environ in ({"HEADSTART_RECORD": "off"}, {"HEADSTART_TARGET": "0003"}):
        known.run(HEADSTART_VERIFY="off", **environ)
        assert comment_of(known.database) == before
    known.database.execute("COMMENT ON TABLE alembic_version IS 'ours'")
    done = known.run(HEADSTART_VERIFY="off")
    assert (done.exit_code, comment_of(known.database)) == (21, "ours")


def begun(stage: KnownStage, body: str = BEGINS, top: str = NO) -> None:
    """A newer image fails in the middle; then the older one is back."""
    assert stage.run().exit_code == 0
    before = stage.file.read_text()
    script = stage.project.add("0004", "0003", body, top=top)
    assert stage.run(HEADSTART_VERIFY="off").exit_code == 21
    assert stage.rows() == ["0003"]
    script.unlink()
    stage.file.write_text(before)


def test_a_no_is_heard_of_one_that_has_only_begun(known: KnownStage) -> None:
    begun(known)
    for verb in ("check", "run"):
        done = known.run(verb)
        assert (done.exit_code, done.verdict["outcome"]) == (23, "ahead_incompatible")
        assert (
            "revision 0004, which this image does not contain" in done.verdict["error"]["message"]
        )
    assert known.run("check", HEADSTART_AHEAD="allow", HEADSTART_VERIFY="off").exit_code == 0
    # the newer image ends it: then it is a revision like others
    known.project.add("0004", "0003", top=NO)
    assert known.run(HEADSTART_VERIFY="off").exit_code == 0
    chain = record_of(known.database)["chain"]
    assert [each[7] for each in chain if each[0] == "0004"] == [{"compatible": False}]


def test_what_was_rolled_back_has_not_begun(known: KnownStage) -> None:
    begun(known, f"op.execute('CREATE TABLE half (id int)')\n{FAILS}")
    assert known.run("check").verdict["outcome"] == "nothing_to_do"


def test_without_a_no_nothing_is_noted_of_what_has_begun(known: KnownStage) -> None:
    begun(known, top="")
    assert [each[0] for each in record_of(known.database)["chain"]] == ["0001", "0002", "0003"]


def test_what_an_earlier_attempt_has_left_is_said_where_it_is_met_again(known: KnownStage) -> None:
    """Never a baseline: there are version rows."""
    assert known.run().exit_code == 0
    known.project.add("0004", "0003", BEGINS)
    assert known.run(HEADSTART_VERIFY="off").verdict["outcome"] == "revision_failed"
    again = known.run(HEADSTART_VERIFY="off").verdict
    assert again["error"]["sqlstate"] == "42P07"
    assert "an earlier attempt of this revision may have left a part" in again["next_step"]
    assert "HEADSTART_BASELINE" not in again["next_step"]
