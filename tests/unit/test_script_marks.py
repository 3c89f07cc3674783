"""What scripts say to headstart is clear, or refused; what is only like it is named."""

import py_compile
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.script import Script, ScriptDirectory

from headstart.facts.state import History
from headstart.revisions.script_graph import AnyScript, ScriptText, read_script
from headstart.revisions.script_marks import misspelt_in, refuse_hidden, refuse_unclear
from headstart.verdict.errors import BrokenHistory

HISTORY = History(
    {"a": frozenset(), "b": frozenset("a"), "x": frozenset("a"), "c": frozenset("b")},
    frozenset("c"),
    replaced={"a": ("old", "older")},
)
UPGRADE = "def upgrade():\n    pass\n"


def written(folder: Path, line: str, *, at_the_end: bool = False) -> Path:
    file = folder / "script.py"
    head = "revision = 'c'\ndown_revision = 'b'\n"
    file.write_text(head + (UPGRADE + line if at_the_end else f"{line}\n{UPGRADE}"))
    return file


def told(file: Path) -> ScriptText:
    script = read_script(file, lambda _: None)
    assert script is not None
    return script


def imported(file: Path) -> Script:
    script = Script._from_path(ScriptDirectory(str(file.parent), sourceless=True), file)
    assert script is not None
    return script


def compiled(file: Path) -> ScriptText:
    code = file.with_suffix(".pyc")
    py_compile.compile(str(file), str(code), doraise=True)
    file.unlink()
    return told(code)


SINCE = "headstart_compatible_since = "


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (f"{SINCE}'nope'", "names 'nope'"),
        (f"{SINCE}'c'", "names 'c'"),
        (f"{SINCE}'x'", "names 'x'"),
        (f"{SINCE}'a+nope'", "names 'nope'"),
        (f"{SINCE}'a+'", "names ''"),
        (f"{SINCE}'base'", "names 'base'"),
        (f"{SINCE}['a']", "is not a revision"),
        ("headstart_phase = 'Contract'", "is 'Contract', which is no phase"),
        ("headstart_compatible = 'no'", "is not True or False"),
    ],
)
@pytest.mark.parametrize("read", [told, imported])
def test_a_mark_that_nobody_could_heed_is_refused(
    tmp_path: Path, read: Callable[[Path], AnyScript], line: str, why: str
) -> None:
    with pytest.raises(BrokenHistory, match=why) as refused:
        refuse_unclear([read(written(tmp_path, line))], HISTORY)
    assert "script.py" in str(refused.value)


@pytest.mark.parametrize("floor", ["a", "b", "a + b", "old", " b "])
def test_a_floor_is_a_revision_of_before_or_one_that_was_squashed(
    tmp_path: Path, floor: str
) -> None:
    refuse_unclear([told(written(tmp_path, f"{SINCE}{floor!r}"))], HISTORY)


MISSPELT = {
    "headstart_compatable": "headstart_compatible",
    "headstart_compatibel_since": "headstart_compatible_since",
    "headstart_phases": "headstart_phase",
    "HEADSTART_PHASE": "headstart_phase",
    "head_start_phase": "headstart_phase",
    "heastart_phase": "headstart_phase",
    "headstart_replace": "headstart_replaces",
}


BEHIND = [name for name in MISSPELT if name.lower().startswith("headstart_")]
"""Behind the head only what begins so is looked for."""


@pytest.mark.parametrize(
    ("name", "at_the_end"),
    [*((name, False) for name in MISSPELT), *((name, True) for name in BEHIND)],
)
def test_a_name_that_is_nearly_a_mark_is_named(
    tmp_path: Path, name: str, *, at_the_end: bool
) -> None:
    file = written(tmp_path, f"{name} = True\n", at_the_end=at_the_end)
    for script in (told(file), imported(file), compiled(file)):
        (found,) = misspelt_in([script])
        assert (found.name, found.meant) == (name, MISSPELT[name])
        assert name in found.cause


@pytest.mark.parametrize(
    "line",
    ["headstart_table = 1", "TABLE_PREFIX = 'x'", "def headstart(): ...", "import collections"],
)
def test_what_is_not_like_one_is_nobodys_business(tmp_path: Path, line: str) -> None:
    file = written(tmp_path, line)
    assert not [*misspelt_in([told(file), imported(file)])]


@pytest.mark.parametrize(
    "line",
    ["globals()['headstart_phase'] = 'contract'", "exec('headstart_compatible = False')"],
)
def test_what_only_the_module_says_is_refused(tmp_path: Path, line: str) -> None:
    file = written(tmp_path, line)
    with pytest.raises(BrokenHistory, match="than it has when it is imported"):
        refuse_hidden(told(file), imported(file))


@pytest.mark.parametrize("line", ["headstart_replaces = ['r1']", "", "headstart_phase = 'expand'"])
def test_what_both_say_alike_is_fine(tmp_path: Path, line: str) -> None:
    file = written(tmp_path, line)
    refuse_hidden(told(file), imported(file))
