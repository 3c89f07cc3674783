"""What each entry loads: nobody waits for a library that is not needed. Counts, not seconds."""

import re
import sys
from pathlib import Path

import pytest

import headstart.verdict
from tests.harness.environment import ROOT, clean_environ
from tests.harness.program import run_program

HEAVY = {
    *("alembic", "asyncio", "asyncpg", "psycopg2", "rich", "sqlalchemy", "tenacity"),
    *("logging", "urllib.request", "ssl", "email", "opentelemetry", "requests"),
}
LIST = "\nimport sys; open('loaded', 'w').write(' '.join(sys.modules))"


def modules(code: str, folder: Path) -> set[str]:
    """The modules that are loaded when `code` is over, beside those of a bare interpreter."""
    return loaded_by(code, folder) - loaded_by("", folder)


def loaded_by(code: str, folder: Path) -> set[str]:
    """All that is loaded when `code` is over."""
    done = run_program(sys.executable, "-c", code + LIST, cwd=folder)
    assert done.exit_code == 0, done.stderr
    return set((folder / "loaded").read_text().split())


def command(*argv: str) -> str:
    """Code that executes the command and goes on."""
    return (
        "import os\n"
        "def leave(code):\n    raise SystemExit(code)\n"
        "os._exit = leave\n"
        "from headstart.command.main import main\n"
        f"try:\n    main({list(argv)!r})\nexcept SystemExit:\n    pass"
    )


LIGHT = {
    "headstart.verdict": ("import headstart.verdict", 2),
    "headstart.verdict.outcome": ("import headstart.verdict.outcome", 10),
    "--version": (command("--version"), 66),
    "--help": (command("--help"), 66),
    "check --help": (command("check", "--help"), 66),
}
"""How many modules each may load at most, with the standard library's (3.14 has more)."""


@pytest.mark.parametrize(("code", "most"), LIGHT.values(), ids=LIGHT)
def test_an_entry_that_needs_no_library_loads_none(code: str, most: int, tmp_path: Path) -> None:
    loaded = modules(code, tmp_path)
    assert not loaded & HEAVY
    assert len(loaded) <= most, sorted(loaded)


def test_a_mistake_in_the_arguments_is_told_without_the_database_or_alembic(tmp_path: Path) -> None:
    loaded = modules(command("wiat"), tmp_path)
    assert not loaded & {"alembic", "sqlalchemy", "psycopg2", "tenacity", "rich"}


def test_what_draws_the_log_for_people_is_loaded_for_them_alone(tmp_path: Path) -> None:
    for_people = "import os\nos.environ['HEADSTART_LOG_FORMAT'] = 'console'\n"
    mistake = command("check", "--verify", "no")
    words = {"headstart.process.console", "headstart.process.closing"}
    assert words <= modules(for_people + mistake, tmp_path)
    assert not modules(mistake, tmp_path) & {*words, "rich"}


def test_a_mistake_in_the_settings_is_told_without_the_database_or_alembic(tmp_path: Path) -> None:
    loaded = modules(command("check", "--verify", "no"), tmp_path)
    assert not loaded & {"alembic", "sqlalchemy", "psycopg2", "tenacity"}


def test_the_verdict_costs_what_dataclasses_enum_and_json_cost(tmp_path: Path) -> None:
    folder = Path(headstart.verdict.__file__).parent
    files = [file.relative_to(folder).with_suffix("") for file in folder.rglob("[a-z]*.py")]
    assert len({file.parent for file in files}) > 1
    code = "\n".join(f"import headstart.verdict.{'.'.join(file.parts)}" for file in files)
    loaded = modules(code, tmp_path)
    foreign = {name for name in loaded if not name.startswith("headstart")}
    assert foreign <= modules("import dataclasses, enum, json, typing", tmp_path)


def test_without_the_libraries_the_cure_is_told_in_a_line() -> None:
    environ = {"DATABASE_URL": "postgresql://u@localhost/x", "HEADSTART_LOG_FORMAT": "console"}
    program = (sys.executable, "-S", ROOT / "entrypoint.py")
    done = run_program(*program, cwd=ROOT, env=clean_environ() | environ)
    what, cure = done.stderr.splitlines()
    assert done.exit_code == 2
    assert re.search(r"(psycopg2-binary|tenacity|alembic|sqlalchemy) is not installed for /", what)
    assert cure.startswith(f"next: {sys.executable} -m pip install ")
