"""Load an Alembic project: its configuration, and its scripts, first as text and then imported.

Touches no database. A broken project is named with its file.
"""

import configparser
from argparse import ArgumentParser, Namespace
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Self

from alembic.config import CommandLine, Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionMap
from alembic.util import CommandError, coerce_resource_to_filename, to_tuple

from headstart.process.gc_tuning import uninterrupted
from headstart.revisions.script_graph import (
    AnyScript,
    Import,
    ScriptText,
    may_differ,
    read_script,
    script_files,
    version_folders,
)
from headstart.revisions.script_imports import Imports
from headstart.values import dataclass
from headstart.verdict.errors import BrokenHistory, InvalidSettings

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

    `directory` is what env.py finds as context.script; it imports a script when its module is
    first asked for, or all of them where the text of one does not tell all. `graph` is the same
    with the `scripts` that are here: as their text tells them, or as imported. `untold` are those
    whose text does not tell all; the graph is empty then. `broken` is why others are not among the
    scripts: Alembic would refuse them as they are.
    """

    config: Config
    directory: ScriptDirectory
    graph: ScriptDirectory
    scripts: tuple[AnyScript, ...]
    imports: Imports
    folders: tuple[Path, ...]
    untold: tuple[Path, ...] = ()
    broken: tuple[BrokenHistory, ...] = ()

    def imported(self) -> Self:
        """The same project with all of its scripts imported.

        Where an env.py runs, or in imports_allowed(). Raises BrokenHistory, which names the file.
        """
        scripts = self.imports.every()
        if not self.untold:
            return self.having(scripts)
        return replace(self, graph=self.directory, scripts=scripts, untold=())

    def import_doubtful(self) -> None:
        """Import the scripts that may differ from their text, and those that nobody has read.

        As imported().
        """
        known = {script.path for script in self.scripts}
        for file in self.imports.files():
            if str(file) not in known:
                self.imports.script(file)
        _import(script for script in self.scripts if may_differ(script))

    def import_pending(self, revisions: Container[str]) -> None:
        """Import the scripts of these revisions; as imported()."""
        _import(script for script in self.scripts if script.revision in revisions)

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
        raise _unusable_location(config, alembic_ini, error) from error
    folders = version_folders(directory)
    imports = Imports(directory, folders)
    directory.revision_map = RevisionMap(imports.every)
    return _as_text(Project(config, directory, copy(directory), (), imports, tuple(folders)))


def _unusable_location(config: Config, alembic_ini: str, error: CommandError) -> BrokenHistory:
    location = str(config.get_alembic_option("script_location"))
    is_there = Path(coerce_resource_to_filename(location)).is_dir()
    said = str(error) if is_there else f"script_location = {location}: there is no such folder"
    return BrokenHistory(
        f"{alembic_ini}: {said}",
        next_step=f"correct {'the options' if is_there else 'script_location'} in {alembic_ini}"
        " or pyproject.toml, or copy that folder into the image",
    )


def _import(scripts: Iterable[AnyScript]) -> None:
    with uninterrupted():
        for script in scripts:
            _ = script.module


def upgrade_arguments(config: Config) -> dict[str, Any]:
    """What `alembic upgrade` gives an EnvironmentContext, which env.py and scripts may ask for."""
    target = getattr(config.cmd_opts, "revision", None)
    return {"as_sql": False, "starting_rev": None, "destination_rev": target, "tag": None}


def _as_text(project: Project) -> Project:
    """The project with its scripts as their text tells them."""
    files = script_files(project.directory, project.folders)
    read, broken = _read_scripts(files, project.imports.script)
    scripts = tuple(script for script in read.values() if script is not None)
    untold = tuple(file for file, script in read.items() if script is None)
    unlabelled = tuple(Path(script.path) for script in scripts if not script.labels_told)
    if unlabelled and _names_a_label(project, scripts):
        untold += unlabelled
    project.graph.revision_map = RevisionMap(lambda: scripts)
    if not untold and not unlabelled:
        project.directory.revision_map = project.graph.revision_map
    return replace(project, scripts=scripts, untold=untold, broken=broken)


def _read_scripts(
    files: Sequence[Path], import_script: Import
) -> tuple[dict[Path, ScriptText | None], tuple[BrokenHistory, ...]]:
    read: dict[Path, ScriptText | None] = {}
    broken = []
    for file in files:
        try:
            read[file] = read_script(file, import_script)
        except BrokenHistory as error:
            broken.append(error)
    return read, tuple(broken)


def _names_a_label(project: Project, scripts: Sequence[ScriptText]) -> bool:
    """Whether the target or a dependency may be a label, which some text does not tell."""
    known = {script.revision for script in scripts} | {"head", "heads", "base"}
    wanted = {name for script in scripts for name in to_tuple(script.dependencies, default=())}
    target = str(getattr(project.config.cmd_opts, "revision", "head"))
    return not wanted | {target} <= known


def _command_options(target: str, x: tuple[str, ...]) -> Namespace:
    """What env.py files read in config.cmd_opts: x, but also cmd, revision, autogenerate."""
    options = command_parser().parse_args(["upgrade", "head"])
    options.revision, options.x = target, list(x) or None
    return options


@cache
def command_parser() -> ArgumentParser:
    """The parser of the alembic command, which takes longer to make than to use."""
    return CommandLine().parser


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
