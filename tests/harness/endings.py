"""What a wait's failure looks like, in every respect that a caller relies on."""

from tests.harness.result import Result

WAIT_SECONDS = 2.0
"""HEADSTART_WAIT_SECONDS where a wait is to be in vain."""


def assert_refused_at_once(end: Result, cause: str, sqlstate: str | None = None) -> None:
    """Permanent: one attempt, access_refused (20), and the cause in words."""
    assert end.outcome == "access_refused"
    assert end.exit_code == 20
    assert cause in end.verdict["error"]["message"]
    assert end.verdict["error"].get("sqlstate") == sqlstate
    assert end.verdict["wait_attempts"] == 1


def assert_waited_in_vain(end: Result, cause: str, sqlstate: str | None = None) -> None:
    """Transient: several attempts until HEADSTART_WAIT_SECONDS, then unreachable (10)."""
    assert end.outcome == "unreachable"
    assert end.exit_code == 10
    assert cause in end.verdict["error"]["message"]
    assert end.verdict["error"].get("sqlstate") == sqlstate
    assert end.verdict["wait_attempts"] > 1
    assert end.verdict["wait_seconds"] >= WAIT_SECONDS
