"""glance 33.0.0: branches that expand and contract, where each contract depends on its expand.

It runs with an env.py of ours, beside this file: see there.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from headstart.facts.state import History
from headstart.fingerprint.file.text import read_file
from headstart.fingerprint.statements.effect import Effect
from tests.conftest import ON_ONE_SERVER
from tests.harness.result import Result
from tests.harness.server import Database, Server
from tests.histories.adoption import build_fingerprints
from tests.histories.app import App
from tests.histories.comparison import version_rows
from tests.histories.conftest import MakeDatabase, databases

FOLDER = Path(__file__).parent / "glance"
GLANCE = App(
    "glance",
    str(FOLDER / "alembic.ini"),
    "glance/db/sqlalchemy/alembic_migrations/versions",
    {"HEADSTART_TARGET": "heads"},
)
NAMES = re.compile(
    r"^(revision|down_revision|depends_on) = (?:['\"](\w+)['\"]|None)$", re.MULTILINE
)
HEAD = "2024_1_contract01"
"""The version row of all 29 revisions: the last one of the other branch is needed by it."""


@cache
def history() -> History:
    """The graph, as the text of the files says it."""
    needed = {}
    for file in (GLANCE.packages / GLANCE.versions).glob("*.py"):
        names = dict(NAMES.findall(file.read_text()))
        if names.get("revision"):
            below = {names["down_revision"], names.get("depends_on", "")} - {""}
            needed[names["revision"]] = frozenset(below)
    return History(needed, frozenset([HEAD]))


def order(first: str) -> Iterator[str]:
    """All revisions, with those of one branch as early as that can be."""
    applied: set[str] = set()
    graph = history().requirements
    while left := [each for each in graph if each not in applied and graph[each] <= applied]:
        revision = min(left, key=lambda each: (first not in each, each))
        applied.add(revision)
        yield revision


def alembic(ini: Path, database: Database, target: str) -> None:
    """Run the `alembic` command, which has to succeed."""
    text = (FOLDER / "alembic.ini").read_text().replace("%(here)s", str(FOLDER))
    url = database.driver_url("psycopg2").replace("%", "%%")
    ini.write_text(
        re.sub("^sqlalchemy.url.*$", f"sqlalchemy.url = {url}", text, flags=re.MULTILINE)
    )
    done = GLANCE.program("alembic", "-c", str(ini), "upgrade", target)
    assert done.exit_code == 0, done.stderr


@pytest.fixture(scope="session")
def known(server: Server, password: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fingerprints, built once."""
    file = tmp_path_factory.mktemp("glance") / "fingerprints.txt"
    with databases(server, password) as make:
        ended = build_fingerprints(GLANCE, make(), file)
    assert ended.exit_code == 0, ended
    return file


def run(database: Database, known: Path, *verb: str, **environ: str) -> Result:
    given = {
        "DATABASE_URL": database.url,
        "HEADSTART_ALEMBIC_INI": GLANCE.ini,
        "HEADSTART_FINGERPRINTS": str(known),
    }
    return GLANCE.program("headstart", *verb, **given | environ)


def stamped_by(ended: Result) -> set[str]:
    (told,) = [e["revisions"] for e in ended.events if e["event"] == "baseline_stamped"]
    return set(told)


def test_the_whole_history_is_there() -> None:
    assert len(history().requirements) == 29
    assert history().rows_of(history().requirements) == {HEAD}


@ON_ONE_SERVER
@pytest.mark.parametrize("first", ["expand", "contract"])
def test_every_state_is_told_stamped_and_upgraded_as_alembic_does(
    first: str, known: Path, make_database: MakeDatabase, tmp_path: Path
) -> None:
    """Without the version table; where two are possible the true one is named, and can be said."""
    effects = {name: step.effect for name, step in read_file(known.read_text()).steps.items()}
    database, ini = make_database(), tmp_path / "alembic.ini"
    copies: list[tuple[list[str], Database]] = []
    applied: set[str] = set()
    for revision in order(first):
        alembic(ini, database, revision)
        applied.add(revision)
        rows = version_rows(database)
        assert set(rows) == history().heads_of(applied)
        copies.append((rows, make_database(database.name)))
    for rows, copy in copies:
        copy.execute("DROP TABLE alembic_version")
        ended = run(copy, known)
        if ended.exit_code == 22:
            said = "+".join(sorted(rows))
            assert said in ended.verdict["candidates"], ended
            ended = run(copy, known, HEADSTART_BASELINE=said)
        assert (ended.exit_code, ended.verdict["outcome"]) == (0, "baselined"), ended
        before, stamped = (history().applied_with(each) for each in (rows, stamped_by(ended)))
        # what does nothing counts as done, and what only changes rows of empty tables is run again
        assert {effects[each] for each in stamped - before} <= {Effect.NOOP}
        assert {effects[each] for each in before - stamped} <= {Effect.DATA, Effect.READ}
        assert version_rows(copy) == version_rows(database) == [HEAD]
        assert copy.dump() == database.dump()


@ON_ONE_SERVER
@pytest.mark.parametrize("rows", ["ocata_expand01", "pike_contract01", "rocky_contract01", HEAD])
def test_a_column_that_is_gone_is_never_a_success(
    rows: str, known: Path, make_database: MakeDatabase, tmp_path: Path
) -> None:
    database = make_database()
    alembic(tmp_path / "alembic.ini", database, rows)
    at = {"HEADSTART_TARGET": rows, "HEADSTART_VERIFY": "strict"}
    assert run(database, known, "check", **at).exit_code == 0
    database.execute("ALTER TABLE images DROP COLUMN min_ram")
    assert [run(database, known, verb, **at).exit_code for verb in ("check", "run")] == [25, 25]
    database.execute("DROP TABLE alembic_version")
    assert run(database, known).exit_code == 22
    assert "alembic_version" not in database.version_rows()
