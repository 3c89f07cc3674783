"""`make test` and `make test-more` have every unit and integration test between them, each once."""

import shlex
import sys

from tests.harness.environment import ROOT
from tests.harness.program import run_program
from tests.integration.conftest import MORE


def test_each_test_is_in_one_of_the_two_selections() -> None:
    some, rest = collected(*selection("test")), collected(*selection("test-more"))
    assert sorted(some + rest) == sorted(collected())
    assert some
    assert rest


def test_ci_runs_both() -> None:
    assert {"make test", "make test-more"} <= set((ROOT / ".ci" / "run").read_text().splitlines())


def test_each_file_of_the_list_is_there() -> None:
    folder = ROOT / "tests" / "integration"
    assert [name for name in MORE if not (folder / f"{name}.py").is_file()] == []


def selection(target: str) -> list[str]:
    """What the target tells pytest."""
    lines = process("make", "--dry-run", target)
    (command,) = (line for line in lines if " -m pytest " in line)
    return shlex.split(command.partition(" -m pytest ")[2])


def collected(*arguments: str) -> list[str]:
    """The tests that pytest would run."""
    pytest = [sys.executable, "-m", "pytest", *arguments, "-n0", "--collect-only", "-q"]
    return [line for line in process(*pytest) if "::" in line]


def process(*command: str) -> list[str]:
    """Run to the end, which has to be a success; give the lines of its output."""
    done = run_program(*command, timeout=120)
    assert done.exit_code == 0, done.stdout + done.stderr
    return done.stdout.splitlines()
