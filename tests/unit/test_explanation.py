"""What people and programs are told about a finding."""

import pytest

from headstart.decision.explanation import (
    NOTHING_CHANGED,
    brief,
    drifted,
    of_difference,
    of_live,
    of_proof,
)
from headstart.decision.explanation import refusal as refusal_of
from headstart.fingerprint.catalog.live import Live
from headstart.fingerprint.file.states import Delta
from headstart.fingerprint.match import finding as found
from headstart.fingerprint.show.difference import difference
from headstart.verdict.errors import Ambiguous, Interrupted, Unproven
from tests.unit.known import line, lines

LIVE = Live(lines("t"))
SEEN = Live(lines("t"), (line("index|t|dba|btree(x)"),), ("zabbix_stats",))


def unlike(**changes: object) -> found.Unlike:
    given: dict[str, object] = {
        "nearest": ("b",),
        "others": (),
        "difference": difference(lines("t t.x"), lines("t t.q")),
        "renames": (),
        "equivalent": False,
        "live": SEEN,
    }
    return found.Unlike(**(given | changes))  # type: ignore[arg-type]


def test_what_no_revision_builds_is_said_as_in_the_design() -> None:
    error = refusal_of(unlike())
    assert type(error) is Unproven
    assert str(error) == (
        "no revision builds this schema; nearest is b: 1 of 2 facts agree, 1 missing, 1 extra"
    )
    assert error.explanation.lines == (
        "table t",
        "  + extra   column q text",
        "  - missing column x text",
        "tolerated: index t.dba btree(x)",
        "ignored: 1 relation outside this history: zabbix_stats",
        NOTHING_CHANGED,
    )
    assert error.explanation.fields == {
        "nearest": ["b"],
        "facts_expected": 2,
        "facts_missing": 1,
        "facts_extra": 1,
        "missing": ["column t.x text"],
        "extra": ["column t.q text"],
        "tolerated": ["index t.dba btree(x)"],
        "ignored": ["zabbix_stats"],
    }
    assert "headstart diff --revision b" in error.next_step
    assert "set HEADSTART_BASELINE to that revision" in error.next_step


def test_others_that_are_as_near_are_named() -> None:
    assert "nearest is b (as near: c, d)" in str(refusal_of(unlike(others=("c", "d"))))


def test_a_schema_that_differs_in_names_only_shows_what_makes_it_exact() -> None:
    renames = ("ALTER INDEX i RENAME TO j",)
    error = refusal_of(unlike(renames=renames, equivalent=True))
    assert str(error).startswith("the schema matches b except for names and spellings")
    assert "these statements make it exact:" in error.explanation.lines
    assert "  ALTER INDEX i RENAME TO j;" in error.explanation.lines
    assert error.explanation.fields["renames"] == list(renames)


def test_a_half_applied_revision_says_what_is_done_and_what_is_left() -> None:
    todo = Delta(lines("t.x u"), lines("t.y"))
    error = refusal_of(found.HalfApplied("c", ("d",), ("b",), todo, 7, LIVE))
    assert type(error) is Interrupted
    assert str(error) == "c (or d) is half applied on top of b: 4 of 7 changes are there"
    assert error.explanation.lines == (
        "still to do:",
        "  + column t.x text",
        "  + table u",
        "  - column t.y text",
        NOTHING_CHANGED,
    )
    assert error.explanation.fields == {
        "half_applied": "c",
        "todo": ["+ column t.x text", "+ table u", "- column t.y text"],
    }
    assert error.next_step.endswith("then run again")


def test_a_half_applied_first_revision_stands_on_nothing() -> None:
    error = refusal_of(found.HalfApplied("a", (), (), Delta(lines("t")), 2, LIVE))
    assert "a is half applied on top of an empty schema: 1 of 2" in str(error)
    assert error.next_step.endswith("then run again")


