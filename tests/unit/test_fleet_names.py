"""The names of a fleet's targets: data, of which what cannot be a name is told with its place."""

import pytest

from headstart.fleet.names import names_in_rows, names_in_text
from headstart.verdict.errors import InvalidSettings

NAMES = {
    "a line each": ("a\nb\n", ("a", "b")),
    "the last line is not ended": ("a\nb", ("a", "b")),
    "windows": ("a\r\nb\r\n", ("a", "b")),
    "comments and blank lines": ("# all\n\n  # more\na\n \nb # is one\n", ("a", "b # is one")),
    "blanks around": ("  a b \t\n", ("a b",)),
    "quotes and signs": ("o'k\nwe\"ird\n50%\né\n-x\n", ("o'k", 'we"ird', "50%", "é", "-x")),
    "63 bytes": ("é" * 31 + "x\n", ("é" * 31 + "x",)),
    "case": ("a\nA\n", ("a", "A")),
}  # fmt: skip
MISTAKES = {
    "none": ("", "f names no target"),
    "comments alone": ("# a\n\n", "f names no target"),
    "twice": ("a\nb\n a\n", "f:3: 'a' is named a second time, first on line 1"),
    "64 bytes": ("a\n" + "é" * 32 + "\n", f"f:2: '{'é' * 32}' has 64 bytes"),
    "nul": ("a\0b\n", "f:1: a name holds a control character"),
    "tab within": ("a\tb\n", "f:1: a name holds a control character"),
    "bidirectional": ("a\u202eb\n", "f:1: a name holds a control character"),
    "line separator": ("a\u2028b\n", "f:1: a name holds a control character"),
    "byte order mark": ("\ufeffa\n", "f:1: a name holds a control character"),
    "placeholder": ("x{target}\n", "f:1: 'x{target}' holds {target}"),
}


@pytest.mark.parametrize(("text", "names"), NAMES.values(), ids=NAMES)
def test_a_file_has_a_name_a_line(text: str, names: tuple[str, ...]) -> None:
    assert names_in_text(text, "f") == names


@pytest.mark.parametrize(("text", "mistake"), MISTAKES.values(), ids=MISTAKES)
def test_what_is_no_name_is_told_with_its_line(text: str, mistake: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        names_in_text(text, "f")
    assert mistake in str(caught.value)


def test_all_mistakes_are_told_at_once_and_many_are_counted() -> None:
    with pytest.raises(InvalidSettings) as caught:
        names_in_text("a\n" * 20, "f")
    assert len(caught.value.mistakes) == 11
    assert caught.value.mistakes[-1] == "and 9 more"


def test_a_row_has_a_name_as_it_is() -> None:
    assert names_in_rows([(" a ",), ("#b",), (7,)], "q") == (" a ", "#b", "7")


@pytest.mark.parametrize(
    ("rows", "mistake"),
    [
        ([("a", "b")], "q gives 2 columns"),
        ([("a",), (None,)], "q, row 2: the name is NULL"),
        ([("a",), ("",)], "q, row 2: a name is empty"),
        ([("a",), (" ",)], "q, row 2: a name is empty"),
        ([("a\nb",)], "q, row 1: a name holds a control character"),
        ([("a",), (b"b",)], "q, row 2: the name is no text: let the query cast it (::text)"),
        ([(memoryview(b"a"),)], "q, row 1: the name is no text"),
        ([(["a", "b"],)], "q, row 1: the name is no text"),
        ([(True,)], "q, row 1: the name is no text"),
        ([(1.5,)], "q, row 1: the name is no text"),
        ([], "q names no target"),
    ],
)
def test_what_is_no_name_is_told_with_its_row(rows: list[tuple[object, ...]], mistake: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        names_in_rows(rows, "q")
    assert mistake in str(caught.value)
