"""The phase of a revision is what its script says literally, and nothing else."""

import py_compile
from pathlib import Path

import pytest
from alembic.script import Script, ScriptDirectory

from headstart.facts.phase import Phase
from headstart.revisions.phase import phase_of
from headstart.revisions.script_graph import read_script
from headstart.verdict.errors import BrokenHistory

HEAD = "revision = 'b2'\ndown_revision = 'a1'\n"
BODY = "def upgrade():\n    headstart_phase = 'nothing of ours'\n"

SAID = {
    "nothing": ("", Phase.EXPAND),
    "contract": ("headstart_phase = 'contract'\n", Phase.CONTRACT),
    "expand": ("headstart_phase = 'expand'\n", Phase.EXPAND),
    "annotated": ("headstart_phase: str = 'contract'\n", Phase.CONTRACT),
    "by another name": ("KIND = 'contract'\nheadstart_phase = KIND\n", Phase.CONTRACT),
    "said twice": ("headstart_phase = 'x'\nheadstart_phase = 'contract'\n", Phase.CONTRACT),
}
WRONG = {
    "another word": ("headstart_phase = 'drop'\n", "is 'drop'"),
    "in capitals": ("headstart_phase = 'Contract'\n", "is 'Contract'"),
    "an empty text": ("headstart_phase = ''\n", "is ''"),
    "none": ("headstart_phase = None\n", "is None"),
    "a flag": ("headstart_phase = True\n", "is True"),
    "a tuple": ("headstart_phase = ('contract',)\n", "is a tuple"),
    "computed": ("import os\nheadstart_phase = os.environ.get('P')\n", "is computed"),
    "in an if": ("if True:\n    headstart_phase = 'contract'\n", "is computed"),
    "joined": ("headstart_phase = 'con'\nheadstart_phase += 'tract'\n", "is computed"),
}


def written(folder: Path, line: str, *, at_the_end: bool = False) -> Path:
    file = folder / "script.py"
    file.write_text(HEAD + (BODY + line if at_the_end else line + BODY))
    return file


def imported(file: Path) -> Script:
    script = Script._from_path(ScriptDirectory(str(file.parent), sourceless=True), file)
    assert script is not None
    return script


@pytest.mark.parametrize("at_the_end", [False, True], ids=["at the top", "behind upgrade()"])
@pytest.mark.parametrize(("line", "phase"), SAID.values(), ids=SAID)
def test_the_text_tells_the_phase(
    tmp_path: Path, line: str, phase: Phase, *, at_the_end: bool
) -> None:
    told = read_script(written(tmp_path, line, at_the_end=at_the_end), imported)
    assert told is not None
    assert phase_of(told) is phase


@pytest.mark.parametrize(("line", "phase"), SAID.values(), ids=SAID)
def test_an_imported_script_has_the_same(tmp_path: Path, line: str, phase: Phase) -> None:
    assert phase_of(imported(written(tmp_path, line))) is phase


@pytest.mark.parametrize("at_the_end", [False, True], ids=["at the top", "behind upgrade()"])
@pytest.mark.parametrize(("line", "said"), WRONG.values(), ids=WRONG)
def test_whatever_else_is_said_is_refused_and_leaves_the_graph_told(
    tmp_path: Path, line: str, said: str, *, at_the_end: bool
) -> None:
    file = written(tmp_path, line, at_the_end=at_the_end)
    told = read_script(file, imported)
    assert told is not None
    assert (told.revision, told.down_revision) == ("b2", "a1")
    with pytest.raises(BrokenHistory, match=said) as refused:
        phase_of(told)
    assert str(file) in str(refused.value)
    assert "headstart_phase = " in refused.value.next_step


@pytest.mark.parametrize("said", ["2", "object()", "None", "'drop'"])
def test_an_imported_attribute_that_is_no_phase_is_refused(tmp_path: Path, said: str) -> None:
    with pytest.raises(BrokenHistory, match="no phase"):
        phase_of(imported(written(tmp_path, f"headstart_phase = {said}\n")))


@pytest.mark.parametrize(
    ("line", "phase"),
    [("", Phase.EXPAND), ("headstart_phase = 'contract'\n", Phase.CONTRACT)],
    ids=["nothing", "contract"],
)
def test_compiled_code_tells_it_too(tmp_path: Path, line: str, phase: Phase) -> None:
    file = written(tmp_path, line)
    compiled = file.with_suffix(".pyc")
    py_compile.compile(str(file), str(compiled), doraise=True)
    file.unlink()
    told = read_script(compiled, imported)
    assert told is not None
    assert phase_of(told) is phase


def test_compiled_code_that_computes_it_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, WRONG["computed"][0])
    compiled = file.with_suffix(".pyc")
    py_compile.compile(str(file), str(compiled), doraise=True)
    file.unlink()
    told = read_script(compiled, imported)
    assert told is not None
    with pytest.raises(BrokenHistory, match="is computed"):
        phase_of(told)
