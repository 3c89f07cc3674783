"""What is known of targets by the question and by their checks, and how it is shown."""

import json

import pytest

from headstart.command.fleet_text import plan_text, status_text
from headstart.decision.fleet_overview import overview_of
from headstart.decision.fleet_plan import PlannedTarget, plan_of
from headstart.decision.target_state import (
    Behind,
    Failed,
    Found,
    InProgress,
    Missing,
    Odd,
    Oddity,
    Proven,
    Ready,
    TargetAnswer,
)
from headstart.fleet.answers import answer_of_end, known_end, proven_end
from headstart.fleet.outcome import TargetEnd, killed, not_started
from headstart.process.redaction import Secrets
from headstart.settings.fleet import Shard
from headstart.settings.request import Output
from tests.unit.histories import LINE, history

HISTORY = history(LINE, "d")
SECRETS = Secrets()


def test_only_who_is_proven_is_finished_without_a_process() -> None:
    end = proven_end(TargetAnswer("a", Proven(), ("d",)))
    assert end is not None
    assert (end.is_ready, end.outcome, end.fields["gate"]) == (True, "nothing_to_do", True)
    assert (end.fields["from"], end.fields["proof"]) == (["d"], "fingerprint")
    others = (Behind(("b",)), Odd(Oddity.UNPROVEN), Odd(Oddity.CHANGED), Missing(), InProgress())
    for standing in others:
        assert proven_end(TargetAnswer("a", standing, ("d",))) is None


@pytest.mark.parametrize(
    ("standing", "outcome"),
    [
        (Proven(), "nothing_to_do"),
        (Behind(("b",)), "not_ready"),
        (InProgress(), "not_ready"),
        (Behind(()), None),
        (Missing(), None),
        *((Odd(why), None) for why in Oddity),
    ],
)
def test_who_is_surely_behind_needs_no_check_to_say_so(
    standing: Found, outcome: str | None
) -> None:
    end = known_end(TargetAnswer("a", standing, ("b",)), HISTORY)
    assert (end and end.outcome) == outcome
    assert end is None or not end.needs_person
    if isinstance(standing, Behind) and end is not None:
        assert end.message == "pending: c, d"


@pytest.mark.parametrize(
    ("fields", "found", "rows"),
    [
        ({"exit_code": 0, "proof": "fingerprint", "from": ["d"]}, Proven(), ("d",)),
        ({"exit_code": 0, "proof": "version_row", "from": ["d"]}, Ready(), ("d",)),
        ({"outcome": "not_ready", "state": "empty", "from": []}, Missing(), ()),
        ({"outcome": "not_ready", "state": "behind", "from": ["b"]}, Behind(("b",)), ("b",)),
        ({"outcome": "not_ready", "state": "unversioned", "from": []}, Failed("not_ready"), ()),
        ({"outcome": "not_ready", "state": "at_head", "from": ["d"]}, Failed("not_ready"), ("d",)),
        ({"outcome": "drifted", "state": "at_head", "from": ["d"]}, Failed("drifted"), ("d",)),
        ({"outcome": "unreachable"}, Failed("unreachable"), None),
    ],
)
def test_what_a_check_has_said_is_how_its_target_stands(
    fields: dict[str, object], found: Found, rows: tuple[str, ...] | None
) -> None:
    answer = answer_of_end(TargetEnd("a", {"exit_code": 14} | fields))
    assert answer == TargetAnswer("a", found, rows)


def test_who_has_said_nothing_stands_so() -> None:
    assert answer_of_end(killed("a", 9, 1.0)).standing == Failed("killed")
    assert answer_of_end(not_started("a", "lost")).standing == Failed("not_started")


ANSWERS = [
    TargetAnswer("a", Proven(), ("d",)),
    TargetAnswer("b", Proven(), ("d",)),
    TargetAnswer("c", Behind(("b",)), ("b",)),
    TargetAnswer("d", Missing()),
    TargetAnswer("e", InProgress()),
    TargetAnswer("f", Ready(), ("d",)),
    TargetAnswer("g", Failed("drifted"), ("d",)),
    TargetAnswer("h", Odd(Oddity.DIVERGED), ("b", "c")),
]
PLAN = plan_of(ANSWERS, {"a"}, {"g": "one column more"}, HISTORY)


def test_a_plan_has_a_process_for_all_but_those_that_the_question_has_proven() -> None:
    assert PLAN.processes == (
        PlannedTarget("b", "nothing_to_do", (), ""),
        PlannedTarget("c", "upgrade", ("c", "d"), ""),
        PlannedTarget("d", "upgrade", ("a", "b", "c", "d"), ""),
        PlannedTarget("e", "in_progress", (), ""),
        PlannedTarget("f", "nothing_to_do", (), ""),
        PlannedTarget("g", "drifted", (), "one column more"),
        PlannedTarget("h", "diverged", (), ""),
    )
    assert PLAN.targets == 8
    assert PLAN.kinds == {
        "nothing_to_do": 3, "upgrade": 2, "in_progress": 1, "drifted": 1, "diverged": 1,
    }  # fmt: skip


def test_for_people_a_plan_names_those_to_which_something_is_done() -> None:
    assert plan_text(PLAN, Shard(1, 4), Output.TEXT, SECRETS).splitlines() == [
        "would do       targets",
        "nothing_to_do        3",
        "upgrade              2",
        "in_progress          1",
        "drifted              1",
        "diverged             1",
        "",
        "7 of 8 targets get a process of their own (shard 1/4)",
        "c: upgrade: c, d",
        "d: upgrade: a, b, c, d",
        "e: in_progress",
        "g: drifted: one column more",
        "h: diverged",
    ]


def test_the_lists_for_people_are_bounded_and_those_for_programs_whole() -> None:
    many = [TargetAnswer(f"t{n:04}", Behind(("b",)), ("b",)) for n in range(1500)]
    plan, overview = plan_of(many, (), {}, HISTORY), overview_of(many, HISTORY)
    *_, last = plan_text(plan, Shard(), Output.TEXT, SECRETS).splitlines()
    assert last == "and 1,450 more, all of which --output json names"
    assert len(json.loads(plan_text(plan, Shard(), Output.JSON, SECRETS))["processes"]) == 1500
    shown = status_text(overview, Shard(), Output.TEXT, SECRETS).splitlines()
    assert shown[1] == "b           1,500  2 pending"
    assert shown[-1].endswith("t0009 and 1,490 more")
    told = json.loads(status_text(overview, Shard(), Output.JSON, SECRETS))
    assert len(told["named"]["behind"]) == 1500


def test_a_status_shows_what_is_farthest_from_the_head_first() -> None:
    text = status_text(overview_of(ANSWERS, HISTORY), Shard(), Output.TEXT, SECRETS)
    assert text.splitlines() == [
        "revision   targets",
        "(unknown)        1",
        "b                1  2 pending",
        "b+c              1  1 pending",
        "d                4",
        "",
        "2 of 8 targets are proven, 1 ready without a proof (shard 0/1)",
        "behind: c",
        "diverged: h",
        "drifted: g",
        "in_progress: e",
        "missing: d",
    ]


def test_a_name_cannot_forge_a_line() -> None:
    evil = [TargetAnswer("a\nb: proven", Failed("drifted"), ("d",))]
    text = status_text(overview_of(evil, HISTORY), Shard(), Output.TEXT, SECRETS)
    assert "\nb: proven" not in text
