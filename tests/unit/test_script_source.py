"""Scripts are read as Python reads them; what nobody can read counts as if it could do anything."""

import compileall
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.revisions.known_states import digests
from headstart.revisions.project import Project, load_project
from headstart.revisions.script_source import (
    env_rolls_back,
    made_tables,
    mentions,
    scripts_with_autocommit,
)
from tests.harness.project import ProjectCopy, copy_plain

BODY = 'op.create_table("zahlungen", sa.Column("id", sa.Integer, comment="für Größen"))'
LEAVES = (
    'with op.get_context().autocommit_block():\n    op.execute("CREATE INDEX i ON accounts (id)")'
)

WRITTEN: dict[str, Callable[[str], bytes]] = {
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "latin-1": lambda text: b"# -*- coding: latin-1 -*-\n" + text.encode("latin-1"),
    "cp1252 on line 2": lambda text: (
        b"#!x\n# vim: set fileencoding=cp1252 :\n" + text.encode("cp1252")
    ),
    "utf-8-sig": lambda text: b"\xef\xbb\xbf# coding: utf-8-sig\n" + text.encode(),
    "windows line ends": lambda text: text.replace("\n", "\r\n").encode(),
    "old line ends": lambda text: text.replace("\n", "\r").encode(),
    "form feeds": lambda text: text.replace("def ", "\f\ndef ").encode(),
}


@pytest.fixture
def project(tmp_path: Path) -> ProjectCopy:
    """Give a copy of the plain project."""
    return copy_plain(tmp_path / "project")


def loaded(project: ProjectCopy) -> Project:
    """The project, with its scripts imported."""
    return load_project(project.ini, "head", ())


def compile_all(project: ProjectCopy, *, beside: bool) -> None:
    """Leave nothing but compiled code, beside the source as it was, or in __pycache__."""
    alembic = project.path / "alembic"
    assert compileall.compile_dir(str(alembic), quiet=1, legacy=beside)
    for file in alembic.rglob("*.py"):
        file.unlink()
    ini = Path(project.ini)
    ini.write_text(ini.read_text().replace("[alembic]", "[alembic]\nsourceless = true"))


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN.keys())
@pytest.mark.parametrize("body", [BODY, LEAVES], ids=["a table", "autocommit"])
def test_a_script_that_python_imports_is_read(
    project: ProjectCopy, written: Callable[[str], bytes], body: str
) -> None:
    file = project.add("0004", "0003", body)
    file.write_bytes(written(file.read_text()))
    found = loaded(project)
    ours = made_tables(found)
    assert ours.doubts == ()
    assert not mentions(file, re.compile("nothing that is there"))
    assert ((None, "zahlungen") in ours.names) is (body == BODY)
    leaving = [str(file)] if body == LEAVES else []
    assert scripts_with_autocommit(found, ["0003", "0004"]) == leaving


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN.keys())
def test_an_env_that_python_imports_is_read(
    project: ProjectCopy, written: Callable[[str], bytes]
) -> None:
    env = project.path / "alembic" / "env.py"
    text = env.read_text() + "\n# ü\ndef dry(x):\n    pass\n"
    env.write_bytes(written(text))
    assert not env_rolls_back(loaded(project))
    env.write_bytes(written(text.replace("    pass", "    x.rollback()")))
    assert env_rolls_back(loaded(project))


@pytest.mark.parametrize("beside", [True, False], ids=["beside", "__pycache__"])
def test_compiled_code_may_make_any_table_and_tells_what_it_mentions(
    project: ProjectCopy, beside: bool
) -> None:
    project.add("0004", "0003", LEAVES)
    project.add("0005", "0004", 'getattr(op.get_context(), "autocommit_block")()')
    compile_all(project, beside=beside)
    found = loaded(project)
    files = {script.revision: str(script.path) for script in found.scripts}
    assert set(files) == {"0001", "0002", "0003", "0004", "0005"}
    assert set(made_tables(found).doubts) == set(files.values())
    assert set(scripts_with_autocommit(found, files)) == {files["0004"], files["0005"]}
    assert not env_rolls_back(found)


def test_a_compiled_env_that_rolls_back_is_told(project: ProjectCopy) -> None:
    project.edit_env("import context", "import context\ndef dry(x): x.rollback()")
    compile_all(project, beside=True)
    assert env_rolls_back(loaded(project))


def test_a_file_that_nobody_can_read_counts_as_if_it_said_everything(
    project: ProjectCopy,
) -> None:
    file = project.add("0004", "0003", BODY)
    found = loaded(project)
    file.write_bytes(b"\xff")
    assert made_tables(found).doubts == (str(file),)
    assert mentions(file, re.compile("anything"))
    file.unlink()
    assert made_tables(found).doubts == (str(file),)
    assert scripts_with_autocommit(found, ["0004"]) == [str(file)]
    broken = file.with_suffix(".pyc")
    broken.write_bytes(b"none")
    assert mentions(broken, re.compile("anything"))


def test_the_digest_of_compiled_code_is_that_of_what_it_does(tmp_path: Path) -> None:
    projects = [copy_plain(tmp_path / name) for name in ("one", "other", "changed")]
    for each in projects:
        each.add("0004", "0003", "pass" if each is not projects[2] else 'op.drop_table("orders")')
        compile_all(each, beside=each is not projects[1])
    one, other, changed = (digests(loaded(each)) for each in projects)
    assert one == other
    assert {name for name in one if one[name] != changed[name]} == {"0004"}
