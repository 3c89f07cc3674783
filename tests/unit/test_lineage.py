"""How revisions that an image does not have lead back to its own, and what is said of them."""

from dataclasses import replace

import pytest

from headstart.decision.choice import decide
from headstart.decision.newer import with_lineage
from headstart.decision.plan import NothingToDo, Refuse
from headstart.facts.applied_record import AppliedEntry, AppliedRecord, NoRecord
from headstart.facts.lineage import Lineage, forbidden_by, lineage_of, words_for, words_of_begun
from headstart.facts.state import DatabaseFacts, State, VersionColumn
from headstart.fingerprint.newer.ruling import Judgement
from headstart.settings.kinds import Ahead
from tests.unit.histories import LINE, history

OURS = history(LINE, "d")
DOUBTFUL = Judgement(doubts=("DELETE may be refused",), agreeing=9, expected=9)


def entry(
    revision: str,
    parents: str,
    mark: str = "+",
    word: str | bool | None = None,
    *,
    leaves_rows: bool = False,
) -> AppliedEntry:
    time = "2026-11-29T10:00:00Z"
    more = words_for(word, leaves_rows=leaves_rows)
    return AppliedEntry(revision, tuple(parents), mark, time, 0.1, "v2", "", more)


def lineage(*chain: AppliedEntry, at: str = "f") -> Lineage:
    found = lineage_of(AppliedRecord(tuple(at), chain), tuple(at), OURS)
    assert found is not None
    return found


def test_it_leads_back_by_the_parents() -> None:
    found = lineage(entry("d", "c"), entry("e", "d"), entry("x", "a"), entry("f", "e"))
    assert [each.revision for each in found.newer] == ["e", "f"]
    assert (found.is_whole, found.lacking, found.image) == (True, (), "v2")


def test_where_a_link_is_missing_it_is_not_whole() -> None:
    assert not lineage(entry("f", "e")).is_whole


def test_what_they_do_not_build_on_is_lacking() -> None:
    """A branch from c: our d has never run there."""
    assert lineage(entry("f", "c")).lacking == ("d",)


def test_a_record_of_other_rows_says_nothing() -> None:
    record = AppliedRecord(("e",), (entry("e", "d"), entry("f", "e")))
    assert lineage_of(record, ("f",), OURS) is None
    assert lineage_of(NoRecord.ANOTHERS, ("f",), OURS) is None


@pytest.mark.parametrize(
    ("chain", "doubts"),
    [
        ((entry("f", "d", "+"),), 1),
        ((entry("e", "d", "+"), entry("f", "e", "+")), 1),
        ((entry("f", "d", "+", "d"),), 0),
        ((entry("f", "d", "?"),), 1),
        ((entry("f", "d", "!"),), 1),
        ((entry("f", "d", "!", "d"),), 0),
        ((entry("f", "d", "?", "b"),), 0),
        ((entry("f", "d", "?", "later"),), 1),
        ((entry("e", "d", "+"), entry("f", "e", "!", "e")), 1),
        ((entry("e", "d", "+"), entry("f", "e", "!", "d")), 0),
        ((entry("e", "d", "?"), entry("f", "e", "!", "d")), 1),
        ((entry("f", "e", "+"),), 1),
    ],
    ids=[
        "+",
        "only +",
        "+ and yes",
        "?",
        "!",
        "yes",
        "since",
        "a floor above us",
        "of its parent",
        "of us",
        "one without",
        "not whole",
    ],
)
def test_a_doubt_is_allowed_by_an_authors_yes_and_by_nothing_derived(
    chain: tuple[AppliedEntry, ...], doubts: int
) -> None:
    judged = with_lineage(DOUBTFUL, lineage(*chain), OURS)
    assert len(judged.doubts) == doubts
    assert len(judged.allowed) == 1 - doubts


NO = entry("e", "d", "+", False)


