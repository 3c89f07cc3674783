"""Scripts are read by Python's own rules, and compiled ones by their code."""

import compileall
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import ProjectCopy
from tests.integration.known_stage import KnownStage, rebuild
from tests.integration.stage import Stage, assert_untouched


def sourceless(project: ProjectCopy) -> None:
    """Leave nothing but compiled code, as Alembic's `sourceless` allows."""
    alembic = project.path / "alembic"
    assert compileall.compile_dir(str(alembic), ddir="elsewhere", quiet=1, legacy=True)
    for file in alembic.rglob("*.py"):
        file.unlink()
    ini = Path(project.ini)
    ini.write_text(ini.read_text().replace("[alembic]", "[alembic]\nsourceless = true"))


def with_mark(project: ProjectCopy) -> None:
    """Begin each file with a byte order mark, as some editors do."""
    for file in (project.path / "alembic").rglob("*.py"):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())


def in_latin_1(project: ProjectCopy) -> None:
    """Say in each file that it is not UTF-8, and mean it."""
    for file in (project.path / "alembic").rglob("*.py"):
        text = f"# coding: latin-1\n# für Größen\n{file.read_text()}"
        file.write_bytes(text.encode("latin-1"))


def with_windows_line_ends(project: ProjectCopy) -> None:
    """End each line as Windows does, as an editor or git may."""
    for file in (project.path / "alembic").rglob("*.py"):
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))


def with_form_feeds(project: ProjectCopy) -> None:
    """Have a form feed between the parts, as GNU's sources do; Python takes it for a blank."""
    for file in (project.path / "alembic").rglob("*.py"):
        file.write_bytes(file.read_bytes().replace(b"\ndef ", b"\n\x0c\ndef "))


def with_mark_and_cookie(project: ProjectCopy) -> None:
    """Say UTF-8 twice."""
    for file in (project.path / "alembic").rglob("*.py"):
        file.write_bytes(b"\xef\xbb\xbf# -*- coding: utf-8 -*-\n" + file.read_bytes())


REWRITES = [
    sourceless,
    with_mark,
    in_latin_1,
    with_windows_line_ends,
    with_form_feeds,
    with_mark_and_cookie,
]


@pytest.mark.parametrize("rewrite", REWRITES)
@ON_ONE_SERVER
def test_source_of_every_kind_is_read_or_every_table_counts(
    stage: Stage, rewrite: Callable[[ProjectCopy], None]
) -> None:
    rewrite(stage.project)
    assert stage.run(HEADSTART_TARGET="0002").verdict["outcome"] == "upgraded"
    stage.database.execute("DROP TABLE alembic_version")
    told = assert_untouched(stage)
    assert "present: public.accounts, public.orders; missing: " in told
    ended = stage.run(HEADSTART_BASELINE="0002")
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "baselined")
    assert [step["revision"] for step in ended.verdict["applied"]] == ["0003"]


@pytest.mark.parametrize("rewrite", REWRITES)
@ON_ONE_SERVER
def test_source_of_every_kind_has_fingerprints(
    known: KnownStage, rewrite: Callable[[ProjectCopy], None]
) -> None:
    rewrite(known.project)
    known.file.unlink()
    rebuild(known)
    known.make_exactly("0002")
    ended = known.run()
    assert (ended.exit_code, ended.verdict["proof"]) == (0, "fingerprint"), ended.verdict
    assert [step["revision"] for step in ended.verdict["applied"]] == ["0003"]


@ON_ONE_SERVER
def test_a_compiled_autocommit_block_is_refused_where_it_cannot_run(stage: Stage) -> None:
    body = 'with op.get_context().autocommit_block():\n    op.execute("SELECT 1")'
    stage.project.add("0004", "0003", body)
    stage.project.edit_env("connectable.connect()", "connectable.begin()")
    sourceless(stage.project)
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (24, "broken_history"), ended.verdict
    assert "0004.pyc: an autocommit_block cannot run" in ended.verdict["error"]["message"]
    assert stage.tables() == set()


@ON_ONE_SERVER
def test_a_compiled_revision_that_raises_is_named_by_its_file(stage: Stage) -> None:
    stage.project.add("0004", "0003", 'raise ValueError("no")')
    sourceless(stage.project)
    message = stage.run().verdict["error"]["message"]
    file = stage.project.versions / "0004.pyc"
    assert message == f"revision 0004 raised: {file}: ValueError: no"
