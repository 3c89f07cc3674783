"""Reading a script line by line tells what parsing it tells, and no script lies that is plain."""

from itertools import product
from pathlib import Path

import pytest
from alembic.script import Script, ScriptDirectory

from headstart.revisions.script_text import (
    is_plain,
    names_by_lines,
    names_by_statements,
    names_in,
)
from tests.harness.environment import ROOT
from tests.unit.test_script_graph import TOLD, UNTOLD, graph_of

SCRIPTS = sorted(
    file for folder in ("alembic", "tests", "examples") for file in (ROOT / folder).rglob("*.py")
)
TEMPLATE = '''"""{title}

Revision ID: {revision}
Revises: {parent}
Create Date: 2026-11-30 10:00:00.000000

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '{revision}'
down_revision: Union[str, Sequence[str], None] = '{parent}'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


'''
"""As Alembic 1.16 writes it, up to upgrade()."""
LINES = (
    *("revision = 'b2'\n", 'down_revision: "str|None" = "a1"\n', "depends_on = ('x', 'y')\n"),
    *("revision = ''\n", "revision: \" = 'b2'\n", "revision: int = 3; depends_on = 'b2'\n"),
    *("revision = 'b' '2'\n", "revision = 'b\\x32'\n", 'revision = """b2"""\n', "revision=r'b2'\n"),
    *(
        "revision: x == 'b2'\n",
        "revision: x := 'b2'\n",
        "revision = 'b2' # it\n",
        "revision: #='x'\n",
    ),
    *("revision, down_revision = 'b2', 'a1'\n", "# coding: utf-7\n", '"""\xe9"""\n'),
    *(
        "revision = 'b+AGE-'; down_revision = 'a1'\n",
        "revision = '\xe9'\n",
        "down_revision = 'a1'\n",
    ),
    *("ID = 'b2'\n", "revision = ID\n", "revision = other\n", "branch_labels = other\n", "\n"),
    *("from os import *\n", "from os import sep as revision\n", "import os; os = 1\n", "if 1:\n"),
    *(
        "if 1: revision = 'c3'\n",
        " revision = 'c3'\n",
        "else: pass\n",
        "x = (\n",
        ")\n",
        "x = \\\n",
    ),
    *('"""\n', "'''\n", '"""text"""\n', "# coding: latin-1\n", "# \xe9\n", "x = '\xe9'\n", "\0\n"),
    *("from __future__ import barry_as_FLUFL\n", "1 != 2\n", "x = 1\r", "del depends_on\n"),
    *(
        "revision = 'b2'\x0c\n",
        "\x0c\n",
        "headstart_phase = 'contract'\n",
        "headstart_phase = f()\n",
    ),
)


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_script_of_any_project_tells_the_same_by_its_lines(file: Path) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    for end in range(min(len(lines), 40)):
        refuse_difference(b"".join(lines[:end]))


@pytest.mark.parametrize("texts", [*TOLD.values(), *UNTOLD.values()], ids=[*TOLD, *UNTOLD])
def test_any_way_of_writing_it_tells_the_same_by_its_lines(texts: str) -> None:
    for begin in ("", '"""Title"""\n', '# note\n\n"""Title\n\nmore\n"""\n'):
        refuse_difference(f"{begin}{texts}".encode())


@pytest.mark.parametrize("first", LINES, ids=repr)
def test_three_lines_in_any_order_tell_the_same(first: str) -> None:
    for second, third in product(LINES, LINES):
        refuse_difference(f"{first}{second}{third}".encode("latin-1"))


def refuse_difference(head: bytes) -> None:
    told = names_by_lines(head)
    assert told is None or told == names_by_statements(head), head


def test_the_lines_of_alembics_own_template_are_enough() -> None:
    """Else nothing would be gained, and the tests above could not fail."""
    head = TEMPLATE.format(title="Add it", revision="b2", parent="a1").encode()
    told = names_by_lines(head)
    assert told == names_by_statements(head)
    assert told is not None
    assert (told["revision"], told["down_revision"]) == ("b2", "a1")


LIES = {
    "globals": "globals()['down_revis' 'ion'] = 'z9'",
    "locals": "locals()['down_revis' 'ion'] = 'z9'",
    "vars": "vars()['down_revis' 'ion'] = 'z9'",
    "exec": "exec('down_revis' 'ion = \"z9\"')",
    "a comprehension of exec": "[*map(exec, ['down_revis' 'ion = \"z9\"'])]",
    "eval": "eval('(down_revis' 'ion := \"z9\")')",
    "a frame": "import sys\nsys._getframe().f_locals['down_revis' 'ion'] = 'z9'",
    "inspect": "import inspect\ninspect.currentframe().f_locals['down_revis' 'ion'] = 'z9'",
    "a function's dict": "later.__globals__['down_revis' 'ion'] = 'z9'",
    "a called global": (
        "def set_it():\n    global down_revision\n    down_revision = 'z9'\nset_it()"
    ),
    "in an if": "if later:\n    down_revision = 'z9'",
    "in a loop": "for number in [1]:\n    down_revision = 'z9'",
    "behind a semicolon": "x = 1; down_revision = 'z9'",
    "an import": "if later:\n    from os import sep as down_revision",
}
"""What makes another name of down_revision as the script is imported; naming it, or not."""


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_script_whose_text_lies_is_not_plain(lie: str, tmp_path: Path) -> None:
    source = f"revision = 'b2'\ndown_revision = 'a1'\ndef later(): pass\n{lie}\n"
    told, file = names_in(source.encode()), tmp_path / "script.py"
    file.write_text(source)
    script = Script._from_path(ScriptDirectory(str(tmp_path)), file)
    assert graph_of(script)[1] in {"z9", "/"}  # else this would be no lie
    assert told is None or not is_plain(source.encode())


def test_a_script_does_not_find_its_own_module(tmp_path: Path) -> None:
    """Else setattr(), __dict__ and an assignment to an attribute would be ways to lie, too."""
    file = tmp_path / "script.py"
    file.write_text("import sys\nrevision = 'b2'\ndown_revision = None\nsys.modules[__name__]\n")
    with pytest.raises(KeyError, match="script_py"):
        Script._from_path(ScriptDirectory(str(tmp_path)), file)


def test_what_scripts_usually_do_is_plain() -> None:
    body = 'def upgrade():\n    op.execute("UPDATE t SET x = 1")\n    op.create_table("t")\n'
    assert is_plain((TEMPLATE.format(title="Add", revision="b2", parent="a1") + body).encode())
