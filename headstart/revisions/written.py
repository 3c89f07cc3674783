"""Which values stand in the code: only a row of such values may be known by a digest.

The file of fingerprints is committed, and a digest of few or of short values can be guessed. What
stands in the code needs no secrecy; what a script took from elsewhere (a password from the
environment) is other in each deployment, and proves nothing there.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from headstart.patterns import pattern

_DATA = frozenset({".sql", ".json", ".csv", ".tsv", ".yaml", ".yml"})
"""Files beside the scripts that they may take rows from."""
_FOREIGN = frozenset({"site-packages", "dist-packages", "node_modules"})
_TELLS_NOTHING = pattern(r"-?\d{1,3}|t|f|\{\}")
"""Short numbers, true, false and an empty array: a script may count or compute them."""
_ALSO_WRITTEN = (("\\", "\\\\"), ("'", "''"), ("%", "%%"), (":", "\\:"), ("\n", "\\n"))
"""As SQL, a driver and SQLAlchemy's text() want it."""


class Written:
    """The texts of a project's code: its script, the modules of the app, and files of data."""

    def __init__(self, scripts: Path, roots: Iterable[Path]) -> None:
        """Look beside the scripts for data, and below the roots for modules that are imported."""
        self._scripts, self._roots = scripts, tuple(roots)
        self._texts: dict[Path, str] = {}

    def stands_in_code(self, value: str, script: Path) -> bool:
        """Whether somebody has written this value down."""
        if _TELLS_NOTHING.fullmatch(value):
            return True
        forms = {value}
        for plain, escaped in _ALSO_WRITTEN:
            forms |= {form.replace(plain, escaped) for form in forms}
        every = (self._text(path) for path in (script, *self._modules(), *self._data))
        return any(form in text for text in every for form in forms)

    def _text(self, path: Path) -> str:
        if path not in self._texts:
            self._texts[path] = _code(path) if path.suffix not in _DATA else _text(path)
        return self._texts[path]

    def _modules(self) -> Iterator[Path]:
        for module in list(sys.modules.values()):
            path = Path(getattr(module, "__file__", None) or "")
            if path.suffix == ".py" and any(_is_below(path, root) for root in self._roots):
                yield path

    @cached_property
    def _data(self) -> tuple[Path, ...]:
        return tuple(path for path in self._scripts.rglob("*") if path.suffix in _DATA)


def _is_below(path: Path, root: Path) -> bool:
    return path.is_relative_to(root) and _FOREIGN.isdisjoint(path.relative_to(root).parts)


def _code(path: Path) -> str:
    """The constants of Python's source, one a line; nothing of what is no source."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, ValueError, SyntaxError):
        return ""
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return "\n".join(str(each) for each in constants if isinstance(each, str | int | float))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
