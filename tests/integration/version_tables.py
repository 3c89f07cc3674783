"""Version tables of other roles, and what every verb says of one."""

from collections.abc import Iterator

import pytest

from tests.harness.result import Result
from tests.integration.stage import Stage

VERBS = ("check", "plan", "wait", "run")
BRIEF = {"HEADSTART_WAIT_SECONDS": "1"}


@pytest.fixture
def other(stage: Stage) -> Iterator[str]:
    """Another role, which may create in schema public."""
    with stage.login() as role:
        stage.database.execute(f"GRANT CREATE ON SCHEMA public TO {role}")
        yield role


def make_as(stage: Stage, role: str, sql: str) -> None:
    """Execute something as a role."""
    stage.database.execute(f"SET SESSION AUTHORIZATION {role}; {sql}")


def told(done: Result) -> tuple[int, str]:
    """The exit code and what the error says."""
    return done.exit_code, done.verdict.get("error", {}).get("message", "")
