"""Run one revision in Alembic's place, in as many attempts as its locks need."""

import os
from typing import Any

from alembic.util.pyfiles import load_python_file

from headstart.revisions.forked import only_the_parent_goes_on
from headstart.revisions.lock_attempts import LockAttempts
from headstart.revisions.run import Run
from headstart.revisions.upgrade_functions import finished_work


class StepInAttempts:
    """What stands in for the function of one of Alembic's steps; `context` is the migration's.

    It is made before the step's transaction begins, which gets the limit of the first attempt.
    """

    def __init__(self, step: Any, context: Any, run: Run) -> None:
        self._revision, self._path = step.revision.revision, step.revision.path
        self._attempts = run.begin_attempts(self._revision, self._path, context.connection)
        self._migrate = step.migration_fn
        self._context, self._connection, self._run = context, context.connection, run

    def __call__(self, **options: Any) -> None:
        """Run it, and see that its work is kept. Raises RevisionFailed, and what it raises."""
        run, attempts = self._run, self._attempts
        try:
            while not self._attempt(attempts, **options):
                run.listener.before_revision()
                run.begin_again(self._connection, self._context)
        except BaseException as raised:
            error = attempts.told(raised)
            self._hear_failure(error)
            if error is raised:
                raise
            raise error from raised
        finally:
            run.attempts = run.worker.link.lock_waits.limit = None

    def _attempt(self, attempts: LockAttempts, **options: Any) -> bool:
        """Whether that was all, or the revision has to be tried again. Raises what it raises."""
        run = self._run
        try:
            with finished_work(self._revision) as look_at, only_the_parent_goes_on():
                look_at(self._migrate(**options))
            attempts.refuse_swallowed()
            run.watch.ensure_kept(self._connection, self._revision)
        except BaseException as error:
            run.worker.link.look_at(self._connection)
            attempts.suspect_unheard()
            if attempts.may_try_again(error, self._connection) and attempts.wait():
                self._migrate = self._anew()
                return False
            raise
        run.worker.link.role_left = run.watch.role
        return True

    def _anew(self) -> Any:
        """The function of the script, imported once more: what the module keeps is as at first.

        A list that was filled, an iterator that was used up, a cache: each would be as after a run.
        """
        folder, name = os.path.split(self._path)
        return load_python_file(folder, name).upgrade

    def _hear_failure(self, error: BaseException) -> None:
        run, link = self._run, self._run.worker.link
        run.failure = error  # env.py may swallow it
        link.hear_failure(error, self._connection)
        if isinstance(error, Exception) and not link.gone:  # else nobody may answer
            run.watch.hear_failure(self._connection)
