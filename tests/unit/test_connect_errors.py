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


LOCATION = "DETAIL:  x\nLOCATION:  {}:{}\n"
NO_ROLE = LOCATION.format("InitializeSessionUserId, miscinit.c", 757)
NO_LINE = LOCATION.format("ClientAuthentication, auth.c", 543)


@pytest.mark.parametrize(
    ("message", "cure"),
    [
        ("FATAL:  3D000: no\n", "create the database, or correct its name in DATABASE_URL"),
        ("FATAL:  3D000: no\n", "libpq has taken the name of the user"),
        ("FATAL:  28P01: no\n", "correct the password (PGPASSWORD_FILE, PGPASSWORD, or in"),
        (f"FATAL:  28000: no\n{NO_ROLE}", "create the role (CREATE ROLE ... LOGIN)"),
        (f"FATAL:  28000: no\n{NO_LINE}", "let a line of the server's pg_hba.conf allow"),
        ("FATAL:  28000\n", "in DATABASE_URL; or let a line of the server's pg_hba.conf"),
        ("FATAL:  42501: no\n", "GRANT CONNECT ON DATABASE"),
        (
            "fe_sendauth: no password supplied\n",
            "give a password: PGPASSWORD_FILE, PGPASSWORD, or in DATABASE_URL",
        ),
        ("server does not support SSL, but SSL was required\n", "take sslmode out"),
        ("ERROR:  08P01: no such database: shop\n", "PgBouncer's [databases]"),
        ("ERROR:  08P01: SASL authentication failed\n", "correct the password"),
    ],
)
def test_each_refusal_has_its_own_cure(message: str, cure: str) -> None:
    error = error_of(classify(f"{TCP}{message}"), 1)
    assert type(error) is AccessRefused
    assert cure in error.next_step


@pytest.mark.parametrize("location", [NO_ROLE, NO_LINE])
def test_a_28000_names_one_of_both_where_the_server_says_which(location: str) -> None:
    told = error_of(classify(f"{TCP}FATAL:  28000: no\n{location}"), 1).next_step
    assert ("pg_hba.conf" in told) is (location is NO_LINE)
    assert ("CREATE ROLE" in told) is (location is NO_ROLE)
