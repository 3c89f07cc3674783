"""What two replays build differently is left out on both sides, and nothing else is."""

import pytest

from headstart.fingerprint.catalog.normal_form import Snapshot
from headstart.fingerprint.file.free import matcher, pattern_of
from headstart.fingerprint.match.equal_schemas import Answers, EqualSchemas
from headstart.fingerprint.match.find import find
from headstart.fingerprint.match.finding import Proven, SeveralMatches, Unlike
from headstart.fingerprint.match.recording import Recording
from headstart.fingerprint.match.repeatable import unrepeatable
from headstart.fingerprint.match.scope import live_schema
from headstart.fingerprint.statements.effect import Effect
from tests.unit.histories import LINE, history
from tests.unit.known import known, line, lines, step


def patterns(first: str, second: str) -> set[str]:
    """What is free between two replays of one revision, with bars for tabs."""
    found = unrepeatable(known(f"a: {first}"), known(f"a: {second}"))
    return {each.replace("\t", "|") for each in found.get("a", ())}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param("+t +t.x", "+t +t.x", set(), id="nothing"),
        pytest.param(
            "+unique|t|u|(a) +unique|t|v|(b)",
            "+unique|t|u|(b) +unique|t|v|(a)",
            {r"unique|t|u|(\*)", r"unique|t|v|(\*)"},
            id="names that are exchanged",
        ),
        pytest.param(
            "+check|t|ck_4f|x>0", "+check|t|ck_9a|x>0", {r"check|t|ck_\*|x>0"}, id="a random name"
        ),
        pytest.param(
            "+column|t|x|date-default-'2026-01-01'",
            "+column|t|x|date-default-'2026-01-09'",
            {r"column|t|x|date-default-\*"},
            id="a date is one word",
        ),
        pytest.param(
            "+table|old_4f||table +pk|old_4f|pk_4f|(id)",
            "+table|old_9a||table +pk|old_9a|pk_9a|(id)",
            {r"table|old_\*||table", r"pk|old_\*|pk_\*|(id)"},
            id="a random table",
        ),
        pytest.param(
            "+t", "+t +t.x", {r"column|t|x|\*"}, id="what only one has is free whatever it is"
        ),
        pytest.param(
            "+table|aa||table",
            "+table|bb||table",
            {r"table|aa||\*", r"table|bb||\*"},
            id="a pattern never fits every table",
        ),
    ],
)
def test_what_differs_gives_a_pattern(first: str, second: str, expected: set[str]) -> None:
    assert patterns(first, second) == expected


@pytest.mark.parametrize(
    ("fact", "free"),
    [
        ("unique|t|uq_77|(a)", True),
        ("unique|t|uq_|(a)", True),
        ("unique|t|uq_77|(b)", False),
        ("unique|u|uq_77|(a)", False),
        ("check|t|uq_77|(a)", False),
        ("unique|t|other|(a)", False),
    ],
)
def test_a_pattern_fits_its_gap_and_nothing_else(fact: str, *, free: bool) -> None:
    pattern = pattern_of(line("unique|t|uq_4f|(a)"), line("unique|t|uq_9b|(a)"))
    assert pattern is not None
    assert matcher([pattern])(line(fact)) is free


def test_a_star_in_a_fact_is_no_gap() -> None:
    kept = line("check|t|c|a*b")
    assert matcher([kept])(kept)
    assert not matcher([kept])(line("check|t|c|axxb"))


FREE = step("b: +unique|t|uq_4f|(a)", Effect.SCHEMA, free="unique|t|uq_\\*|(a)")
STATES = known("a: +t +t.a", FREE, "c: +u")


@pytest.mark.parametrize("name", ["uq_4f", "uq_77", ""])
def test_a_schema_is_found_whatever_its_free_facts_are(name: str) -> None:
    schema = lines("t t.a u") | ({line(f"unique|t|{name}|(a)")} if name else set())
    live = live_schema(Snapshot(schema), STATES)
    assert live.free == (line("unique|t|uq_\\*|(a)"),)
    found = find(live, STATES.compared, history(LINE, "c"), lambda _: Answers({}, {}))
    assert isinstance(found, Proven)
    assert found.revisions == ("c",)


def test_another_fact_still_counts() -> None:
    live = live_schema(Snapshot(lines("t t.a u u.x") | {line("unique|t|uq_77|(a)")}), STATES)
    found = find(live, STATES.compared, history(LINE, "c"), lambda _: Answers({}, {}))
    assert isinstance(found, Unlike)
    assert found.difference.extra == lines("u.x")


def test_a_revision_that_makes_nothing_but_free_facts_may_have_run_or_not() -> None:
    """The tables are empty; a second run would make the constraint twice."""
    live = live_schema(Snapshot(lines("t t.a") | {line("unique|t|uq_77|(a)")}), STATES)

    def all_empty(equal: EqualSchemas) -> Answers:
        return Answers(dict.fromkeys(equal.tables, True), {})

    found = find(live, STATES.compared, history(LINE, "c"), all_empty)
    assert isinstance(found, SeveralMatches)
    assert (found.candidates, found.open) == (("a", "b"), ("b",))


def recorded(*seen: tuple[str, str]) -> Recording:
    """A recording on the file of STATES."""
    recording = Recording(STATES, {})
    for name, schema in seen:
        recording.see(step(f"{name}:"), lines(schema))
    return recording


def test_a_rebuild_keeps_the_free_facts_that_are_on_file() -> None:
    recording = recorded(
        ("a", "t t.a"),
        ("b", "t t.a unique|t|uq_77|(a)"),
        ("c", "t t.a unique|t|uq_77|(a) u"),
        ("d", "t t.a unique|t|uq_77|(a) u u.x"),
    )
    assert recording.mistakes == []
    done = recording.done()
    assert [done.lines(name) for name in "abc"] == [STATES.lines(name) for name in "abc"]
    assert done.by_name["d"].delta.added == lines("u.x")
    assert done.free == STATES.free


def test_a_rebuild_that_differs_otherwise_is_a_mistake_as_ever() -> None:
    recording = recorded(("a", "t t.a"), ("b", "t t.a t.b unique|t|uq_77|(a)"))
    assert [each.message.partition(":")[0] for each in recording.mistakes] == ["b"]


def test_a_table_that_goes_takes_its_free_facts_along() -> None:
    recording = recorded(
        ("a", "t t.a"),
        ("b", "t t.a unique|t|uq_7|(a)"),
        ("c", "t t.a unique|t|uq_7|(a) u"),
        ("d", "u"),
    )
    assert recording.done().lines("d") == lines("u")
