"""The termination message: valid JSON that fits, and says what was cut."""

import json
import random
from typing import Any

import pytest

from headstart.verdict.termination import TERMINATION_MESSAGE_BYTES, termination_message

SMALL = {
    "outcome": "revision_failed",
    "exit_code": 21,
    "next_step": "correct the revision",
    "error": {"type": "RevisionFailed", "message": "größer als erwartet: 大きい"},
    "applied": [{"revision": "a", "seconds": 0.1}],
    "database": {"host": "db", "port": "5432"},
}
ENTRIES = [{"revision": f"{number:012x}", "seconds": 0.125} for number in range(5000)]
ALPHABETS = {
    "ascii": "abc ",
    "quotes": "\"'\\/",
    "control": "\x00\x01\x1f\x7f\n\t",
    "umlauts": "äöüß",
    "japanese": "日本語の文字",
    "emoji": "🐘🚀",
    "no characters": "\udc80\udcff",
    "mixed": 'a"\\\x01ä日🐘\udc80',
}


def read(fields: dict[str, object]) -> dict[str, Any]:
    """What a reader of the message gets; it must fit."""
    message = termination_message(fields)
    assert len(message.encode()) <= TERMINATION_MESSAGE_BYTES
    got: dict[str, Any] = json.loads(message)
    return got


def with_message(text: str) -> dict[str, object]:
    return SMALL | {"error": {"type": "RevisionFailed", "message": text}}


def test_what_fits_is_left_as_it_is() -> None:
    assert list(read(SMALL).items()) == list(SMALL.items())


def test_text_is_readable_without_decoding_escapes() -> None:
    assert "größer als erwartet: 大きい" in termination_message(SMALL)


def test_a_message_of_exactly_the_limit_is_not_cut() -> None:
    room = TERMINATION_MESSAGE_BYTES - len(termination_message(with_message("")).encode())
    assert read(with_message("x" * room)) == with_message("x" * room)
    assert read(with_message("x" * (room + 1)))["error"]["message"].endswith("x…")


def test_the_newest_of_many_entries_stay_and_the_others_are_counted() -> None:
    got = read(SMALL | {"applied": ENTRIES})
    assert got["applied"] == ENTRIES[-len(got["applied"]) :]
    assert len(got["applied"]) > 20
    assert got["applied_cut"] == len(ENTRIES) - len(got["applied"])


@pytest.mark.parametrize("alphabet", ALPHABETS.values(), ids=ALPHABETS.keys())
def test_a_huge_error_message_keeps_its_beginning_and_shows_its_end_is_missing(
    alphabet: str,
) -> None:
    text = alphabet * (200_000 // len(alphabet))
    message = read(with_message(text))["error"]["message"]
    assert message.endswith("…")
    assert text.startswith(message.removesuffix("…"))


@pytest.mark.parametrize("alphabet", ["abc ", "äöüß", "日本語の文字", "🐘🚀"], ids=str)
def test_the_room_is_used_whatever_the_text_is_written_in(alphabet: str) -> None:
    message = termination_message(with_message(alphabet * 1000))
    assert len(message.encode()) > TERMINATION_MESSAGE_BYTES - 20


def test_neither_many_entries_nor_a_huge_message_hides_the_other() -> None:
    got = read(with_message("x" * 50_000) | {"applied": ENTRIES})
    assert len(got["error"]["message"]) > 500
    assert len(got["applied"]) > 5


def test_the_essentials_are_never_cut() -> None:
    got = read(with_message("x" * 50_000) | {"applied": ENTRIES})
    assert {name: got[name] for name in ("outcome", "exit_code", "next_step", "database")} == {
        name: SMALL[name] for name in ("outcome", "exit_code", "next_step", "database")
    }


def test_where_nothing_is_long_and_all_is_too_much_the_last_fields_go_and_are_counted() -> None:
    many: dict[str, object] = {f"field_{number:03}": "\x01" * 90 for number in range(50)}
    got = read(many)
    kept = [name for name in got if name != "fields_cut"]
    assert kept == list(many)[: len(kept)]
    assert got["fields_cut"] == len(many) - len(kept) < len(many)


def test_the_fields_that_were_given_are_not_changed() -> None:
    fields = with_message("x" * 5000) | {"applied": list(ENTRIES)}
    before = json.dumps(fields)
    termination_message(fields)
    assert json.dumps(fields) == before


def text_of(dice: random.Random) -> str:
    length = dice.choice([0, 1, 99, 100, 101, 700, 3000])
    return "".join(dice.choices(dice.choice(list(ALPHABETS.values())), k=length))


def fields_of(dice: random.Random) -> dict[str, object]:
    """Fields as the verdict has them, with whatever in them."""
    return {
        "outcome": "upgraded",
        "exit_code": 0,
        "next_step": text_of(dice),
        "error": {"type": text_of(dice), "message": text_of(dice)},
        "from": [text_of(dice) for _ in range(dice.choice([0, 1, 5]))],
        "applied": [
            {"revision": text_of(dice)[:40], "seconds": dice.random()}
            for _ in range(dice.choice([0, 1, 10, 300]))
        ],
        "database": {name: text_of(dice) for name in ("host", "port", "name", "user")},
        "tls": dice.choice([True, False]),
        "server_version": text_of(dice),
    }


@pytest.mark.parametrize("seed", range(40))
def test_whatever_the_fields_hold_it_fits_and_begins_with_how_the_run_ended(seed: int) -> None:
    got = read(fields_of(random.Random(seed)))
    assert list(got.items())[:2] == [("outcome", "upgraded"), ("exit_code", 0)]
