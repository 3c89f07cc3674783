"""Many in one database: their runs go on beside each other, and exclude an ordinary one."""

from contextlib import ExitStack, closing

import psycopg2
import pytest

from headstart.postgres.advisory_lock import RUN_LOCK_KEY
from headstart.postgres.connection import connect
from headstart.postgres.inspection import run_in_progress
from headstart.postgres.lock import hold_lock
from headstart.postgres.lock_attempt import Answer, Keys, try_lock
from headstart.postgres.target import Target
from headstart.values import replace
from headstart.verdict.errors import AccessRefused, LockUnavailable
from tests.conftest import ON_ONE_SERVER
from tests.harness.program import until
from tests.harness.server import ROLE_PASSWORD, Database, a_role
from tests.harness.slow import APPLIED, run, start
from tests.harness.targeted import VERSION_TABLE, start_for
from tests.integration.target_locks import ACME, GLOBEX, waiting

SLEEPERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(%'"
    " AND wait_event = 'PgSleep' AND datname = current_database()"
)


def test_two_targets_are_migrated_at_the_same_time(tenants: Database) -> None:
    with start_for(tenants, "acme", SLOW_SECONDS="60") as slow:
        until(lambda: tenants.query(SLEEPERS) == [(1,)], "acme is in its slow revision")
        with start_for(tenants, "globex", SLOW_SECONDS="0") as quick:
            end = quick.end()
        assert tenants.query(SLEEPERS) == [(1,)]
        assert slow.process.poll() is None
    assert (end.outcome, end.applied) == ("upgraded", APPLIED)
    assert not [event for event in end.events if event["event"] in {"lock_waited", "orphans_found"}]
    rows = {f"acme.{VERSION_TABLE}": APPLIED[:1], f"globex.{VERSION_TABLE}": APPLIED[-1:]}
    assert tenants.version_rows() == rows


def test_two_runs_of_one_target_go_one_after_the_other(tenants: Database) -> None:
    with (
        start_for(tenants, "acme", SLOW_SECONDS="6") as first,
        start_for(tenants, "acme", SLOW_SECONDS="6") as second,
    ):
        ends = [first.end(), second.end()]
    assert sorted(end.outcome for end in ends) == ["nothing_to_do", "upgraded"]
    assert sorted(end.applied for end in ends) == [[], APPLIED]
    waited = next(end for end in ends if end.outcome == "nothing_to_do")
    holders = [event["holder"] for event in waited.events if event["event"] == "lock_waited"]
    assert f"(headstart:lock:{ACME.digits}:" in holders[0]


def test_an_ordinary_run_waits_for_those_of_targets_and_names_one(tenants: Database) -> None:
    with ExitStack() as stack:
        with hold_lock(waiting(tenants, ACME)), hold_lock(waiting(tenants, GLOBEX)):
            in_vain = run(tenants.url, HEADSTART_LOCK_SECONDS="0.5")
            ordinary = stack.enter_context(start(tenants.url, SLOW_SECONDS="0"))
            told = ordinary.await_event("lock_waited")["holder"]
            assert tenants.query("SELECT to_regclass('first')") == [(None,)]
        end = ordinary.end()
    assert (in_vain.exit_code, in_vain.outcome) == (11, "lock_unavailable")
    for text in (told, in_vain.verdict["error"]["message"]):
        assert f"(headstart:lock:{ACME.digits}:1234abcd:pod-7)" in text
        assert text.endswith(", and 1 other of a fleet")
    assert (end.outcome, end.applied) == ("upgraded", APPLIED)


def test_a_target_waits_for_an_ordinary_run_and_names_it(tenants: Database) -> None:
    with ExitStack() as stack:
        with hold_lock(waiting(tenants, None)):
            target = stack.enter_context(start_for(tenants, "acme", SLOW_SECONDS="0"))
            waited = target.await_event("lock_waited")
            assert tenants.query("SELECT to_regclass('acme.first')") == [(None,)]
        end = target.end()
    assert "(headstart:lock:1234abcd:pod-7)" in waited["holder"]
    assert (end.outcome, end.applied) == ("upgraded", APPLIED)


@pytest.mark.parametrize("target", [ACME, GLOBEX, None], ids=["acme", "globex", "ordinary"])
def test_an_older_ordinary_run_which_announces_nothing_excludes_all(
    tenants: Database, target: Target | None
) -> None:
    """An older image knows one key, and takes it alone."""
    with closing(psycopg2.connect(tenants.url)) as older:
        older.cursor().execute(f"SELECT pg_try_advisory_xact_lock({RUN_LOCK_KEY})")
        with pytest.raises(LockUnavailable), hold_lock(waiting(tenants, target)):
            pass


def test_the_run_of_a_target_excludes_an_older_ordinary_one(tenants: Database) -> None:
    with hold_lock(waiting(tenants, ACME)):
        took = tenants.query(f"SELECT pg_try_advisory_xact_lock({RUN_LOCK_KEY})")
    assert took == [(False,)]


def test_a_refused_attempt_keeps_no_lock(tenants: Database) -> None:
    """Else whoever waits for its own target's lock would keep out an ordinary run, too."""
    shared = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'"
    with (
        hold_lock(waiting(tenants, ACME)),
        connect(tenants.parameters, "a waiter, which keeps its connection") as kept,
    ):
        assert try_lock(kept, Keys(1, ACME)) is Answer.REFUSED
        assert tenants.query(shared) == [(1,)]
        with hold_lock(waiting(tenants, GLOBEX)):
            assert tenants.query(shared) == [(2,)]


@ON_ONE_SERVER
def test_a_run_is_in_progress_for_those_whom_it_excludes(tenants: Database) -> None:
    everybody = (ACME, GLOBEX, None)
    with connect(tenants.parameters, "a check") as connection:
        for holder, excluded in ((ACME, [True, False, True]), (None, [True] * 3)):
            with hold_lock(waiting(tenants, holder)):
                seen = [run_in_progress(connection, each) for each in everybody]
            assert seen == excluded
        assert not any(run_in_progress(connection, each) for each in everybody)


@ON_ONE_SERVER
def test_a_lock_that_may_not_be_shared_is_refused_at_once_with_the_grant(tenants: Database) -> None:
    shared = "FUNCTION pg_catalog.pg_try_advisory_xact_lock_shared(bigint)"
    tenants.execute(f"REVOKE EXECUTE ON {shared} FROM PUBLIC")
    with a_role(tenants, "modest") as role:
        login = {**tenants.parameters, "user": role, "password": ROLE_PASSWORD}
        wait = replace(waiting(tenants, ACME, 60), resolve=lambda: login)
        with pytest.raises(AccessRefused) as refused, hold_lock(wait):
            pass
        assert "pg_catalog.pg_try_advisory_xact_lock_shared(bigint)" in refused.value.next_step
        with hold_lock(replace(waiting(tenants, None), resolve=lambda: login)):
            pass


@ON_ONE_SERVER
def test_a_target_is_not_looked_at_as_if_it_were_alone(tenants: Database) -> None:
    """The database has another's tables, and each one's state is its own."""
    ends = []
    for tenant in ("acme", "globex", "globex"):
        with start_for(tenants, tenant, SLOW_SECONDS="0") as started:
            ends.append(started.end())
    assert [end.verdict["state"] for end in ends] == ["empty", "empty", "at_head"]
    assert [end.outcome for end in ends] == ["upgraded", "upgraded", "nothing_to_do"]
