"""Run env.py once: decide in it, then run the plan; a revision is reported after its COMMIT."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from alembic.util import CommandError

from headstart.facts.state import Scope
from headstart.revisions.env_pass import Mode, Pass, Started, Starting, Steps
from headstart.revisions.environment import run_environment
from headstart.revisions.failure import named_failures
from headstart.revisions.other_connections import hearing_connections
from headstart.revisions.project import Project
from headstart.revisions.pulse import pulse
from headstart.revisions.reading import OwnConnection
from headstart.revisions.run import Decided, Ended, Run
from headstart.revisions.script_source import env_rolls_back
from headstart.revisions.stamping import replacing_steps, stamp_steps
from headstart.revisions.step import StepInAttempts
from headstart.revisions.transactions import commit_rest
from headstart.verdict.errors import HeadstartError, NotReady, RevisionFailed
from headstart.verdict.events.revisions import BaselineStamped, RevisionStarted
from headstart.verdict.held_locks import HeldLocks


def upgrade(project: Project, target: str, run: Run) -> None:
    """Run env.py, and in it exactly the steps that were decided.

    As with Alembic, it runs to its end where nothing is to be applied, too. Raises RevisionFailed,
    Blocked, ConnectionLost, BrokenHistory, NotReady, and what the listener refuses.
    """

    def starting(now: Started) -> Scope:
        run.mode = now.mode
        # decided once: env.py may roll back, and try what is left once more
        run.own_limits = now.own_limits
        run.decided = run.decided or run.listener.decide(now)
        return run.decided.scope

    def steps(heads: Any, context: Any) -> Iterator[Any]:
        run.failure = run.current = None  # env.py may have rolled back, and try again
        try:
            yield from _steps(project, target, run, heads, context)
        except NotReady as error:
            run.failure = error  # env.py may swallow it
            raise
        run.done = True

    _run(project, run, starting, steps)


def _steps(project: Project, target: str, run: Run, heads: Any, context: Any) -> Iterator[Any]:
    decided = run.decided
    assert decided is not None
    if not decided.pending and not decided.baseline:
        if set(heads) != set(decided.rows):
            raise _rows_changed(heads, decided.rows)
        return
    run.watch.hidden.note_name(context.version_table, context.version_table_schema)
    if not heads:
        # in the transaction of the first step, and not before the plan
        context._ensure_version_table()
    if decided.baseline and not (heads and set(decided.baseline) <= run.ran):
        run.forget(frozenset(decided.baseline))
        run.keep_record(context, decided.baseline)
        yield from _stamp(project, decided, heads, context, run)
        heads = decided.baseline
    pending = _pending(project, decided.upto or target, heads, decided, run)
    again = frozenset(step.revision.revision for step in pending)
    run.forget(again)
    run.keep_record(context, again)
    run.watch.note_heads(heads)
    _refuse_other_steps([step.revision.revision for step in pending], decided, run)
    if run.order:
        last = len(run.order)
        pending.sort(key=lambda step: run.order.get(step.revision.revision, last))
    with hearing_connections(run.worker.link.checked_out):
        for number, step in enumerate(pending, start=1):
            yield from _one(step, f"{number} of {len(pending)}", context, run)


def _pending(project: Project, target: Any, heads: Any, decided: Decided, run: Run) -> list[Any]:
    """Alembic's steps. Raises NotReady where it has none from rows that others changed."""
    try:
        return list(project.directory._upgrade_revs(target, heads))
    except CommandError as error:
        if run.ran or set(heads) == set(decided.baseline or decided.rows):
            raise
        raise _rows_changed(heads, decided.rows, f": {error}") from None


def _rows_changed(heads: Sequence[str], rows: Sequence[str], cause: str = "") -> NotReady:
    return NotReady(
        f"the version rows are {', '.join(heads) or 'gone'} now, no longer"
        f" {', '.join(rows) or 'none'}{cause}",
        next_step=_RUN_AGAIN,
    )


_RUN_AGAIN = "run again; something else is changing the version rows of this database"


def _refuse_other_steps(pending: Sequence[str], decided: Decided, run: Run) -> None:
    """What was decided is what is run; less what has run already, where env.py tries once more."""
    wanted = set(decided.pending)
    missing = wanted - run.ran - set(pending)
    if missing or not set(pending) <= wanted:
        shown = ", ".join(pending) or "none"
        raise NotReady(
            f"the plan was to run {', '.join(decided.pending) or 'none'}, but Alembic would now run"
            f" {shown}",
            next_step=_RUN_AGAIN,
        )


