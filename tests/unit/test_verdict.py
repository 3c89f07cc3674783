"""The verdict: every end has an outcome, an exit code, and fields that say the essentials first."""

from collections.abc import Iterator, Mapping

import pytest

from headstart.facts.state import State
from headstart.verdict.conclusion import conclude
from headstart.verdict.errors import (
    Cancelled,
    HeadstartError,
    InvalidSettings,
    RevisionFailed,
    outcome_of,
)
from headstart.verdict.fields import verdict_fields
from headstart.verdict.outcome import Outcome
from headstart.verdict.proof import Proof
from headstart.verdict.record import Applied, Record
from headstart.verdict.steps import Steps

CODES = {
    0: "nothing_to_do upgraded baselined ahead_compatible held planned same fingerprinted"
    " image_usable fleet_ready",
    1: "internal_error",
    2: "invalid_settings wrong_database",
    10: "unreachable pool_exhausted",
    11: "lock_unavailable",
    12: "blocked",
    13: "connection_lost server_failed",
    14: "not_ready env_skipped fleet_incomplete canary_pending",
    20: "access_refused",
    21: "revision_failed not_committed",
    22: "unproven ambiguous",
    23: "unknown_revision ahead_unproven ahead_incompatible diverged plan_outdated",
    24: "broken_history stale_fingerprints hold_refused",
    25: "drifted",
    26: "interrupted",
    27: "fleet_refused",
    130: "sigint",
    143: "sigterm",
}
"""The interface: what a script, a Job's podFailurePolicy and the runbook rely on."""
WORTH_A_RETRY = {10, 11, 12, 13, 14, 130, 143}


def every_error() -> Iterator[type[HeadstartError]]:
    """Every error class of the engine, the root left out."""
    waiting = [HeadstartError]
    while waiting:
        below = [c for c in waiting.pop().__subclasses__() if c.__module__.startswith("headstart")]
        yield from below
        waiting += below


ERRORS = sorted(set(every_error()), key=lambda kind: kind.__name__)


def test_the_exit_codes_are_the_published_ones() -> None:
    published = {slug: code for code, slugs in CODES.items() for slug in slugs.split()}
    assert {outcome.value: outcome.code for outcome in Outcome} == published


def test_a_retry_is_promised_for_exactly_the_ends_that_may_pass() -> None:
    assert {end.code for end in Outcome if end.retry} == WORTH_A_RETRY
    assert {end.code for end in Outcome if not end.retry}.isdisjoint(WORTH_A_RETRY)


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_an_exit_with_a_meaning(outcome: Outcome) -> None:
    assert outcome.meaning


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_has_an_outcome_of_its_own_name(kind: type[HeadstartError]) -> None:
    words = "".join(f"_{c.lower()}" if c.isupper() else c for c in kind.__name__)
    assert outcome_of(kind("text")).value == words.removeprefix("_")


def test_an_error_class_without_an_outcome_of_its_own_is_refused_as_it_is_defined() -> None:
    with pytest.raises(TypeError, match="Forgetful has to name its outcome"):
        type("Forgetful", (InvalidSettings,), {})


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Cancelled(2), Outcome.CANCELLED_BY_SIGINT),
        (Cancelled(15), Outcome.CANCELLED_BY_SIGTERM),
        (KeyError("x"), Outcome.INTERNAL_ERROR),
        (MemoryError(), Outcome.INTERNAL_ERROR),
        (KeyboardInterrupt(), Outcome.INTERNAL_ERROR),
    ],
    ids=repr,
)
def test_a_signal_ends_as_itself_and_anything_foreign_is_our_bug(
    error: BaseException, outcome: Outcome
) -> None:
    assert outcome_of(error) is outcome


def test_a_cancelled_run_passes_through_except_exception() -> None:
    assert not issubclass(Cancelled, Exception)


