"""Several revisions with one schema: rows tell which it is, or nobody but the operator does.

The rules are those of section 4 of the design. `now` is a, then b, and so on, of one line.
"""

from dataclasses import dataclass, field, replace

import pytest

from headstart.facts.state import History
from headstart.fingerprint.file.states import Fingerprints, RecordedState
from headstart.fingerprint.match.equal_schemas import (
    Answers,
    Doubt,
    EqualSchemas,
    equal_schemas,
)
from headstart.fingerprint.match.search import search
from headstart.fingerprint.statements.effect import Effect
from headstart.fingerprint.statements.inserted import InsertedRow, digest_of
from tests.unit.histories import BRANCHES, DEPENDENT, LINE, MERGED, history
from tests.unit.known import known, lines, step, variant

ADMIN = InsertedRow("roles", ("name",), digest_of(["admin"]))
GUEST = InsertedRow("roles", ("name",), digest_of(["guest"]))
FIRST = "a: +roles +roles.name +jobs +jobs.id"
LIVE = "roles roles.name jobs jobs.id"
NOOP = step("b:", Effect.NOOP)
DATA = step("b:", Effect.DATA, tables="roles")
ADMINS = step("b:", Effect.DATA, tables="roles", rows=(ADMIN,))
BOTH = step("b:", Effect.DATA, tables="roles", rows=(ADMIN, GUEST))
READ = step("b:", Effect.READ, tables="jobs")
ANYWHERE = step("b:", Effect.DATA, tables="*")
AND_OTHERS = step("b:", Effect.DATA, tables="* others")
GRANT = step("b:", Effect.SCHEMA)
NOOP_C = step("c:", Effect.NOOP)


@dataclass(frozen=True)
class Told:
    """What the database answers: every other table has rows, every other row is not there."""

    empty: str = ""
    rows: tuple[InsertedRow, ...] = ()
    silent: frozenset[str] = field(default_factory=frozenset)

    def answers(self, equal: EqualSchemas) -> Answers:
        """The answers to what is asked."""
        return Answers(
            {t: None if t in self.silent else t in self.empty.split() for t in equal.tables},
            {row: None if row.table in self.silent else row in self.rows for row in equal.rows},
        )


def settled(states: Fingerprints, told: Told, live: str = LIVE, graph: str = LINE) -> str | None:
    """The revision that it is; None where one has to ask."""
    wanted: History = history(graph, "b" if graph == LINE else "b, c")
    equal = equal_schemas(search(lines(live), states, wanted).exact, states, wanted)
    one = equal.settle(told.answers(equal))
    return None if one is None else one.name


@pytest.mark.parametrize(
    ("between", "told", "expected"),
    [
        pytest.param(NOOP, Told(), "b", id="1 nothing happens between: the newest"),
        pytest.param(NOOP, Told("roles jobs"), "b", id="1 whether there are rows or not"),
        pytest.param(DATA, Told("roles"), "a", id="2 its table is empty: the oldest, and it runs"),
        pytest.param(DATA, Told("jobs"), None, id="2 its table has rows: ask"),
        pytest.param(DATA, Told(silent=frozenset(["roles"])), None, id="2 no answer: ask"),
        pytest.param(READ, Told("jobs"), "a", id="2 it looks at rows, and there are none"),
        pytest.param(READ, Told("roles"), None, id="2 it looks at rows, and there are some"),
        pytest.param(ANYWHERE, Told("roles jobs"), "a", id="2 any table: all are empty"),
        pytest.param(ANYWHERE, Told("roles"), None, id="2 any table: one has rows"),
        pytest.param(AND_OTHERS, Told("roles jobs others"), "a", id="2 and one of others: empty"),
        pytest.param(AND_OTHERS, Told("roles jobs"), None, id="2 and one of others: it has rows"),
        pytest.param(GRANT, Told(), "a", id="2 it changes what is no part of the form: again"),
        pytest.param(ADMINS, Told(rows=(ADMIN,)), "b", id="3 its row is there: it ran"),
        pytest.param(ADMINS, Told("roles"), "a", id="3 its row is not there, nor any other"),
        pytest.param(ADMINS, Told(), None, id="4 its row is not there, others are: ask"),
        pytest.param(BOTH, Told(rows=(ADMIN, GUEST)), "b", id="3 all its rows are there"),
        pytest.param(BOTH, Told(rows=(ADMIN,)), None, id="4 one of its rows is not: ask"),
        pytest.param(ADMINS, Told(silent=frozenset(["roles"])), None, id="4 no answer: ask"),
    ],
)
def test_one_revision_between(between: object, told: Told, expected: str | None) -> None:
    assert settled(known(FIRST, between), told) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("steps", "told", "expected"),
    [
        pytest.param([NOOP, step("c:", Effect.NOOP)], Told(), "c", id="all without effect"),
        pytest.param(
            [ADMINS, step("c:", Effect.DATA, tables="jobs")],
            Told("jobs", (ADMIN,)),
            "b",
            id="the first ran, the second may run",
        ),
        pytest.param(
            [ADMINS, step("c:", Effect.DATA, tables="jobs")],
            Told("", (ADMIN,)),
            None,
            id="the first ran, of the second nobody knows",
        ),
        pytest.param(
            [step("b:", Effect.DATA, tables="jobs"), step("c:", Effect.DATA, rows=(ADMIN,))],
            Told("", (ADMIN,)),
            "c",
            id="the second ran, so the first did, of which nobody knows",
        ),
        pytest.param(
            [step("b:", Effect.DATA, tables="*"), step("c:", Effect.DATA, rows=(ADMIN, GUEST))],
            Told("", (ADMIN,)),
            None,
            id="of the second one row is not there, so of neither anybody knows",
        ),
        pytest.param(
            [step("b:", Effect.DATA, tables="jobs"), NOOP_C],
            Told("", ()),
            None,
            id="that nothing is done in the second proves nothing about the first",
        ),
        pytest.param([NOOP, step("c:", Effect.DATA, tables="jobs")], Told("jobs"), "a", id="mixed"),
        pytest.param([NOOP, step("c:", Effect.DATA, tables="jobs")], Told(), None, id="mixed, ask"),
    ],
)
def test_several_revisions_between(steps: list[object], told: Told, expected: str | None) -> None:
    states = known(FIRST, *steps)  # type: ignore[arg-type]
    wanted = history(LINE, "c")
    equal = equal_schemas(search(lines(LIVE), states, wanted).exact, states, wanted)
    one = equal.settle(told.answers(equal))
    assert (one and one.name) == expected


