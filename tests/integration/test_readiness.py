"""headstart.readiness: an app asks the question of `headstart check` within its own process."""

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from headstart.readiness import Answer, Readiness
from headstart.verdict.errors import BrokenHistory, InvalidSettings
from tests.conftest import ON_ONE_SERVER
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER


def environment(stage: Stage, **more: str) -> dict[str, str]:
    """What an app has in its environment; the project is the stage's."""
    url = stage.database.url
    return {"DATABASE_URL": url, "HEADSTART_ALEMBIC_INI": str(stage.project.ini), **more}


def test_the_answer_follows_the_database_without_a_restart(stage: Stage) -> None:
    readiness = Readiness(environment(stage))
    before = readiness.ask()
    stage.run()
    assert readiness.ask() == Answer(ready=True, outcome="nothing_to_do", revisions=("0003",))
    assert (before.ready, before.outcome, before.revisions) == (False, "not_ready", ())
    assert before.message == "pending: 0001, 0002, 0003"
    assert before.next_step is not None


def test_the_answer_is_that_of_check(stage: Stage) -> None:
    """Of an unversioned and of a newer database too."""
    readiness = Readiness(environment(stage))
    stage.database.execute("CREATE TABLE accounts (id int)")
    unversioned, checked = readiness.ask(), stage.run("check")
    assert unversioned.outcome == checked.verdict["outcome"] == "unproven"
    stage.make_version_table("9999")
    newer, checked = readiness.ask(), stage.run("check")
    assert newer.outcome == checked.verdict["outcome"] == "unknown_revision"
    assert (newer.message, newer.next_step) == (
        checked.verdict["error"]["message"],
        checked.verdict["next_step"],
    )


def test_no_database_is_an_answer_too_and_shows_no_password(stage: Stage) -> None:
    url = "postgresql+asyncpg://app:s3cret-word@s3cret-word.invalid/shop"  # libpq shows the host
    answer = Readiness(environment(stage, DATABASE_URL=url)).ask()
    assert (answer.ready, answer.outcome) == (False, "unreachable")
    assert "***.invalid" in str(answer.message)
    assert "s3cret-word" not in repr(answer)


def test_several_threads_may_ask_at_once(stage: Stage) -> None:
    stage.run()
    readiness = Readiness(environment(stage))
    with ThreadPoolExecutor(8) as threads:
        answers = [threads.submit(readiness.ask) for _ in range(40)]
    assert {answer.result().outcome for answer in answers} == {"nothing_to_do"}


def test_the_app_keeps_its_own_signal_handlers(stage: Stage) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    Readiness(environment(stage)).ask()
    assert {number: signal.getsignal(number) for number in before} == before


def test_mistakes_are_told_at_the_start(stage: Stage) -> None:
    with pytest.raises(InvalidSettings, match="HEADSTART_WAIT_SECONDS"):
        Readiness(environment(stage, HEADSTART_WAIT_SECONDS="soon"))
    stage.project.add("0004", "9999", "pass")
    with pytest.raises(BrokenHistory, match="9999"):
        Readiness(environment(stage))
