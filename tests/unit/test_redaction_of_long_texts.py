"""Texts of any length: masked in a time that grows with them, and never cut through a secret."""

import time
from collections.abc import Callable

import pytest

from headstart.process.redaction import LONGEST_TEXT, Secrets
from tests.unit.test_redaction import FORMS, masked

HOSTILE_SECRET = "p@ss'w0rd\\%x-0123456789"
HOSTILE = {
    "password": "password ", "password and quotes": "password='", "escapes": "password E'\\",
    "dollar quotes": "password $$", "half a tag": "password $t", "within a repr": "password \\'",
    "spaces": "password" + 50 * " ", "urls": "a://u:", "no users": "a://", "at signs": "a://u:@@@@",
    "no url": "a-", "quotes": "'", "backslashes": "\\", "percent signs": "%",
    "prefix": HOSTILE_SECRET[:-1], "one letter": "t",
}  # fmt: skip
NASTY_SECRETS = (
    HOSTILE_SECRET,
    1499 * "t" + "b",
    30 * "\\'" + "xx",
    40 * "%" + "y",
    40 * "\\" + "z",
)


def seconds_to_mask(unit: str, length: int, secrets: Secrets) -> float:
    text = (unit * (length // len(unit) + 1))[:length]
    taken = []
    for _ in range(3):
        started = time.process_time()
        secrets.mask(text)
        taken.append(time.process_time() - started)
    return min(taken)


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_the_time_to_mask_does_not_grow_faster_than_the_text(unit: str) -> None:
    known = Secrets()
    for secret in NASTY_SECRETS:
        known.add(secret)
    short = max(seconds_to_mask(unit, LONGEST_TEXT // 16, known), 0.0005)
    # quadratic: 256 times as long, and more
    assert seconds_to_mask(unit, LONGEST_TEXT, known) < 80 * short
    assert seconds_to_mask(unit, 1_000_000, known) < 300 * short


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("before", [0, 1, 5, 17, 40, 200])
def test_a_text_is_never_cut_through_a_secret(form: Callable[[str], str], before: int) -> None:
    secret = "q1'%\\ü€Q" * 3
    for text in (
        "x" * (LONGEST_TEXT - before) + form(secret) + "x" * 5000,
        ("x" * 90 + form(secret)) * 500,  # what is masked is shorter than it was
    ):
        shown = str(masked(text, secret)).rpartition("… (cut, ")[0]
        assert set(shown) <= {"x", "*"}


@pytest.mark.parametrize("ending", [" ", "@", "@h ", "' b", ""])
@pytest.mark.parametrize(
    "start", ["PASSWORD '", "password=", "a://u:", "PASSWORD $$", "PASSWORD E'"]
)
def test_nor_through_a_password_that_nobody_told_it(start: str, ending: str) -> None:
    for before in (1, 6, 12, 20, 40):
        text = "x" * (LONGEST_TEXT - before) + f" {start}" + "Q" * 70 + ending + "y" * 9000
        shown = str(masked(text)).rpartition("… (cut, ")[0]
        assert "Q" not in shown
        assert len(shown) <= LONGEST_TEXT


def test_a_text_that_was_cut_says_so_and_how_long_it_was() -> None:
    shown = str(masked("x" * 1_048_576))
    assert shown.endswith("… (cut, 1,048,576 characters)")
    assert len(shown) < LONGEST_TEXT + 50
    assert masked("x" * LONGEST_TEXT) == "x" * LONGEST_TEXT


def test_lists_within_lists_have_an_end() -> None:
    deep: list[object] = ["secret-1"]
    for _ in range(100_000):
        deep = [deep]
    assert "secret" not in str(masked(deep, "secret-1"))
