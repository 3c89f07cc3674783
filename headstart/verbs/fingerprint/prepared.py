"""Import scripts that need what env.py prepares: by a pass over env.py that runs no revision."""

from headstart.facts.state import OurTables
from headstart.postgres.inspection import inspect_database
from headstart.revisions.configured import configured_by
from headstart.revisions.env_pass import Started
from headstart.revisions.project import Project
from headstart.revisions.reading import OwnConnection
from headstart.revisions.replay import never_migrated
from headstart.revisions.run import Committed, Decided, Listener, Run
from headstart.revisions.scratch_only import only_in_scratch
from headstart.revisions.upgrade import upgrade
from headstart.verbs.fingerprint.scratch import Scratch
from headstart.verbs.under_lock import locked, wait_for_database, worker_under


def imported_in_env(scratch: Scratch, project: Project) -> Project:
    """The project with its scripts imported where Alembic does it: in env.py, at its migrations.

    For a history that the scripts' text does not tell. It has to be known before the replay, and
    what is imported is imported once: so env.py runs once more in the scratch database. Raises
    BrokenHistory, and what a replay raises.
    """
    task, found = scratch.task, list[Project]()
    wait_for_database(task)
    with locked(task) as lock:
        worker = worker_under(task, lock)

        def decide(now: Started) -> Decided:
            found.append(project.imported())
            scope, own = configured_by(worker, now).scope, OwnConnection(now.connection)
            with own.reading():
                rows = inspect_database(own, scope, OurTables).version_rows
            return Decided(scope, rows=rows)

        listener = Listener(
            decide,
            before_revision=lock.ensure_held,
            applied=lambda *_: None,
            partly_applied=lambda _, __: None,
            look_back=lambda _: Committed(),
        )
        with only_in_scratch(project, worker):
            upgrade(project, "heads", Run(worker, listener, task.settings.heartbeat_seconds))
    if not found:
        raise never_migrated()
    return found[-1]
