"""A stage at whose database the gate has answered, and how it is seen whether it answers again."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import psycopg2

from tests.harness.program import run_program
from tests.harness.result import Event, Result
from tests.harness.server import Database, empty_database
from tests.integration.fingerprinting import Fingerprinter
from tests.integration.known_stage import KnownStage

VERBS = ("run", "check", "wait")
BRIEF = {"HEADSTART_WAIT_SECONDS": "1"}
NOT_COMPARED = ("run_id", "timestamp", "duration_seconds", "wait_seconds", "lock_wait_seconds")


def is_answered(done: Result) -> bool:
    """Whether the gate has answered: then that is all that was said, and nothing is to be done."""
    verdict = done.verdict
    if "gate" not in verdict:
        return False
    assert verdict["gate"] is True
    assert (done.exit_code, verdict["outcome"], len(done.events)) == (0, "nothing_to_do", 1)
    return True


def opened(stage: KnownStage, *argv: str, **environ: str) -> KnownStage:
    """Run until the gate answers, which the second run has to."""
    first = stage.run(*argv, **environ)
    assert first.exit_code == 0, first.stderr
    assert not is_answered(first)
    second = stage.run(*argv, **environ)
    assert is_answered(second), (second.stderr, stage.file.read_text())
    return stage


def assert_closed(stage: KnownStage, *verbs: str, **environ: str) -> Result:
    """No verb is answered by the gate; the last verb's end."""
    for verb in verbs or VERBS:
        done = stage.run(verb, **(BRIEF | environ))
        assert not is_answered(done), (verb, done.stderr)
    return done


def assert_open(stage: KnownStage, *verbs: str, **environ: str) -> None:
    """Each verb is answered by the gate."""
    for verb in verbs or VERBS:
        done = stage.run(verb, **environ)
        assert is_answered(done), (verb, done.stderr)


def opens_again(stage: KnownStage, **environ: str) -> None:
    """One run goes the long way, and the next one does not."""
    opened(stage, **environ)


def told(done: Result) -> tuple[Event, str]:
    """The verdict but for what differs from run to run, and the answer on stdout."""
    return compared(done.verdict), done.stdout


def compared(verdict: Event) -> Event:
    """What has to be the same, whoever says it."""
    return {name: value for name, value in verdict.items() if name not in (*NOT_COMPARED, "gate")}


def unfit_because(stage: KnownStage) -> str | None:
    """What the file says of a project that the gate may not answer for."""
    marked = "gate\tunfit\t"
    lines = stage.file.read_text().splitlines()
    return next((line.removeprefix(marked) for line in lines if line.startswith(marked)), None)


def build(stage: KnownStage, **environ: str) -> KnownStage:
    """Build the fingerprints of the project as it is now."""
    with empty_database(stage.database.server) as scratch:
        Fingerprinter(stage.project, scratch).build(**environ)
    return stage


@contextmanager
def elsewhere(stage: KnownStage) -> Iterator[KnownStage]:
    """The same project on another empty database of the server."""
    with empty_database(stage.database.server) as other:
        yield replace(stage, database=other)


def git(stage: KnownStage, *command: str) -> Result:
    """Run git in the project's folder."""
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_CONFIG_GLOBAL": "/dev/null"}
    who |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    return run_program("git", *command, env=who, cwd=stage.project.path)


def copied_to(database: Database, name: str) -> Database:
    """A copy of the database, as CREATE DATABASE ... TEMPLATE makes it."""
    database.server.execute(f"CREATE DATABASE {name} TEMPLATE {database.name}")
    return Database(database.server, name)


@contextmanager
def holding(database: Database, sql: str) -> Iterator[None]:
    """Keep what these statements take for the length of the block."""
    with closing(psycopg2.connect(database.url)) as held:
        held.autocommit = True
        held.cursor().execute(sql)
        yield
