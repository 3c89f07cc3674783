"""A setting is declared once: what a declaration leaves out or contradicts, mypy refuses."""

import ast
import re
import sys
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

import headstart
from headstart.settings import kinds
from headstart.settings.declared import DATABASE_URL, SETTINGS, DeclaredSettings
from headstart.settings.read import Settings
from headstart.settings.setting import declared_in, setting
from tests.harness.program import run_program

COMPLETE = 'setting(default="a", parse=kinds.text, unit="TEXT", meaning="A text")'
DECLARED = {
    "complete": (f"right: str = {COMPLETE}", None),
    "optional": (
        'right: float | None = setting(default=None, parse=kinds.seconds, unit="S", meaning="A")',
        None,
    ),
    "a choice": ('right: kinds.Ahead = one_of(kinds.Ahead.PROVE, meaning="A choice")', None),
    "a parser of another type": (
        'wrong: str = setting(default="a", parse=kinds.seconds, unit="TEXT", meaning="A text")',
        'Argument "parse" to "setting"',
    ),
    "a parser that may give None": (
        'wrong: str = setting(default="a", parse=kinds.text_or_none, unit="TEXT", meaning="A")',
        'Argument "parse" to "setting"',
    ),
    "a default of another type": (
        'wrong: str = setting(default=1.0, parse=kinds.text, unit="TEXT", meaning="A text")',
        "Incompatible types in assignment",
    ),
    "a default that is no member": (
        'wrong: kinds.Ahead = one_of(kinds.Verify.AUTO, meaning="A choice")',
        "Incompatible types in assignment",
    ),
    "a field of another type": (f"wrong: int = {COMPLETE}", "Incompatible types in assignment"),
    "no default": (
        'wrong: str = setting(parse=kinds.text, unit="TEXT", meaning="A text")',
        'Missing named argument "default"',
    ),
    "no parser": (
        'wrong: str = setting(default="a", unit="TEXT", meaning="A text")',
        'Missing named argument "parse"',
    ),
    "no unit": (
        'wrong: str = setting(default="a", parse=kinds.text, meaning="A text")',
        'Missing named argument "unit"',
    ),
    "no meaning": (
        'wrong: str = setting(default="a", parse=kinds.text, unit="TEXT")',
        'Missing named argument "meaning"',
    ),
    "no declaration": ("wrong: str", "Attributes without a default cannot follow"),
}
"""A field of a settings class, and what mypy says of it."""


def source(field: str, number: int) -> str:
    """A settings class with this field."""
    return f"@dataclass(frozen=True)\nclass C{number}:\n    first: str = {COMPLETE}\n    {field}\n"


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What mypy says of each field, in one run."""
    file = tmp_path_factory.mktemp("mypy") / "wrong.py"
    head = (
        "from dataclasses import dataclass\nfrom headstart.settings import kinds\n"
        "from headstart.settings.setting import one_of, setting\n"
    )
    classes = [source(field, number) for number, (field, _) in enumerate(DECLARED.values())]
    file.write_text(head + "".join(classes))
    # a process of its own: mypy changes the recursion limit of the one that it runs in
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=/dev/null"]
    output = run_program(*mypy, file).stdout
    assert " error: " in output, output
    said = dict.fromkeys(DECLARED, "")
    for line, message in re.findall(r"wrong\.py:(\d+): error: (.*)", output):
        said[list(DECLARED)[(int(line) - 4) // 4]] += message
    return said


@pytest.mark.parametrize("name", DECLARED)
def test_mypy_refuses_a_declaration_that_is_not_whole_or_contradicts_its_field(
    name: str, errors: dict[str, str]
) -> None:
    expected = DECLARED[name][1]
    if expected is None:
        assert errors[name] == ""
    else:
        assert expected in errors[name]


@dataclass(frozen=True)
class WithPlainField:
    """A class of settings in which one field has a default but no declaration."""

    declared: str = setting(default="a", parse=kinds.text, unit="TEXT", meaning="A text")
    plain: str = "a"


def test_a_field_with_a_mere_default_is_refused_when_the_table_is_made() -> None:
    """mypy cannot tell it from a whole one; the import of the package would fail."""
    with pytest.raises(TypeError, match="plain is not declared"):
        declared_in(WithPlainField)


def test_every_field_of_the_settings_is_a_row_of_the_table_in_its_order() -> None:
    names = [field.name for field in fields(DeclaredSettings)]
    assert [row.field for row in SETTINGS if row is not DATABASE_URL] == names
    assert {field.name for field in fields(Settings)} - {*names} == {"database", "warnings"}


def strings_of_the_package() -> list[tuple[Path, str]]:
    """Every string in the package but docstrings, with its file."""
    found = []
    for file in sorted(Path(headstart.__file__).parent.rglob("*.py")):
        tree = ast.parse(file.read_text())
        prose = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        found += [
            (file, node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in prose
        ]
    return found


@pytest.mark.parametrize(
    "default", ["alembic.ini", "alembic_version", "/dev/termination-log", ".embedded"]
)
def test_a_default_is_written_down_once(default: str) -> None:
    assert default in {row.default for row in SETTINGS}
    places = [file.name for file, text in strings_of_the_package() if text == default]
    # the gate's are where it can have them without the declarations
    assert places in (["declared.py"], ["defaults.py"])


def test_every_setting_that_a_message_names_exists() -> None:
    names = {row.environment for row in SETTINGS}
    for file, text in strings_of_the_package():
        for name in re.findall(r"HEADSTART_[A-Z]\w*", text):
            assert name in names, (file, text)
