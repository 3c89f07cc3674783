"""The record of what was applied: what is read of a comment, and what is written."""

import json
from dataclasses import replace

import pytest

from headstart.facts.applied_record import (
    MOST_CHARACTERS,
    MOST_ENTRIES,
    MOST_OF_IMAGE,
    AppliedEntry,
    AppliedRecord,
    ChainText,
    Failed,
    NoRecord,
    record_in,
)

ENTRY = AppliedEntry("r2", ("r1",), "+", "2026-11-28T10:00:00Z", 0.8, "v1", "5f2c0d3a9b1e")
CHAIN = '["r1", [], "?", "2026-11-28T10:00:00Z", null, "", ""]'


def entry(number: int, image: str = "v1") -> AppliedEntry:
    return replace(ENTRY, revision=f"r{number}", parents=(f"r{number - 1}",), image=image)


def read(text: str | None) -> AppliedRecord:
    found = record_in(text)
    assert isinstance(found, AppliedRecord), found
    return found


def test_what_is_written_is_read_again() -> None:
    record = AppliedRecord().after(["r2"], [replace(ENTRY, seconds=None), ENTRY])
    assert read(record.text) == record


def test_no_comment_is_an_empty_record_that_fits_no_rows() -> None:
    assert record_in(None) == AppliedRecord()
    assert not AppliedRecord().is_current([])


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "the versions of our schema",
        "{}",
        "[]",
        '"headstart"',
        '{"headstart": "1", "at": [], "chain": []}',
        '{"headstart": true, "at": [], "chain": []}',
        '{"headstart": 0, "at": [], "chain": []}',
        '{"headstart": 1.0, "at": [], "chain": []}',
        '{"headstart": 1, "chain": []}',
        '{"headstart": 1, "at": []}',
        '{"headstart": 1, "at": "r1", "chain": []}',
        '{"headstart": 1, "at": [1], "chain": []}',
        '{"headstart": 1, "at": [], "chain": {}}',
        '{"headstart": 1, "at": [], "chain": [[]]}',
        '{"headstart": 1, "at": [], "chain": ["r1"]}',
        '{"headstart": 1, "at": [], "chain": [["r1", [], "?", "", null, ""]]}',
        '{"headstart": 1, "at": [], "chain": [["r1", "r0", "?", "", null, "", ""]]}',
        '{"headstart": 1, "at": [], "chain": [["r1", [], "?", "", "1", "", ""]]}',
        '{"headstart": 1, "at": [], "chain": [["r1", [], "?", "", NaN, "", ""]]}',
        '{"headstart": 1, "at": [], "chain": [["r1", [], "?", "", true, "", ""]]}',
        '{"headstart": 1, "at": [], "chain": [' + "[" * 100_000,
        '{"headstart": 1, "at": [], "chain": [], "x": 1' + "0" * 5000 + "}",
    ],
)
def test_what_is_not_a_record_of_ours_is_somebody_elses(comment: str) -> None:
    assert record_in(comment) is NoRecord.ANOTHERS


def test_of_a_newer_format_nothing_is_read() -> None:
    assert record_in('{"headstart": 2, "at": ["r1"], "chain": {}}') is NoRecord.NEWER


def test_what_a_newer_headstart_has_added_is_kept() -> None:
    chain = f'{CHAIN[:-1]}, {{"more": [1]}}]'
    text = f'{{"headstart": 1, "at": ["r1"], "chain": [{chain}], "later": {{"a": [1, null]}}}}'
    written = json.loads(read(text).after(["r2"], [ENTRY]).text or "")
    assert written["later"] == {"a": [1, None]}
    assert written["chain"][0][7:] == [{"more": [1]}]
    assert [each[0] for each in written["chain"]] == ["r1", "r2"]


def test_a_proof_is_read_and_is_gone_with_the_next_revision() -> None:
    text = f'{{"headstart": 1, "at": ["r1"], "chain": [{CHAIN}], "proof": {{"root": "x"}}}}'
    assert read(text).proof == {"root": "x"}
    assert json.loads(read(text).text or "")["proof"] == {"root": "x"}
    assert "proof" not in json.loads(read(text).after(["r2"], [ENTRY]).text or "")


def test_failures_are_counted_one_after_the_other_and_forgotten_with_a_success() -> None:
    record = AppliedRecord().after(["r1"], [entry(1)])
    for revision, what, times in (
        ("r2", "v1", 1),
        ("r2", "v1", 2),
        ("r2", "v2", 1),
        ("r3", "v2", 1),
    ):
        record = read(record.after_failing(revision, what).text)
        assert record.failed == Failed(revision, what, times)
        assert record.at == ("r1",)
    assert record.after(["r3"], [entry(3)]).failed is None


@pytest.mark.parametrize(
    "failed", ["null", '"r2"', '["r2", "v1"]', '["r2", "v1", "3"]', "[[], 1, 2]"]
)
def test_an_unclear_failure_costs_no_record(failed: str) -> None:
    text = f'{{"headstart": 1, "at": ["r1"], "chain": [{CHAIN}], "failed": {failed}}}'
    assert read(text).failed is None
    assert read(text).at == ("r1",)


