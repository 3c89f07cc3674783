"""mlflow's databases without their version table: told by their schema, and brought to the head.

HEADSTART_TEST_SEED draws other revisions than those of every day.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.server import Database, Server
from tests.histories.adoption import SEED, Adopted, Walk, adopt, build_fingerprints, drawn
from tests.histories.comparison import version_rows
from tests.histories.conftest import MakeDatabase, databases
from tests.histories.test_mlflow import (
    FIRST,
    MAKE_BASE_TABLES,
    MLFLOW,
    MOVED_ROWS,
    OLD_ROWS,
    python,
    upgraded,
)

BASE_SQL = Path(__file__).parent / "mlflow_base.sql"
DRAWN = 10
MOVES_TAGS = "90e64c465722"
"""It reads runs and copies from there; the schema stays as it is."""
EQUAL = {
    # it does nothing on PostgreSQL: the newest
    "cfd24bdc0731": "0a8213491aaa",
    "0a8213491aaa": "0a8213491aaa",
    "5b0e9adcef9c": "4465047574b1",
    "4465047574b1": "4465047574b1",
}
"""Where several revisions have one schema, and which of them it is taken for."""
RETYPED = ("a8c4a736bde6", "39d1c3be5f05", "c48cb773bb87")
"""The second gives a column the type that it has; what that does to rows nobody can tell."""
# one server will do: that all read the same schema is tested in tests/servers
pytestmark = ON_ONE_SERVER
ROWS = pytest.mark.parametrize("rows", [OLD_ROWS, ""], ids=["rows", "empty"])


def expected_at(revision: str, rows: str) -> Adopted:
    """Rules 1, 2 and 4 of equal schemas; every other revision is told exactly."""
    if revision in (FIRST, MOVES_TAGS):
        if rows:
            return Adopted("ambiguous", (FIRST, MOVES_TAGS))
        return Adopted("baselined", (FIRST,))
    if revision in RETYPED:
        return Adopted("ambiguous", RETYPED) if rows else Adopted("baselined", RETYPED[:1])
    return Adopted("baselined", (EQUAL.get(revision, revision),))


@pytest.fixture(scope="session")
def known(server: Server, password: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What its maintainers would ship, built once: with the tables that no revision makes."""
    file = tmp_path_factory.mktemp("mlflow") / "fingerprints.txt"
    with databases(server, password) as make:
        ended = build_fingerprints(MLFLOW, make(), file, HEADSTART_REPLAY_SQL=str(BASE_SQL))
    assert ended.exit_code == 0, ended
    size, why = ended.stdout.splitlines()
    assert size == f"{file} has 67 revisions, {file.stat().st_size} bytes"
    assert why.startswith("no error, but each run takes its full time (docs/gate.md")
    return file


def walk_through(
    revisions: Iterable[str], rows: str, make_database: MakeDatabase, ini: Path
) -> tuple[dict[str, Database], Database]:
    """Databases at these revisions, without version table, and one that alembic brought to head."""
    database = make_database()
    python(MAKE_BASE_TABLES, database)
    if rows:
        database.execute(rows)
    walk = Walk(database, make_database, partial(upgraded, ini))
    return walk.stop_at(revisions), database


def assert_as_alembic_leaves_it(database: Database, reference: Database) -> None:
    """Schema, version row, and the rows that revisions moved."""
    assert database.dump() == reference.dump()
    assert version_rows(database) == version_rows(reference)
    for query in MOVED_ROWS:
        assert database.query(query) == reference.query(query)


def test_ten_of_its_revisions_are_told_and_upgraded_as_alembic_does(
    known: Path, make_database: MakeDatabase, tmp_path: Path
) -> None:
    """With rows; without any, only those are told otherwise that have one schema: see below."""
    revisions = drawn(MLFLOW, DRAWN)
    ini = tmp_path / "alembic.ini"
    copies, reference = walk_through(revisions, OLD_ROWS, make_database, ini)
    found = {each: adopt(MLFLOW, copies[each], known) for each in revisions}
    assert found == {each: expected_at(each, OLD_ROWS) for each in revisions}, f"seed {SEED}"
    for each in revisions:
        if found[each].outcome == "baselined":
            assert_as_alembic_leaves_it(copies[each], reference)


@ROWS
def test_where_several_have_one_schema_the_rules_decide_or_a_person_is_asked(
    known: Path, rows: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    revisions = sorted([FIRST, MOVES_TAGS, *EQUAL, *RETYPED], key=MLFLOW.history.index)
    ini = tmp_path / "alembic.ini"
    copies, reference = walk_through(revisions, rows, make_database, ini)
    found = {each: adopt(MLFLOW, copies[each], known) for each in revisions}
    assert found == {each: expected_at(each, rows) for each in revisions}
    for each in revisions:
        if found[each].outcome == "baselined":
            assert_as_alembic_leaves_it(copies[each], reference)


def test_a_person_who_is_asked_decides(
    known: Path, make_database: MakeDatabase, tmp_path: Path
) -> None:
    """The old rows are moved by the one answer, and taken for moved by the other."""
    copies, reference = walk_through([FIRST], OLD_ROWS, make_database, tmp_path / "alembic.ini")
    database = copies[FIRST]
    other = make_database(database.name)
    files = {"HEADSTART_FINGERPRINTS": str(known)}
    ended = MLFLOW.headstart(database.url, HEADSTART_BASELINE=FIRST, **files)
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "baselined"), ended
    assert_as_alembic_leaves_it(database, reference)
    ended = MLFLOW.headstart(other.url, HEADSTART_BASELINE=MOVES_TAGS, **files)
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "baselined"), ended
    assert other.dump() == reference.dump()
    assert other.query("SELECT count(*) FROM tags") != reference.query("SELECT count(*) FROM tags")


def test_the_tables_before_every_revision_are_known_too(
    known: Path, make_database: MakeDatabase, tmp_path: Path
) -> None:
    copies, reference = walk_through([], OLD_ROWS, make_database, tmp_path / "alembic.ini")
    assert copies == {}
    database = make_database()
    python(MAKE_BASE_TABLES, database)
    database.execute(OLD_ROWS)
    assert adopt(MLFLOW, database, known) == Adopted("baselined", ())
    assert_as_alembic_leaves_it(database, reference)
