"""What a person is told whose revision meets what it would make."""

import pytest

from headstart.decision.left_behind import EARLIER_ATTEMPT, Left, already_there
from headstart.fingerprint.catalog.live import Live
from headstart.fingerprint.match.finding import Proven
from headstart.verdict.errors import RevisionFailed
from tests.unit.histories import history
from tests.unit.known import lines

HISTORY = history("a; b:a; c:b", "c")


def proven(revision: str, rows: tuple[str, ...]) -> Proven:
    return Proven((revision,), revision, False, rows, Live(lines("t")))


def met(revision: str = "b", *, cause_known: bool = False) -> RevisionFailed:
    error = RevisionFailed("it is there", sqlstate="42P07", next_step="find out")
    error.revision, error.cause_known = revision, cause_known
    return error


def left(finding: Proven | None = None, *, failed_before: bool = False) -> Left:
    return Left((), ("a",), HISTORY, "", finding, failed_before=failed_before)


@pytest.mark.parametrize("rows", [(), ("b",), ("a",)])
def test_before_a_stamp_comes_what_no_catalog_shows(rows: tuple[str, ...]) -> None:
    """A data step that failed after an autocommit block would be skipped silently."""
    told = already_there(met(), left(proven("b", rows))).next_step
    before, _, after = told.partition("look at the script, do by hand what is left, then ")
    assert "what revision b does to rows, or to anything else that no catalog shows" in before
    assert after == "alembic stamp b, then run again"


def test_other_revisions_that_change_rows_are_named_beside_it() -> None:
    told = already_there(met(), left(proven("c", ("b", "c")))).next_step
    assert "as may what c changes in rows" in told


def test_one_that_failed_before_may_have_left_a_part_of_its_work() -> None:
    """Never a baseline, on a database that has version rows."""
    assert already_there(met(), left(failed_before=True)).next_step == EARLIER_ATTEMPT
    assert already_there(met(), left()).next_step == "find out"


def test_a_revision_that_is_seen_to_make_it_too_is_the_likelier_cause() -> None:
    error = already_there(met(cause_known=True), left(failed_before=True))
    assert error.next_step == "find out"
