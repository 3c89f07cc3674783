"""Read the graph of revisions from the text of the scripts: nothing of anybody's is imported.

Alembic imports the scripts after env.py has prepared what they read. So before env.py runs, only
their text is read: what it says literally about the four names that make the graph
(script_text.py). What it does not tell makes the graph untold until somebody imports the scripts.
What code may change unseen (globals(), exec) is found when that script is imported, by comparison.
"""

import io
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from alembic.script import ScriptDirectory
from alembic.script.base import Script, _only_source_rev_file, _sourceless_rev_file
from alembic.script.revision import Revision, RevisionError
from alembic.util import CommandError, to_tuple

from headstart.fingerprint.file.digests import script_digest
from headstart.revisions.bindings import NAMES
from headstart.revisions.compiled import content_of, is_compiled
from headstart.revisions.script_text import (
    MARKS,
    UNTOLD,
    is_plain,
    may_be_misspelt,
    names_in,
    names_in_code,
)
from headstart.verdict.errors import BrokenHistory

Import = Callable[[Path], Script | None]
"""Imports a script. Raises BrokenHistory; None for what Alembic takes for no script."""


class ScriptText(Script):
    """A revision as its script's text tells it; `path` is the script, `module` imports it.

    `labels_told`: whether its branch_labels are literal, as the other three have to be. Computed
    ones change nothing unless somebody names a revision by one of them. `marks` is what it says to
    headstart: literals, or UNTOLD; `others` are names that may be misspelt ones. `digest` is that
    of its source, which is in hand as it is made. `may_differ`: it has to be imported before
    anything rests on what its text tells.
    """

    def __init__(
        self, path: Path, told: Mapping[str, Any], source: bytes | None, import_script: Import
    ) -> None:
        self.path, self._import = str(path), import_script
        self.digest = None if source is None else script_digest(source)
        self.may_differ = source is None or not is_plain(source)
        self.marks = {name: told[name] for name in MARKS if name in told}
        self.others = frozenset(told) - {*NAMES, *MARKS}
        labels = told.get("branch_labels")
        self.labels_told = labels != UNTOLD
        Revision.__init__(  # Alembic's own takes the four from the module
            self,
            str(told["revision"]),
            told["down_revision"],
            branch_labels=to_tuple(labels if self.labels_told else None, default=()),
            dependencies=to_tuple(told.get("depends_on"), default=()),
        )

    @cached_property
    def module(self) -> ModuleType:  # type: ignore[override]  # an attribute of Alembic's
        """The script's module, imported as somebody asks for it. Raises BrokenHistory."""
        script = self._import(Path(self.path))
        if script is None:
            raise BrokenHistory(f"{self.path} is no script of Alembic's any more")
        return script.module


AnyScript = ScriptText | Script
"""A script, whether its text told what it is or it was imported."""


def digest_of(script: AnyScript) -> str:
    """The digest of its content. Raises OSError where that is read only now, and is gone."""
    told = script.digest if isinstance(script, ScriptText) else None
    return told or script_digest(content_of(Path(script.path)))


def version_folders(directory: ScriptDirectory) -> list[Path]:
    """The folders of the scripts. A package that one is named by (shop:versions) is not imported.

    Raises BrokenHistory for a package that is not there.
    """
    if not directory.version_locations:
        return [Path(directory.dir, "versions").absolute()]
    return [_located(location) for location in directory.version_locations]


def script_files(directory: ScriptDirectory, folders: Sequence[Path]) -> list[Path]:
    """The files that Alembic takes for scripts, in its order."""
    pattern = _sourceless_rev_file if directory.sourceless else _only_source_rev_file
    listed = _resolved(
        path
        for folder in folders
        if folder.exists()
        for path in Script._list_py_dir(directory, folder)
    )
    files = [path for path in dict.fromkeys(listed) if pattern.match(path.name)]
    if not directory.sourceless:  # all are source
        return files
    return [path for path in files if not _is_superseded(path)]


def read_script(file: Path, import_script: Import) -> ScriptText | None:
    """What a script's text tells; None where it does not tell all. Raises BrokenHistory.

    `import_script` is for who asks for its module.
    """
    source = None if is_compiled(file) else _source_of(file)
    told = names_in_code(file) if source is None else names_in(source)
    if told is None:
        return None
    try:
        return ScriptText(file, told, source, import_script)
    except (RevisionError, CommandError) as error:
        raise BrokenHistory(f"{file}: {error}") from error


def may_differ(script: AnyScript) -> bool:
    """Whether a script has to be imported before anything rests on what its text tells."""
    return isinstance(script, ScriptText) and script.may_differ


def mark_of(script: AnyScript, name: str, default: object = None) -> object:
    """What a script says to headstart by `name`: UNTOLD if its text computes it.

    Of an imported one it is the module's attribute.
    """
    if isinstance(script, ScriptText):
        return script.marks.get(name, default)
    return getattr(script.module, name, default)


def bound_names(script: AnyScript) -> Collection[str]:
    """The names of a script that may be misspelt marks."""
    if isinstance(script, ScriptText):
        return script.others
    return [name for name in vars(script.module) if may_be_misspelt(name)]


def _resolved(paths: Iterable[Path]) -> Iterator[Path]:
    """The same without links; resolve() would ask for each folder on the way, once a file."""
    folders: dict[str, tuple[Path, frozenset[str]]] = {}
    for path in paths:
        place, name = os.path.split(path)
        if place not in folders:
            folders[place] = (Path(place).resolve(), frozenset(_links_in(place)))
        folder, links = folders[place]
        if name in links:
            yield path.resolve()
        else:
            yield path if str(folder) == place else folder / name


def _links_in(place: str) -> Iterator[str]:
    with os.scandir(place) as entries:
        yield from (entry.name for entry in entries if entry.is_symlink())


def _located(location: str) -> Path:
    package, colon, rest = location.partition(":")
    if not colon or Path(location).is_absolute():
        return Path(location).absolute()
    return _package_folder(package).joinpath(*rest.split(":")).absolute()


def _package_folder(package: str) -> Path:
    """Where a package is; find_spec() would import the parents of a nested one."""
    first, *nested = package.split(".")
    spec, name = find_spec(first), first
    for part in nested:
        name = f"{name}.{part}"
        places = None if spec is None else spec.submodule_search_locations
        spec = None if places is None else PathFinder.find_spec(name, list(places))
    places = None if spec is None else spec.submodule_search_locations
    if not places:
        raise BrokenHistory(
            f"version_locations names the package {package}, which is not there",
            next_step="install it in the image, or correct version_locations in alembic.ini",
        )
    return Path(next(iter(places)))


def _is_superseded(file: Path) -> bool:
    """Whether Alembic takes the source instead of this compiled code."""
    if not is_compiled(file):
        return False
    source = file.with_name(f"{file.name.split('.', maxsplit=1)[0]}.py")
    return source.exists() or (file.suffix == ".pyo" and file.with_suffix(".pyc").exists())


def _source_of(file: Path) -> bytes:
    """Nothing where it cannot be read: importing it will tell why."""
    try:
        with io.FileIO(file) as stream:  # a thousand files: without what open() adds
            return stream.readall()
    except OSError:
        return b""
