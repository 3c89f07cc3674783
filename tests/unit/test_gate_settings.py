"""The gate understands each setting, or leaves it to the flow; never does it read one otherwise."""

import pytest

from headstart.fingerprint.file.header import Header
from headstart.gate.doubt import Doubt
from headstart.gate.image import fits
from headstart.gate.settings import UNDERSTOOD, VERBS, asked_of, plain
from headstart.settings.declared import SETTINGS
from tests.unit.test_gate_header import HEADER

DECLARED = {row.name: row for row in SETTINGS if row.name != "DATABASE_URL"}
NUMBERS = [
    "0", "0.0", "0.0001", "0.001", "1", "1.5", "01", "5", "5.", ".5", "60", "999999", "1000000",
    "9999999999", "-1", "+1", "1e3", "1_0", "nan", "inf", "1 ", " 1", "0x1", "1.2.3", "2147484",
]  # fmt: skip
TEXTS = [
    "", " ", "a", " a", "a ", "a b", "A", "\t", "a\nb", "é", "abc", "head", "heads", "HEAD", "base",
    "head ", "0003", "+1", "-1", "main@head", "x=y", "'", '"', "proof", "none", "comment", "off",
    "on", "auto", "AUTO", "prove", "allow", "refuse", "strict", "warn", "true", "false", "False",
    "no", "contract", "json", "console", "info", "INFO", "debug", "warning", "error", "s.t",
    "a.b.c", "alembic_version", "DATABASE_URL", "APP_URL", "APP_URL,OTHER",
    "APP-URL", "PGHOST", ",",
    "a\0b", "\u0661",
]  # fmt: skip


def test_it_names_the_declared_settings_and_no_others() -> None:
    assert set(UNDERSTOOD) == set(DECLARED)


@pytest.mark.parametrize("name", sorted(set(UNDERSTOOD) - {"URL_VARIABLES", "VERSION_TABLE"}))
def test_what_it_understands_is_no_mistake(name: str) -> None:
    for value in (*NUMBERS, *TEXTS):
        if UNDERSTOOD[name](value):
            DECLARED[name].parse(value)


@pytest.mark.parametrize("name", ["URL_VARIABLES", "VERSION_TABLE"])
def test_nor_are_names_that_fit_its_image(name: str) -> None:
    """These are compared with the header's, which the flow has written."""
    for value in TEXTS:
        if UNDERSTOOD[name](value) and fits(HEADER, {"TARGET": "heads", name: value}, runs=True):
            DECLARED[name].parse(value)


@pytest.mark.parametrize("name", sorted(UNDERSTOOD))
def test_the_default_is_understood_if_anything_is(name: str) -> None:
    if UNDERSTOOD[name] is not UNDERSTOOD["X"] and DECLARED[name].default not in (None, ()):
        assert UNDERSTOOD[name](DECLARED[name].default_text), DECLARED[name].default_text


CLOSED = {
    "X": ["tenant=b", ""],
    "FINGERPRINTS": ["f.txt", ""],
    "TARGET": ["0003", "main@head", "base", ""],
    "BASELINE": ["0003", "head", "base"],
    "VERIFY": ["strict", "warn", "off"],
    "RECORD": ["off"],
    "GATE": ["off", ""],
    "PLAN": ["plan.json", ""],
    "EMBEDDED": ["true", "1"],
    "LOG_FORMAT": ["CONSOLE", "text", ""],
    "LOG_LEVEL": ["debug"],
    "DEADLINE_SECONDS": ["1", "0.5", "0"],
    "WAIT_SECONDS": ["abc", "-1", ""],
    "LOCK_SECONDS": ["abc"],
    "STATEMENT_TIMEOUT_SECONDS": ["1e3"],
}


@pytest.mark.parametrize("name", sorted(CLOSED))
def test_what_it_must_not_understand(name: str) -> None:
    for value in CLOSED[name]:
        with pytest.raises(Doubt):
            plain({f"HEADSTART_{name}": value})


