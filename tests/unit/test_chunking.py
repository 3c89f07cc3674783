"""How the example app cuts a text: pure, by a table."""

import runpy

import pytest

from tests.integration.minirag_app import APP

cut = runpy.run_path(str(APP / "minirag" / "chunking.py"))["cut"]


@pytest.mark.parametrize(
    ("text", "size", "overlap", "pieces"),
    [
        ("", 4, 0, []),
        ("abc", 4, 2, [(0, "abc")]),
        ("abcd", 4, 2, [(0, "abcd")]),
        ("abcdefgh", 4, 0, [(0, "abcd"), (4, "efgh")]),
        ("abcdefg", 4, 2, [(0, "abcd"), (2, "cdef"), (4, "efg")]),
        ("ab cdefg", 4, 0, [(0, "ab c"), (4, "defg")]),  # white space too early
        ("abcdef ghij", 8, 0, [(0, "abcdef "), (7, "ghij")]),
        ("abcd    efgh", 4, 0, [(0, "abcd"), (8, "efgh")]),  # nothing but white space in between
        ("äöü€", 2, 1, [(0, "äö"), (1, "öü"), (2, "ü€")]),
    ],
)
def test_a_text_is_cut_into(
    text: str, size: int, overlap: int, pieces: list[tuple[int, str]]
) -> None:
    assert list(cut(text, size, overlap)) == pieces
