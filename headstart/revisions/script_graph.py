"""Read the graph of revisions from the text of the scripts: nothing of anybody's is imported.

Alembic imports the scripts after env.py has prepared what they read. So before env.py runs, only
their text is read: what it says literally about the four names that make the graph. What it does
not say literally (a computed id, a name bound in an `if`) is not guessed: such a script is untold,
and so is the graph until somebody imports it. What code may change unseen (globals(), exec) is
found when the scripts are imported, by comparison.

An example:

    >>> names_in(b'revision = "b2"; down_revision: str = "a1"')
    {'revision': 'b2', 'down_revision': 'a1'}
    >>> names_in(b'import os; revision = os.environ["ID"]; down_revision = None') is None
    True

Parsing all of a script costs three times as much as its head, so it is parsed up to the first
function, class or decorator, unless a line behind that begins with one of the names.
"""

import ast
import dis
import re
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from types import CodeType
from typing import Any

from alembic.script import ScriptDirectory
from alembic.script.base import Script, _only_source_rev_file, _sourceless_rev_file
from alembic.script.revision import Revision, RevisionError
from alembic.util import CommandError, to_tuple

from headstart.fingerprint.file.digests import script_digest
from headstart.patterns import pattern
from headstart.revisions.compiled import code_of, content_of, is_compiled
from headstart.verdict.errors import BrokenHistory

_NAMES = ("revision", "down_revision", "branch_labels", "depends_on")
PHASE = "headstart_phase"
COMPATIBLE, COMPATIBLE_SINCE = "headstart_compatible", "headstart_compatible_since"
REPLACES = "headstart_replaces"
MARKS = (PHASE, COMPATIBLE, COMPATIBLE_SINCE, REPLACES)
"""What a script may say to headstart, read as the four names are. They do not make the graph, so a
script that computes one is told all the same."""
_LEAST_OF_MARK = 12
"""Shorter names are like none of these; what every script binds is shorter, or known."""
_FIRST_BLOCK = pattern(rb"^(?:def|class|async|@)", re.MULTILINE)
_NAME_LATER = pattern(rb"^(?:" + "|".join(_NAMES).encode() + rb")\b", re.MULTILINE)

UNTOLD = "\0"
"""In place of branch_labels, or of a mark, that is computed; no label may be so."""


class ScriptText(Revision):
    """A revision as its script's text tells it; `path` is the script.

    `labels_told`: whether its branch_labels are literal, as the other three have to be. Computed
    ones change nothing unless somebody names a revision by one of them. `marks` is what it says to
    headstart: literals, or UNTOLD; `others` are names that may be misspelt ones. `digest` is that
    of its source, which is in hand as it is made.
    """

    def __init__(self, path: Path, told: Mapping[str, Any], source: bytes | None) -> None:
        self.path = str(path)
        self.digest = None if source is None else script_digest(source)
        self.marks = {name: told[name] for name in MARKS if name in told}
        self.others = frozenset(told) - {*_NAMES, *MARKS}
        labels = told.get("branch_labels")
        self.labels_told = labels != UNTOLD
        super().__init__(
            str(told["revision"]),
            told["down_revision"],
            branch_labels=to_tuple(labels if self.labels_told else None, default=()),
            dependencies=to_tuple(told.get("depends_on"), default=()),
        )


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
    files = (path for path in dict.fromkeys(listed) if pattern.match(path.name))
    return [path for path in files if not _is_superseded(path)]


def read_script(file: Path) -> ScriptText | None:
    """What a script's text tells; None where it does not tell all. Raises BrokenHistory."""
    source = None if is_compiled(file) else _source_of(file)
    told = _names_in_code(file) if source is None else names_in(source)
    if told is None:
        return None
    try:
        return ScriptText(file, told, source)
    except (RevisionError, CommandError) as error:
        raise BrokenHistory(f"{file}: {error}") from error


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
    return [name for name in vars(script.module) if _may_be_misspelt(name)]


def names_in(source: bytes) -> Mapping[str, object] | None:
    """The values of the names that make the graph; None where the text does not tell them all.

    With the marks that the script has.
    """
    begin = _FIRST_BLOCK.search(source)
    head = source if begin is None else source[: begin.start()]
    told = None
    if begin is not None and not _is_named_later(source, begin.start()):
        told = _names_of(head)  # None too where what looks like a function stands in a text
    return _names_of(source) if told is None else told


def _is_named_later(source: bytes, begin: int) -> bool:
    """Whether one of the names may be bound behind the head: a mark, at any place in a line."""
    if b"headstart_" in source[begin:].lower():
        return True
    return _NAME_LATER.search(source, begin) is not None


