"""The gate's header of a fingerprints file: what a build has seen of the project and its env.py."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from headstart.fingerprint.catalog.names import split_name
from headstart.fingerprint.file.digests import digest_of_names
from headstart.fingerprint.file.header import Header
from headstart.fingerprint.file.states import Fingerprints
from headstart.gate.doubt import Doubt
from headstart.gate.image import PYPROJECT, digest_of, digest_of_scripts, script_folder
from headstart.patterns import pattern
from headstart.postgres.row_versions import COVERED
from headstart.process.own_modules import OwnModules, traced_modules
from headstart.process.reads import EVERY, local_packages
from headstart.verbs.fingerprint.replay import Finished, Source
from headstart.verbs.task import Task

_OURS = ("DATABASE_URL", "PGPASSWORD")
"""What a run sets for env.py; PGPASSWORD says nothing that the URL does not."""
_MOST_REASONS, _MOST_NAMES = 3, 5
_WHO = "env.py, or what it imports,"
_GIVEN_X = "env.py was given an argument by -x"
_SECRET = pattern("PASS|PWD|SECRET|TOKEN|KEY|CREDENTIAL|URL|URI|DSN", re.IGNORECASE)
"""Of the names of variables that may hold one."""


def header_lines(
    task: Task, found: Finished, source: Source, fingerprints: Fingerprints
) -> tuple[str, ...]:
    """The lines for the gate, which say why where the project is not fit for it.

    None where a file that they would name cannot be read.
    """
    with suppress(Doubt):
        return _lines(task, found, source, fingerprints)
    return ()


def closed_because(header: Iterable[str]) -> Iterator[str]:
    """Lines that say to people why the gate stays closed; none where it may open."""
    for _, name, *values in (line.split("\t") for line in header):
        if name in ("unfit", "blind"):
            opens = _OPENS if name == "unfit" else ""  # what the gate cannot see, no setting shows
            why = " ".join(values)
            yield f"no error, but each run takes its full time (docs/gate.md{opens}): {why}"


_OPENS = " says why, and where HEADSTART_GATE=on is right"


def _lines(
    task: Task, found: Finished, source: Source, fingerprints: Fingerprints
) -> tuple[str, ...]:
    folder = Path(source.project.directory.dir).absolute()
    # what a module reads on import it reads once, maybe where the scripts were imported
    found = replace(found, reads=found.reads | source.reads)
    own = _own_modules(source)
    files = _digests(folder, _files(task, source, own, folder))
    reasons = [*_unfit(task, found, source, own, files)]
    blind = [*_blind(source, fingerprints)]
    scripts = source.project.folders
    objects = sorted({split_name(name) for name in fingerprints.objects})
    header = Header(
        heads=sorted(source.history.rows_of(source.history.targets)),
        version_table=found.configured.scope.version_table,
        variables=sorted(_variables(task, found)),
        files=files,
        scripts={_relative(each, folder): digest_of_scripts(str(each)) for each in scripts},
        folders=_names(folder, _listed(found, source)),
        objects=objects,
        python_path=None
        if own.search_path is None
        else [_relative(Path(each), folder) for each in own.search_path],
        unfit="; ".join(reasons[:_MOST_REASONS]) or None,
        blind="; ".join(blind) or None,
        target=_variables_of_place(task, found, reasons) if reasons else None,
    )
    lines = tuple(header.lines)
    # a name that would break a line: such a file has no header
    return lines if all(line.isprintable() for line in map(_without_tabs, lines)) else ()


def _without_tabs(line: str) -> str:
    return line.replace("\t", "")


def _own_modules(source: Source) -> OwnModules:
    config = source.project.config
    named = config.get_prepend_sys_paths_list() or []
    return traced_modules(source.search_path, named)


def _files(task: Task, source: Source, own: OwnModules, folder: Path) -> Iterator[Path]:
    """What decides about a run with nothing to do: configuration, env.py, its imports, heads.

    And what would be imported in place of one of them, if it were there.
    """
    yield Path(task.settings.alembic_ini).absolute()
    yield Path(PYPROJECT).absolute()
    yield folder / "env.py"
    heads = source.history.targets
    yield from (Path(each.path) for each in source.project.scripts if each.revision in heads)
    scripts = {str(path) for path in source.project.folders}
    yield from (Path(each) for each in own.files if str(Path(each).parent) not in scripts)
    yield from map(Path, own.absent)


def _digests(folder: Path, files: Iterable[Path]) -> dict[str, str]:
    return {_relative(path, folder): digest_of(str(path)) for path in files}


def _names(folder: Path, folders: Iterable[Path]) -> dict[str, str]:
    every = {each: [entry.name for entry in each.iterdir()] for each in folders}
    return {_relative(each, folder): digest_of_names(names) for each, names in every.items()}


def _relative(path: Path, folder: Path) -> str:
    return os.path.relpath(path, folder)


def _listed(found: Finished, source: Source) -> Iterator[Path]:
    """The project's folders that env.py looks into, to import all models, say."""
    own = {str(path) for path in source.project.folders}
    yield from (Path(each) for each in sorted(found.reads.folders - own) if Path(each).is_dir())


