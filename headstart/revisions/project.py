"""Load an Alembic project and read its history; a broken one is named with its file.

Touches no database.
"""

import ast
import configparser
import traceback
import warnings
from argparse import Namespace
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

from alembic.config import CommandLine, Config
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import CycleDetected, RevisionError, RevisionMap
from alembic.util import CommandError

from headstart.errors import BrokenHistory, InvalidSettings
from headstart.revisions.causes import cause_of
from headstart.state import History, TableName


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
    config = Config(str(Path(alembic_ini).resolve()), cmd_opts=_command_options(target, x))
    config.attributes["headstart"] = True
    _check_ini(config, alembic_ini)
    try:
        directory = ScriptDirectory.from_config(config)
    except CommandError as error:
        raise BrokenHistory(f"{alembic_ini}: {error}") from error
    return Project(config, directory, tuple(_load_scripts(directory)))


def _command_options(target: str, x: tuple[str, ...]) -> Namespace:
    """What env.py files read in config.cmd_opts: x, but also cmd, revision, autogenerate."""
    options = CommandLine().parser.parse_args(["upgrade", "head"])
    options.revision, options.x = target, list(x) or None
    return options


def _check_ini(config: Config, alembic_ini: str) -> None:
    """Raise InvalidSettings for a file that is none; without its lines, which may hold a secret."""
    try:
        location = config.get_alembic_option("script_location")
    except (configparser.Error, CommandError, ValueError) as error:
        kind = type(error).__name__
        raise InvalidSettings(f"{alembic_ini} is not a usable ini file ({kind})") from None
    if location is None:
        raise InvalidSettings(f"{alembic_ini} names no script_location in section [alembic]")


def read_history(project: Project, target: str, baseline: str) -> History:
    """Read the graph of revisions and resolve HEADSTART_TARGET and HEADSTART_BASELINE in it.

    Raises BrokenHistory (several heads with target head, missing parent, duplicate id, cycle, no
    revisions) and InvalidSettings for a target or baseline that no script has.
    """
    if not project.scripts:
        raise BrokenHistory(
            f"there is no revision in {', '.join(map(str, _locations(project.directory)))}",
            next_step="make the first one: alembic revision --autogenerate -m ...",
        )
    _check_ids(project.scripts)
    _check_parents(project.scripts)
    _check_graph(project)
    targets = _resolve(project, target, "HEADSTART_TARGET")
    history = History(
        parents={s.revision: frozenset(s._versioned_down_revisions) for s in project.scripts},
        requirements=_ancestors_first(project.scripts),
        targets=targets,
        baseline=_resolve_baseline(project, baseline, targets),
    )
    _check_baseline(history, baseline)
    return history


def created_tables(project: Project) -> Iterator[TableName]:
    """The literal names in op.create_table and op.rename_table, of every script."""
    for script in project.scripts:
        yield from _tables_in(Path(script.path).read_text(encoding="utf-8"))


def _locations(directory: ScriptDirectory) -> list[Path]:
    return [Path(location) for location in directory._version_locations]


def _load_scripts(directory: ScriptDirectory) -> Iterator[Script]:
    scripts = directory._load_revisions()
    while True:
        try:
            script = next(scripts, None)
        except (Exception, SystemExit) as error:  # a script may do anything on import
            raise BrokenHistory(_import_failure(error, directory)) from error
        if script is None:
            return
        yield script


def _import_failure(error: BaseException, directory: ScriptDirectory) -> str:
    place = failing_place(error, _locations(directory)) or _script_in_hand(error)
    return f"{place} does not import: {cause_of(error)}"


def _script_in_hand(error: BaseException) -> str:
    """The file that Alembic was loading, for an error about what is in it; Alembic names none."""
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    paths = [frame.f_locals["real_path"] for frame in frames if "real_path" in frame.f_locals]
    return str(paths[-1]) if paths else "a revision script"


