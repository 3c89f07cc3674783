"""Load an Alembic project: its configuration, and its scripts, first as text and then imported.

Touches no database. A broken project is named with its file.
"""

import configparser
import traceback
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Self

from alembic.config import CommandLine, Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionMap
from alembic.util import CommandError, to_tuple

from headstart.process.gc_tuning import uninterrupted
from headstart.revisions.causes import cause_of, cure_of, failing_place
from headstart.revisions.groups import telling
from headstart.revisions.script_graph import (
    AnyScript,
    ScriptText,
    read_script,
    script_files,
    version_folders,
)
from headstart.values import dataclass
from headstart.verdict.errors import BrokenHistory, Cancelled, InvalidSettings

_PYPROJECT = "pyproject.toml"
"""Beside alembic.ini, Alembic looks there for its options: in the current folder, as we do."""

WITHOUT_ENV = (
    "here no env.py runs, which may prepare what this script imports (sys.path, variables), as in a"
    " run: write revision and down_revision as literals, so that nothing has to be imported, or let"
    " prepend_sys_path in alembic.ini, or PYTHONPATH, name the folder"
)


@dataclass(frozen=True)
class Project:
    """An Alembic project: its configuration and its scripts.

    `directory` is what env.py finds as context.script; it imports the scripts when it is first
    asked for them. `graph` is the same with the `scripts` that are here: as their text tells them,
    or as imported. `untold` are those whose text does not tell all; the graph is empty then.
    `broken` is why others are not among the scripts: Alembic would refuse them as they are.
    """

    config: Config
    directory: ScriptDirectory
    graph: ScriptDirectory
    scripts: tuple[AnyScript, ...]
    load: Callable[[], tuple[Script, ...]]
    folders: tuple[Path, ...]
    untold: tuple[Path, ...] = ()
    broken: tuple[BrokenHistory, ...] = ()

    def imported(self) -> Self:
        """The same project with its scripts imported, which is done only once.

        Where an env.py runs, or in imports_allowed(). Raises BrokenHistory, which names the file.
        """
        return replace(self, graph=self.directory, scripts=self.load(), untold=())

    def import_one(self, file: Path) -> Script | None:
        """Import one script, whatever the others are; in imports_allowed().

        None for what Alembic takes for no script. Raises BrokenHistory.
        """
        with _failure_named(self.folders, file), uninterrupted():
            return Script._from_path(self.directory, file)

    def imported_without_env(self) -> Self:
        """The same where no env.py runs; what is missing then may be what that prepares.

        Raises BrokenHistory, which says so.
        """
        with self.imports_allowed():
            try:
                return self.imported()
            except BrokenHistory as error:
                error.next_step = f"{WITHOUT_ENV}; otherwise {error.next_step}"
                raise

    def having(self, scripts: Sequence[AnyScript]) -> Self:
        """The same project with these scripts and no others, some told and some imported, maybe."""
        graph = copy(self.directory)
        graph.revision_map = RevisionMap(lambda: scripts)
        return replace(self, graph=graph, scripts=tuple(scripts), untold=(), broken=())

    @contextmanager
    def imports_allowed(self) -> Iterator[None]:
        """Where no env.py runs: scripts read context.config and get_x_argument() on import."""
        with EnvironmentContext(self.config, self.directory, **upgrade_arguments(self.config)):
            yield


def load_project(alembic_ini: str, target: str, x: tuple[str, ...]) -> Project:
    """Read the configuration, and the text of every script. Raises BrokenHistory, InvalidSettings.

    env.py finds the options that `alembic -x ... upgrade TARGET` would give it.
    """
    project = open_project(alembic_ini, target, x)
    for broken in project.broken:
        raise broken
    return project


def open_project(alembic_ini: str, target: str, x: tuple[str, ...]) -> Project:
    """Do the same, but keep what is wrong with single scripts. Raises for the configuration."""
    # absolute: a script may change the current folder
    config = Config(
        str(Path(alembic_ini).resolve()),
        toml_file=str(Path(_PYPROJECT).resolve()),
        cmd_opts=_command_options(target, x),
    )
    config.attributes["headstart"] = True
    _check_pyproject(config)
    _check_ini(config, alembic_ini)
    try:
        directory = ScriptDirectory.from_config(config)
    except CommandError as error:
        raise BrokenHistory(f"{alembic_ini}: {error}") from error
    folders = version_folders(directory)
    load = _loader(directory, folders)
    directory.revision_map = RevisionMap(load)
    return _as_text(Project(config, directory, copy(directory), (), load, tuple(folders)))


