"""The termination message: the verdict's facts, in a file that exists, however long the verdict."""

import json
import os
from pathlib import Path

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS
from tests.harness.result import Event
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER

LIMIT_BYTES = 2048
OF_THE_LOG = {"timestamp", "level", "event"}
"""What the last line has and the message has not."""


def facts(verdict: Event) -> Event:
    """The last line of the log without what makes it a line of a log."""
    return {name: value for name, value in verdict.items() if name not in OF_THE_LOG}


def write_revisions(stage: Stage, count: int) -> list[str]:
    """Put so many revisions on top of the project; return all of it."""
    parents = [REVISIONS[-1]]
    for number in range(count):
        revision = f"{number:032x}"
        stage.project.add(revision, parents[-1])
        parents.append(revision)
    return [*REVISIONS[:-1], *parents]


def test_it_holds_the_facts_of_the_last_line(stage: Stage, tmp_path: Path) -> None:
    message = tmp_path / "message"
    message.touch()
    finished = stage.run(HEADSTART_TERMINATION_LOG=str(message))
    assert finished.exit_code == 0
    assert json.loads(message.read_text()) == facts(finished.verdict)


def test_a_refusal_is_told_there_too(stage: Stage, tmp_path: Path) -> None:
    message = tmp_path / "message"
    message.touch()
    stage.make_version_table("ffff")
    finished = stage.run(HEADSTART_TERMINATION_LOG=str(message))
    assert finished.exit_code == 23
    told = json.loads(message.read_text())
    assert told == facts(finished.verdict)
    assert list(told)[:4] == ["outcome", "exit_code", "next_step", "error"]


def test_a_mistake_in_the_settings_is_told_there_too(stage: Stage, tmp_path: Path) -> None:
    message = tmp_path / "message"
    message.touch()
    finished = stage.run(
        HEADSTART_TERMINATION_LOG=str(message),
        HEADSTART_IMAGE_REVISION="ae10",
        HEADSTART_WAIT_SECONDS="soon",
    )
    assert finished.exit_code == 2
    assert finished.verdict["image_revision"] == "ae10"
    assert json.loads(message.read_text()) == facts(finished.verdict)


def test_a_mistake_is_told_where_and_as_the_options_say(stage: Stage, tmp_path: Path) -> None:
    message = tmp_path / "message"
    message.touch()
    options = ("--termination-log", str(message), "--log-format", "console")
    finished = stage.run(*options, "--wait-seconds", "soon", HEADSTART_LOG_FORMAT="json")
    assert finished.exit_code == 2
    assert json.loads(message.read_text())["outcome"] == "invalid_settings"
    assert not finished.stderr.startswith("{")


def test_what_an_earlier_container_left_in_it_is_gone(stage: Stage, tmp_path: Path) -> None:
    message = tmp_path / "message"
    message.write_text("x" * 3000)
    finished = stage.run(HEADSTART_TERMINATION_LOG=str(message))
    assert json.loads(message.read_text()) == facts(finished.verdict)


def test_the_file_is_written_in_place_because_it_is_a_mount(stage: Stage, tmp_path: Path) -> None:
    message, other_name = tmp_path / "message", tmp_path / "other name"
    message.touch()
    other_name.hardlink_to(message)
    stage.run(HEADSTART_TERMINATION_LOG=str(message))
    assert json.loads(other_name.read_text())["outcome"] == "upgraded"


def test_a_file_that_does_not_exist_is_not_created(stage: Stage, tmp_path: Path) -> None:
    missing = tmp_path / "none" / "message"
    for path in (missing, tmp_path / "message"):
        assert stage.run(HEADSTART_TERMINATION_LOG=str(path)).exit_code == 0
        assert not path.exists()
    assert not missing.parent.exists()


def test_a_file_that_cannot_be_written_does_not_fail_the_run(stage: Stage, tmp_path: Path) -> None:
    # a folder, a full disk and a pseudo-file refuse root as well, whom a mode does not stop
    read_only = tmp_path / "message"
    read_only.touch()
    read_only.chmod(0o444)
    unwritable = [str(read_only), str(tmp_path), "/dev/full", "/proc/version"]
    for path in unwritable:
        finished = stage.run(HEADSTART_TERMINATION_LOG=path)
        assert finished.exit_code == 0, path
        assert finished.verdict["exit_code"] == 0
    if os.geteuid() != 0:
        assert read_only.read_text() == ""


def test_three_hundred_revisions_fit(stage: Stage, tmp_path: Path) -> None:
    message = tmp_path / "message"
    message.touch()
    every = write_revisions(stage, 300)
    finished = stage.run(HEADSTART_TERMINATION_LOG=str(message))
    assert [step["revision"] for step in finished.verdict["applied"]] == every
    content = message.read_bytes()
    assert len(content) <= LIMIT_BYTES
    told = json.loads(content)
    assert (told["outcome"], told["to"]) == ("upgraded", [every[-1]])
    kept = [step["revision"] for step in told["applied"]]
    assert kept == every[-len(kept) :]
    assert told["applied_cut"] == len(every) - len(kept)


def test_a_long_error_after_many_revisions_fits(stage: Stage, tmp_path: Path) -> None:
    message = tmp_path / "message"
    message.touch()
    every = write_revisions(stage, 50)
    stage.project.add("ffff", every[-1], "raise RuntimeError('ü\"' * 5000)")
    finished = stage.run(HEADSTART_TERMINATION_LOG=str(message))
    assert finished.exit_code == 21
    content = message.read_bytes()
    assert len(content) <= LIMIT_BYTES
    told = json.loads(content)
    assert (told["outcome"], told["to"]) == ("revision_failed", [every[-1]])
    assert told["error"]["message"].endswith("…")
