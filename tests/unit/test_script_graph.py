"""The graph as the text of the scripts tells it is the one that Alembic imports, or untold."""

import py_compile
from pathlib import Path

import pytest
from alembic.script import Script, ScriptDirectory

from headstart.revisions.script_graph import read_script
from headstart.revisions.script_text import names_in

TOLD = {
    "plain": "revision = 'b2'\ndown_revision = 'a1'\n",
    "annotated": "revision: str = 'b2'\ndown_revision: str | None = 'a1'\n",
    "on one line": "revision = 'b2'; down_revision = 'a1'",
    "at once": "revision, down_revision = 'b2', 'a1'\n",
    "chained": "revision = name = 'b2'\ndown_revision = 'a1'\n",
    "by another name": "ID = 'b2'\nrevision = ID\ndown_revision = 'a1'\n",
    "several parents": "revision = 'b2'\ndown_revision = ('a1', 'a2')\n",
    "a list of parents": "revision = 'b2'\ndown_revision = ['a1', 'a2']\n",
    "no parent": "revision = 'b2'\ndown_revision = None\n",
    "all four": (
        "revision = 'b2'\ndown_revision = 'a1'\nbranch_labels = ('x',)\ndepends_on = ('c', 'd')\n"
    ),
    "joined literals": "revision = 'b' '2'\ndown_revision = 'a1'\n",
    "said twice": "revision = 'old'\nrevision = 'b2'\ndown_revision = 'a1'\n",
    "after a function": "def helper(): pass\nrevision = 'b2'\ndown_revision = 'a1'\n",
    "said again after a function": (
        "revision = 'old'\ndown_revision = 'a1'\ndef helper(): pass\nrevision = 'b2'\n"
    ),
    "a text that looks like a function": (
        '"""Add\ndef upgrade():\n"""\nrevision = \'b2\'\ndown_revision = \'a1\'\n'
    ),
    "other names are computed": (
        "import os\nHOME = os.environ.get('HOME')\nrevision = 'b2'\ndown_revision = 'a1'\n"
    ),
    "a function with a local of the name": (
        "revision = 'b2'\ndown_revision = 'a1'\ndef upgrade():\n    revision = 1\n"
    ),
}
UNTOLD = {
    "computed": "import os\nrevision = 'b' + str(2)\ndown_revision = 'a1'\n",
    "called": "revision = str('b2')\ndown_revision = 'a1'\n",
    "in an if": "revision = 'b2'\ndown_revision = 'a1'\nif True:\n    revision = 'c3'\n",
    "in a loop": "down_revision = 'a1'\nfor revision in ['b2']:\n    pass\n",
    "in a try": "down_revision = 'a1'\ntry:\n    revision = 'b2'\nexcept ValueError:\n    pass\n",
    "in a with": (
        "import contextlib\ndown_revision = 'a1'\n"
        "with contextlib.nullcontext('b2') as revision:\n    pass\n"
    ),
    "imported": "from os import name as revision\ndown_revision = 'a1'\n",
    "a star": "revision = 'b2'\ndown_revision = 'a1'\nfrom os.path import *\n",
    "augmented": "revision = 'b'\nrevision += '2'\ndown_revision = 'a1'\n",
    "a walrus": "down_revision = 'a1'\nprint(revision := 'b2')\n",
    "unpacked": "revision, down_revision = ['b2', 'a1']\n",
    "starred": "revision, *down_revision = 'b2', 'a1'\n",
    "deleted": "revision = 'b2'\ndown_revision = 'a1'\ndepends_on = 'x'\ndel depends_on\n",
    "a function by the name": (
        "revision = 'b2'\ndown_revision = 'a1'\nif 1:\n    def depends_on(): pass\n"
    ),
    "an import in a try": (
        "revision = 'b2'\ndown_revision = 'a1'\n"
        "try:\n    from os import sep as depends_on\nexcept ImportError:\n    pass\n"
    ),
    "a number": "revision = 2\ndown_revision = None\n",
    "an empty id": "revision = ''\ndown_revision = None\n",
    "no parent said": "revision = 'b2'\n",
    "no id": "down_revision = 'a1'\n",
    "no Python": "revision = 'b2'\ndown_revision = 'a1'\nelse\n",
}
WRITTEN = {
    "utf-8": lambda text: text.encode(),
    "with a byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "latin-1": lambda text: ("# -*- coding: latin-1 -*-\n# \xe9\n" + text).encode("latin-1"),
    "windows line ends": lambda text: text.replace("\n", "\r\n").encode(),
    "old line ends": lambda text: text.replace("\n", "\r").encode(),
}


def graph_of(script: object) -> tuple[object, ...]:
    names = ("revision", "down_revision", "dependencies", "_orig_branch_labels")
    return tuple(getattr(script, name) for name in names)


def imported(file: Path) -> Script:
    """What Alembic makes of the script."""
    script = Script._from_path(ScriptDirectory(str(file.parent), sourceless=True), file)
    assert script is not None
    return script


@pytest.mark.parametrize("text", TOLD.values(), ids=TOLD.keys())
@pytest.mark.parametrize("write", WRITTEN.values(), ids=WRITTEN.keys())
def test_what_is_told_is_what_alembic_imports(tmp_path: Path, text: str, write: object) -> None:
    file = tmp_path / "script.py"
    file.write_bytes(write(text))  # type: ignore[operator]
    told = read_script(file, imported)
    assert told is not None
    assert graph_of(told) == graph_of(imported(file))


@pytest.mark.parametrize("text", UNTOLD.values(), ids=UNTOLD.keys())
def test_what_is_not_literal_is_untold(text: str) -> None:
    assert names_in(text.encode()) is None


@pytest.mark.parametrize("name", [name for name in TOLD if "text that looks" not in name])
def test_compiled_code_tells_the_same_or_nothing(tmp_path: Path, name: str) -> None:
    source, file = tmp_path / "script.py", tmp_path / "script.pyc"
    source.write_text(TOLD[name])
    py_compile.compile(str(source), str(file), doraise=True)
    source.unlink()
    told = read_script(file, imported)
    assert told is None or graph_of(told) == graph_of(imported(file))


@pytest.mark.parametrize("name", ["plain", "annotated", "several parents", "no parent", "all four"])
def test_compiled_code_tells_what_alembics_own_template_writes(tmp_path: Path, name: str) -> None:
    source, file = tmp_path / "script.py", tmp_path / "script.pyc"
    source.write_text(TOLD[name])
    py_compile.compile(str(source), str(file), doraise=True)
    assert read_script(file, imported) is not None


def test_a_script_that_goes_on_with_a_syntax_error_is_told_by_its_head() -> None:
    """Whoever imports it will tell; for a check its function is of no use."""
    assert names_in(b"revision = 'b2'\ndown_revision = 'a1'\ndef upgrade(:\n") is not None
