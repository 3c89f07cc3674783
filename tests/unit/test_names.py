"""Names and texts in a line: they cannot forge a fact, and they cannot confuse a terminal."""

import unicodedata

import pytest

from headstart.fingerprint.catalog.names import escaped, qualified, quoted, split_name, unescaped

HOSTILE = [
    pytest.param("a\tb", r"a\9;b", id="tab"),
    pytest.param("a\nb", r"a\a;b", id="newline"),
    pytest.param("a\r\nb", r"a\d;\a;b", id="carriage return"),
    pytest.param("\x1b[31m", r"\1b;[31m", id="escape sequence"),
    pytest.param("\x7f\x9b", r"\7f;\9b;", id="delete, and the other control characters"),
    pytest.param("a\u202eb", r"a\202e;b", id="right-to-left override"),
    pytest.param("a\u2066b\u2069", r"a\2066;b\2069;", id="isolates"),
    pytest.param("a\u200bb", r"a\200b;b", id="zero width"),
    pytest.param("a\u2028b", r"a\2028;b", id="line separator"),
    pytest.param("a\u00adb", r"a\ad;b", id="soft hyphen"),
    pytest.param("a\ufeffb", r"a\feff;b", id="byte order mark"),
    pytest.param("a\U000e0041b", r"a\e0041;b", id="tag characters"),
    pytest.param("a\\b", r"a\\b", id="the escape itself"),
    pytest.param(r"a\9;b", r"a\\9;b", id="what looks escaped already"),
]


@pytest.mark.parametrize(("text", "written"), HOSTILE)
def test_what_could_end_a_field_or_confuse_who_reads_is_escaped_and_comes_back(
    text: str, written: str
) -> None:
    assert escaped(text) == written
    assert unescaped(written) == text


@pytest.mark.parametrize("text", ["", "plain", "größe", "名前", "a b.c'd\"e", "100%", "😀"])
def test_everything_else_stands_as_it_is(text: str) -> None:
    assert escaped(text) == text
    assert unescaped(text) == text


def test_no_control_or_line_separating_character_of_unicode_gets_through() -> None:
    unsafe = [c for c in map(chr, range(0x110000)) if unicodedata.category(c) in {"Cc", "Zl", "Zp"}]
    assert len(unsafe) > 60
    assert not [c for c in unsafe if c in escaped(c)]
    assert all(unescaped(escaped(c)) == c for c in unsafe)


def test_no_character_that_turns_the_direction_of_text_gets_through() -> None:
    turning = {"RLE", "LRE", "RLO", "LRO", "PDF", "RLI", "LRI", "FSI", "PDI"}
    bidi = [c for c in map(chr, range(0x110000)) if unicodedata.bidirectional(c) in turning]
    bidi += ["\u200e", "\u200f", "\u061c"]
    assert len(bidi) == 12
    assert not [c for c in bidi if c in escaped(c)]


@pytest.mark.parametrize(
    ("schema", "name", "written"),
    [
        pytest.param("", "jobs", "jobs", id="plain"),
        pytest.param("", "_jobs$1", "_jobs$1", id="underscore and dollar"),
        pytest.param("", "user", "user", id="keywords stay, since each server has others"),
        pytest.param("", "Jobs", '"Jobs"', id="capitals"),
        pytest.param("", "1jobs", '"1jobs"', id="a digit first"),
        pytest.param("", "größe", '"größe"', id="not ASCII"),
        pytest.param("", 'a"b', '"a""b"', id="a quote in it"),
        pytest.param("", "a.b", '"a.b"', id="a dot in it is no schema"),
        pytest.param("shop", "jobs", "shop.jobs", id="another schema"),
        pytest.param("Shop.x", "jobs", '"Shop.x".jobs', id="a schema to quote"),
        pytest.param("a", '"."', 'a."""."""', id="quotes and dots"),
        pytest.param("", "a\tb\n", '"a\tb\n"', id="tab and newline"),
        pytest.param("", "", '""', id="no name at all"),
    ],
)
def test_a_name_is_written_relative_to_the_target_schema_and_split_again(
    schema: str, name: str, written: str
) -> None:
    assert qualified(schema, name) == written
    assert split_name(written) == (schema, name)
    assert split_name(escaped(written)) == (schema, name)


def test_no_two_names_are_written_alike() -> None:
    odd = ["a", "A", '"a"', "a.b", '"a"."b"', "a\tb", "a\\9;b", "a b", ""]
    pairs = [(schema, name) for schema in odd for name in odd]
    assert len({escaped(qualified(*pair)) for pair in pairs}) == len(pairs)


@pytest.mark.parametrize("text", ["*", "a b", 'a"', '"a', "a.b.c", "A", "a.", ".a", ""])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a name"):
        split_name(text)


def test_a_name_without_need_is_not_quoted() -> None:
    assert [quoted(n) for n in ("a1", "a-1")] == ["a1", '"a-1"']