@pytest.mark.parametrize("told", [None, lineage(NO, entry("f", "e"))], ids=["stale", "current"])
def test_an_authors_no_breaks_whatever_the_schema_says(told: Lineage | None) -> None:
    judged = with_lineage(Judgement(), told, OURS, "e")
    assert "revision e says" in judged.breaks[0]


@pytest.mark.parametrize(
    ("chain", "at", "rows", "found"),
    [
        ((NO, entry("f", "e")), "f", "f", "e"),
        ((NO, entry("f", "e")), "f", "e", "e"),
        ((NO, entry("f", "e")), "f", "g", "e"),
        ((NO, entry("g", "f")), "g", "g", "e"),
        ((NO, entry("x", "d")), "x", "x", None),
        ((NO, entry("x", "d")), "e", "x", None),
        ((NO, entry("e", "d"), entry("f", "e")), "f", "f", None),
        ((entry("d", "c", "+", False), entry("f", "d")), "f", "f", None),
        ((NO, entry("f", "e")), "f", "d", None),
    ],
    ids=[
        "current",
        "what it names was taken back",
        "the alembic command went on",
        "the alembic command went on, and a run after it",
        "on another way",
        "on another way, stale",
        "applied again, without it",
        "of our own revision",
        "taken back itself",
    ],
)
def test_an_authors_no_outlives_the_record_that_it_stands_in(
    chain: tuple[AppliedEntry, ...], at: str, rows: str, found: str | None
) -> None:
    assert forbidden_by(AppliedRecord(tuple(at), chain), tuple(rows), OURS) == found


BEGUN = replace(entry("e", "d"), more=words_of_begun())


@pytest.mark.parametrize(
    ("chain", "at", "rows", "found"),
    [
        ((BEGUN,), "d", "d", "e"),
        ((BEGUN,), "", "d", "e"),
        ((entry("g", "d"), replace(BEGUN, parents=("g",))), "g", "g", "e"),
        ((BEGUN,), "d", "c", None),
        ((entry("e", "d"), entry("d", "c")), "d", "d", None),
    ],
    ids=["on our head", "no record before", "on a newer one", "what it stands on is gone", "ended"],
)
def test_a_no_that_has_only_begun_counts_by_its_parents(
    chain: tuple[AppliedEntry, ...], at: str, rows: str, found: str | None
) -> None:
    record = AppliedRecord(tuple(at), chain)
    assert forbidden_by(record, tuple(rows), OURS) == found
    facts = DatabaseFacts(tuple(rows), version_column=VersionColumn(comment=record.text))
    plan = decide(State.AT_HEAD, facts, OURS, Ahead.PROVE)
    assert isinstance(plan, Refuse) == (found is not None)
    assert isinstance(decide(State.AT_HEAD, facts, OURS, Ahead.ALLOW), NothingToDo)


def test_a_no_that_a_squashed_history_has_taken_in_is_none_of_anothers() -> None:
    squashed = replace(OURS, replaced={"a": ("y", "z")})
    chain = (entry("z", "y", "+", False), entry("g", "f"))
    assert forbidden_by(AppliedRecord(("g",), chain), ("g",), squashed) is None


def test_a_yes_overrules_nothing_that_breaks() -> None:
    broken = Judgement(breaks=("column t.x is gone",))
    assert with_lineage(broken, lineage(entry("f", "d", "!", "a")), OURS).breaks == broken.breaks


def test_what_may_have_changed_rows_is_named() -> None:
    chain = (
        entry("e", "d", "?"),
        entry("x", "e", "?", "d"),
        entry("y", "x", "!"),
        entry("z", "y", "!", leaves_rows=True),
        entry("f", "z", "?", leaves_rows=True),
    )
    judged = with_lineage(Judgement(), lineage(*chain), OURS)
    assert judged.rows_unproven == ("e", "y")
    assert judged.is_harmless


def test_without_a_record_nothing_changes() -> None:
    assert with_lineage(DOUBTFUL, None, OURS) is DOUBTFUL
