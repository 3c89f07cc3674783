"""What status says of each revision, by the version rows and the record; and how it looks."""

import json
import random
from dataclasses import replace

import pytest

from headstart.command.overview_text import overview_text
from headstart.decision.overview import Line, Overview, ScriptFacts, lines_of
from headstart.decision.plan import NothingToDo, Plan, Upgrade
from headstart.facts.applied_record import AppliedEntry, AppliedRecord
from headstart.facts.state import DatabaseFacts, History, State, VersionColumn
from headstart.process.redaction import Secrets
from headstart.process.status_table import WIDTH
from headstart.settings.request import Output

HISTORY = History(
    {"r1": frozenset(), "r2": frozenset({"r1"}), "r3": frozenset({"r2"})}, frozenset({"r3"})
)
SCRIPTS = {each: ScriptFacts(f"title of {each}", f"digest {each}") for each in HISTORY.requirements}
ALL_OF_IT = Upgrade(("r3",))
Told = dict[str, tuple[bool | None, bool, str | None]]


def entry(revision: str, *parents: str, digest: str = "") -> AppliedEntry:
    digest = digest or f"digest {revision}"
    return AppliedEntry(revision, parents, "?", "2026-11-28T10:00:00Z", 0.8, revision, digest)


def lines(
    rows: tuple[str, ...],
    *chain: AppliedEntry,
    at: tuple[str, ...] = (),
    state: State = State.BEHIND,
    plan: Plan = ALL_OF_IT,
) -> tuple[Line, ...]:
    comment = AppliedRecord().after(at or rows, chain).text if chain else None
    facts = DatabaseFacts(rows, version_column=VersionColumn(comment=comment))
    return lines_of(state, facts, HISTORY, SCRIPTS, plan)


def told(*found: Line) -> Told:
    return {
        each.revision: (each.applied, each.pending, each.entry.image if each.entry else None)
        for each in found
    }


def test_the_rows_say_what_is_applied_and_the_record_when() -> None:
    found = lines(("r2",), entry("r1"), entry("r2", "r1"))
    assert told(*found) == {
        "r1": (True, False, "r1"),
        "r2": (True, False, "r2"),
        "r3": (False, True, None),
    }
    assert [each.title for each in found] == ["title of r1", "title of r2", "title of r3"]


def test_what_is_held_back_is_neither_applied_nor_pending() -> None:
    for plan in (NothingToDo(held=("r3",)), Upgrade(("r2",), held=("r3",))):
        found = lines(("r1",), plan=plan)
        assert [each.revision for each in found if each.held] == ["r3"]
        assert told(*found)["r3"] == (False, False, None)
        assert "r3        held" in shown(*found)


def test_without_a_record_the_rows_still_say_it() -> None:
    assert told(*lines(("r2",))) == {
        "r1": (True, False, None),
        "r2": (True, False, None),
        "r3": (False, True, None),
    }


def test_a_record_of_other_rows_makes_nothing_applied() -> None:
    found = told(*lines(("r1",), entry("r1"), entry("r2", "r1"), entry("r3", "r2"), at=("r3",)))
    assert found["r1"] == (True, False, "r1")
    assert found["r2"] == (False, False, None)


def test_of_a_revision_that_was_applied_twice_the_last_time_counts() -> None:
    first, again = entry("r1"), replace(entry("r1"), image="again")
    assert told(*lines(("r1",), first, again))["r1"] == (True, False, "again")


def test_a_record_leads_from_rows_of_another_image_to_those_of_this_one() -> None:
    chain = (entry("r2", "r1"), entry("r8", "r2"), entry("r9", "r8"))
    found = lines(("r9",), *chain, state=State.UNKNOWN_REVISION)
    assert [(each.revision, each.applied, each.in_image) for each in found] == [
        ("r1", True, True),
        ("r2", True, True),
        ("r8", True, False),
        ("r9", True, False),
        ("r3", False, True),
    ]


@pytest.mark.parametrize("at", [("r8",), ("r9",)], ids=["stale", "a gap"])
def test_where_nothing_leads_there_nobody_knows_what_is_applied(at: tuple[str, ...]) -> None:
    chain = [entry("r9", "r8")] if at == ("r9",) else [entry("r9", "r8"), entry("r8", "r3")]
    found = told(*lines(("r9",), *chain, at=at, state=State.UNKNOWN_REVISION))
    assert found["r9"][0] is True
    assert {found[each][0] for each in ("r1", "r2")} == {None}


def test_a_record_that_names_itself_as_its_parent_ends() -> None:
    assert told(*lines(("r9",), entry("r9", "r9"), state=State.UNKNOWN_REVISION))["r9"][0] is True


def test_tables_without_a_row_are_not_known_to_be_applied() -> None:
    assert {each.applied for each in lines((), state=State.UNVERSIONED)} == {None}
    assert {each.applied for each in lines((), state=State.EMPTY)} == {False}


def test_a_script_that_is_not_the_one_that_was_run_is_edited() -> None:
    stamped = replace(entry("r1"), digest="", seconds=None)
    found = lines(("r2",), stamped, entry("r2", "r1", digest="another"))
    assert [each.revision for each in found if each.edited] == ["r2"]


def shown(*found: Line, output: Output = Output.TEXT, secret: str | None = None) -> str:
    record = AppliedRecord()
    view = Overview(State.AT_HEAD, NothingToDo(), ("r1",), ("r1",), record, found, False)
    secrets = Secrets()
    secrets.add(secret)
    return overview_text(view, output, secrets)


def test_the_table_fits_a_terminal_of_80_columns_with_three_hundred_revisions() -> None:
    dice = random.Random(1)
    found = [
        Line(
            f"{dice.getrandbits(48):012x}",
            "a title " * dice.randint(0, 12),
            True,
            entry=replace(entry("r1"), image="c0ffee" * 7, seconds=10 ** dice.uniform(-3, 5)),
        )
        for _ in range(300)
    ]
    text = shown(*found)
    assert {len(line) <= WIDTH for line in text.splitlines()} == {True}
    assert all(each.revision in text for each in found)


def test_a_long_id_is_never_cut() -> None:
    assert "r" * 200 in shown(Line("r" * 200, "a title", True))


@pytest.mark.parametrize("odd", ["\x1b[31mred", "two\nlines", "\u202egnp", "価格", "", "\ud800"])
def test_odd_titles_and_images_stay_within_their_line(odd: str) -> None:
    found = Line("r1", odd, True, entry=replace(entry("r1"), image=odd, mark=odd, time=odd))
    _, second, *_ = shown(found).splitlines()
    assert second.startswith("r1  ")
    assert not set("\x1b\u202e\ud800") & set(shown(found))
    assert json.loads(shown(found, output=Output.JSON))["revisions"][0]["title"] == odd


def test_half_a_secret_is_not_shown_either() -> None:
    found = Line("r1", "x", True, entry=replace(entry("r1"), image="by s3cret-and-more-of-it"))
    assert "s3cret" not in shown(found, secret="s3cret-and-more-of-it")


def test_columns_of_which_nothing_is_known_are_left_out() -> None:
    assert shown(Line("r1", "a title", True)).splitlines()[:2] == [
        "revision  applied (UTC)  title",
        "r1        yes            a title",
    ]
