"""What the gate writes is what json would write; what it cannot write so, it leaves to the flow."""

import json
import random

import pytest

from headstart.gate.doubt import Doubt
from headstart.gate.mark import mark_in, mark_text
from headstart.gate.verdict import _json, _text, relation_names

ODD = ['"', "\\", "\n", "\x00", "é", "\u2028", "\x7f", "\ud800", "\t"]


def test_a_text_is_as_json_has_it() -> None:
    dice = random.Random(1)
    for _ in range(2000):
        text = "".join(chr(dice.randrange(0, 130)) for _ in range(dice.randrange(8)))
        try:
            written = _text(text)
        except Doubt:
            continue
        assert written == json.dumps(text)


@pytest.mark.parametrize("odd", ODD)
def test_a_text_that_needs_an_escape_is_a_doubt(odd: str) -> None:
    with pytest.raises(Doubt):
        _text(f"a{odd}b")


@pytest.mark.parametrize(
    "value",
    [True, False, 0, 137, 0.0, 0.123, 1.5, "a b/c:%", [], ["a", "b"], {}, {"a": "b", "c": "d"},
     {"outcome": "x", "n": 0, "f": 0.05, "to": ["1"], "d": {"host": "h", "port": ""}}],
)  # fmt: skip
def test_every_value_is_as_json_has_it(value: object) -> None:
    assert _json(value) == json.dumps(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (None, []),
        ("", []),
        ("\ta", ["a"]),
        ("s\ta\n\tb", ["b", "s.a"]),
    ],
)
def test_relations_are_named_as_the_flow_does(text: str | None, names: list[str]) -> None:
    assert relation_names(text) == names


@pytest.mark.parametrize(
    "text",
    ["\tA", "\t1a", "\ta b", "\ta\x0bb", "\ta\x0b\tb", "\ta\nb", "\ta\tb", "x", "\té", "S\ta"],
)
def test_a_name_that_would_be_quoted_is_a_doubt(text: str) -> None:
    with pytest.raises(Doubt):
        relation_names(text)


def test_the_mark_is_found_where_it_was_written() -> None:
    mark = mark_text("b0d1", "180004 77 5", (3 << 32) + 7, "41:-6")
    assert mark.endswith(" b0d1 180004 77 5 7 41:-6")
    record = json.dumps({"headstart": 1, "at": ["1"], "chain": [], "proof": mark})
    assert mark_in(record) == mark


@pytest.mark.parametrize(
    "comment", ["", "mine", "{}", '{"headstart": 2, "proof": "1"}', '{"proof": "1"}', "proof"]
)
def test_there_is_none_in_what_is_no_record_of_ours(comment: str) -> None:
    assert mark_in(comment) == ""