DROPPED = known("a: +t +t.x", "b: -t -t.x", "c: +t +t.x")
EMPTIED = known("a: +t +t.x", "b: -t.x", "c: +t.x")


@pytest.mark.parametrize("states", [DROPPED, EMPTIED], ids=["a table", "a column"])
@pytest.mark.parametrize(("empty", "expected"), [("t", "a"), ("", None)])
def test_what_is_dropped_and_made_again_is_asked_about_where_there_are_rows(
    states: Fingerprints, empty: str, expected: str | None
) -> None:
    """To run b and c again would take the rows away."""
    assert settled(states, Told(empty), "t t.x") == expected


def test_a_table_that_is_not_there_has_no_rows() -> None:
    """What b wrote to a table of the history that c drops is asked of nobody."""
    states = known("a: +t", step("b: +u", Effect.SCHEMA_AND_DATA, tables="u"), "c: -u")
    wanted = history(LINE, "c")
    equal = equal_schemas(search(lines("t"), states, wanted).exact, states, wanted)
    assert equal.tables == frozenset()
    assert settled(states, Told(), "t") == "a"


def test_a_table_that_no_state_knows_is_asked_about() -> None:
    """It may be another schema's, which no line is about."""
    states = known(FIRST, step("b:", Effect.DATA, tables="other.log"))
    assert settled(states, Told("other.log")) == "a"
    assert settled(states, Told()) is None


def left(states: Fingerprints, graph: str, targets: str, told: Told) -> list[str]:
    """The heads that are possible after the answers, and which one it is, behind a bar."""
    wanted = history(graph, targets)
    equal = equal_schemas(search(lines(LIVE), states, wanted).exact, states, wanted)
    answers = told.answers(equal)
    one = equal.settle(answers)
    members = ["+".join(sorted(each.revisions)) for each in equal.left(answers).members]
    return sorted(set(members) if one is None else [f"|{'+'.join(sorted(one.revisions))}"])


UPDATE_B = step("b:", Effect.DATA, tables="jobs")
UPDATE_C = step("c:", Effect.DATA, tables="roles")
UPDATE_D = step("d:", Effect.DATA, tables="jobs")


def admins(name: str, heads: str = "") -> RecordedState:
    """A revision that inserts the row admin."""
    return step(f"{name}:", Effect.DATA, heads=heads, tables="roles", rows=(ADMIN,))