def _resolved(paths: Iterable[Path]) -> Iterator[Path]:
    """The same without links; resolve() asks for each folder on the way, once a file."""
    folders: dict[Path, Path] = {}
    for path in paths:
        if path.is_symlink():
            yield path.resolve()
            continue
        folder = path.parent
        if folder not in folders:
            folders[folder] = folder.resolve()
        yield folders[folder] / path.name


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
        return file.read_bytes()
    except OSError:
        return b""


def _names_of(source: bytes) -> Mapping[str, object] | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python says it when it imports the script
        try:
            tree = ast.parse(source)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return None
    found: dict[str, object] = {}
    for statement in tree.body:
        if not all(_is_told(name, value, found) for name, value in _bindings(statement)):
            return None
    bound = (name for statement in tree.body for name, _ in _bindings(statement))
    return _complete(found, filter(_may_be_misspelt, bound))


def _is_told(name: str, value: ast.expr | None, found: dict[str, object]) -> bool:
    """Note a name's literal value; False where it is one of ours and its value is none."""
    try:
        found[name] = _literal(value, found)
    except ValueError:
        found.pop(name, None)
        if name == "branch_labels" or name in MARKS:
            found[name] = UNTOLD
            return True
        return name not in _NAMES
    return True


def _bindings(statement: ast.stmt) -> Iterator[tuple[str, ast.expr | None]]:
    """The names that a statement of a module binds, with their values; None where it is unclear."""
    match statement:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _targets(target, value)
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.AnnAssign(value=None):
            return
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield statement.name, None
            # a function may bind a module's name by `global`
            yield from ((n, None) for g in _globals(statement) for n in g.names)
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            if any(each.name == "*" for each in names):
                yield from ((name, None) for name in _NAMES)
            yield from (((each.asname or each.name).partition(".")[0], None) for each in names)
        case _:
            for node in ast.walk(statement):
                yield from ((name, None) for name in _bound_in(node))


def _bound_in(node: ast.AST) -> Iterator[str]:
    """The names that a node inside of a statement may bind."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name):
            yield name
        case ast.Import() | ast.ImportFrom():
            yield from (name for name, _ in _bindings(node))


def _targets(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr | None]]:
    match target, value:
        case ast.Name(id=name), _:
            yield name, value
        case ast.Tuple(elts=names), ast.Tuple(elts=values) if len(names) == len(values):
            for each, its in zip(names, values, strict=True):
                yield from _targets(each, its)
        case _:
            for node in ast.walk(target):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.id, None


def _globals(statement: ast.stmt) -> Iterator[ast.Global]:
    return (node for node in ast.walk(statement) if isinstance(node, ast.Global))


def _literal(value: ast.expr | None, known: Mapping[str, object]) -> object:
    """The value of a literal, or of a name that has one. Raises ValueError."""
    match value:
        case None:
            raise ValueError
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return tuple(_literal(part, known) for part in parts)
        case _:
            try:
                return ast.literal_eval(value)
            except (TypeError, SyntaxError, MemoryError, RecursionError) as error:
                raise ValueError from error


def _names_in_code(file: Path) -> Mapping[str, object] | None:
    """The same from compiled code: what a module's own code stores right after loading it."""
    code = code_of(file)
    if code is None:
        return None
    stored = _stored(code)
    return _complete(stored, filter(_may_be_misspelt, stored))


def _stored(code: CodeType) -> dict[str, object]:
    stored: dict[str, object] = {}
    before = None
    for now in dis.get_instructions(code):
        if now.opname in {"STORE_NAME", "DELETE_NAME"}:
            constant = before is not None and before.opname in {"LOAD_CONST", "RETURN_CONST"}
            # stored twice, or not from a constant: what it is in the end is not told
            known = constant and before is not None and now.argval not in stored
            stored[now.argval] = before.argval if known and before is not None else ...
        before = now
    return stored


def _complete(found: Mapping[str, object], others: Iterable[str]) -> Mapping[str, object] | None:
    """The names of the graph, if all that are needed are there and of their types; and marks.

    With the names of `others`, whose values nobody needs.
    """
    told = {name: found[name] for name in _NAMES if name in found}
    if not isinstance(told.get("revision"), str) or "down_revision" not in told:
        return None
    if not str(told["revision"]).strip() or not all(map(_is_value, told.values())):
        return None
    marks = {name: found[name] for name in MARKS if name in found}
    told |= {name: UNTOLD if mark is ... else mark for name, mark in marks.items()}
    return dict.fromkeys(others) | told


def _may_be_misspelt(name: str) -> bool:
    """Whether a name is long enough to be like a mark, and no other name that we know."""
    return len(name) >= _LEAST_OF_MARK and name not in _NAMES and name not in MARKS


def _is_value(value: object) -> bool:
    several = isinstance(value, tuple | list | set | frozenset)
    return value is None or isinstance(value, str) or (several and all(_is_text(v) for v in value))  # type: ignore[attr-defined]


def _is_text(value: object) -> bool:
    return isinstance(value, str)
