"""Which target is next: stages one after the other, as many at once as may be, and a budget."""

import pytest

from headstart.fleet.schedule import Schedule, Stages, stages_of
from headstart.settings.fleet import Budget, Shard, a_budget, a_shard, number_of_jobs
from headstart.verdict.errors import InvalidSettings

NAMES = tuple("edcba")
ALL = Shard()


def walked(schedule: Schedule, failing: str = "") -> list[str]:
    """What is started together, stage by stage, where each of these fails."""
    groups = []
    while not schedule.is_over:
        group = []
        while (name := schedule.take()) is not None:
            group.append(name)
        groups.append("".join(group))
        assert schedule.running == tuple(group)
        for name in group:
            schedule.end(name, is_ready=name not in failing)
    return groups


@pytest.mark.parametrize(
    ("first", "canary", "stages"),
    [
        (None, None, ("", "", "abcde")),
        ("c", None, ("c", "", "abde")),
        (None, "2", ("", "ab", "cde")),
        ("a", "2", ("a", "bc", "de")),
        (None, "0", ("", "", "abcde")),
        (None, "9", ("", "abcde", "")),
        ("b", "d, a,d", ("b", "ad", "ce")),
    ],
)
def test_the_first_one_and_the_canaries_come_before_the_rest(
    first: str | None, canary: str | None, stages: tuple[str, str, str]
) -> None:
    found = stages_of(NAMES, first, canary, ALL)
    assert ("".join(found.first), "".join(found.canaries), "".join(found.rest)) == stages
    assert found.targets == 5


def test_shard_0_has_those_that_come_first_and_each_other_target_has_one_shard() -> None:
    found = [stages_of(NAMES, "e", "a,b", Shard(index, 3)) for index in range(3)]
    assert [(each.first, each.canaries) for each in found] == [
        (("e",), ("a", "b")),
        ((), ()),
        ((), ()),
    ]
    assert sorted(name for each in found for name in each.rest) == ["c", "d"]


@pytest.mark.parametrize(("first", "canary"), [("z", None), (None, "a,z")])
def test_one_of_them_that_is_no_target_is_a_mistake(first: str | None, canary: str | None) -> None:
    with pytest.raises(InvalidSettings, match="not among"):
        stages_of(NAMES, first, canary, ALL)


STAGES = Stages(("a",), ("b", "c"), ("d", "e", "f"))


@pytest.mark.parametrize(
    ("jobs", "groups"),
    [(1, ["a", "b", "c", "d", "e", "f"]), (2, ["a", "bc", "de", "f"]), (9, ["a", "bc", "def"])],
)
def test_a_stage_begins_when_the_one_before_is_done(jobs: int, groups: list[str]) -> None:
    schedule = Schedule(STAGES, jobs, None)
    assert walked(schedule) == groups
    assert (schedule.stopped_by, schedule.left) == (None, ())


@pytest.mark.parametrize(
    ("failing", "groups", "left"),
    [("a", ["a"], "bcdef"), ("b", ["a", "bc"], "def"), ("c", ["a", "bc"], "def")],
)
def test_who_fails_early_keeps_the_others_from_starting(
    failing: str, groups: list[str], left: str
) -> None:
    schedule = Schedule(STAGES, 2, Budget(9))
    assert walked(schedule, failing) == groups
    assert "".join(schedule.left) == left
    assert schedule.stopped_by == f"{failing!r} comes before the others, and is not ready"


REST = Stages((), (), tuple("abcdef"))


@pytest.mark.parametrize(
    ("budget", "groups"),
    [
        (None, ["ab", "cd", "ef"]),
        (Budget(0), ["ab"]),
        (Budget(1), ["ab"]),
        (Budget(2), ["ab", "cd"]),
        (Budget(6), ["ab", "cd", "ef"]),
        (Budget(50, is_percent=True), ["ab", "cd"]),
        (Budget(0, is_percent=True), ["ab"]),
        (Budget(100, is_percent=True), ["ab", "cd", "ef"]),
    ],
)
def test_beyond_the_budget_nobody_else_starts(budget: Budget | None, groups: list[str]) -> None:
    assert walked(Schedule(REST, 2, budget), "abcdef") == groups


