"""Any role can lock our key, or take our application_name: it is named, and cannot do more."""

from collections.abc import Iterator

import psycopg2
import pytest

from headstart.postgres.advisory_lock import RUN_LOCK_KEY
from headstart.postgres.identity import Purpose
from tests.conftest import ON_ONE_SERVER
from tests.harness.server import a_role
from tests.integration.stage import Stage
from tests.integration.test_hostile_names import FORGED, FORMATS, harmful, named

pytestmark = ON_ONE_SERVER

OURS = f"{Purpose.WORK.prefix}0123abcd:elsewhere"
SOON_SECONDS = 6
"""More than the two that an orphan gets, much less than what is waited for one of ours."""


@pytest.fixture
def stranger(stage: Stage) -> Iterator[str]:
    """A role that may log in and nothing else."""
    with a_role(stage.database, "stranger") as role:
        yield role


@pytest.fixture(params=["superuser", "plain"])
def url(request: pytest.FixtureRequest, stage: Stage) -> Iterator[str]:
    """The URL of who runs headstart."""
    if request.param == "superuser":
        yield stage.database.url
        return
    with a_role(stage.database, "migrator") as role:
        stage.database.execute(f"GRANT CREATE ON SCHEMA public TO {role}")
        yield stage.url_of(role)


def test_a_stranger_who_holds_the_lock_is_named_with_what_ends_it(
    stage: Stage, stranger: str, url: str
) -> None:
    session = psycopg2.connect(stage.url_of(stranger))
    session.cursor().execute(f"SELECT pg_advisory_lock({RUN_LOCK_KEY})")
    done = stage.run(DATABASE_URL=url, HEADSTART_LOCK_SECONDS="1")
    assert (done.exit_code, f"of role {stranger}" in done.verdict["error"]["message"]) == (11, True)
    step = done.verdict["next_step"]
    assert f'role "{stranger}" is neither ours' in step
    ends = step[step.index("SELECT pg_terminate_backend(") :].split(",")[0]
    stage.database.execute(ends)
    assert stage.run(DATABASE_URL=url).exit_code == 0


def test_a_run_of_our_own_that_holds_the_lock_is_no_stranger(stage: Stage) -> None:
    session = psycopg2.connect(stage.database.url)
    session.cursor().execute(f"SELECT pg_advisory_lock({RUN_LOCK_KEY})")
    done = stage.run(HEADSTART_LOCK_SECONDS="1")
    assert (done.exit_code, "neither ours" in done.verdict["next_step"]) == (11, False)
    session.close()


def test_a_strangers_session_with_our_name_keeps_no_run_waiting(
    stage: Stage, stranger: str, url: str
) -> None:
    session = psycopg2.connect(stage.url_of(stranger), application_name=OURS)
    session.cursor().execute("SELECT count(*) FROM pg_class")  # it holds locks from here on
    done = stage.run(DATABASE_URL=url)
    assert (done.exit_code, done.verdict["lock_wait_seconds"] < SOON_SECONDS) == (0, True)
    (found,) = [event for event in done.events if event["event"] == "orphans_found"]
    assert f"of role {stranger}" in found["orphans"][0]
    session.close()


def test_a_roles_name_forges_no_line(stage: Stage) -> None:
    role = named(f"{stage.database.name}{FORGED}")
    stage.database.execute(f"CREATE ROLE {role} LOGIN; GRANT CREATE ON SCHEMA public TO {role}")
    session = psycopg2.connect(stage.database.url)
    try:
        cursor = session.cursor()
        cursor.execute(f"SET SESSION AUTHORIZATION {role}; SELECT pg_advisory_lock({RUN_LOCK_KEY})")
        cursor.execute("CREATE TABLE alembic_version (version_num varchar(32)); COMMIT")
        for form in FORMATS.values():
            for argv, code in ((["run", "--lock-seconds", "1"], 11), (["check"], 23)):
                done = stage.run(*argv, **form)
                assert done.exit_code == code, done.verdict
                output = done.stdout + done.stderr
                assert harmful(output) == set()
                assert "\nready: nothing_to_do" not in output
    finally:
        session.close()
        stage.database.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")
