"""Tests that are killed leave no server of theirs behind."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.environment import ROOT
from tests.harness.program import Run, start_program, until

TESTS = """
import pathlib, time
from tests.harness.embedded import PostgresServer

def test_that_never_ends():
    with PostgresServer(18) as server:
        pathlib.Path("starting").write_text(f"{server.port} {server.directory}")
        pathlib.Path("starting").rename("started")
        time.sleep(600)
"""
GONE_SECONDS = 40


@pytest.fixture
def tests(tmp_path: Path) -> Iterator[Run]:
    """Give a pytest in the middle of a test that has a server of its own."""
    (tmp_path / "test_it.py").write_text(TESTS)
    pytest = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_it.py")
    with start_program(*pytest, env={"PYTHONPATH": str(ROOT)}, cwd=tmp_path) as started:
        yield started


def test_a_server_ends_with_the_tests_that_were_killed(tests: Run, tmp_path: Path) -> None:
    until((tmp_path / "started").exists, "a server of its own", 60)
    port, directory = (tmp_path / "started").read_text().split()
    assert is_listening(int(port))
    tests.kill()
    until(lambda: not is_listening(int(port)), f"nobody at port {port}", GONE_SECONDS)
    until(lambda: not Path(directory).exists(), f"no {directory}", GONE_SECONDS)


def is_listening(port: int) -> bool:
    """Whether a connection is accepted there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