@pytest.mark.parametrize(
    ("ready", "groups"),
    [("a", ["bc", "de", "f"]), ("abc", ["de", "f"]), ("bd", ["a", "c", "ef"]), ("abcdef", [])],
)
def test_who_is_ready_without_a_process_holds_up_nobody(ready: str, groups: list[str]) -> None:
    schedule = Schedule(STAGES, 2, None)
    schedule.skip(ready)
    assert walked(schedule) == groups


def test_who_comes_early_and_fails_stops_the_rest_whoever_was_skipped() -> None:
    schedule = Schedule(STAGES, 2, Budget(100, is_percent=True))
    schedule.skip("ab")
    assert walked(schedule, "c") == ["c"]
    assert "".join(schedule.left) == "def"


def test_the_budget_is_a_share_of_all_targets_skipped_or_not() -> None:
    schedule = Schedule(REST, 1, Budget(50, is_percent=True))
    schedule.skip("ab")
    assert walked(schedule, "cdef") == ["c", "d", "e", "f"]


def test_stopped_for_another_reason_those_that_run_come_to_their_end() -> None:
    schedule = Schedule(REST, 2, None)
    assert (schedule.take(), schedule.take(), schedule.take()) == ("a", "b", None)
    schedule.stop("a signal")
    schedule.end("a", is_ready=True)
    assert (schedule.take(), schedule.is_over) == (None, False)
    schedule.end("b", is_ready=False)
    assert schedule.is_over
    assert (schedule.stopped_by, schedule.left) == ("a signal", tuple("cdef"))


def test_one_that_cannot_be_started_yet_is_the_next_one_again() -> None:
    schedule = Schedule(STAGES, 2, None)
    schedule.end(str(schedule.take()), is_ready=True)
    assert (schedule.take(), schedule.take()) == ("b", "c")
    schedule.put_back("c")
    assert (schedule.running, schedule.left) == (tuple("b"), tuple("cdef"))
    schedule.end("b", is_ready=True)
    assert walked(schedule) == ["c", "de", "f"]


def test_no_target_is_over_at_once() -> None:
    assert Schedule(Stages((), (), ()), 2, None).is_over


@pytest.mark.parametrize(
    "text", ["", "1", "1/0", "8/8", "-1/8", "a/b", "0/100001", "\u0661/\u0662"]
)
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="i/n"):
        a_shard(text)


@pytest.mark.parametrize("text", ["", "-1", "x", "1.5", "101%", "%", "5 %"])
def test_what_is_no_budget_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="0% to 100%"):
        a_budget(text)


def test_what_is_written_right_is_read() -> None:
    assert (a_shard("0/8"), str(a_shard(" 7/8 "))) == (Shard(0, 8), "7/8")
    assert (a_budget("5"), a_budget("5%")) == (Budget(5), Budget(5, is_percent=True))
    assert number_of_jobs("500") == 500
    for wrong in ("0", "501", "x", ""):
        with pytest.raises(ValueError, match="from 1 to 500"):
            number_of_jobs(wrong)


@pytest.mark.parametrize(
    ("first", "canary", "said"),
    [
        (None, "", "expected a number, or names"),
        (None, " ,", "expected a number, or names"),
        ("a", "a", "which HEADSTART_FIRST does, too"),
        (None, "7", "write a comma behind it: 7,"),
    ],
)
def test_canaries_that_might_be_others_are_a_mistake(
    first: str | None, canary: str, said: str
) -> None:
    with pytest.raises(InvalidSettings, match=said):
        stages_of(("a", "7", "b"), first, canary, Shard())


def test_a_comma_makes_a_name_of_a_number() -> None:
    assert stages_of(("6", "7", "8"), None, "7,", Shard()).canaries == ("7",)
