"""Run the revisions of a plan: each is said to be applied after its COMMIT, never before."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from alembic.runtime.environment import EnvironmentContext
from sqlalchemy import Connection

from headstart.errors import BrokenHistory
from headstart.revisions.environment import Pass, Steps, Worker, run_environment
from headstart.revisions.failure import named_failures
from headstart.revisions.output import captured_output
from headstart.revisions.project import Project
from headstart.revisions.transactions import TransactionWatch, commit_rest
from headstart.verdict import Applied


@dataclass
class Run:
    """One pass over env.py: what it works through, and what to call on the way.

    `before_revision` raises when the run must not go on; `applied` is called after each COMMIT.
    """

    worker: Worker
    before_revision: Callable[[], None]
    applied: Callable[[Applied], None]
    heartbeat_seconds: float
    current: str | None = field(default=None, init=False)
    done: bool = field(default=False, init=False)
    started: float = field(default=0.0, init=False)
    watch: TransactionWatch = field(default_factory=TransactionWatch, init=False)


def upgrade(project: Project, target: str, run: Run) -> None:
    """Upgrade to `target`. Raises RevisionFailed, Blocked, ConnectionLost, BrokenHistory."""

    def steps(heads: Any, context: Any) -> Iterator[Any]:
        pending = project.directory._upgrade_revs(target, heads)
        for number, step in enumerate(pending, start=1):
            yield from _one(step, f"{number} of {len(pending)}", context.connection, run)
        run.done = True

    _run(project, run, steps)


def run_without_revisions(project: Project, run: Run) -> None:
    """Run env.py to its end with nothing to apply, as Alembic does at head."""

    def steps(*_: Any) -> tuple[Any, ...]:
        run.done = True
        return ()

    _run(project, run, steps)


def stamp(project: Project, revisions: tuple[str, ...], run: Run) -> None:
    """Write the version rows of a baseline; refuses where there is a version row already."""

    def steps(heads: Any, _: Any) -> Iterator[Any]:
        if heads:
            raise BrokenHistory(f"a version row appeared meanwhile: {heads}")
        for step in project.directory._stamp_revs(revisions, heads):
            run.before_revision()
            yield step
        run.worker.say("baseline_stamped", revisions=list(revisions))

    _run(project, run, steps)


def render_sql(
    project: Project, url: str, stamped: tuple[str, ...], start: tuple[str, ...], target: str
) -> str:
    """The SQL of a plan, from Alembic's offline mode; runs env.py, connects to nothing.

    `stamped` are the revisions of a baseline, `start` the version rows to begin with.
    """
    config = project.config
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    buffer = config.output_buffer = StringIO()
    if stamped:
        _render(project, (), lambda heads, _: project.directory._stamp_revs(stamped, heads))
    _render(
        project,
        stamped or start,
        lambda heads, _: project.directory._upgrade_revs(target, heads),
    )
    return buffer.getvalue()


def _render(project: Project, start: tuple[str, ...], steps: Steps) -> None:
    environment = EnvironmentContext(
        project.config, project.directory, fn=steps, as_sql=True, starting_rev=start or None
    )
    configure = environment.configure
    environment.configure = (  # type: ignore[method-assign]
        lambda *place, **options: configure(*place, **options | {"transaction_per_migration": True})
    )
    with (
        named_failures(project, lambda: None),
        captured_output(_say_nothing),
        environment,
    ):
        project.directory.run_env()


def _say_nothing(_: str, /, **__: object) -> None:
    """stdout is for the SQL alone."""


def _one(step: Any, number: str, connection: Connection, run: Run) -> Iterator[Any]:
    run.before_revision()
    revision = step.revision.revision
    run.watch.start_revision(connection)
    migrate = step.migration_fn

    def migrate_and_check(**options: Any) -> None:
        migrate(**options)
        run.watch.ensure_kept(connection, revision)

    step.migration_fn = migrate_and_check
    run.worker.say("revision_started", revision=revision, number=number, description=step.doc)
    run.started, run.current = time.monotonic(), revision
    yield step
    # Alembic resumes us after the transaction of this step has been committed
    commit_rest(connection)
    run.current = None
    applied = Applied(revision, time.monotonic() - run.started)
    run.applied(applied)
    run.worker.say("revision_applied", revision=revision, seconds=round(applied.seconds, 3))


def _run(project: Project, run: Run, steps: Steps) -> None:
    ended = threading.Event()
    pulse = threading.Thread(target=_beat, args=(run, ended), name="revision-pulse", daemon=True)
    pulse.start()
    try:
        with named_failures(project, lambda: run.current, lambda: run.done):
            run_environment(project, run.worker, Pass(steps, begun=run.watch.begun))
    finally:
        ended.set()
        pulse.join()


def _beat(run: Run, ended: threading.Event) -> None:
    while not ended.wait(run.heartbeat_seconds):
        if (revision := run.current) is not None:
            seconds = round(time.monotonic() - run.started, 1)
            run.worker.say("revision_running", revision=revision, seconds=seconds)
