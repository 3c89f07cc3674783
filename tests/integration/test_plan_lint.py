"""plan --lint: what it says of a pending revision, what it leaves out, and what it cannot see."""

import json
from typing import Any

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.environment import ROOT
from tests.harness.page import assert_document
from tests.integration.lint_cases import CASES, DANGEROUS, HARMLESS, LIVE, Case
from tests.integration.lint_page import row_of, rows_of, with_row
from tests.integration.stage import Stage

PAGE = ROOT / "docs" / "lint.md"


def linted(stage: Stage, *bodies: str) -> dict[str, Any]:
    """Give what is said of revisions with these bodies, on tables that hold something."""
    stage.run()
    for statement in LIVE.split(";"):
        stage.database.execute(statement)
    for number, body in enumerate(bodies, start=4):
        stage.project.add(f"{number:04}", f"{number - 1:04}", body)
    ended = stage.run("plan", "--lint", "--output", "json")
    assert ended.exit_code == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


@ON_ONE_SERVER
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title.replace(" ", "_"))
def test_what_is_said_of_a_kind_of_change(stage: Stage, case: Case) -> None:
    answer = linted(stage, *case.bodies)
    assert [(each["rule"], each["table"]) for each in answer["lint"]] == list(case.found)
    left_out = [(each["rule"], each["why"]) for each in answer["lint_left_out"]]
    assert left_out == list(case.left_out)
    assert answer["lint_unread"] == []
    assert_document(PAGE, with_row(PAGE.read_text(), case, row_of(case, answer)))


TABLES = """
    CREATE TABLE parts (id int) PARTITION BY RANGE (id);
    CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (500);
    CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (500) TO (9000);
    INSERT INTO parts SELECT n FROM generate_series(1, 2000) AS n;
    CREATE TABLE older (id int); CREATE TABLE newer () INHERITS (older);
    INSERT INTO newer SELECT n FROM generate_series(1, 300) AS n;
    CREATE MATERIALIZED VIEW sums AS SELECT id FROM newer;
    CREATE TABLE emptied (id int); INSERT INTO emptied VALUES (1); TRUNCATE emptied;
    CREATE TABLE deleted (id int); INSERT INTO deleted VALUES (1); DELETE FROM deleted;
    CREATE TABLE no_parts (id int) PARTITION BY RANGE (id)
"""
NAMES = ("parts", "older", "sums", "emptied", "deleted", "no_parts")


@pytest.mark.parametrize("analyzed", [False, True], ids=["never_analyzed", "analyzed"])
def test_the_rows_are_those_of_all_that_a_statement_changes(
    stage: Stage, *, analyzed: bool
) -> None:
    """Of partitions and heirs, too; a table is empty where it has no page, and only there."""
    stage.run()
    stage.database.execute(TABLES + ("; ANALYZE" if analyzed else ""))
    body = "".join(f'op.execute("REINDEX TABLE {name}")\n' for name in NAMES)
    stage.project.add("0004", "0003", body)
    ended = json.loads(stage.run("plan", "--lint", "--output", "json").stdout)
    rows = {each["table"]: each["rows"] for each in ended["lint"]}
    assert rows == {
        "public.parts": 2000,
        "public.older": 300,
        "public.sums": 300,
        "public.deleted": 0,
    }
    left_out = {each["table"]: each["why"] for each in ended["lint_left_out"]}
    assert left_out == {"public.emptied": "empty", "public.no_parts": "empty"}


def test_the_page_has_each_case_and_no_other() -> None:
    assert (len(DANGEROUS), len(HARMLESS)) == (12, 12)
    assert list(rows_of(PAGE.read_text())) == [case.title for case in CASES]
