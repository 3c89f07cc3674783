"""Every event is emitted by the program and stands in the runbook, and the log shows it as such."""

import json
import re
import sys
from collections import defaultdict

import pytest

from headstart.process.log import Log
from headstart.process.redaction import Secrets
from headstart.settings.kinds import LogFormat, LogLevel
from headstart.verdict.events.event import Event, Level
from headstart.verdict.events.revisions import PlanMade
from tests.harness.environment import ROOT
from tests.unit.event_samples import SAMPLES, event_classes

EVENTS = ROOT / "headstart" / "verdict" / "events"
ROW = re.compile(r"^\| `([a-z_]+)` \| ((?:debug|info|warning|error|, )+) \|", re.MULTILINE)
LOGGED = [sample for sample in SAMPLES if sample.logged_at is not None]
RECORD_ONLY = [sample for sample in SAMPLES if sample.logged_at is None]


def slugs(events: list[Event]) -> list[str]:
    """Return the names of test cases."""
    return [event.slug for event in events]


def test_every_class_of_events_has_a_sample() -> None:
    assert {type(sample) for sample in SAMPLES} == set(event_classes())


def test_every_event_is_emitted_somewhere_in_the_program() -> None:
    modules = (ROOT / "headstart").rglob("*.py")
    program = "\n".join(file.read_text() for file in modules if file.parent != EVENTS)
    never = [kind.__name__ for kind in event_classes() if f"{kind.__name__}(" not in program]
    assert never == []


def test_the_runbook_lists_the_events_of_the_log_with_their_levels() -> None:
    levels = defaultdict(set)
    for sample in LOGGED:
        assert sample.logged_at is not None
        levels[sample.slug].add(sample.logged_at)
    shown = {
        slug: ", ".join(level.name.lower() for level in sorted(levels[slug])) for slug in levels
    }
    assert dict(ROW.findall((ROOT / "docs" / "runbook.md").read_text())) == shown


def test_two_classes_share_a_name_only_where_the_log_tells_them_alike() -> None:
    kinds = sorted(set(event_classes()), key=lambda kind: kind.__name__)
    shared = [kind.__name__ for kind in kinds if slugs_of(kinds).count(kind.slug) > 1]
    assert shared == ["RevisionApplied", "RevisionReplayed"]


def slugs_of(kinds: list[type[Event]]) -> list[str]:
    """Return the names that these have in the log."""
    return [kind.slug for kind in kinds]


def test_a_name_is_the_class_in_snake_case() -> None:
    assert PlanMade.slug == "plan_made"


def log_of(level: LogLevel) -> Log:
    """Return a log that begins at this level."""
    return Log(sys.stderr, LogFormat.JSON, level, Secrets(), "run")


@pytest.mark.parametrize("event", LOGGED, ids=slugs(LOGGED))
def test_an_event_is_logged_with_its_name_its_level_and_its_fields(
    event: Event, capsys: pytest.CaptureFixture[str]
) -> None:
    log_of(LogLevel.DEBUG)(event)
    line = json.loads(capsys.readouterr().err)
    level = event.logged_at
    assert level is not None
    assert (line.pop("event"), line.pop("level")) == (event.slug, level.name.lower())
    assert {"timestamp", "run_id", *event.fields()} == set(line)


@pytest.mark.parametrize("event", LOGGED, ids=slugs(LOGGED))
@pytest.mark.parametrize("least", LogLevel)
def test_what_is_less_important_than_the_level_of_the_log_is_left_out(
    event: Event, least: LogLevel, capsys: pytest.CaptureFixture[str]
) -> None:
    log_of(least)(event)
    assert event.logged_at is not None
    assert bool(capsys.readouterr().err) == (event.logged_at >= Level[least.name])


@pytest.mark.parametrize("event", RECORD_ONLY, ids=slugs(RECORD_ONLY))
def test_what_only_the_verdict_needs_is_logged_at_no_level(
    event: Event, capsys: pytest.CaptureFixture[str]
) -> None:
    log_of(LogLevel.DEBUG)(event)
    assert capsys.readouterr().err == ""
