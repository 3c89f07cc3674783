"""The URL is parsed once in a run: only the secret files are read anew at each connection."""

import sys
from pathlib import Path

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.program import run_program
from tests.harness.server import Database

COUNTING = """
import atexit
import runpy
from headstart.settings import database_url

parse, texts = database_url.parse_database_url, []

def counted(text, where):
    texts.append(where)
    return parse(text, where)

database_url.parse_database_url = counted  # before anybody has imported it from there
atexit.register(lambda: print(len(texts)))

runpy.run_module("headstart", run_name="__main__")
"""


def sources(database: Database, folder: Path) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Each way to name the database, as arguments and environment."""
    url, password = folder / "url", folder / "password"
    url.write_text(database.url + "\n")
    password.write_text(database.parameters["password"] + "\n")
    place = {name: value for name, value in database.parameters.items() if name != "password"}
    options = "&".join(f"{name}={value}" for name, value in place.items())
    return {
        "DATABASE_URL": ([], {"DATABASE_URL": database.url}),
        "DATABASE_URL_FILE": ([], {"DATABASE_URL_FILE": str(url)}),
        "--database-url": (
            ["--database-url", f"postgresql://?{options}"],
            {"PGPASSWORD_FILE": str(password)},
        ),
    }


@ON_ONE_SERVER
@pytest.mark.parametrize("source", ["DATABASE_URL", "DATABASE_URL_FILE", "--database-url"])
def test_a_run_parses_its_url_once(source: str, database: Database, tmp_path: Path) -> None:
    arguments, environ = sources(database, tmp_path)[source]
    done = run_program(sys.executable, "-c", COUNTING, "run", *arguments, env=environ)
    assert done.verdict["outcome"] == "upgraded", done.verdict
    printed = [e["text"] for e in done.events if e["event"] == "output_printed"]
    assert printed == ["1"]
