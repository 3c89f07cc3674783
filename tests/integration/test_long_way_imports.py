"""The long way of a run imports little that the alembic command does not. Counts, not seconds."""

import sys
from pathlib import Path

from tests.harness.environment import clean_environ
from tests.harness.program import run_program
from tests.integration.stage import Stage

OURS = {"ctypes", "faulthandler", "graphlib", "hmac", "secrets"}
"""What headstart has a use for: libpq's C functions, crashes, the graph, random names."""
LISTED = """
import atexit, os, runpy, sys
at, sys.argv = sys.argv[1], sys.argv[2:]
exits = os._exit
def listed():
    with open(at, "w") as file:
        file.write(" ".join(sys.modules))
def leave(code):
    listed()
    exits(code)
os._exit = leave
atexit.register(listed)
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def loaded(stage: Stage, at: Path, *command: str) -> set[str]:
    """The packages and modules of others, by their first names, that are loaded at the end."""
    environ = clean_environ() | {"DATABASE_URL": stage.database.url, "HEADSTART_GATE": "off"}
    argv = (sys.executable, "-c", LISTED, str(at), *command)
    done = run_program(*argv, cwd=stage.project.path, env=environ)
    assert done.exit_code == 0, done.stderr
    names = {name.partition(".")[0] for name in at.read_text().split()}
    return {name for name in names if not name.startswith(("_", "headstart"))}


def test_the_long_way_loads_little_that_alembic_does_not(stage: Stage, tmp_path: Path) -> None:
    first = loaded(stage, tmp_path / "upgraded", "headstart")
    again = loaded(stage, tmp_path / "nothing", "headstart")
    assert stage.alembic("current").exit_code == 0  # writes the file that the next one reads
    named = ("-c", "with_url.ini", "upgrade", "head")
    theirs = loaded(stage, tmp_path / "alembic", "alembic", *named)
    assert {"alembic", "sqlalchemy"} <= theirs & first & again
    assert first - theirs <= OURS | {"difflib"}  # it looks for marks that are misspelt
    assert again - theirs <= OURS | {"difflib"}
