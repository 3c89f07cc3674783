"""check and wait while a run is in progress: the lock tells, on each server."""

from tests.harness.program import until
from tests.integration.stage import Stage

HOLDER = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'headstart:lock:%'"


def test_check_and_wait_during_a_run(stage: Stage) -> None:
    """check says that a run is in progress; wait is ready when that run is done."""
    stage.project.add("0004", "0003", 'op.execute("SELECT pg_sleep(3)")')
    with stage.start() as run, stage.start("wait", HEADSTART_WAIT_SECONDS="20") as waiting:
        until(lambda: stage.database.query(HOLDER), "the holder of the lock")
        answer = stage.run("check")
        assert run.process.poll() is None, "the run ended before check did"
        assert answer.exit_code == 14
        assert "a run is in progress" in answer.stdout
        assert waiting.process.poll() is None
        assert run.end().outcome == "upgraded"
        ended = waiting.end()
    assert (ended.exit_code, ended.outcome) == (0, "nothing_to_do")
    assert ended.verdict["wait_attempts"] > 1
    assert [e for e in ended.events if e["event"] == "database_not_ready"]