def test_what_has_begun_is_in_the_chain_and_not_in_the_rows_until_it_ends() -> None:
    begun = replace(entry(2), more=({"compatible": False, "begun": True},))
    record = AppliedRecord().after(["r1"], [entry(1)]).after_beginning(begun)
    assert (record.at, record.chain) == (("r1",), (entry(1), begun))
    assert record.after_beginning(begun).chain == record.chain
    assert record.after(["r2"], [entry(2)]).chain == (entry(1), entry(2))


def test_a_record_is_current_where_the_rows_are_those_it_was_written_with() -> None:
    record = AppliedRecord().after(["b", "a"], [ENTRY])
    assert record.at == ("a", "b")
    assert record.is_current(("b", "a"))
    assert not record.is_current(("a",))
    assert not record.is_current(())


def test_the_newest_entries_are_kept() -> None:
    record = AppliedRecord()
    for number in range(1, MOST_ENTRIES + 11):
        record = record.after([f"r{number}"], [entry(number)])
    kept = [each[0] for each in json.loads(record.text or "")["chain"]]
    assert kept == [f"r{number}" for number in range(11, MOST_ENTRIES + 11)]


@pytest.mark.parametrize("width", [1, 4000], ids=["too many", "too long"])
def test_an_authors_no_is_the_last_to_go(width: int) -> None:
    """An image that is older by more than that has to hear it, too."""
    no = replace(entry(1), more=({"compatible": False},))
    record = AppliedRecord().after(["r1"], [no])
    for number in range(2, MOST_ENTRIES + 11):
        one = replace(entry(number), parents=("p" * width,))
        record = record.after([f"r{number}"], [one])
    kept = read(record.text).chain
    assert kept[0] == no
    assert kept[-1].revision == f"r{MOST_ENTRIES + 10}"
    assert len(kept) == (MOST_ENTRIES if width == 1 else 4)


def test_fifty_usual_entries_fit_twice() -> None:
    usual = [replace(entry(n), revision=f"{n:012x}", image="a" * 40) for n in range(50)]
    assert len(AppliedRecord().after(["r"], usual).text or "") < MOST_CHARACTERS / 2


def test_what_does_not_fit_is_the_oldest() -> None:
    long = [replace(entry(n), parents=("p" * 1000,)) for n in range(1, MOST_ENTRIES + 1)]
    text = AppliedRecord().after(["r50"], long).text or ""
    assert MOST_CHARACTERS - 1200 < len(text) <= MOST_CHARACTERS
    kept = [each[0] for each in json.loads(text)["chain"]]
    assert kept == [f"r{n}" for n in range(51 - len(kept), 51)]
    assert read(text).at == ("r50",)


def test_rows_that_do_not_fit_make_no_record() -> None:
    assert AppliedRecord().after([f"{n:040x}" for n in range(500)], [ENTRY]).text is None


def test_the_name_of_an_image_may_be_of_any_length() -> None:
    text = AppliedRecord().after(["r1"], [entry(1, image="x" * 100_000)]).text or ""
    assert read(text).chain[0].image == "x" * MOST_OF_IMAGE


@pytest.mark.parametrize("image", ["a%s%%", "$1 ${x}", "ü\u202e\x00\ud800", "'; DROP TABLE x; --"])
def test_what_is_written_is_ascii_without_the_marks_of_parameters(image: str) -> None:
    text = AppliedRecord().after(["r1"], [entry(1, image)]).text or ""
    assert text.isascii()
    assert text.isprintable()
    assert not set("%$") & set(text)
    assert read(text).chain[0].image == image


@pytest.mark.parametrize("size", [1, 300, 1000, 20_000], ids=lambda size: f"parents of {size}")
@pytest.mark.parametrize("known", [0, 1, 60])
def test_a_text_that_grows_is_the_text_made_at_once(size: int, known: int) -> None:
    entries = [replace(entry(n), parents=("p" * (size - n % 7),)) for n in range(known + 120)]
    before = AppliedRecord(("r0",), tuple(entries[:known]), "proof", {"later": 1})
    chain = ChainText(before.chain)
    for number, one in enumerate(entries[known:], start=1):
        chain.add(one)
        whole = before.after(["b", "a"], entries[known : known + number])
        assert before.text_after(["b", "a"], chain) == whole.text


def test_a_text_that_grows_is_cut_at_the_same_character() -> None:
    entries = [replace(entry(n), parents=("p" * 300,)) for n in range(50)]
    chain = ChainText(entries)
    for length in range(400):  # an entry is no longer
        heads = ["b" * length]
        whole = AppliedRecord().after(heads, entries).text
        assert AppliedRecord().text_after(heads, chain) == whole
        assert len(whole or "") <= MOST_CHARACTERS