@pytest.mark.parametrize(
    ("candidates", "doubts", "message"),
    [
        pytest.param(
            ("a", "b", "c"), ("c",), "a, b and c; c changes rows or removes something",
            id="one doubt",
        ),
        pytest.param(
            ("a", "b"), ("b", "c"), "a and b; b, c change rows or remove something",
            id="two doubts",
        ),
        pytest.param(
            ("b", "c"), (), "schema: b and c; they are on parallel branches", id="branches"
        ),
    ],
)  # fmt: skip
def test_what_is_ambiguous_names_every_answer_and_why(
    candidates: tuple[str, ...], doubts: tuple[str, ...], message: str
) -> None:
    error = refusal_of(found.SeveralMatches(candidates, doubts, LIVE))
    assert type(error) is Ambiguous
    assert message in str(error)
    assert error.explanation.fields == {"candidates": list(candidates), "undecided": list(doubts)}
    assert error.explanation.lines[-1] == NOTHING_CHANGED


@pytest.mark.parametrize("count", [2, 4, 11, 300])
def test_what_is_ambiguous_recommends_no_candidate_and_loses_none(count: int) -> None:
    every = tuple(f"rev{number:04}" for number in range(count))
    error = refusal_of(found.SeveralMatches(every, every[1:], LIVE))
    assert "which of the candidates ran last" in error.next_step
    assert not [each for each in every if each in error.next_step]
    assert error.explanation.fields["candidates"] == list(every)
    shown = "\n".join((str(error), *error.explanation.lines))
    assert all(each in shown for each in every)
    assert ("more" in str(error)) is (count > 10)


@pytest.mark.parametrize("renames", [(), ("ALTER TABLE t RENAME TO u",)])
def test_a_difference_recommends_no_revision_as_baseline(renames: tuple[str, ...]) -> None:
    near = found.Unlike(
        ("x1", "y1"), (), difference(lines("t"), lines("u")), renames, bool(renames), LIVE
    )
    step = refusal_of(near).next_step
    assert "headstart diff --revision x1+y1" in step
    assert "if you know which revision ran last here" in step
    assert "HEADSTART_BASELINE=" not in step


def test_a_proven_schema_says_whose_rows_are_not_proven() -> None:
    one = of_proof(found.Proven(("c",), "c", False, ("b",), LIVE))
    assert one.lines == ("the schema is proven, the rows are not: b changes rows, too",)
    assert one.fields == {"rows_unproven": ["b"]}
    two = of_proof(found.Proven(("c",), "c", True, ("a", "b"), LIVE))
    assert "a, b change rows, too" in two.lines[0]
    assert "no replay has built this schema" in two.lines[1]
    assert of_proof(found.Proven(("c",), "c", False, (), LIVE)).lines == ()


def test_a_proven_variant_is_named() -> None:
    told = of_proof(found.Proven(("c",), "c~create_all", False, (), LIVE))
    assert told.lines == ("this is the variant that create_all builds, recorded in the file",)
    assert of_proof(found.Proven(("c~d",), "c~d", False, (), LIVE)).lines == ()


def test_many_ignored_relations_are_counted() -> None:
    told = of_live(Live(lines("t"), (), tuple(f"r{number:02}" for number in range(12))))
    (shown,) = told.lines
    assert shown.startswith("ignored: 12 relations outside this history: r00, r01, ")
    assert shown.endswith(" r09, and 2 more")


def test_a_drifted_schema_names_the_first_differences_in_its_message() -> None:
    told = difference(lines("t t.x t.y"), lines("t t.q t.r"))
    assert brief(told) == (
        "- column t.x text; - column t.y text; + column t.q text; and 1 more"
    )  # fmt: skip
    error = drifted(("b",), told, of_difference(told, LIVE))
    assert str(error).startswith("the schema differs from what b builds: 1 of 3 facts agree")
    assert brief(told) in str(error)
    assert error.explanation.fields["missing"] == ["column t.x text", "column t.y text"]