@pytest.mark.parametrize(
    "name", ["HEADSTART_WAIT", "HEADSTART_", "headstart_x", "Headstart_Wait_Seconds", "HEADSTART_x"]
)
def test_an_unknown_name_is_left_to_the_flow(name: str) -> None:
    with pytest.raises(Doubt):
        plain({name: "1"})


def test_other_variables_are_not_looked_at() -> None:
    assert plain({"PATH": "/bin", "HEAD": "1", "HEADSTART": "1"}) == {}


LEFT = (
    ["plan"], ["run", "check"], ["run", "--target=x"], ["--help"], [""], ["RUN"],
    ["run", "--output", "json"], ["check", "--output", "xml"], ["check", "--output"],
    ["check", "--output", "json", "--since", "1"], ["check", "json"], ["--output", "json"],
)  # fmt: skip


def test_a_verb_with_anything_behind_it_is_left_to_the_flow() -> None:
    asked = [asked_of([]), *(asked_of([verb]) for verb in VERBS)]
    assert asked == [(verb, "text") for verb in ("run", *VERBS)]
    for arguments in LEFT:
        with pytest.raises(Doubt):
            asked_of(arguments)


@pytest.mark.parametrize("arguments", [["check", "--output", "json"], ["status", "--output=json"]])
def test_but_for_the_form_of_the_answer(arguments: list[str]) -> None:
    assert asked_of(arguments) == (arguments[0], "json")


FITTING = [
    ({"TARGET": "heads"}, True),
    ({}, False),
    ({"TARGET": "heads", "VERSION_TABLE": "alembic_version"}, True),
    ({"TARGET": "heads", "VERSION_TABLE": "other"}, False),
    ({"TARGET": "heads", "VERSION_TABLE": "public.alembic_version"}, False),
    ({"TARGET": "heads", "URL_VARIABLES": "APP_URL"}, False),
    ({"TARGET": "heads", "URL_VARIABLES": ","}, True),
]


def test_an_operators_word_is_about_env_py_and_not_about_what_the_gate_cannot_see() -> None:
    word = {"TARGET": "heads", "GATE": "on"}
    unfit, blind = (
        Header(**{**vars(HEADER), "unfit": "x"}),
        Header(**{**vars(HEADER), "blind": "x"}),
    )
    assert fits(unfit, word, runs=True)
    assert not fits(unfit, {"TARGET": "heads"}, runs=True)
    assert not fits(blind, word, runs=True)


@pytest.mark.parametrize(("settings", "expected"), FITTING)
def test_settings_that_the_image_was_built_for(settings: dict[str, str], expected: bool) -> None:
    assert fits(HEADER, settings, runs=True) is expected
    assert fits(HEADER, settings, runs=False) is expected


OWN_TABLE = Header(**{**vars(HEADER), "version_table": "shop_version"})


@pytest.mark.parametrize(
    ("named", "runs", "expected"),
    [(None, True, True), (None, False, False), ("shop_version", False, True)],
)
def test_a_version_table_of_its_own_is_found_by_env_py_or_a_setting(
    named: str | None, runs: bool, expected: bool
) -> None:
    """Only a run executes env.py; the other verbs look where the setting says."""
    settings = {"TARGET": "heads"} | ({} if named is None else {"VERSION_TABLE": named})
    assert fits(OWN_TABLE, settings, runs=runs) is expected


@pytest.mark.parametrize(
    ("value", "expected"), [("0", True), ("0.001", False), ("0.999", False), ("1", True)]
)
def test_a_time_limit_that_env_py_itself_might_not_keep_is_not_understood(
    value: str, expected: bool
) -> None:
    assert UNDERSTOOD["STATEMENT_TIMEOUT_SECONDS"](value) is expected
    assert UNDERSTOOD["DDL_LOCK_TIMEOUT_SECONDS"](value) is expected
