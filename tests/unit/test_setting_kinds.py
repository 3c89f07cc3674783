"""What a setting's text may be, kind by kind."""

import pytest

from headstart.settings import kinds
from headstart.settings.declared import SETTINGS


@pytest.mark.parametrize("text", ["head", "heads", "ae1027a6acf", "branch@head", "2024_01"])
def test_a_target_is_a_symbol_a_revision_or_a_branch(text: str) -> None:
    assert kinds.target(f" {text} ") == text


@pytest.mark.parametrize("text", ["", "base", "a:b", "a b", "a@b@head", "@head", "+1", "head-1"])
def test_a_target_is_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match="head, heads, a revision or branch@head"):
        kinds.target(text)


@pytest.mark.parametrize(
    "text",
    ["proof", "head", "ae1027a6acf", "a+b", "a,b", "a, b", "a b", "x@head+y@head", "0001+0002"],
)
def test_a_baseline_is_proof_head_or_revisions(text: str) -> None:
    assert kinds.baseline(f" {text} ") == text


@pytest.mark.parametrize(
    "text", ["", "+1", "-1", "head-1", "a:b", "+", ", ,", "a,-1", "a-1+b", "a +1", "x@+1", "x@-2"]
)
def test_a_baseline_is_nothing_relative(text: str) -> None:
    with pytest.raises(ValueError, match="proof, base, head or a revision"):
        kinds.baseline(text)


@pytest.mark.parametrize("text", ["0.0004", "1e-9", "nan", "-1", "2147484", "\u0665"])
def test_a_duration_that_postgres_would_round_to_none_or_cannot_hold_is_refused(text: str) -> None:
    """It counts whole milliseconds in 32 bits, and takes 0 for no limit at all."""
    with pytest.raises(ValueError, match="a number of seconds, either 0 or from "):
        kinds.seconds(text)


@pytest.mark.parametrize(("text", "value"), [("0", 0.0), ("0.001", 0.001), ("2147483", 2147483.0)])
def test_a_duration_is_nothing_or_at_least_a_millisecond(text: str, value: float) -> None:
    assert kinds.seconds(text) == value


def test_target_and_baseline_are_read_as_such() -> None:
    parsers = {row.name: row.parse for row in SETTINGS}
    assert parsers["BASELINE"] is kinds.baseline
    assert parsers["TARGET"] is kinds.target


@pytest.mark.parametrize(
    "text", ["APP_DB_URL,_B2", " APP_DB_URL  _B2 ", "APP_DB_URL, _B2,APP_DB_URL,"]
)
def test_variables_stand_between_commas_or_spaces(text: str) -> None:
    assert kinds.variables(text) == ("APP_DB_URL", "_B2")


@pytest.mark.parametrize("text", ["", " ", ","])
def test_no_variables_are_none(text: str) -> None:
    assert kinds.variables(text) == ()


@pytest.mark.parametrize(
    "text",
    ["APP-DB", "2X", "A=b", "$A", "\u00c4_URL", "postgresql://u:p@h/d", "A;B", "A\0"],
)
def test_what_can_be_no_variable_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="names of variables in which an app looks"):
        kinds.variables(text)


@pytest.mark.parametrize(
    "name",
    [
        *("DATABASE_URL", "DATABASE_URL_FILE", "PGPASSWORD", "PGHOST", "HEADSTART_TARGET", "PATH"),
        *("PYTHONPATH", "LD_PRELOAD", "HOME", "KUBERNETES_SERVICE_HOST"),
    ],
)
def test_a_variable_that_is_set_anyway_or_is_somebody_elses_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="DATABASE_URL is always set"):
        kinds.variables(f"APP_DB_URL,{name}")
