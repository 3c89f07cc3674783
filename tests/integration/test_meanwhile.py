"""A run that has waited for the lock, and finds that another one has done the work meanwhile."""

from contextlib import closing

import psycopg2
import pytest

from headstart.postgres.advisory_lock import RUN_LOCK_KEY
from tests.conftest import ON_ONE_SERVER
from tests.harness.program import start_headstart
from tests.harness.result import Result
from tests.integration.gate_stage import opened
from tests.integration.known_stage import KnownStage

pytestmark = ON_ONE_SERVER
HELD = f"SELECT pg_advisory_xact_lock({RUN_LOCK_KEY})"


def logged(done: Result) -> set[str]:
    """The events in its log."""
    return {str(event["event"]) for event in done.events}


def waited(stage: KnownStage, *meanwhile: str, **environ: str) -> Result:
    """The end of a run that waits for the lock, while these statements are executed."""
    environ = {
        "DATABASE_URL": stage.database.url,
        "HEADSTART_ALEMBIC_INI": stage.project.ini,
    } | environ
    with closing(psycopg2.connect(stage.database.url)) as holder:
        holder.cursor().execute(HELD)
        with start_headstart(env=environ) as run:
            run.await_event("lock_waited")
            for statement in meanwhile:
                stage.database.execute(statement)
            holder.rollback()
            return run.end()


def test_it_ends_without_env_py_where_the_schema_is_the_proven_one(known: KnownStage) -> None:
    done = waited(opened(known))
    verdict = done.verdict
    assert (done.exit_code, verdict["outcome"], verdict["proof"]) == (
        0,
        "nothing_to_do",
        "fingerprint",
    )
    assert verdict["from"] == verdict["to"] == ["0003"]
    assert "gate" not in verdict
    assert "env_configured" not in logged(done)


@pytest.mark.parametrize(
    ("meanwhile", "environ"),
    [
        pytest.param(["ALTER TABLE accounts ADD more integer"], {}, id="the schema has changed"),
        pytest.param(["DELETE FROM alembic_version"], {}, id="the version row is gone"),
        pytest.param(["COMMENT ON TABLE alembic_version IS NULL"], {}, id="the mark is gone"),
        pytest.param([], {"HEADSTART_GATE": "off"}, id="the gate is off"),
        pytest.param([], {"HEADSTART_X": "a=b"}, id="env.py was given an argument"),
        pytest.param([], {"HEADSTART_VERIFY": "warn"}, id="another policy"),
    ],
)
def test_else_it_runs_env_py(
    known: KnownStage, meanwhile: list[str], environ: dict[str, str]
) -> None:
    done = waited(opened(known), *meanwhile, **environ)
    assert "env_configured" in logged(done)
