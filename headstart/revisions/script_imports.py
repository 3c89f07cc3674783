"""Import the scripts of a project, as Alembic does it, and name the file of whatever fails."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from alembic.script import Script, ScriptDirectory

from headstart.process.gc_tuning import uninterrupted
from headstart.revisions.causes import cause_of, cure_of, failing_place
from headstart.revisions.groups import telling
from headstart.revisions.script_graph import script_files
from headstart.verdict.errors import BrokenHistory, Cancelled


class Imports:
    """The scripts that are imported so far: a module that does something on import does it once.

    Where an env.py runs, or in Project.imports_allowed().
    """

    def __init__(self, directory: ScriptDirectory, folders: Sequence[Path]) -> None:
        self._directory, self._folders = directory, tuple(folders)
        self._done: dict[Path, Script | None] = {}

    @property
    def done(self) -> tuple[Script, ...]:
        """What is imported so far, whoever has asked for it."""
        return tuple(script for script in self._done.values() if script is not None)

    def script(self, file: Path) -> Script | None:
        """Import one script, whatever the others are.

        None for what Alembic takes for no script. Raises BrokenHistory.
        """
        if file not in self._done:
            with self._named_failure(file):
                self._done[file] = Script._from_path(self._directory, file)
        return self._done[file]

    def every(self) -> tuple[Script, ...]:
        """Import all scripts that there are by now. Raises BrokenHistory."""
        with uninterrupted():  # what scripts open is looked for at the end (exit_work.py)
            scripts = [self.script(file) for file in self.files()]
        return tuple(script for script in scripts if script is not None)

    def files(self) -> list[Path]:
        """The scripts that there are by now, where Alembic looks for them in an env.py.

        That imports the package that version_locations may name. Raises BrokenHistory.
        """
        with self._named_failure(None):
            return script_files(self._directory, self._directory._version_locations)

    @contextmanager
    def _named_failure(self, file: Path | None) -> Iterator[None]:
        """Raise BrokenHistory, which names the script, for whatever importing it raises."""
        try:
            yield
        except (Exception, SystemExit, BaseExceptionGroup) as error:  # it may do anything
            if isinstance(telling(error), Cancelled):
                raise
            place = failing_place(error, self._folders) or file or "a package of version_locations"
            message = f"{place} does not import: {cause_of(error)}"
            raise BrokenHistory(message, next_step=cure_of(error)) from error