def record() -> Record:
    """A run that committed two revisions."""
    return Record(
        run_id="1a2b3c4d",
        headstart_version="0.1.0",
        state=State.BEHIND,
        from_revisions=("a",),
        to_revisions=("c",),
        applied=Steps([Applied("b", 0.12345), Applied("c", 2.0)]),
        proof=Proof.VERSION_ROW,
        wait_attempts=3,
        wait_seconds=1.00049,
        lock_wait_seconds=0.0,
        database={"host": "db", "port": "5432", "name": "app", "user": "app"},
        server_version="18.0",
        tls=True,
    )


FAILURE = RevisionFailed("revision d raised", sqlstate="42P07", statement="CREATE TABLE t ()")


def test_success_says_what_was_done_and_names_no_next_step() -> None:
    assert verdict_fields(conclude(record(), Outcome.UPGRADED, 3.14159)) == {
        "outcome": "upgraded",
        "exit_code": 0,
        "state": "behind",
        "from": ["a"],
        "to": ["c"],
        "applied": [{"revision": "b", "seconds": 0.123}, {"revision": "c", "seconds": 2.0}],
        "proof": "version_row",
        "wait_attempts": 3,
        "wait_seconds": 1.0,
        "lock_wait_seconds": 0.0,
        "duration_seconds": 3.142,
        "database": {"host": "db", "port": "5432", "name": "app", "user": "app"},
        "tls": True,
        "server_version": "18.0",
        "run_id": "1a2b3c4d",
        "headstart_version": "0.1.0",
    }


def test_a_failure_says_what_happened_what_to_do_and_what_had_been_committed() -> None:
    fields = verdict_fields(conclude(record(), FAILURE, 1.0))
    assert fields["outcome"] == "revision_failed"
    assert fields["exit_code"] == 21
    assert fields["next_step"] == FAILURE.next_step
    assert fields["error"] == {
        "type": "RevisionFailed",
        "message": "revision d raised",
        "sqlstate": "42P07",
    }
    assert fields["applied"] == [
        {"revision": "b", "seconds": 0.123},
        {"revision": "c", "seconds": 2.0},
    ]


def test_a_statement_is_never_in_the_verdict() -> None:
    assert "CREATE TABLE" not in str(verdict_fields(conclude(record(), FAILURE, 1.0)))


@pytest.mark.parametrize("end", [Outcome.UPGRADED, FAILURE], ids=["success", "failure"])
def test_the_essentials_come_first(end: Outcome | BaseException) -> None:
    essentials = ["outcome", "exit_code", "next_step", "error", "state", "from", "to", "applied"]
    names = list(verdict_fields(conclude(record(), end, 1.0)))
    wanted = [name for name in essentials if name in names]
    assert names[: len(wanted)] == wanted


@pytest.mark.parametrize("end", [Outcome.UPGRADED, FAILURE], ids=["success", "failure"])
def test_fields_are_flat_but_for_lists_and_one_mapping_of_texts(
    end: Outcome | BaseException,
) -> None:
    for value in verdict_fields(conclude(record(), end, 1.0)).values():
        if isinstance(value, Mapping):
            assert all(isinstance(entry, str) for entry in value.values())
        else:
            assert isinstance(value, str | int | float | list)


def test_what_is_not_known_yet_is_absent() -> None:
    early = verdict_fields(conclude(Record("id", "0.1.0"), InvalidSettings("one", "two"), 0.0))
    assert {"state", "server_version"}.isdisjoint(early)
    assert early["error"] == {"type": "InvalidSettings", "message": "one; two"}
    assert early["proof"] == "none"


@pytest.mark.parametrize(
    "error", [*(kind("text") for kind in ERRORS), Cancelled(15), KeyError("x")], ids=repr
)
def test_every_failure_has_a_next_step(error: BaseException) -> None:
    assert conclude(record(), error, 1.0).next_step


def test_an_error_may_bring_a_next_step_of_its_own() -> None:
    error = RevisionFailed("text", next_step="look at line 7")
    assert conclude(record(), error, 1.0).next_step == "look at line 7"
