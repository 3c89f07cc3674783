"""What is pure stays pure in a running interpreter, and the quick answers stay quick."""

import sys
from pathlib import Path

import headstart
from tests.harness.program import run_program

PACKAGE = Path(headstart.__file__).parent
PURE = ("facts", "verdict", "settings", "fingerprint", "decision")
HEAVY = {"sqlalchemy", "alembic", "psycopg2", "tenacity"}


def modules_of(folder: str) -> list[str]:
    """Every module below a folder of the package."""
    files = sorted((PACKAGE / folder).rglob("*.py"))
    return [".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts) for file in files]


def packages_loaded_with(*modules: str) -> set[str]:
    """The top-level packages in a fresh interpreter that imported these modules."""
    code = f"import sys; import {', '.join(modules)}; print(*sys.modules)"
    done = run_program(sys.executable, "-c", code)
    assert done.exit_code == 0, done.stderr
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_the_pure_folders_load_no_database_no_alembic_and_no_log() -> None:
    modules = [module for folder in PURE for module in modules_of(folder)]
    assert len(modules) > len(PURE)
    loaded = packages_loaded_with(*modules)
    assert "headstart" in loaded
    assert loaded & HEAVY == set()


def test_every_folder_says_what_lives_there_and_what_must_not() -> None:
    for init in PACKAGE.rglob("__init__.py"):
        if init.parent != PACKAGE:
            assert "\n\nNot here: " in init.read_text(), init
