"""Run env.py as it is, with what we need attached from outside.

env.py makes its own engine and may prepare its connection, so that connection is never swapped for
ours. We wrap `configure` of the EnvironmentContext *instance* (Alembic's module proxy calls it
there; a subclass would not be found) and listen to the engine: every transaction of a worker first
proves that it works where our lock is held, and gets its time limits.

An example: Alembic's generic env.py, and what happens here at each of its lines.

    connectable.connect()                      _watch_opened    the link knows the socket
    context.configure(connection, ..)          EnvCalls         the connection is idle, so each
                                               revision may have a transaction: PER_REVISION. The
                                               engine's events are heard from now on
    with context.begin_transaction():          _Whole           commits what is open at its end
        context.run_migrations()               start            begins a transaction, and calls
                                               work.starting(): inspect and decide; then Alembic
                                               asks work.steps what to run
            BEGIN, for a step                  _begin           is the fence up? time limits
            COMMIT                             _commit          not if the revision has failed

An env.py with `with engine.begin() as connection` has begun already, and one transaction holds all
revisions: ATOMIC. Its BEGIN came before anybody listened, so _attach does the work of _begin. One
that executes something between configure() and run_migrations() has begun by then, too.

env.py runs once: what it takes (a lock of its own), defines (a table of the app's MetaData) or
prepares is there once, as with Alembic.
"""

from contextlib import ExitStack
from typing import Any

from alembic.runtime.environment import EnvironmentContext
from sqlalchemy import Engine, Pool, event

from headstart.revisions.alembics_own import with_own_operators
from headstart.revisions.env_calls import EnvCalls
from headstart.revisions.env_pass import Pass
from headstart.revisions.forked import only_the_parent_goes_on
from headstart.revisions.free_slot import waiting_for_slots
from headstart.revisions.late_driver import late_driver
from headstart.revisions.output import captured_output
from headstart.revisions.project import Project, upgrade_arguments
from headstart.revisions.refusal import Refusal
from headstart.revisions.script_source import env_mentions
from headstart.revisions.sessions import kept_sessions
from headstart.revisions.worker import Worker
from headstart.verdict.errors import BrokenHistory, Cancelled


def run_environment(project: Project, worker: Worker, work: Pass) -> None:
    """Run env.py, once. Raises what it raises, but the refusal where there was one."""
    _refuse_several_databases(project)
    config = project.config
    config.set_main_option("sqlalchemy.url", worker.url().replace("%", "%%"))
    environment = EnvironmentContext(
        config, project.directory, fn=work.steps, dont_mutate=True, **upgrade_arguments(config)
    )
    with ExitStack() as attached:
        attached.callback(worker.link.finish)
        refusal = Refusal(attached, worker)
        EnvCalls(worker, work, attached, environment, refusal)
        attached.enter_context(worker.environment())
        attached.enter_context(late_driver(worker.async_drivers, worker.translated))
        attached.enter_context(captured_output(worker.emit, refusal.is_told))
        attached.enter_context(kept_sessions())
        attached.enter_context(waiting_for_slots(worker))
        _watch_opened(worker, attached)
        attached.enter_context(with_own_operators())
        attached.enter_context(environment)
        try:
            with only_the_parent_goes_on():
                project.directory.run_env()
        except BaseException as error:
            if refusal.error in (None, error) or isinstance(error, Cancelled):
                raise
            raise refusal.error from error
        if refusal.error is not None:
            raise refusal.error


def _watch_opened(worker: Worker, attached: ExitStack) -> None:
    """Hear of every connection that is opened, also of those before context.configure()."""
    worker.link.start()

    def opened(_: Any, record: Any) -> None:
        worker.link.opened(record.driver_connection)

    tries = worker.link.tries
    # on the class Pool, since env.py has yet to make its engine
    event.listen(Pool, "connect", opened)
    attached.callback(event.remove, Pool, "connect", opened)
    event.listen(Pool, "checkout", worker.link.checked_out)
    attached.callback(event.remove, Pool, "checkout", worker.link.checked_out)
    event.listen(Engine, "do_connect", tries)
    attached.callback(event.remove, Engine, "do_connect", tries)
    hear = worker.link.hear_elsewhere
    event.listen(Engine, "handle_error", hear)
    attached.callback(event.remove, Engine, "handle_error", hear)


def _refuse_several_databases(project: Project) -> None:
    """The multidb template has a list of databases in alembic.ini; an option of its own."""
    names = [
        name.strip() for name in (project.config.get_main_option("databases") or "").split(",")
    ]
    if len(names) > 1 and env_mentions(project, "databases"):
        raise BrokenHistory(
            f"env.py works on several databases ({', '.join(names)}), and headstart on one",
            next_step="give each database an Alembic project, and a run, of its own",
        )
