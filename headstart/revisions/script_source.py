"""What revision scripts say in their source, read without running them."""

import ast
from collections.abc import Iterable
from pathlib import Path

from headstart.revisions.project import Project

_AUTOCOMMIT = "autocommit_block"


def scripts_with_autocommit(project: Project, revisions: Iterable[str]) -> list[str]:
    """The files of those revisions whose source uses op.get_context().autocommit_block()."""
    wanted = frozenset(revisions)
    files = [str(script.path) for script in project.scripts if script.revision in wanted]
    return [file for file in files if _uses_autocommit(file)]


def _uses_autocommit(file: str) -> bool:
    source = Path(file).read_text(encoding="utf-8")
    # parsing costs a millisecond a script, so only those that have the word are parsed
    return _AUTOCOMMIT in source and any(
        isinstance(node, ast.Attribute) and node.attr == _AUTOCOMMIT
        for node in ast.walk(ast.parse(source))
    )