def _stamp(
    project: Project, decided: Decided, heads: tuple[str, ...], context: Any, run: Run
) -> Iterator[Any]:
    def ask(connection: OwnConnection) -> None:
        try:
            run.watch.row_follows(context.connection)
            run.listener.before_stamp(connection)
        except BaseException as error:
            run.failure = error  # env.py may swallow it
            raise

    run.listener.before_revision()
    try:
        if decided.instead_of:
            yield from replacing_steps(project, decided.instead_of, decided.baseline, context, ask)
        else:
            yield from stamp_steps(project, decided.baseline, heads, context, ask)
    except Exception as error:
        run.failure = error
        raise
    stamped = decided.baseline
    run.end_step(frozenset(stamped), lambda _: run.emit(BaselineStamped(stamped)))


def _one(step: Any, number: str, context: Any, run: Run) -> Iterator[Any]:
    run.listener.before_revision()
    revision, connection = step.revision.revision, context.connection
    _make_way(revision, run)
    run.watch.start_revision(connection)
    run.locks.start_revision()
    run.worker.link.changes_revision(begins=True)
    step.migration_fn = StepInAttempts(step, context, run)
    run.emit(RevisionStarted(revision, number, step.doc))
    run.started, run.current = time.monotonic(), revision
    yield step
    if run.mode is Mode.PER_REVISION:
        # Alembic resumes us after the transaction of this step has been committed
        commit_rest(connection)
    run.worker.link.changes_revision(begins=False)
    run.listener.migrated(revision, connection)
    run.end_step(frozenset([revision]), _teller(revision, time.monotonic() - run.started, run))


def _make_way(revision: str, run: Run) -> None:
    try:
        run.listener.make_way(revision)
    except HeadstartError as error:
        run.failure = error  # env.py may swallow it
        raise


def _teller(revision: str, seconds: float, run: Run) -> Callable[[HeldLocks | None], None]:
    return lambda held: run.listener.applied(revision, round(seconds, 3), held)


def _run(project: Project, run: Run, starting: Starting, steps: Steps) -> None:
    may_split = not env_rolls_back(project)
    work = Pass(starting, steps, may_split, heard=run, failure=lambda: run.failure)
    try:
        running, link = (lambda: run.current), run.worker.link
        with (
            pulse(run.worker, lambda: (run.current, run.started), run.heartbeat_seconds),
            named_failures(project, running, lambda: run.done, lambda: run.watch.keeps, link),
        ):
            _raise_first(run, lambda: _run_once(project, run, work))
    except BaseException:
        _settle(run)
        raise
    _settle(run)


def _run_once(project: Project, run: Run, work: Pass) -> None:
    try:
        run_environment(project, run.worker, work)
    except SystemExit as error:
        # one that leaves so before its migrations has ended without them, and says that all is well
        if error.code or run.decided is not None:
            raise


def _raise_first(run: Run, work: Callable[[], None]) -> None:
    """A revision that raised has failed, whatever env.py made of its error."""
    try:
        work()
    except BaseException as error:
        if run.failure is None or run.failure is error:
            raise
        raise run.failure from error
    if run.failure is not None:
        raise run.failure
    if run.current is not None:
        raise RevisionFailed(f"revision {run.current} did not end, and env.py swallowed its error")


def _settle(run: Run) -> None:
    """Tell what has been committed without our having seen it: by env.py, or as we failed."""
    if not run.ended and run.current is None:
        return
    current, first = run.current, run.watch.first
    if current is not None:
        teller = _teller(current, time.monotonic() - run.started, run)
        run.ended.append(Ended(frozenset([current]), run.watch.row_in, teller))
    numbers = {first, *run.watch.kept.numbers}
    asked = numbers | {step.transaction for step in run.ended}
    committed = run.listener.look_back([each for each in asked if each is not None])
    run.tell_committed(committed)
    surely = run.watch.kept.surely or not numbers.isdisjoint(committed.transactions)
    kept = surely or run.watch.kept.may_have
    if kept and any(step.revisions == {current} for step in run.ended):
        run.listener.partly_applied(str(current), surely)
