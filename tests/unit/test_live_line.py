"""The text of the line below the log: what it says, and where it is cut."""

import pytest

from headstart.process.live_line import Work, line_of
from headstart.verdict.progress import Progress

WORK = Work("[3/12] create chunks", 10.0)
BUILDING = Progress("CREATE INDEX", "building index: scanning table", 43.06, "public.chunks")
WAITING = Progress("CREATE INDEX CONCURRENTLY", "waiting for writers before build")


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (None, "[3/12] create chunks: 14 s"),
        (BUILDING, "[3/12] create chunks: 14 s, 43.1 % (building index: scanning table)"),
        (WAITING, "[3/12] create chunks: 14 s, (waiting for writers before build)"),
    ],
)
def test_it_says_which_one_how_long_and_how_far(progress: Progress | None, line: str) -> None:
    assert line_of(WORK, progress, 24.9, 80) == line


@pytest.mark.parametrize("columns", range(1, 70))
def test_it_never_reaches_the_last_column(columns: int) -> None:
    assert len(line_of(WORK, BUILDING, 24.9, columns)) <= columns - 1


def test_a_wide_character_takes_two_columns() -> None:
    line = line_of(Work("[1/1] \u8868\u8868\u8868", 0.0), None, 1.0, 12)
    assert line == "[1/1] \u8868\u8868"


def test_a_name_cannot_move_the_cursor() -> None:
    assert "\x1b" not in line_of(Work("[1/1] a\x1b[2J\r", 0.0), None, 1.0, 80)
