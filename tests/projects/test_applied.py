"""A revision is said to be applied after its COMMIT, in each mode, whatever comes after it.

The COMMIT of a version row takes a moment here: who says it sooner is found out by the second
connection that looks when it is said.
"""

from pathlib import Path

import pytest

from tests.harness.server import Database
from tests.projects.case import read_cases
from tests.projects.conftest import MakeDatabase
from tests.projects.playground import copy_of

SLOW_COMMIT = """
    CREATE TABLE alembic_version (
        version_num varchar(32) CONSTRAINT alembic_version_pkc PRIMARY KEY
    );
    CREATE FUNCTION sleep() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT OR UPDATE ON alembic_version
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sleep();
"""
CASES = {case.name: case for case in read_cases()}
NAMES = [
    "generic_template",
    "async_template_asyncpg",
    "async_template_psycopg",
    "concurrent_index",
    "own_commit",
    "raw_commit",
    "engine_begin",
    "fails_in_the_middle",
    "fails_in_the_middle_atomic",
    "fails_in_autocommit",
    "own_commit_then_failure",
    "swallows_exception",
    "swallows_atomic",
]


def committed(database: Database) -> list[str]:
    """The version rows that a second connection sees."""
    return [str(row[0]) for row in database.query("SELECT version_num FROM alembic_version")]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_said_to_be_applied_is_committed_at_that_moment(
    name: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    case, database = CASES[name], make_database()
    database.execute(SLOW_COMMIT)
    said = []
    with copy_of(case, tmp_path / name).start(database) as run:
        for event in run.stream():
            if event["event"] == "revision_applied":
                said.append(event["revision"])
                assert said[-1] in case.with_ancestors(committed(database))
    assert (event["exit_code"], event["outcome"]) == (case.exit_code, case.outcome)
    assert [step["revision"] for step in event["applied"]] == said
    assert set(said) == case.with_ancestors(committed(database))
    assert set(said) == case.applied_after("")
