"""docs/runbook.md: every outcome is reached by a real run, and printed what its example shows.

HEADSTART_TEST_UPDATE_DOCS=1 writes what was printed into the document instead of comparing it.
"""

import re

import pytest

from headstart.verdict.outcome import Outcome
from tests.conftest import ON_ONE_SERVER
from tests.harness.environment import ROOT
from tests.harness.page import assert_document
from tests.integration.desk import Desk
from tests.integration.runbook_page import HEADINGS, Example, Page
from tests.integration.situations import OUTCOMES, SITUATIONS, invalid_index
from tests.integration.stage import Stage

INVALID_INDEX = "interrupted at an INVALID index"
RUNBOOK = ROOT / "docs" / "runbook.md"


@ON_ONE_SERVER
@pytest.mark.parametrize("outcome", SITUATIONS)
def test_a_situation_leads_to_its_outcome_and_prints_its_example(
    stage: Stage, outcome: Outcome
) -> None:
    desk = Desk(stage)
    verdict = SITUATIONS[outcome](desk)
    assert verdict["outcome"] == outcome
    assert verdict["exit_code"] == outcome.code
    page = Page(RUNBOOK.read_text())
    shown = page.with_example(Example(outcome, desk.typed, verdict, desk.documented_names()))
    assert_document(RUNBOOK, shown)


@ON_ONE_SERVER
def test_an_invalid_index_leads_to_interrupted_and_prints_its_example(stage: Stage) -> None:
    desk = Desk(stage)
    verdict = invalid_index(desk)
    assert verdict["outcome"] == Outcome.INTERRUPTED
    page = Page(RUNBOOK.read_text())
    names = desk.documented_names()
    example = Example(Outcome.INTERRUPTED, desk.typed, verdict, names, heading=INVALID_INDEX)
    assert_document(RUNBOOK, page.with_example(example, row=False))


def test_every_outcome_has_a_situation() -> None:
    assert list(SITUATIONS) == list(Outcome)


def test_every_outcome_has_one_row_and_one_example() -> None:
    page = Page(RUNBOOK.read_text())
    assert page.rows() == list(Outcome)
    assert sorted(page.examples().keys() - {INVALID_INDEX}) == sorted(Outcome)


def test_every_exit_code_has_its_section_with_the_same_headings() -> None:
    page = Page(RUNBOOK.read_text())
    codes = sorted({end.code for end in Outcome})
    assert page.sections() == {code: list(HEADINGS) for code in codes}


def test_an_example_stands_in_the_section_of_its_exit_code() -> None:
    page = Page(RUNBOOK.read_text())
    outcomes = {name: name.partition(" ")[0] for name in page.examples()}
    codes = {name: OUTCOMES[outcome].code for name, outcome in outcomes.items()}
    assert page.examples() == codes


def test_every_link_leads_to_a_heading() -> None:
    page = Page(RUNBOOK.read_text())
    assert page.broken_links() == []


def test_the_statements_for_a_diagnosis_work_while_a_run_holds_the_lock(stage: Stage) -> None:
    """As pasted into psql, and the one for the lock's holder finds exactly that run."""
    statements = re.findall(r"^```sql\n(.*?)^```$", RUNBOOK.read_text(), re.DOTALL | re.MULTILINE)
    assert len(statements) > 5
    holder = next(s for s in statements if "held_for" in s)
    with Desk(stage).running() as run:
        for statement in statements:
            stage.database.execute(statement.replace("<pid>", "0"))
        (found,) = stage.database.query(holder)
        assert run.events()[-1]["run_id"] in found[1]
