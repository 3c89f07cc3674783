"""A plan that somebody has read: which text is one, and what counts as a change of it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from headstart.decision.agreed import Agreed, InvalidPlan, agreed_in, changes, is_carried_out

FIELDS: Mapping[str, Any] = {
    "from": ["1"],
    "target": ["3"],
    "baseline": [],
    "pending": ["2", "3"],
    "plan_format": 1,
    "scripts": {"2": "aa", "3": "bb"},
    "schema_digest": "ours-2-cc",
}
PLAN = agreed_in(json.dumps(FIELDS))
DONE = replace(PLAN, version_rows=("3",), pending=(), scripts={}, schema_digest="ours-2-dd")


def test_a_plan_is_read_as_it_was_printed() -> None:
    agreed = Agreed(("1",), ("3",), (), ("2", "3"), {"2": "aa", "3": "bb"}, "ours-2-cc")
    assert agreed == agreed_in(json.dumps(FIELDS))
    assert list(changes(PLAN, PLAN)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version_rows": ("1", "x")}, "the version rows were 1, now 1, x"),
        ({"version_rows": ()}, "the version rows were 1, now none"),
        ({"target": ("4",)}, "the target was 3, now 4"),
        ({"baseline": ("1",)}, "what would be stamped was none, now 1"),
        ({"pending": ("3", "2")}, "the pending revisions were 2, 3, now 3, 2"),
        ({"scripts": {"2": "aa", "3": "xx"}}, "edited since: 3"),
        ({"schema_digest": "ours-2-xx"}, "the schema has changed"),
    ],
)
def test_each_change_is_told(change: Mapping[str, Any], said: str) -> None:
    assert list(changes(PLAN, replace(PLAN, **change))) == [said]


def test_the_order_of_rows_is_no_change() -> None:
    two = replace(PLAN, version_rows=("1", "9"))
    assert list(changes(two, replace(two, version_rows=("9", "1")))) == []


def test_a_plan_is_carried_out_where_its_last_revision_is_there_and_nothing_is_left() -> None:
    assert is_carried_out(PLAN, DONE)
    assert not is_carried_out(PLAN, PLAN)
    assert not is_carried_out(PLAN, replace(DONE, version_rows=("2",), pending=("3",)))
    assert not is_carried_out(PLAN, replace(DONE, version_rows=("4",), target=("4",)))
    assert not is_carried_out(PLAN, replace(DONE, version_rows=("2",)))  # the last one is held back
    assert not is_carried_out(PLAN, replace(DONE, version_rows=("3", "x")))
    stamped = replace(PLAN, version_rows=(), baseline=("3",), pending=(), scripts={})
    assert is_carried_out(stamped, DONE)
    nothing = replace(DONE, schema_digest="ours-2-xx")
    assert not is_carried_out(DONE, nothing)  # that plan was to do nothing, so it never was


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        (json.dumps(FIELDS)[:-5], "not all of it is there"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not what headstart plan"),
        ('{"from": ["1"]}', "not what headstart plan"),
        (json.dumps({**FIELDS, "plan_format": 2}), "plan_format is not 1"),
        (json.dumps({**FIELDS, "schema_digest": None}), "no digest of the schema"),
        (json.dumps({**FIELDS, "pending": "2"}), "field pending"),
        (json.dumps({**FIELDS, "from": [1]}), "field from"),
        (json.dumps({**FIELDS, "scripts": {"2": "aa"}}), "field scripts"),
        (json.dumps({**FIELDS, "scripts": None}), "field scripts"),
    ],
)
def test_any_other_text_is_no_plan_and_the_error_says_why(text: str, why: str) -> None:
    with pytest.raises(InvalidPlan, match=why):
        agreed_in(text)
