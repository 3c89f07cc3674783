"""SIGKILL at twenty moments: the version row and the record never disagree after it."""

import time

from tests.conftest import ON_ONE_SERVER
from tests.harness.program import until
from tests.harness.project import REVISIONS, ProjectCopy
from tests.harness.server import Database, Server, empty_database
from tests.integration.recorded import chain_of, comment_of, record_of
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER

MOMENTS = 20
STEP_SECONDS = 0.06
WORK = 'op.execute("CREATE TABLE made_by_{0} (id int)"); op.execute("SELECT pg_sleep(0.1)")'
OURS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'headstart:%'"


def rows_of(database: Database) -> list[str]:
    """The version rows; none where there is no table yet."""
    there = database.query("SELECT to_regclass('alembic_version') IS NOT NULL")[0][0]
    return (
        [row for (row,) in database.query("SELECT version_num FROM alembic_version")]
        if there
        else []
    )


def test_row_and_record_agree(server: Server, project: ProjectCopy) -> None:
    revisions = list(REVISIONS)
    for number in range(4, 12):
        revision = f"{number:04}"
        project.add(revision, revisions[-1], WORK.format(revision))
        revisions.append(revision)
    met = set()
    for moment in range(MOMENTS):
        with empty_database(server) as database:
            stage = Stage(project, database)
            with stage.start() as run:
                run.await_event("plan_made")
                time.sleep(moment * STEP_SECONDS)
                run.process.kill()
                run.end()
            until(lambda: database.query(OURS) == [(0,)], "its sessions have ended")
            rows = rows_of(database)
            met.add(tuple(rows))
            at = record_of(database)["at"] if rows and comment_of(database) else []
            assert at == rows, f"killed after {moment * STEP_SECONDS} s"
            done = stage.run()
            assert done.exit_code == 0, done.verdict
            assert record_of(database)["at"] == rows_of(database) == [revisions[-1]]
            assert chain_of(database) == revisions
    assert len(met) >= MOMENTS // 3  # it was hit at many places
