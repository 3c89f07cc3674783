"""check and wait while a run is in progress: the lock tells, on each server."""

import psycopg2

from tests.harness.program import until
from tests.integration.stage import Stage

HOLDER = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'headstart:lock:%'"


def test_check_and_wait_during_a_run(stage: Stage) -> None:
    """check says that a run is in progress; wait is ready when that run is done."""
    stage.project.add("0004", "0003", 'op.execute("SELECT pg_advisory_xact_lock(1)")')
    somebody = psycopg2.connect(stage.database.url)
    somebody.cursor().execute("SELECT pg_advisory_lock(1)")
    with stage.start() as run, stage.start("wait", HEADSTART_WAIT_SECONDS="60") as waiting:
        until(lambda: stage.database.query(HOLDER), "the holder of the lock")
        answer = stage.run("check")
        assert answer.exit_code == 14
        assert "a run is in progress" in answer.stdout
        waiting.await_event("database_not_ready")
        assert waiting.process.poll() is None
        somebody.close()
        assert run.end().outcome == "upgraded"
        ended = waiting.end()
    assert (ended.exit_code, ended.outcome) == (0, "nothing_to_do")
    assert ended.verdict["wait_attempts"] > 1
