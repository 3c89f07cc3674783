"""Which INVALID indexes a revision builds anew, and which are left alone."""

from dataclasses import replace

import pytest

from headstart.decision.healing import indexes_built, to_drop
from headstart.decision.index_repair import InvalidIndex
from headstart.fingerprint.file.states import Delta, Fingerprints, RecordedState
from headstart.fingerprint.statements.sql_indexes import NamedIndex

LEFT = InvalidIndex("public", "jobs", "ix")
BUILT = frozenset({NamedIndex("public", "jobs", "ix")})
IN_PATH = NamedIndex(None, "jobs", "ix")


def line(table: str, name: str, detail: str = "btree (at)") -> str:
    """The fact of an index."""
    return f"index\t{table}\t{name}\t{detail}"


def file(before: set[str], delta: Delta) -> Fingerprints:
    """Two states: r1 with these lines, and r2."""
    return Fingerprints(
        (
            RecordedState("r1", None, frozenset({"r1"}), Delta(frozenset(before)), "1"),
            RecordedState("r2", "r1", frozenset({"r2"}), delta, "2"),
        )
    )


def dropped(index: InvalidIndex, built: frozenset[NamedIndex] = BUILT, place: str = "") -> bool:
    """Whether it is dropped; `place` is where a table without a schema is found."""
    return bool(to_drop([index], built, lambda _: place or None))


@pytest.mark.parametrize(
    "other",
    [
        {"schema": "shop"},
        {"table": "work"},
        {"name": "Ix"},
        {"partitioned": True},
        {"constraint": "u"},
        {"constraint": "x"},
    ],
)
def test_nothing_but_an_index_that_is_built_goes(other: dict[str, str | bool]) -> None:
    assert dropped(LEFT)
    assert not dropped(replace(LEFT, **other))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["ix_ccnew", "ix_ccold", "ix_ccnew3"])
def test_the_copy_of_a_rebuild_stays_and_one_that_only_looks_so_goes(name: str) -> None:
    built = frozenset({NamedIndex("public", "jobs", name)})
    assert not dropped(replace(LEFT, name=name, has_original=True), built)
    assert dropped(replace(LEFT, name=name), built)


def test_a_table_without_a_schema_is_where_the_search_path_finds_it() -> None:
    built = frozenset({IN_PATH})
    assert dropped(LEFT, built, "public")
    assert not dropped(LEFT, built, "shop")
    assert not dropped(LEFT, built)


def test_what_the_fingerprints_say_is_built_counts_though_no_text_names_it() -> None:
    known = file(set(), Delta(frozenset({line("jobs", "ix"), line('"S".t', 'I "x')})))
    built = indexes_built("r2", (), frozenset(), known, "public")
    assert built == {*BUILT, NamedIndex("S", "t", 'I "x')}
    assert indexes_built("r9", (), frozenset(), known, "public") == frozenset()


def test_an_index_that_stood_there_before_is_not_built_whatever_the_text_says() -> None:
    delta = Delta(frozenset({line("jobs", "ix", "btree (id)")}), frozenset({line("jobs", "ix")}))
    known = file({line("jobs", "ix")}, delta)
    assert indexes_built("r2", [IN_PATH], frozenset(), known, "public") == frozenset()


def test_nor_is_one_that_the_script_drops_itself() -> None:
    for names in ({"ix"}, {"*"}):
        assert indexes_built("r2", [IN_PATH], frozenset(names), None, "public") == frozenset()
    assert indexes_built("r2", [IN_PATH], frozenset({"iy"}), None, "public") == {IN_PATH}
