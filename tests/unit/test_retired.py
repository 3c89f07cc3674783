"""Which partitions retention has taken out of a schema, and which are missing otherwise."""

import pytest

from headstart.fingerprint.match.retired import retired_in

ROOT = ["table\tevents\t\tpartitioned table, by RANGE(at)", "column\tevents\tat\tdate not null"]
RANGE = "FOR VALUES FROM '2025-01-01' TO('2026-01-01')"
OLD = f"table\tevents_2025\t\ttable, partition of events {RANGE}"
OLD_COLUMN = "column\tevents_2025\tat\tdate not null"
INNER = f"table\tevents_2025\t\tpartitioned table, by LIST(kind), partition of events {RANGE}"
LEAF = "table\tevents_2025_a\t\ttable, partition of events_2025 FOR VALUES IN('a')"


def of(bound: str, kind: str = "table", parent: str = "events") -> str:
    """The line of a partition with another bound."""
    return f"table\tevents_2025\t\t{kind}, partition of {parent} {bound}"


def of_inner(bound: str) -> str:
    """The line of a partition's partition with another bound."""
    return f"table\tevents_2025_a\t\ttable, partition of events_2025 {bound}"


def retired(expected: list[str], live: list[str]) -> tuple[str, ...]:
    """The names that the answer has."""
    return retired_in([*ROOT, *expected], live).names()


@pytest.mark.parametrize(
    ("expected", "live", "names"),
    [
        ([OLD, OLD_COLUMN], ROOT, ("events_2025",)),
        ([OLD, OLD_COLUMN], [*ROOT, OLD, OLD_COLUMN], ()),
        ([OLD], [*ROOT, "table\tevents_2025\t\ttable", OLD_COLUMN], ("events_2025 (detached)",)),
        ([OLD], [*ROOT, "table\tevents_2025\t\tunlogged table"], ("events_2025 (detached)",)),
        ([OLD], [*ROOT, "table\tevents_2025\t\ttable, inherits others"], ()),
        ([OLD], [*ROOT, of(RANGE, parent="others")], ()),
        ([OLD], [*ROOT, "view\tevents_2025\t\tSELECT 1"], ()),
        ([OLD], [*ROOT, "table\tevents_2025\t\tforeign table server s"], ()),
        ([OLD], [], ()),
        ([of("DEFAULT")], ROOT, ()),
        ([of("FOR VALUES WITH(modulus 4, remainder 0)")], ROOT, ()),
        ([of("FOR VALUES IN('eu')")], ROOT, ("events_2025",)),
        ([of(RANGE, "foreign table server s")], ROOT, ("events_2025",)),
        ([INNER, LEAF], ROOT, ("events_2025", "events_2025_a")),
        ([INNER, LEAF], [*ROOT, INNER], ("events_2025_a",)),
        ([INNER, LEAF], [*ROOT, "table\tevents_2025\t\tpartitioned table, by LIST(kind)", LEAF],
         ("events_2025 (detached)",)),
        ([INNER, of_inner("DEFAULT")], ROOT, ("events_2025", "events_2025_a")),
        ([INNER, of_inner("DEFAULT")], [*ROOT, INNER], ()),
        ([of("DEFAULT", "partitioned table, by LIST(kind)"), LEAF], ROOT, ()),
    ],
)  # fmt: skip
def test_a_partition_by_range_or_list_may_go_while_what_it_was_a_part_of_stays(
    expected: list[str], live: list[str], names: tuple[str, ...]
) -> None:
    assert retired(expected, live) == names


def test_a_name_that_a_server_quotes_is_the_same_name() -> None:
    """It quotes keywords; a line does not, as each server has others."""
    expected = [
        "table\torder\t\tpartitioned table, by RANGE(at)",
        f'table\told\t\ttable, partition of "order" {RANGE}',
    ]
    assert retired_in(expected, expected[:1]).names() == ("old",)
