"""Known states: a state is what its deltas add up to, and its root is the digest of that."""

import pytest

from headstart.fingerprint.file.digests import script_digest
from headstart.fingerprint.file.states import (
    Delta,
    Fingerprints,
    key_of,
    root_of,
    variant_name,
)
from tests.unit.known import known, line, lines, variant

STATES = known(
    "a: +t +t.x",
    "b: +u +t.y",
    "c: -t.x -u",
    variant("b: +t.z -t.x"),
    "d: +sequence|s||integer",
)


@pytest.mark.parametrize(
    ("before", "after"), [("", "t t.x"), ("t t.x", ""), ("t t.x", "t t.y"), ("t", "t"), ("", "")]
)
def test_a_delta_leads_from_one_schema_to_the_other(before: str, after: str) -> None:
    delta = Delta.between(lines(before), lines(after))
    assert delta.on(lines(before)) == lines(after)
    assert len(delta) == len(lines(before) ^ lines(after))


def test_a_changed_fact_is_one_line_less_and_one_more() -> None:
    delta = Delta.between(lines("column|t|x|text"), lines("column|t|x|integer"))
    assert delta == Delta(lines("column|t|x|integer"), lines("column|t|x|text"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a", "t t.x"),
        ("b", "t t.x t.y u"),
        ("c", "t t.y"),
        ("b~create_all", "t t.y t.z u"),
        ("d", "t t.y sequence|s||integer"),
    ],
)
def test_the_lines_of_a_state_are_all_deltas_up_to_it(name: str, expected: str) -> None:
    assert STATES.lines(name) == lines(expected)
    assert STATES.by_name[name].root == root_of(lines(expected))


def test_the_state_after_a_variant_follows_the_state_and_not_the_variant() -> None:
    assert STATES.by_name["d"].parent == "c"
    assert [state.name for state in STATES.variants] == ["b~create_all"]
    assert list(STATES.steps) == ["a", "b", "c", "d"]


def test_a_state_is_a_variant_only_of_its_parent() -> None:
    """A revision id may hold a tilde, too."""
    assert variant_name("a", "create_all") == "a~create_all"
    assert not known("a: +t", "b~create_all: +u").by_name["b~create_all"].is_variant


def test_the_names_of_all_times_are_in_scope() -> None:
    assert STATES.objects == {"t", "u", "s"}
    assert STATES.tables == {"t", "u"}
    assert key_of(line("u")) in STATES.keys
    assert key_of(line("column|t|x|bigint")) in STATES.keys
    assert key_of(line("t.nowhere")) not in STATES.keys


def test_the_root_depends_on_the_lines_and_not_on_their_order() -> None:
    assert root_of(["a", "b"]) == root_of(["b", "a"])
    assert len({root_of([]), root_of(["a"]), root_of(["b"]), root_of(["a", "b"])}) == 4
    assert len(root_of(["a"])) == 16


def test_the_digest_of_a_script_is_the_same_with_the_line_ends_of_windows() -> None:
    assert script_digest(b"a\r\nb\r\n") == script_digest(b"a\nb\n")
    assert script_digest(b"a\nb") != script_digest(b"a\nb\n")
    assert len(script_digest(b"")) == 12


def test_without_states_there_is_nothing() -> None:
    none = Fingerprints(())
    assert not [*none.objects, *none.tables, *none.keys, *none.steps, *none.variants]
