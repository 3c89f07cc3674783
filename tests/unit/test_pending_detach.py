"""What is said of partitions that are half detached."""

import pytest

from headstart.decision.pending_detach import PendingDetach, left_by, met_again, repair, unfinished
from headstart.verdict.errors import RevisionFailed

LEFT = PendingDetach("a", "T", "b", "p 1", "FOR VALUES FROM (1) TO (2)")
BUSY = PendingDetach("a", "t", "b", "p2", "DEFAULT", "pid 7")
FINISH = 'ALTER TABLE "a"."T" DETACH PARTITION "b"."p 1" FINALIZE'


def test_it_is_finished_and_attached_again_only_where_its_revision_runs_again() -> None:
    assert repair(LEFT) == (FINISH,)
    attach = 'ALTER TABLE "a"."T" ATTACH PARTITION "b"."p 1" FOR VALUES FROM (1) TO (2)'
    assert repair(LEFT, made_anew=True) == (FINISH, attach)


def test_one_that_nobody_is_at_work_on_needs_a_person() -> None:
    assert unfinished([LEFT, BUSY]).outcome.code == 26
    assert unfinished([LEFT]).next_step == f"execute {FINISH}; then run again"
    assert unfinished([BUSY]).outcome.code == 14


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ('partition "p 1" already pending detach', True),
        ('partition "p 11" already pending detach', False),
        ('partition "p2" already pending detach', False),
        ("division by zero", False),
    ],
)
def test_a_revision_fails_for_it_only_where_it_is_named(text: str, met: bool) -> None:
    error = RevisionFailed(text, sqlstate="55000", statement="ALTER TABLE")
    found = met_again(error, [LEFT, BUSY])
    assert (found is not None) == met
    if found is not None:
        assert (found.outcome.code, found.sqlstate) == (26, "55000")


def test_what_a_failure_leaves_is_told() -> None:
    assert left_by([]) is None
    assert "partition b.p 1 of table a.T" in str(left_by([LEFT]))