def upgrade_arguments(config: Config) -> dict[str, Any]:
    """What `alembic upgrade` gives an EnvironmentContext, which env.py and scripts may ask for."""
    target = getattr(config.cmd_opts, "revision", None)
    return {"as_sql": False, "starting_rev": None, "destination_rev": target, "tag": None}


def _as_text(project: Project) -> Project:
    """The project with its scripts as their text tells them."""
    read, broken = _read_scripts(script_files(project.directory, project.folders))
    scripts = tuple(script for script in read.values() if script is not None)
    untold = tuple(file for file, script in read.items() if script is None)
    if not all(script.labels_told for script in scripts) and _names_a_label(project, scripts):
        untold += tuple(Path(script.path) for script in scripts if not script.labels_told)
    project.graph.revision_map = RevisionMap(lambda: scripts)
    return replace(project, scripts=scripts, untold=untold, broken=broken)


def _read_scripts(
    files: Sequence[Path],
) -> tuple[dict[Path, ScriptText | None], tuple[BrokenHistory, ...]]:
    read: dict[Path, ScriptText | None] = {}
    broken = []
    for file in files:
        try:
            read[file] = read_script(file)
        except BrokenHistory as error:
            broken.append(error)
    return read, tuple(broken)


def _names_a_label(project: Project, scripts: Sequence[ScriptText]) -> bool:
    """Whether the target or a dependency may be a label, which some text does not tell."""
    known = {script.revision for script in scripts} | {"head", "heads", "base"}
    wanted = {name for script in scripts for name in to_tuple(script.dependencies, default=())}
    target = str(getattr(project.config.cmd_opts, "revision", "head"))
    return not wanted | {target} <= known


def _loader(
    directory: ScriptDirectory, folders: Sequence[Path]
) -> Callable[[], tuple[Script, ...]]:
    """What imports the scripts, once: a module that does something on import does it once."""

    @cache
    def load() -> tuple[Script, ...]:
        with uninterrupted():  # what scripts open is looked for at the end (exit_work.py)
            return tuple(_load_scripts(directory, folders))

    return load


def _command_options(target: str, x: tuple[str, ...]) -> Namespace:
    """What env.py files read in config.cmd_opts: x, but also cmd, revision, autogenerate."""
    options = CommandLine().parser.parse_args(["upgrade", "head"])
    options.revision, options.x = target, list(x) or None
    return options


def _check_pyproject(config: Config) -> None:
    try:
        _ = config.toml_alembic_config
    except (OSError, ValueError, CommandError) as error:  # no TOML, no UTF-8: a ValueError
        raise InvalidSettings(f"{_PYPROJECT} cannot be read: {error}") from error


def _check_ini(config: Config, alembic_ini: str) -> None:
    """Raise InvalidSettings for a file that is none; without its lines, which may hold a secret."""
    try:
        location = config.get_alembic_option("script_location")
    except (configparser.Error, CommandError, ValueError) as error:
        kind = type(error).__name__
        raise InvalidSettings(f"{alembic_ini} is not a usable ini file ({kind})") from None
    if location is None:
        raise InvalidSettings(
            f"neither {alembic_ini} (section [alembic]) nor {_PYPROJECT} ([tool.alembic]) names a"
            " script_location"
        )


def _load_scripts(directory: ScriptDirectory, folders: Sequence[Path]) -> Iterator[Script]:
    scripts = directory._load_revisions()
    while True:
        with _failure_named(folders):
            script = next(scripts, None)
        if script is None:
            return
        yield script


@contextmanager
def _failure_named(folders: Sequence[Path], file: Path | None = None) -> Iterator[None]:
    """Raise BrokenHistory, which names the script, for whatever importing it raises."""
    try:
        yield
    except (Exception, SystemExit, BaseExceptionGroup) as error:  # it may do anything
        if isinstance(telling(error), Cancelled):
            raise
        place = failing_place(error, folders) or file or _script_in_hand(error)
        message = f"{place} does not import: {cause_of(error)}"
        raise BrokenHistory(message, next_step=cure_of(error)) from error


def _script_in_hand(error: BaseException) -> str:
    """The file that Alembic was loading, for an error about what is in it; Alembic names none."""
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    paths = [frame.f_locals["real_path"] for frame in frames if "real_path" in frame.f_locals]
    return str(paths[-1]) if paths else "a revision script"
