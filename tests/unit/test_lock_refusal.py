"""What a poll for the run lock met: the server's words are kept, and what lasts ends the wait."""

import psycopg2
import pytest

from headstart.postgres.lock_holder import Holder
from headstart.postgres.lock_refusal import Refusal, lock_unavailable, refusal_of
from headstart.verdict.errors import AccessRefused


class Said(psycopg2.OperationalError):
    """What a driver raises for a statement, with the server's SQLSTATE."""

    def __init__(self, words: str, sqlstate: str | None) -> None:
        super().__init__(words)
        self.sqlstate = sqlstate

    @property
    def pgcode(self) -> str | None:  # type: ignore[override]
        return self.sqlstate


@pytest.mark.parametrize(
    ("words", "sqlstate", "cure"),
    [
        pytest.param(
            "ERROR:  permission denied for function x\n", "42501", "GRANT EXECUTE", id="privilege"
        ),
        pytest.param(
            "FATAL:  transaction blocks not allowed in statement pooling mode\n",
            "08P01",
            "pool_mode to transaction or session",
            id="PgBouncer's statement mode",
        ),
        pytest.param("ERROR:  unknown function\n", "42883", "advisory locks", id="no Postgres"),
        pytest.param("ERROR:  unimplemented\n", "0A000", "advisory locks", id="no such feature"),
    ],
)
def test_what_lasts_is_access_refused_with_the_servers_words_and_a_cure(
    words: str, sqlstate: str, cure: str
) -> None:
    refusal = refusal_of(Said(words, sqlstate), ())
    assert refusal.lasting
    error = refusal.error()
    assert isinstance(error, AccessRefused)
    assert error.sqlstate == sqlstate
    assert " ".join(words.split()) in str(error)
    assert cure in error.next_step


@pytest.mark.parametrize(
    "error",
    [
        Said("FATAL:  query_wait_timeout\n", "08P01"),
        Said("FATAL:  terminating connection\n", "57P01"),
        Said("server closed the connection unexpectedly\n", None),
        Said("", None),
        Said("ERROR:  something of a later server\n", "ZZ999"),
        TimeoutError(),
    ],
    ids=str,
)
def test_whatever_else_may_pass(error: psycopg2.Error | TimeoutError) -> None:
    refusal = refusal_of(error, ())
    assert not refusal.lasting
    assert refusal.words


def test_where_nobody_was_seen_to_hold_the_lock_nobody_is_blamed() -> None:
    error = lock_unavailable(None, Refusal("FATAL:  query_wait_timeout", "08P01"))
    assert "another run" not in str(error)
    assert "query_wait_timeout" in str(error)
    assert error.sqlstate == "08P01"


def test_the_last_attempt_is_told_beside_the_holder() -> None:
    error = lock_unavailable(Holder("pid 7 (headstart:lock:1)"), Refusal("no answer in time"))
    assert "pid 7 (headstart:lock:1); the last attempt failed: no answer in time" in str(error)