def failing_place(error: BaseException, folders: Iterable[Path]) -> str | None:
    """The file and line below `folders` in which an error arose; the innermost such frame."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    roots = [folder.resolve() for folder in folders]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if "site-packages" not in path.parts and any(path.is_relative_to(r) for r in roots):
            return f"{frame.filename}, line {frame.lineno}"
    return None


def _check_ids(scripts: Iterable[Script]) -> None:
    files: dict[str, str] = {}
    for script in scripts:
        if not isinstance(script.revision, str) or not script.revision.strip():
            raise BrokenHistory(f"{script.path} has no revision id")
        if script.revision in files:
            raise BrokenHistory(
                f"revision {script.revision} is there twice:"
                f" {files[script.revision]} and {script.path}"
            )
        files[script.revision] = str(script.path)


def _check_parents(scripts: tuple[Script, ...]) -> None:
    known = {script.revision for script in scripts}
    for script in scripts:
        for parent in script._versioned_down_revisions:
            if parent not in known:
                raise BrokenHistory(f"{script.path} follows revision {parent}, which no script has")


def _check_graph(project: Project) -> None:
    """Let Alembic build its map from the scripts that are loaded already."""
    project.directory.revision_map = RevisionMap(lambda: project.scripts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it warns of was refused above
        try:
            project.directory.get_heads()
            _ = project.directory.revision_map._revision_map
        except CycleDetected as error:
            files = ", ".join(_file_of(project, revision) for revision in error.revisions)
            raise BrokenHistory(f"the revisions form a cycle: {files}") from error
        except KeyError as error:  # what Alembic raises for a depends_on that no script has
            raise BrokenHistory(_missing_dependency(project, str(error.args[0]))) from error
        except RevisionError as error:
            raise BrokenHistory(f"the revisions form no history: {error}") from error


def _missing_dependency(project: Project, name: str) -> str:
    files = [str(s.path) for s in project.scripts if name in (s.dependencies or ())]
    return f"{', '.join(files) or 'a script'} depends on {name}, which no script has"


def _ancestors_first(scripts: Iterable[Script]) -> dict[str, frozenset[str]]:
    edges = {script.revision: frozenset(script._all_down_revisions) for script in scripts}
    return {revision: edges[revision] for revision in TopologicalSorter(edges).static_order()}


def _resolve(project: Project, name: str, setting: str) -> frozenset[str]:
    heads = project.directory.get_heads()
    if name == "head" and len(heads) > 1:
        files = [f"{head} ({_file_of(project, head)})" for head in sorted(heads)]
        raise BrokenHistory(
            f"there are several heads: {', '.join(files)}",
            next_step="merge them (alembic merge heads), or set HEADSTART_TARGET=heads",
        )
    try:
        found = project.directory.get_revisions(name)
    except CommandError as error:
        raise InvalidSettings(
            f"{setting}={name}: {error}", next_step="alembic history lists the revisions"
        ) from error
    return frozenset(script.revision for script in found)


def _file_of(project: Project, revision: str) -> str:
    return next(str(s.path) for s in project.scripts if s.revision == revision)


def _resolve_baseline(
    project: Project, baseline: str, targets: frozenset[str]
) -> frozenset[str] | None:
    match baseline:
        case "proof":
            return None
        case "head":
            return targets
        case _:
            return _resolve(project, baseline, "HEADSTART_BASELINE")


def _check_baseline(history: History, baseline: str) -> None:
    if history.baseline and not history.baseline <= history.applied_with(history.targets):
        raise InvalidSettings(
            f"HEADSTART_BASELINE={baseline} is not an ancestor of the target"
            f" {', '.join(sorted(history.targets))}"
        )


def _tables_in(source: str) -> Iterator[TableName]:
    # parsing costs a millisecond a script, so only those that can have a name are parsed
    if "create_table" not in source and "rename_table" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            position = {"create_table": 0, "rename_table": 1}.get(node.func.attr)
            if position is not None and len(node.args) > position:
                yield from _table_name(node, node.args[position])


def _table_name(call: ast.Call, name: ast.expr) -> Iterator[TableName]:
    schemas = [keyword.value for keyword in call.keywords if keyword.arg == "schema"]
    schema = schemas[0] if schemas else ast.Constant(None)
    match (schema, name):
        case ast.Constant(value=str() | None as schema_name), ast.Constant(value=str() as table):
            yield schema_name, table
        case _:
            return
