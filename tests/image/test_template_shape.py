"""examples/fastapi-template-shape as a user starts it: the job, then seeding, then the app."""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.environment import ROOT
from tests.harness.program import run_tool
from tests.harness.result import Event, Result, split_log
from tests.harness.server import free_port
from tests.image.stack import Stack

EXAMPLE = ROOT / "examples" / "fastapi-template-shape"
SOURCES = ("pyproject.toml", "README.md", "LICENSE")
PASSWORD = "pa%w@rd/:"
HEAD = "b64e09d7715a"
WHEEL_SECONDS = 240


def make_wheel(folder: Path) -> None:
    """Build headstart's wheel from a copy, for setuptools writes next to what it builds."""
    source = folder / "source"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "headstart", source / "headstart", ignore=ignored)
    for name in SOURCES:
        shutil.copy(ROOT / name, source)
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check")
    target = folder / "backend" / "wheels"
    options = ("--no-deps", "--no-build-isolation", f"--wheel-dir={target}")
    done = run_tool(*pip, *options, source, timeout=WHEEL_SECONDS)
    assert done.exit_code == 0, done.stderr


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Stack]:
    """The example, built and up, as a compose project of its own."""
    folder = tmp_path / "shape"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__", "wheels", ".env"))
    text = (folder / ".env.example").read_text()
    (folder / ".env").write_text(text.replace("PASSWORD=changethis", f"PASSWORD='{PASSWORD}'"))
    make_wheel(folder)
    name = "headstart-" + re.sub(r"[^a-z0-9]", "", tmp_path.name.lower())
    port = free_port()
    stack = Stack(name, (folder / "compose.yaml",), port, {"PORT": str(port)}, "app")
    try:
        stack.must("build")
        up = stack.up()
        assert up.exit_code == 0, up.stdout
        yield stack
    finally:
        stack.must("down", "--volumes", "--timeout=2", "--remove-orphans")


def verdict(stack: Stack) -> Event:
    """What the job's last line says."""
    shown = stack.must("logs", "--no-log-prefix", "migrate")
    return Result(stack.exit_code("migrate"), *split_log(shown)).verdict


def test_the_app_starts_after_the_job_and_after_seeding(made: Stack) -> None:
    first = verdict(made)
    assert (first["outcome"], first["to"], first["proof"]) == ("upgraded", [HEAD], "fingerprint")
    assert made.get("/health/ready")["outcome"] == "nothing_to_do"
    assert made.get("/users/count") == {"users": 1}
    made.must("down")
    assert made.up().exit_code == 0
    assert verdict(made)["outcome"] == "nothing_to_do"
    assert made.get("/users/count") == {"users": 1}