def _variables(task: Task, found: Finished) -> set[str]:
    return {"DATABASE_URL", *task.settings.url_variables} & found.reads.variables


def _variables_of_place(
    task: Task, found: Finished, reasons: Iterable[str]
) -> tuple[str, ...] | None:
    """The variables that tell env.py where to work; None where more than that makes it unfit.

    Their values go into a digest that everybody may see, where a password could be guessed by it.
    """
    others = _other_variables(task, found)
    about_place = {*found.env.about_place, _GIVEN_X, _reads_variables(others)}
    if EVERY in others or any(map(_SECRET.search, others)):
        return None
    if not about_place.issuperset(reasons):
        return None
    return tuple(sorted(others))


def _other_variables(task: Task, found: Finished) -> frozenset[str]:
    return frozenset(found.reads.variables) - {*_OURS, *task.settings.url_variables}


def _reads_variables(names: frozenset[str]) -> str:
    told = "all of its environment" if EVERY in names else ", ".join(sorted(names)[:_MOST_NAMES])
    return f"{_WHO} reads {told}"


def _blind(source: Source, fingerprints: Fingerprints) -> Iterator[str]:
    """What could change and the gate would not see it: the number does not stand for all, say."""
    directory = source.project.directory
    if directory.sourceless or directory.recursive_version_locations:
        yield "alembic.ini has sourceless or recursive_version_locations"
    if uncovered := fingerprints.kinds - COVERED:
        yield f"a revision makes: {', '.join(sorted(uncovered))}"


def _unfit(
    task: Task, found: Finished, source: Source, own: OwnModules, files: Iterable[str]
) -> Iterator[str]:
    """Why no answer may be given without env.py, unless an operator says so."""
    yield from found.env.reasons
    folder = Path(source.project.directory.dir).absolute()
    yield from _unknown_reads(task, found, source, files)
    yield from (
        f"which {name} it imports depends on where headstart is started: prepend_sys_path should"
        " name the folder"
        for name in own.by_start
    )
    if not found.is_whole:
        yield "env.py changes the schema beside the revisions"
    if task.settings.x:
        yield _GIVEN_X
    if _folder_named(task) != str(folder):
        yield "alembic.ini names its script_location in an unusual way"


def _unknown_reads(
    task: Task, found: Finished, source: Source, files: Iterable[str]
) -> Iterator[str]:
    """What env.py does depends on what nobody knows beforehand."""
    folder, reads = Path(source.project.directory.dir).absolute(), found.reads
    who = _WHO
    if others := _other_variables(task, found):
        yield _reads_variables(others)
    known = {os.path.normpath(folder / path) for path in files}
    scripts = {str(path) for path in source.project.folders}
    if opened := {each for each in reads.files - known if str(Path(each).parent) not in scripts}:
        yield f"{who} reads {_relative(Path(min(opened)), folder)}"
    yield from (f"{who} {each}" for each in sorted(reads.others))
    if local := local_packages():
        yield f"{who} is installed from a folder: {', '.join(sorted(local))}"
    addresses = {each for each in reads.addresses if not _is_databases(found.scratch.task, each)}
    if addresses:
        yield f"{who} talks to another service: {min(map(_shown, addresses))}"


def _folder_named(task: Task) -> str | None:
    """The folder that the gate would find; None where it finds none."""
    try:
        ini = Path(task.settings.alembic_ini)
        return script_folder(str(ini), ini.read_text(encoding="utf-8"))
    except (Doubt, OSError, ValueError):
        return None


def _shown(address: tuple[object, ...] | str) -> str:
    return address if isinstance(address, str) else ":".join(map(str, address))


def _is_databases(task: Task, address: tuple[object, ...] | str) -> bool:
    """Whether it is the database's, to which an async driver connects by itself."""
    parameters = task.database().parameters
    if isinstance(address, str):
        return address.startswith(parameters.get("host", "\0"))
    return str(address[1]) == parameters.get("port", "5432")
