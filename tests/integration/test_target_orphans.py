"""What the killed run of one of many has left at work: whose business that is, and whose not."""

from contextlib import closing

import psycopg2
import pytest

from headstart.postgres.identity import Identity, Purpose
from headstart.postgres.lock import hold_lock
from headstart.postgres.target import Target
from headstart.values import replace
from headstart.verdict.events.database import OrphansFound
from tests.conftest import ON_ONE_SERVER
from tests.harness.killed_runs import SLEEPERS
from tests.harness.program import until
from tests.harness.server import Database
from tests.harness.slow import APPLIED
from tests.harness.targeted import start_for
from tests.integration.target_locks import ACME, GLOBEX, ListSink, waiting

ENDED = [
    pytest.param(ACME, ACME, True, id="of the same target"),
    pytest.param(ACME, GLOBEX, False, id="of another target"),
    pytest.param(ACME, None, True, id="of a target, and we are alone"),
    pytest.param(None, ACME, True, id="of an ordinary run"),
    pytest.param(None, None, True, id="of an ordinary run, and we are alone"),
]
"""Whose worker is at work, who takes the lock, and whether that ends it."""


@pytest.mark.parametrize(("dead", "next_one", "ends"), ENDED)
def test_an_orphan_is_ended_by_whose_work_it_may_touch(
    tenants: Database, dead: Target | None, next_one: Target | None, ends: bool
) -> None:
    name = Identity("89abcdef", "pod-6:0123456789abcdef:", dead).name(Purpose.WORK)
    sink = ListSink([])
    with closing(psycopg2.connect(tenants.url, application_name=name)) as orphan:
        cursor = orphan.cursor()
        cursor.execute("CREATE TABLE acme.first ()")
        with hold_lock(replace(waiting(tenants, next_one, 20), emit=sink)):
            if ends:
                with pytest.raises(psycopg2.OperationalError):
                    cursor.execute("SELECT")
            else:
                cursor.execute("SELECT")
    found = [each.orphans[0] for each in sink.events if isinstance(each, OrphansFound)]
    assert len(found) == ends
    assert all(name in each for each in found)


@ON_ONE_SERVER
def test_the_statement_of_a_killed_run_is_left_to_the_next_run_of_its_target(
    tenants: Database,
) -> None:
    with start_for(tenants, "acme", SLOW_SECONDS="60") as killed:
        until(lambda: tenants.query(SLEEPERS) == [(1,)], "a statement that takes a minute")
        killed.kill()
    with start_for(tenants, "globex", SLOW_SECONDS="0") as other:
        beside = other.end()
    assert (beside.outcome, beside.applied) == ("upgraded", APPLIED)
    assert "orphans_found" not in beside.stderr
    with start_for(tenants, "acme", SLOW_SECONDS="0") as started:
        end = started.end()
    assert (end.outcome, end.applied) == ("upgraded", APPLIED[1:])
    assert tenants.query(SLEEPERS) == [(0,)]
