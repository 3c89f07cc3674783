"""An image that is not the one of its fingerprints file is not answered for."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.program import run_headstart
from tests.harness.project import write_anew
from tests.harness.server import empty_database
from tests.integration.fingerprinting import edit, password_of, passwordless
from tests.integration.gate_stage import assert_closed, assert_open, build, git, is_answered, opened
from tests.integration.known_stage import KnownStage

pytestmark = ON_ONE_SERVER


def _script(stage: KnownStage) -> Path:
    return next(stage.project.versions.glob("0003*.py"))


def _add(stage: KnownStage) -> None:
    stage.project.add("0004", "0003")


def _second_head(stage: KnownStage) -> None:
    stage.project.add("0003b", "0002")


def _note(stage: KnownStage) -> None:
    (stage.project.versions / "README").write_text("read me")


def _remove_head(stage: KnownStage) -> None:
    stage.project.remove("0003")


def _remove_other(stage: KnownStage) -> None:
    stage.project.remove("0001")


def _rename(stage: KnownStage) -> None:
    _script(stage).rename(stage.project.versions / "0003_other.py")


def _edit_head(stage: KnownStage) -> None:
    edit(stage.project, "def upgrade", "def helper(): pass\ndef upgrade", "0003")


def _edit_other(stage: KnownStage) -> None:
    """A script that is no head: its id breaks the history."""
    script = next(stage.project.versions.glob("0002*.py"))
    write_anew(script, script.read_text().replace("0002", "0009"))


def _other_id(stage: KnownStage) -> None:
    """The name stays, and another revision is in it."""
    text = _script(stage).read_text().replace("0003", "0004").replace("'0002'", "'0003'")
    write_anew(_script(stage), text)


def _folder_over(stage: KnownStage) -> None:
    for file in stage.project.versions.glob("*.py"):
        file.unlink()


def _whole_folder_over(stage: KnownStage) -> None:
    (stage.project.path / "alembic").rename(stage.project.path / "away")
    (stage.project.path / "alembic").mkdir()


def _ini(stage: KnownStage) -> None:
    ini = Path(stage.project.ini)
    ini.write_text(ini.read_text() + "\n[more]\nx = 1\n")


def _env(stage: KnownStage) -> None:
    stage.project.edit_env("target_metadata = None", "target_metadata = None  # none")


def _no_env(stage: KnownStage) -> None:
    (stage.project.path / "alembic" / "env.py").unlink()


def _no_file(stage: KnownStage) -> None:
    stage.file.unlink()


def _no_header(stage: KnownStage) -> None:
    lines = stage.file.read_text().splitlines(keepends=True)
    stage.file.write_text("".join(line for line in lines if not line.startswith("gate\t")))


def _truncated(stage: KnownStage) -> None:
    text = stage.file.read_text()
    stage.file.write_text(text[: len(text) * 2 // 3])


def _cut_by_a_line(stage: KnownStage) -> None:
    text = stage.file.read_text()
    stage.file.write_text(text[: text.rstrip("\n").rfind("\n") + 1])


def _edited_states(stage: KnownStage) -> None:
    stage.file.write_text(stage.file.read_text().replace("accounts", "accountz"))


def _edited_meta(stage: KnownStage) -> None:
    stage.file.write_text(stage.file.read_text().replace("meta {", "meta { ", 1))


def _edited_header(stage: KnownStage) -> None:
    """An object less to look at."""
    text = stage.file.read_text()
    assert "\t\tinvoices" in text
    stage.file.write_text(text.replace("\t\tinvoices", "", 1))


CHANGES: list[Callable[[KnownStage], None]] = [
    _add, _second_head, _note, _remove_head, _remove_other, _rename, _edit_head, _edit_other,
    _other_id, _folder_over, _whole_folder_over, _ini, _env, _no_env, _no_file, _no_header,
    _truncated,
    _cut_by_a_line, _edited_states, _edited_meta, _edited_header,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.strip("_"))
def test_another_image(known: KnownStage, change: Callable[[KnownStage], None]) -> None:
    opened(known)
    change(known)
    assert_closed(known, "check")


def test_line_ends_of_another_system_are_none_of_its_business(known: KnownStage) -> None:
    opened(known)
    known.file.write_bytes(known.file.read_bytes().replace(b"\n", b"\r\n"))
    script = _script(known)
    script.write_bytes(script.read_bytes().replace(b"\n", b"\r\n"))
    assert_open(known, "check")


def test_a_compiled_script_is_no_change(known: KnownStage) -> None:
    opened(known)
    cache = known.project.versions / "__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "0004.cpython-311.pyc").write_bytes(b"")
    assert_open(known, "check")


def _branch(stage: KnownStage, name: str, revision: str) -> None:
    assert git(stage, "checkout", "-q", "-b", name, "first").exit_code == 0
    body = f'op.execute("CREATE TABLE of_{name} (id int)")'
    stage.project.add(revision, "0003", body)
    build(stage)
    for command in (["add", "-A"], ["commit", "-q", "-m", name]):
        assert git(stage, *command).exit_code == 0


@pytest.mark.parametrize("how", [[], ["-X", "ours"], ["-X", "theirs"]], ids=["conflict", "o", "t"])
def test_a_file_that_a_merge_has_made_of_two(known: KnownStage, how: list[str]) -> None:
    """Whatever the merge makes of it: a script is there that its header does not name."""
    (known.project.path / ".gitignore").write_text("__pycache__\nwith_url.ini\n")
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        assert git(known, *command).exit_code == 0
    assert git(known, "branch", "first").exit_code == 0
    _branch(known, "ann", "0004a")
    _branch(known, "bob", "0004b")
    opened(known)
    git(known, "merge", "-q", *how, "ann", "-m", "both")
    assert_closed(known, "check", HEADSTART_TARGET="heads")
    assert_closed(known, "check")


def test_env_py_of_one_branch_and_states_of_another(known: KnownStage) -> None:
    """Two changes that git merges without a word; the file is none that was ever built."""
    build(known)
    first = known.file.read_text().splitlines(keepends=True)
    known.project.edit_env("target_metadata = None", "target_metadata = None  # edited")
    build(known)
    second = known.file.read_text().splitlines(keepends=True)
    (own,) = (line for line in second if line not in first and "env.py" in line)
    (old,) = (line for line in first if line.startswith("gate\tfile\tenv.py\t"))
    known.file.write_text("".join(own if line == old else line for line in first))
    assert_closed(known, "run", "run", "check")


PYPROJECT = "[tool.alembic]\nscript_location = 'other'\n"


def test_where_a_pyproject_toml_says_something_else(known: KnownStage) -> None:
    """Alembic takes its options from the one in the current folder, too."""
    folder = known.project.path
    environ = {"DATABASE_URL": known.database.url, "HEADSTART_ALEMBIC_INI": known.project.ini}
    with empty_database(known.database.server) as scratch:
        url = ["--url", passwordless(scratch), "--once"]
        built = run_headstart(
            "fingerprint", "build", *url, env=environ | password_of(scratch), cwd=folder
        )
    assert built.exit_code == 0, built.stderr
    run_headstart(env=environ, cwd=folder)
    assert is_answered(run_headstart(env=environ, cwd=folder))
    (folder / "pyproject.toml").write_text(PYPROJECT)
    assert not is_answered(run_headstart("check", env=environ, cwd=folder))
    (folder / "pyproject.toml").unlink()
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "pyproject.toml").write_text(PYPROJECT)
    assert not is_answered(run_headstart("check", env=environ, cwd=elsewhere))


MODELS = "import models_of_app\ntarget_metadata = models_of_app.meta"
MODULE = "from sqlalchemy import MetaData\nmeta = MetaData()\n"


def test_a_module_that_env_py_imports(known: KnownStage) -> None:
    module = known.project.path / "models_of_app.py"
    module.write_text(MODULE)
    ini = Path(known.project.ini)
    ini.write_text(ini.read_text().replace("prepend_sys_path = .", "prepend_sys_path = %(here)s"))
    known.project.edit_env("target_metadata = None", MODELS)
    opened(build(known))
    write_anew(module, f"{MODULE}schema = 'b'\n")
    assert_closed(known, "check")
    module.unlink()
    assert_closed(known, "check")