@pytest.mark.parametrize(
    ("graph", "steps", "expected"),
    [
        pytest.param(LINE, [UPDATE_B, admins("c")], ["|c"], id="nothing later"),
        pytest.param(
            LINE, [UPDATE_B, admins("c"), UPDATE_D], ["c", "d"], id="a later one stays in doubt"
        ),
        pytest.param(
            LINE, [UPDATE_B, admins("c"), step("d:", Effect.NOOP)], ["|d"], id="a later noop"
        ),
        pytest.param(
            DEPENDENT,
            [UPDATE_B, step("x:", Effect.NOOP, heads="b x"), admins("y"), step("z:", Effect.NOOP)],
            ["|z"],
            id="by depends_on",
        ),
        pytest.param(
            MERGED,
            [UPDATE_B, admins("c", "b c"), step("m:", Effect.NOOP), step("n:", Effect.NOOP)],
            ["b+c", "c", "m", "n"],
            id="a parallel branch stays in doubt",
        ),
    ],
)
def test_what_has_run_proves_that_its_ancestors_have_and_who_lacks_it_is_no_candidate(
    graph: str, steps: list[RecordedState], expected: list[str]
) -> None:
    targets = graph.replace(" ", "").split(";")[-1].partition(":")[0]
    assert left(known(FIRST, *steps), graph, targets, Told(rows=(ADMIN,))) == expected


AGAIN = [
    pytest.param([admins("b"), UPDATE_C, admins("d")], ["b", "c", "d"], id="proves the first only"),
    pytest.param([UPDATE_B, admins("c"), admins("d")], ["c", "d"], id="and what that requires"),
]


@pytest.mark.parametrize(("steps", "expected"), AGAIN)
def test_a_row_that_is_inserted_deleted_and_inserted_again(
    steps: list[RecordedState], expected: list[str]
) -> None:
    assert left(known(FIRST, *steps), LINE, "d", Told(rows=(ADMIN,))) == expected


def test_a_row_that_was_inserted_before_every_candidate_proves_nothing() -> None:
    first = step("a: +roles +roles.name +jobs +jobs.id", Effect.SCHEMA_AND_DATA, rows=(ADMIN,))
    states = known(first, UPDATE_B, admins("c"))
    assert left(states, LINE, "c", Told(rows=(ADMIN,))) == ["a", "b", "c"]


def test_without_the_row_everybody_stays_a_candidate() -> None:
    states = known(FIRST, UPDATE_B, admins("c"), UPDATE_D)
    assert left(states, LINE, "d", Told()) == ["a", "b", "c", "d"]


def test_branches_beside_each_other_are_not_settled() -> None:
    """b and c do the same: neither is older."""
    states = known("a: +t", step("b: +u"), step("c: +u", heads="b c"))
    wanted = history(BRANCHES, "b, c")
    exact = search(lines("t u"), states, wanted).exact
    assert {each.revisions for each in exact} >= {frozenset("b"), frozenset("c")}
    equal = equal_schemas(exact, states, wanted)
    assert not equal.is_line
    assert equal.open == ()
    assert equal.settle(Told("t u").answers(equal)) is None


def test_branches_beside_each_other_are_not_settled_even_if_nothing_is_done_there() -> None:
    states = known(FIRST, NOOP, step("c:", Effect.NOOP, heads="b c"))
    assert left(states, BRANCHES, "b, c", Told()) == ["a", "b", "b+c", "c"]


def test_rows_of_two_that_no_state_has_together_prove_nothing() -> None:
    """As a copy of rows from another database would: nobody is a candidate then, so all are."""
    states = known(
        "a: +roles +roles.name +jobs +jobs.id",
        step("b: +u -jobs.id", Effect.SCHEMA_AND_DATA, tables="roles", rows=(ADMIN,)),
        step("c: +jobs.id -u", Effect.SCHEMA_AND_DATA, tables="roles", rows=(GUEST,)),
        step("d: +u", Effect.SCHEMA),
    )
    wanted = history("a; b:a; c:b; d:c", "d")
    exact = search(lines(LIVE), states, wanted).exact
    equal = equal_schemas(exact, states, wanted)
    assert [each.name for each in equal.left(Told(rows=(GUEST,)).answers(equal)).members] == ["c"]
    beyond = replace(equal, doubts=(*equal.doubts, Doubt("d", rows=frozenset([ADMIN]))))
    assert beyond.left(Told(rows=(ADMIN,)).answers(beyond)) == beyond


def test_an_exact_match_below_a_variant_of_a_later_head_is_settled_by_what_is_between() -> None:
    """create_all() today makes what the revision a built: rows decide whether b ran."""
    schema_only = known(FIRST, "b: +u", variant("b: -u"))
    with_rows = known(FIRST, step("b: +u", Effect.SCHEMA_AND_DATA, tables="jobs"), variant("b: -u"))
    assert settled(schema_only, Told()) == "a"
    assert settled(with_rows, Told("jobs")) == "a"
    assert settled(with_rows, Told()) is None


def test_a_revision_that_nobody_replayed_may_have_done_anything() -> None:
    """A history that was recorded from a known database begins at that."""
    states = known("b: +t", step("c:", Effect.NOOP))
    wanted = history(LINE, "c")
    equal = equal_schemas(search(lines("t"), states, wanted).exact, states, wanted)
    assert [doubt.noop for doubt in equal.doubts] == [True]
