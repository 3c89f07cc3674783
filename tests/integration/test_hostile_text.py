"""A megabyte of any text, wherever it comes from, delays no verdict and shows no password."""

from datetime import datetime

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS
from tests.harness.result import Result
from tests.integration.stage import Stage

pytestmark = ON_ONE_SERVER

SOON_SECONDS = 10
"""From the revision's start to the verdict; a second on a machine that does nothing else. In
quadratic time it is a quarter of an hour."""
UNITS = {
    "urls": "a://u:@",
    "no users": "://",
    "passwords": "password ",
    "literals": "password='",
    "quotes and backslashes": "password E'\\\\",
    "dollars": "password $$",
    "percent signs": "%",
}
MAKE = "hostile = ({unit!r} * 1_000_000)[:1_000_000] + \" password 'Zq9secret'\"\n"
PLACES = {
    "a statement": (
        "op.get_bind().exec_driver_sql('SELECT 1 / 0, $hostile$' + hostile.replace('%', '%%')"
        " + '$hostile$')"
    ),
    "an error": "raise ValueError(hostile)",
    "an error of the server": (
        "op.get_bind().exec_driver_sql(\"DO $do$ BEGIN RAISE EXCEPTION '%%', $hostile$\""
        " + hostile.replace('%', '%%') + '$hostile$; END $do$')"
    ),
    "what is there already": (
        "op.get_bind().exec_driver_sql(\"DO $do$ BEGIN RAISE EXCEPTION USING ERRCODE = '42P07',\""
        " \" MESSAGE = repeat('\u201e', 1000000); END $do$\")"
    ),
    "what is not allowed": (
        'op.get_bind().exec_driver_sql("DO $do$ BEGIN RAISE insufficient_privilege; END $do$;"'
        " \" CREATE TABLE x AS\" + 1_000_000 * ' ' + 'x')"
    ),
    "comments": "op.execute(1000 * '/* a */ -- b\\n' + 'SELECT 1 / 0')",
    "a line": "print(hostile)\nraise ValueError('x')",
    "a line in pieces": (
        "for start in range(0, len(hostile), 7):\n"
        "    print(hostile[start:start + 7], end='')\nraise ValueError('x')"
    ),
    "the log": "import logging\nlogging.warning(hostile)\nraise ValueError('x')",
}


def assert_soon(ended: Result, stage: Stage) -> None:
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed")
    assert stage.rows() == REVISIONS[-1:]
    began = next(e for e in ended.events if e["event"] == "revision_started" and "4" in e["number"])
    moments = [datetime.fromisoformat(event["timestamp"]) for event in (began, ended.verdict)]
    assert (moments[1] - moments[0]).total_seconds() < SOON_SECONDS
    assert "Zq9" not in ended.stderr


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
@pytest.mark.parametrize("unit", ["a://u:@", "password='"], ids=["urls", "literals"])
def test_wherever_it_comes_from(stage: Stage, place: str, unit: str) -> None:
    stage.project.add("0004", "0003", MAKE.format(unit=unit) + place)
    assert_soon(stage.run(), stage)


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS.keys())
def test_whatever_it_consists_of(stage: Stage, unit: str) -> None:
    stage.project.add("0004", "0003", MAKE.format(unit=unit) + PLACES["a statement"])
    ended = stage.run()
    assert_soon(ended, stage)
    statement = next(e["statement"] for e in ended.events if e["event"] == "statement_failed")
    assert statement.endswith(" characters)")


@pytest.mark.parametrize(
    "raised",
    ["deep = []\nfor _ in range(100_000):\n    deep = [deep]\nraise ValueError(deep)",
     "class Mute(Exception):\n    def __str__(self): raise KeyError\nraise Mute"],
    ids=["too deep", "mute"],
)  # fmt: skip
def test_an_error_that_has_no_text_is_the_revisions_all_the_same(stage: Stage, raised: str) -> None:
    stage.project.add("0004", "0003", raised)
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (21, "revision_failed")
    assert "its text cannot be read" in ended.verdict["error"]["message"]


HUGE = "9" * 100_000
HUGE_SETTINGS = {
    "a revision": {"HEADSTART_TARGET": HUGE},
    "a revision that is none": {"HEADSTART_TARGET": f"{HUGE} x"},
    "a number": {"HEADSTART_WAIT_SECONDS": HUGE},
    "several revisions": {"HEADSTART_BASELINE": f"{HUGE}+{HUGE}"},
    "a name": {"HEADSTART_VERSION_TABLE": f"a.b.{HUGE}"},
    "a path": {"HEADSTART_ALEMBIC_INI": f"/{HUGE}"},
    "a driver": {"DATABASE_URL": f"postgresql+{HUGE}://u@localhost/d"},
    "an option": {"DATABASE_URL": f"postgresql://u@localhost/d?{HUGE}=1"},
}


@pytest.mark.parametrize("environ", HUGE_SETTINGS.values(), ids=HUGE_SETTINGS)
def test_a_refusal_shows_the_beginning_of_a_huge_value(
    stage: Stage, environ: dict[str, str]
) -> None:
    ended = stage.run(**environ)
    assert (ended.exit_code, ended.outcome) == (2, "invalid_settings"), ended.outcome
    assert "characters)" in ended.verdict["error"]["message"]
    assert len(ended.stderr + ended.stdout) < 6000
