"""Load an Alembic project: its configuration and its scripts; a broken one is named with its file.

Touches no database.
"""

import configparser
import traceback
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from alembic.config import CommandLine, Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError

from headstart.process.gc_tuning import uncollected
from headstart.revisions.causes import cause_of, cure_of, failing_place
from headstart.revisions.groups import telling
from headstart.revisions.preparation import run_env_unconnected, upgrade_arguments
from headstart.verdict.errors import BrokenHistory, Cancelled, InvalidSettings

_PYPROJECT = "pyproject.toml"
"""Beside alembic.ini, Alembic looks there for its options: in the current folder, as we do."""


@dataclass(frozen=True)
class Project:
    """An Alembic project: its configuration and its scripts."""

    config: Config
    directory: ScriptDirectory
    scripts: tuple[Script, ...]


def load_project(alembic_ini: str, target: str, x: tuple[str, ...]) -> Project:
    """Load every script of the project. Raises BrokenHistory, which names the file.

    env.py finds the options that `alembic -x ... upgrade TARGET` would give it.
    """
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
    return Project(config, directory, _load(config, directory))


def _load(config: Config, directory: ScriptDirectory) -> tuple[Script, ...]:
    """Import the scripts; Alembic does that after env.py, which may have made it possible."""
    try:
        return _load_once(config, directory)
    except BrokenHistory:
        run_env_unconnected(config, directory)
        return _load_once(config, directory)


def _load_once(config: Config, directory: ScriptDirectory) -> tuple[Script, ...]:
    # scripts read context.config and context.get_x_argument() while they are imported
    with EnvironmentContext(config, directory, **upgrade_arguments(config)), uncollected():
        return tuple(_load_scripts(directory))


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


def locations_of(directory: ScriptDirectory) -> list[Path]:
    return [Path(location) for location in directory._version_locations]


def _load_scripts(directory: ScriptDirectory) -> Iterator[Script]:
    scripts = directory._load_revisions()
    while True:
        try:
            script = next(scripts, None)
        except (Exception, SystemExit, BaseExceptionGroup) as error:  # it may do anything
            if isinstance(telling(error), Cancelled):
                raise
            raise BrokenHistory(
                _import_failure(error, directory), next_step=cure_of(error)
            ) from error
        if script is None:
            return
        yield script


def _import_failure(error: BaseException, directory: ScriptDirectory) -> str:
    place = failing_place(error, locations_of(directory)) or _script_in_hand(error)
    return f"{place} does not import: {cause_of(error)}"


def _script_in_hand(error: BaseException) -> str:
    """The file that Alembic was loading, for an error about what is in it; Alembic names none."""
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    paths = [frame.f_locals["real_path"] for frame in frames if "real_path" in frame.f_locals]
    return str(paths[-1]) if paths else "a revision script"
