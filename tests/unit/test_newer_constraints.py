"""Constraints on columns that the server fills, types that take less, defaults that are refused.

tests/newer has the proof of these rules, as of those in test_newer.py.
"""

from dataclasses import replace

import pytest

from headstart.fingerprint.newer.judge import judge
from tests.unit.test_newer import (
    BEFORE,
    BREAKING,
    DOUBTFUL,
    HARMLESS,
    NOTE,
    READ,
    effect,
    judged,
    tabbed,
)

UUID = "column|users|u|uuid not null default gen_random_uuid()"
OWN_UUID = "function|gen_random_uuid|()|() returns uuid body 0"

ADDED: tuple[tuple[str, tuple[str, ...]], ...] = (
    (HARMLESS, ("column|users|n|integer default 0", "check|users|c|n >= 0 AND n <> 5")),
    (BREAKING, ("column|users|n|integer default 0", "check|users|c|n > 0")),
    (DOUBTFUL, ("column|users|n|integer default 0", "check|users|c|n >= 0 not valid")),
    (DOUBTFUL, ("column|users|n|integer default 0", "check|users|c|n(n) >= 0")),
    (DOUBTFUL, ("column|users|n|integer default 0", "check|users|c|n < 1 OR n > 5")),
    (DOUBTFUL, ("column|users|n|numeric(3,0) default 0.4", "check|users|c|n > 0")),
    (DOUBTFUL, ("column|users|s|text collate \"ci\" default 'a'", "check|users|c|s <> 'A'")),
    (HARMLESS, ("check|users|c|age > 99 not enforced",)),
    (HARMLESS, ("fk|users|f|(age) REFERENCES ages(id) NOT ENFORCED",)),
    (DOUBTFUL, ("column|users|t|integer default 1", "fk|users|f|(t) REFERENCES ages(id)")),
    (HARMLESS, (UUID, "unique|users|u|(u)")),
    (HARMLESS, (UUID, NOTE, "unique|users|u|NULLS NOT DISTINCT (note, u)")),
    (DOUBTFUL, (UUID, "unique|users|u|(u, age)")),
    (DOUBTFUL, (UUID, OWN_UUID, "unique|users|u|(u)")),
    (BREAKING, (UUID, "index|users|i|unique btree(u, (100 / age))")),
    (DOUBTFUL, ("column|users|n|bigint not null serial", "unique|users|u|(n)")),
    (HARMLESS, ("column|users|n|bigint not null identity always", "unique|users|u|(n)")),
    (DOUBTFUL, ("unique|users|u|(id, age)",)),
    (DOUBTFUL, ("index|users|i|unique btree(name, age)",)),
    (BREAKING, ('index|users|i|unique btree(name COLLATE "ci", age)',)),
    (DOUBTFUL, (NOTE, "exclude|users|x|USING gist(note WITH =)")),
    (BREAKING, (NOTE, "exclude|users|x|USING gist(note WITH =, age WITH =)")),
    (DOUBTFUL, ("index|users|i|btree(age(age))",)),
    (BREAKING, (NOTE, "check|users|c|note(note) = 1")),
)


@pytest.mark.parametrize(("expected", "lines"), ADDED, ids=str)
def test_what_is_new(expected: str, lines: tuple[str, ...]) -> None:
    assert effect(judged(*BEFORE, *lines)) == expected


@pytest.mark.parametrize(
    ("expected", "line"),
    [
        (HARMLESS, "index|users|other|unique btree(size)"),
        (HARMLESS, "unique|users|ix_size|(size)"),
        (HARMLESS, "unique|users|other|(size)"),
        (BREAKING, "unique|users|ix_size|(size) DEFERRABLE"),
        (BREAKING, "index|users|other|unique btree(size) WHERE age > 1"),
        (BREAKING, 'index|users|other|unique btree(size COLLATE "ci")'),
        (BREAKING, "unique|users|other|NULLS NOT DISTINCT (size)"),
        (BREAKING, "index|users|other|unique btree(size) invalid"),
    ],
    ids=str,
)
def test_a_unique_index_by_another_name_is_the_same(expected: str, line: str) -> None:
    before = tabbed(*BEFORE, "index|users|ix_size|unique btree(size)")
    assert effect(judge(before, tabbed(*BEFORE, line), READ)) == expected


@pytest.mark.parametrize(
    ("expected", "old", "new"),
    [
        (HARMLESS, "numeric(5,2)", "numeric(6,2)"),
        (DOUBTFUL, "numeric(5,2)", "numeric(6,3)"),
        (DOUBTFUL, "numeric(5,2)", "numeric"),
        (BREAKING, "numeric(5,2)", "numeric(4,2)"),
        (BREAKING, "numeric(5,2)", "numeric(5,0)"),
        (BREAKING, "numeric(5,2)", "numeric(5,3)"),
        (BREAKING, "numeric(5,2)", "numeric(3,-2)"),
        (BREAKING, "numeric", "numeric(9,2)"),
        (HARMLESS, "character varying(5)[]", "character varying(9)[]"),
        (BREAKING, "character varying(5)[]", "text[]"),
        (BREAKING, "integer[]", "bigint[]"),
        (BREAKING, "text", "text[]"),
    ],
)
def test_a_type_that_takes_less_breaks(expected: str, old: str, new: str) -> None:
    before, after = (tabbed(*BEFORE, f"column|users|x|{each}") for each in (old, new))
    assert effect(judge(before, after, READ)) == expected


def test_a_view_may_refuse_a_new_default() -> None:
    view = "view|{}||with (check_option=cascaded) SELECT age FROM {}"
    line = "column|users|size|integer default 5"
    rest = [each for each in BEFORE if "|size|" not in each]
    for views, expected in (
        ([], HARMLESS),
        ([view.format("v", "users")], DOUBTFUL),
        (["view|w||SELECT age FROM users", view.format("v", "w")], DOUBTFUL),
        ([view.format("v", "orders")], HARMLESS),
    ):
        judgement = judge(tabbed(*BEFORE, *views), tabbed(*rest, line, *views), READ)
        assert effect(judgement) == expected, views


def test_a_sequence_that_ends_before_its_column_is_a_doubt() -> None:
    around = replace(READ, ending=frozenset({"users.id"}))
    assert effect(judged(*BEFORE, around=around)) == DOUBTFUL
