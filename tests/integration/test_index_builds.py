"""An index that somebody is building: not ready yet, but nothing that needs a person."""

import pytest

from headstart.readiness import Readiness
from tests.harness.result import Result
from tests.integration.broken_indexes import building, fail_to_build, invalid
from tests.integration.stage import Stage

CREATE = "CREATE INDEX CONCURRENTLY ix_names ON accounts (name)"


def in_progress(done: Result, pid: int) -> None:
    """See that it ended with 14 and named who builds."""
    assert (done.exit_code, done.verdict["outcome"]) == (14, "not_ready"), done.verdict
    assert "an index build is in progress" in done.verdict["error"]["message"]
    assert f"pid {pid}" in done.verdict["error"]["message"]
    assert "repair" not in done.verdict


def test_a_build_in_progress_is_not_ready_yet_and_says_who_builds(stage: Stage) -> None:
    assert stage.run().exit_code == 0
    with building(stage.database, CREATE) as pid:
        assert invalid(stage.database) == ["ix_names"]
        in_progress(stage.run("check"), pid)
        in_progress(stage.run(), pid)
        in_progress(stage.run("wait", HEADSTART_WAIT_SECONDS="1"), pid)
    assert stage.run("check").exit_code == 0


def test_another_roles_build_is_seen_by_a_plain_role(stage: Stage) -> None:
    """Which index another builds is hidden from it; that one does, on which table, is not."""
    assert stage.run().exit_code == 0
    with stage.login() as role:
        stage.database.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
        with building(stage.database, CREATE) as pid:
            in_progress(stage.run("check", DATABASE_URL=stage.url_of(role)), pid)
        fail_to_build(stage.database, "ix_twice")
        left = stage.run("check", DATABASE_URL=stage.url_of(role))
        assert left.exit_code == 26, left.verdict


def test_what_runs_already_stays_in_service_while_an_index_is_built(stage: Stage) -> None:
    assert stage.run().exit_code == 0
    environ = {"DATABASE_URL": stage.database.url, "HEADSTART_ALEMBIC_INI": stage.project.ini}
    with building(stage.database, CREATE):
        assert Readiness(environ).ask().ready


def test_a_rebuild_of_a_good_index_is_nobodys_business(stage: Stage) -> None:
    """REINDEX CONCURRENTLY builds a copy, and the index itself stands meanwhile."""
    assert stage.run().exit_code == 0
    with building(stage.database, "REINDEX INDEX CONCURRENTLY accounts_pkey"):
        assert invalid(stage.database) == ["accounts_pkey_ccnew"]
        assert stage.run("check").exit_code == 0
        assert stage.run().exit_code == 0


@pytest.mark.parametrize("way", ["REINDEX INDEX CONCURRENTLY", "DROP INDEX CONCURRENTLY"])
def test_an_index_that_is_under_repair_is_not_ready_yet(stage: Stage, way: str) -> None:
    assert stage.run().exit_code == 0
    fail_to_build(stage.database)
    stage.database.execute("DELETE FROM accounts WHERE id > 1")
    with building(stage.database, f"{way} ix_names") as pid:
        in_progress(stage.run("check"), pid)
    assert stage.run().exit_code == 0


def test_a_build_of_another_index_of_the_table_does_not_hide_a_left_one(stage: Stage) -> None:
    assert stage.run().exit_code == 0
    fail_to_build(stage.database, "ix_left")
    with building(stage.database, CREATE):
        done = stage.run("check")
        assert done.exit_code == 26, done.verdict
        assert "ix_left" in done.verdict["error"]["message"]
