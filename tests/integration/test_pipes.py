"""A pipe in the place of a file: nothing waits for its other end for ever, and it is read once."""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.environment import PROGRAMS
from tests.harness.project import REVISIONS
from tests.integration.known_stage import KnownStage
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER

WITHOUT_URL = "unset DATABASE_URL; export DATABASE_URL_FILE"


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A named pipe with nobody at either end."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def test_a_termination_log_that_nobody_reads_does_not_keep_the_run(
    stage: Stage, pipe: Path
) -> None:
    ended = stage.run(HEADSTART_TERMINATION_LOG=str(pipe))
    assert (ended.exit_code, ended.applied) == (0, REVISIONS), ended.verdict


def test_nor_does_one_whose_reader_has_had_enough(stage: Stage, pipe: Path) -> None:
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    try:
        with suppress(BlockingIOError):
            while True:
                os.write(writer, b"x" * 4096)
        assert stage.run(HEADSTART_TERMINATION_LOG=str(pipe)).exit_code == 0
    finally:
        os.close(reader)
        os.close(writer)


def test_a_url_from_a_pipe_is_read_once_and_serves_the_whole_run(stage: Stage) -> None:
    command = f"{WITHOUT_URL}=/dev/stdin; printf '%s\\n' '{stage.database.url}' | {{}}"
    ended = stage.run_shell(command.format(PROGRAMS / "headstart"))
    assert (ended.exit_code, ended.applied) == (0, REVISIONS), ended.verdict
    ended = stage.run_shell(command.format(f"(sleep 1; {PROGRAMS / 'headstart'} check)"))
    assert ended.exit_code == 0, ended.verdict


def test_a_pipe_that_is_written_late_and_in_parts_is_read_whole(stage: Stage, pipe: Path) -> None:
    url = stage.database.url

    def write() -> None:
        with pipe.open("w") as file:
            for part in (url[:9], url[9:]):
                time.sleep(1)
                file.write(part)
                file.flush()

    threading.Thread(target=write, daemon=True).start()
    ended = stage.run_shell(f"{WITHOUT_URL}={pipe}; {PROGRAMS / 'headstart'}")
    assert (ended.exit_code, ended.applied) == (0, REVISIONS), ended.verdict


@pytest.mark.parametrize(
    "name",
    ["DATABASE_URL_FILE", "PGPASSWORD_FILE", "HEADSTART_ALEMBIC_INI", "HEADSTART_FINGERPRINTS"],
)
def test_nobody_waits_for_ever_for_a_pipe_that_nobody_writes(
    known: KnownStage, pipe: Path, name: str
) -> None:
    before = time.monotonic()
    ended = known.run_shell(
        f"test {name} != DATABASE_URL_FILE || unset DATABASE_URL;"
        f" {name}={pipe} {PROGRAMS / 'headstart'}"
    )
    assert time.monotonic() - before < 30
    assert ended.exit_code in (2, 24), ended.verdict
    message = ended.verdict["error"]["message"]
    assert str(pipe) in message
    assert "nobody has written all of it within 10 s" in message


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom"])
def test_a_device_that_never_ends_is_no_file(stage: Stage, device: str) -> None:
    ended = stage.run_shell(f"{WITHOUT_URL}={device}; {PROGRAMS / 'headstart'}")
    assert (ended.exit_code, ended.outcome) == (2, "invalid_settings"), ended.verdict
    assert "cannot be read: File too large" in ended.verdict["error"]["message"]
