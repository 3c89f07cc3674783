"""Read what revision scripts and env.py say in their source, without running them.

Source is read by Python's own rules: its byte order mark, its coding cookie, its line ends. Where
there is none (Alembic's `sourceless`), the compiled code is looked at. What neither tells counts
as said: a script that imports is never an error here.
"""

import ast
import re
import warnings
from collections.abc import Iterable
from importlib.util import decode_source
from pathlib import Path

from alembic.util.pyfiles import pyc_file_from_path

from headstart.facts.state import OurTables
from headstart.patterns import pattern
from headstart.revisions.compiled import code_of, is_compiled, words_of
from headstart.revisions.project import Project
from headstart.revisions.script_indexes import ScriptIndexes, indexes_of
from headstart.revisions.script_tables import MadeTables, tables_of

_AUTOCOMMIT = pattern("autocommit_block")
_ROLLBACK = pattern("rollback")


def made_tables(project: Project) -> OurTables:
    """The tables that the scripts make, and the places that may make others.

    Costs 2 ms a script: ask only if it matters.
    """
    scripts: list[MadeTables] = []
    doubts: list[str] = []
    for script in project.scripts:
        file = Path(script.path)
        tree = _tree_of(file)
        made = tables_of(tree) if tree else MadeTables(frozenset(), 0, anywhere=True)
        scripts.append(made)
        if made.doubt is not None:
            doubts.append(f"{file}, line {made.doubt}" if made.doubt else f"{file}")
    return OurTables(
        frozenset(name for made in scripts for name in made.named),
        tuple(sorted(doubts)),
        anywhere=any(made.anywhere for made in scripts),
        views=frozenset(name for made in scripts for name in made.views),
        touched=frozenset(name for made in scripts for name in made.touched),
    )


def built_indexes(project: Project, revision: str) -> ScriptIndexes:
    """The indexes that the upgrade() of a revision names; none where there is no source."""
    files = [Path(script.path) for script in project.scripts if script.revision == revision]
    tree = _tree_of(files[0]) if files else None
    try:
        return ScriptIndexes() if tree is None else indexes_of(tree)
    except RecursionError:  # deeper than Python's own parser minds
        return ScriptIndexes()


def env_rolls_back(project: Project) -> bool:
    """Whether env.py calls rollback() itself, as one does that can make a dry run of an upgrade."""
    file = env_file(project)
    if not mentions(file, _ROLLBACK):
        return False
    tree = None if is_compiled(file) else _tree_of(file)
    return tree is None or any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "rollback"
        for node in ast.walk(tree)
    )


def env_mentions(project: Project, word: str) -> bool:
    """Whether env.py has a word in its text."""
    return mentions(env_file(project), re.compile(re.escape(word)))


def env_file(project: Project) -> Path:
    """Where env.py is, or its compiled code."""
    file = Path(project.directory.env_py_location)
    # where there is no source, Alembic looks for compiled code
    return file if file.is_file() else Path(pyc_file_from_path(file) or file)


def scripts_with_autocommit(project: Project, revisions: Iterable[str]) -> list[str]:
    """The files of those revisions whose source uses op.get_context().autocommit_block()."""
    wanted = frozenset(revisions)
    files = [str(script.path) for script in project.scripts if script.revision in wanted]
    return [file for file in files if _uses_autocommit(Path(file))]


def mentions(file: Path, pattern: re.Pattern[str]) -> bool:
    """Whether a script has what `pattern` describes; one whose text nobody can read counts."""
    if is_compiled(file):
        code = code_of(file)
        return code is None or any(map(pattern.search, words_of(code)))
    try:
        text = decode_source(file.read_bytes())
    except (OSError, ValueError, SyntaxError):
        return True
    return pattern.search(text) is not None


def _uses_autocommit(file: Path) -> bool:
    # parsing costs a millisecond a script, so only those that have the word are parsed
    if not mentions(file, _AUTOCOMMIT):
        return False
    tree = None if is_compiled(file) else _tree_of(file)
    return tree is None or any(map(_is_autocommit, ast.walk(tree)))


def _is_autocommit(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr=word) | ast.Constant(value=str() as word):  # getattr(.., word)
            return _AUTOCOMMIT.fullmatch(word) is not None
        case _:
            return False


def _tree_of(file: Path) -> ast.Module | None:
    """The source as Python parses it; None if there is none, or none that it can parse."""
    if is_compiled(file):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said when it was imported
        try:
            return ast.parse(file.read_bytes())
        except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
            return None
