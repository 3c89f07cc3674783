"""What a failure to connect leads to: the first statement's, TLS's, and the end of a wait."""

import pytest

from headstart.postgres.connect_failure import (
    READ_ONLY_SQLSTATE,
    ConnectFailure,
    classify,
    classify_first_statement,
    error_of,
    tls_required,
)
from headstart.verdict.errors import AccessRefused, Unreachable
from tests.unit.test_connect_failure import REFUSED, TCP


@pytest.mark.parametrize("sqlstate", ["08P01", "57P01", None])
def test_nothing_is_permanent_once_the_server_let_us_in(sqlstate: str | None) -> None:
    failure = classify_first_statement("\nFATAL:  query_wait_timeout\nserver closed\n", sqlstate)
    assert failure == ConnectFailure("FATAL: query_wait_timeout", False, False, sqlstate)


def test_the_first_statement_may_fail_without_a_text() -> None:
    assert not classify_first_statement("", None).permanent


def test_a_role_that_needs_tls_is_told_the_setting_and_gets_no_grace() -> None:
    failure = tls_required(classify(f"{TCP}FATAL:  28000\n"))
    assert "sslmode=require" in failure.text
    assert (failure.permanent, failure.grace, failure.sqlstate) == (True, False, "28000")


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        pytest.param(classify(f"{TCP}FATAL:  28P01\n"), AccessRefused, id="a refusal"),
        pytest.param(classify(f"{TCP}FATAL:  57P03\n"), Unreachable, id="not yet up"),
        pytest.param(classify(f"{TCP}{REFUSED}"), Unreachable, id="nobody there"),
        pytest.param(
            ConnectFailure("read-only", permanent=False, sqlstate=READ_ONLY_SQLSTATE),
            AccessRefused,
            id="read-only until the end of the wait",
        ),
    ],
)
def test_a_wait_ends_as_refused_where_somebody_refused_and_as_unreachable_else(
    failure: ConnectFailure, kind: type[Exception]
) -> None:
    error = error_of(failure, 3)
    assert type(error) is kind
    assert failure.text in str(error)
    assert error.sqlstate == failure.sqlstate


@pytest.mark.parametrize(("attempts", "said"), [(1, "after 1 attempt;"), (2, "after 2 attempts;")])
def test_an_unreachable_database_comes_with_the_number_of_attempts(
    attempts: int, said: str
) -> None:
    assert said in str(error_of(classify(f"{TCP}{REFUSED}"), attempts))
