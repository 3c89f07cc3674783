"""Each awkward project ends as the `alembic` command alone ends it, and the verdict says it truly.

What is asserted of a database comes from pg_dump and from connections of the test's own.
"""

from pathlib import Path

import pytest

from tests.harness.project import FOLDER, bases_of, files_of, own_files
from tests.harness.server import Database
from tests.projects.case import Case, read_cases
from tests.projects.conftest import MakeDatabase
from tests.projects.playground import (
    Copy,
    applied_by,
    assert_same,
    assert_upgraded,
    copy_of,
)

CASES = read_cases()


@pytest.fixture
def copy(case: Case, tmp_path: Path) -> Copy:
    """Give a copy of the project."""
    return copy_of(case, tmp_path / case.name)


def prepared(case: Case, database: Database) -> Database:
    """Do what an administrator does before the first run."""
    if case.prepare:
        database.execute(case.prepare)
    return database


@pytest.mark.parametrize("case", [case for case in CASES if case.succeeds], ids=lambda c: c.name)
def test_a_project_ends_as_with_alembic_alone(
    case: Case, copy: Copy, make_database: MakeDatabase
) -> None:
    """From empty, from the middle, and once more when there is nothing to do."""
    reference = prepared(case, make_database())
    starts = {"": prepared(case, make_database())}
    if case.middle:
        copy.alembic(reference, "upgrade", case.middle)
        starts[case.middle] = make_database(reference.name)
    copy.alembic(reference, "upgrade", case.target)
    for start, database in starts.items():
        assert_upgraded(case, copy.headstart(database), start)
        assert_same(case, database, reference)
    again = copy.headstart(database)
    assert (again.exit_code, again.verdict["outcome"]) == (0, "nothing_to_do")
    assert applied_by(again) == []
    assert_same(case, database, reference)


@pytest.mark.parametrize(
    "case", [case for case in CASES if not case.succeeds], ids=lambda c: c.name
)
def test_a_project_that_cannot_succeed_says_why_and_leaves_what_it_says(
    case: Case, copy: Copy, make_database: MakeDatabase
) -> None:
    database, elsewhere = prepared(case, make_database()), make_database()
    ended = copy.headstart(database, elsewhere=elsewhere.url)
    assert (ended.exit_code, ended.verdict["outcome"]) == (case.exit_code, case.outcome), ended
    assert case.says in ended.verdict["error"]["message"]
    assert case.next_step_says in ended.verdict["next_step"]
    assert applied_by(ended) == list(case.applied or ())
    assert "Traceback" not in ended.stderr
    reference = prepared(case, make_database())
    if case.leaves:
        copy.alembic(reference, "upgrade", case.leaves)
    if case.leaves_too:
        reference.execute(case.leaves_too)
    assert_same(case, database, reference)
    assert elsewhere.dump() == make_database().dump()


@pytest.mark.parametrize("case", [case for case in CASES if case.plan_sql], ids=lambda c: c.name)
def test_the_sql_of_a_plan_makes_the_same(
    case: Case, copy: Copy, make_database: MakeDatabase
) -> None:
    reference, database = prepared(case, make_database()), prepared(case, make_database())
    planned = copy.headstart(database, "plan", "--sql")
    assert planned.exit_code == 0
    copy.alembic(reference, "upgrade", case.target)
    database.execute(planned.stdout)
    assert_same(case, database, reference)


def test_every_case_says_what_it_is_about() -> None:
    assert all(case.about for case in CASES)
    assert all(case.middle and case.mode for case in CASES if case.succeeds)


def test_no_project_keeps_a_file_that_its_bases_give() -> None:
    for name in (case.name for case in CASES):
        given = {path: file for base in bases_of(name) for path, file in files_of(base).items()}
        own = own_files(name)
        repeated = [
            p for p in own.keys() & given.keys() if own[p].read_text() == given[p].read_text()
        ]
        assert repeated == [], name


def test_each_part_in_bases_is_shared() -> None:
    used = [base for case in CASES for base in case.base]
    assert all(used.count(f"bases/{part.name}") > 1 for part in (FOLDER / "bases").iterdir())
