"""The text of the line below the log: what it says, and where it is cut."""

import pytest

from headstart.process.live_text import FleetWork, Work, line_of
from headstart.values import replace
from headstart.verdict.events.fleet import FleetProgress
from headstart.verdict.progress import Progress

WORK = Work("[3/12] create chunks", 10.0)
BUILDING = Progress("CREATE INDEX", "building index: scanning table", 43.06, "public.chunks")
WAITING = Progress("CREATE INDEX CONCURRENTLY", "waiting for writers before build")
NAMES = ("acme", "globex")
HALF_WAY = FleetWork(FleetProgress(1000, 312, 3, 2, 686, 25.38, 27.1), NAMES)


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (None, "[3/12] create chunks: 14 s"),
        (BUILDING, "[3/12] create chunks: 14 s, 43.1 % (building index: scanning table)"),
        (WAITING, "[3/12] create chunks: 14 s, (waiting for writers before build)"),
    ],
)
def test_it_says_which_one_how_long_and_how_far(progress: Progress | None, line: str) -> None:
    assert line_of(replace(WORK, progress=progress), 24.9, 80) == line


@pytest.mark.parametrize("columns", range(1, 70))
def test_it_never_reaches_the_last_column(columns: int) -> None:
    assert len(line_of(replace(WORK, progress=BUILDING), 24.9, columns)) <= columns - 1
    assert len(line_of(HALF_WAY, 24.9, columns)) <= columns - 1


def test_a_wide_character_takes_two_columns() -> None:
    line = line_of(Work("[1/1] \u8868\u8868\u8868", 0.0), 1.0, 12)
    assert line == "[1/1] \u8868\u8868"


def test_a_name_cannot_move_the_cursor() -> None:
    assert "\x1b" not in line_of(Work("[1/1] a\x1b[2J\r", 0.0), 1.0, 80)
    assert "\x1b" not in line_of(replace(HALF_WAY, names=("a\x1b[2J\r",)), 1.0, 200)


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (HALF_WAY.progress, "312/1,000 done, 3 failed, 25/s, 28 s remaining"),
        (FleetProgress(50, 0, 0, 2, 48, 0, None), "0/50 done"),
        (FleetProgress(50, 20, 0, 2, 28, 0.25, 120.0), "20/50 done, 15.0/min, 2 min remaining"),
        (FleetProgress(9, 2, 1, 2, 5, 3.44, 119.2), "2/9 done, 1 failed, 3.4/s, 120 s remaining"),
        (
            FleetProgress(90000, 9, 0, 2, 89989, 9.0, 9998.8),
            "9/90,000 done, 9.0/s, 2.8 h remaining",
        ),
    ],
)
def test_of_a_fleet_it_says_how_far_how_fast_and_who_is_at_work(
    progress: FleetProgress, line: str
) -> None:
    assert line_of(FleetWork(progress, NAMES), 0.0, 100) == f"fleet {line}, running: acme, globex"


def test_of_a_fleet_that_ends_it_says_who_is_waited_for() -> None:
    line = line_of(replace(HALF_WAY, is_ending=True), 0.0, 100)
    assert line == "fleet 312/1,000 done, 3 failed, ending: acme, globex"
