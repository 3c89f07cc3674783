"""How a target of many stands, by what was found of it; the digest of its settings; overviews."""

from dataclasses import replace

import pytest

from headstart.decision.fleet_overview import AtRevision, overview_of
from headstart.decision.target_state import (
    Behind,
    Failed,
    Found,
    InProgress,
    Marked,
    Missing,
    Odd,
    Oddity,
    Proven,
    Ready,
    TargetAnswer,
    answer_of,
    states_in,
)
from headstart.facts.applied_record import AppliedRecord, record_in
from headstart.facts.target import SchemaSeen, TargetPlace, TargetSeen, VersionTableSeen
from headstart.gate.mark import (
    PROOF,
    TARGET,
    mark_in,
    mark_text,
    of_any_number,
    of_any_role,
    renewed,
    target_digest,
    target_mark,
)
from headstart.postgres.target_question import catalog_question, number_question, rows_question
from tests.unit.histories import LINE, history

HISTORY = history(LINE, "d")
TABLE = VersionTableSeen(
    1, "r", trusted=True, hides=False, watched=False, inherited=False, fits=True, readable=True,
    locked=False, in_progress=False, comment=None,
)  # fmt: skip
SCHEMA = SchemaSeen(
    sound=True, owned=True, comment="", written_by=7, server="16 1 2 3", number="1:2/3:4"
)
PLACE = TargetPlace("acme", "acme", "alembic_version")
AT_HEAD = TargetSeen(PLACE, TABLE, ("d",), SCHEMA)


def standing(seen: TargetSeen, marked: Marked = Marked.SAME) -> Found:
    """How it stands."""
    return answer_of(seen, states_in(HISTORY), marked).standing


def with_table(**changes: object) -> TargetSeen:
    """At the head, but for its version table."""
    return replace(AT_HEAD, table=replace(TABLE, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (AT_HEAD, Proven()),
        (TargetSeen(PLACE), Missing()),
        (replace(AT_HEAD, rows=("b",)), Behind(("b",))),
        (replace(AT_HEAD, rows=()), Behind(())),
        (replace(AT_HEAD, rows=("zzz",)), Odd(Oddity.UNKNOWN_REVISION)),
        (replace(AT_HEAD, rows=("c", "d")), Odd(Oddity.DIVERGED)),
        (replace(AT_HEAD, rows=("",)), Odd(Oddity.UNKNOWN_REVISION)),
        (replace(AT_HEAD, schema=replace(SCHEMA, sound=False)), Odd(Oddity.UNSOUND)),
        (replace(AT_HEAD, writable=False), Odd(Oddity.READ_ONLY)),
        (replace(AT_HEAD, rows=("b",), writable=False), Behind(("b",))),
        (replace(AT_HEAD, rows=None, failure="no"), Odd(Oddity.FAILED, "no")),
        (replace(AT_HEAD, rows=None), Odd(Oddity.FAILED)),
        (with_table(kind="v"), Odd(Oddity.NO_TABLE)),
        (with_table(kind="p"), Odd(Oddity.NO_TABLE)),
        (with_table(trusted=False), Odd(Oddity.UNTRUSTED)),
        (with_table(hides=True), Odd(Oddity.HIDDEN)),
        (with_table(watched=True), Odd(Oddity.WATCHED)),
        (with_table(inherited=True), Odd(Oddity.WATCHED)),
        (with_table(fits=False), Odd(Oddity.OTHER_COLUMN)),
        (with_table(readable=False), Odd(Oddity.UNREADABLE)),
        (with_table(locked=True), InProgress()),
        (with_table(locked=True, trusted=False), Odd(Oddity.UNTRUSTED)),
        (with_table(in_progress=True), InProgress()),
        (replace(with_table(in_progress=True), rows=("b",)), Behind(("b",))),
    ],
)
def test_each_finding_has_its_standing(seen: TargetSeen, expected: Found) -> None:
    assert standing(seen) == expected


@pytest.mark.parametrize(
    ("marked", "why"), [(Marked.CHANGED, Oddity.CHANGED), (Marked.NONE, Oddity.UNPROVEN)]
)
def test_at_the_head_the_mark_decides(marked: Marked, why: Oddity) -> None:
    assert standing(AT_HEAD, marked) == Odd(why)


@pytest.mark.parametrize(
    "changes",
    [{"kind": "v"}, {"trusted": False}, {"hides": True}, {"watched": True}, {"inherited": True},
     {"fits": False}, {"readable": False}, {"locked": True}],
)  # fmt: skip
def test_the_rows_of_what_is_odd_are_never_read(changes: dict[str, object]) -> None:
    """Reading them may execute what somebody has planted there, or wait."""
    table = with_table(**changes).table
    assert table is not None
    assert not table.is_plain
    assert TABLE.is_plain


def test_of_a_locked_one_the_record_tells_the_rows() -> None:
    comment = AppliedRecord(("b",)).text
    seen = replace(with_table(locked=True, comment=comment), rows=None)
    assert answer_of(seen, states_in(HISTORY), Marked.NONE).recorded == ("b",)


@pytest.mark.parametrize("comment", [None, "", "theirs", '{"headstart": 2, "at": ["b"]}'])
def test_where_there_is_no_record_nothing_is_told(comment: str | None) -> None:
    seen = replace(with_table(locked=True, comment=comment), rows=None)
    assert answer_of(seen, states_in(HISTORY), Marked.NONE).recorded is None


def test_the_record_of_somebody_who_is_not_trusted_tells_nothing() -> None:
    comment = AppliedRecord(("b",)).text
    seen = replace(with_table(trusted=False, comment=comment), rows=None)
    assert answer_of(seen, states_in(HISTORY), Marked.NONE).recorded is None


DIGEST = target_digest(("acme", "v"), ("tenant=acme", "dry=0"), {"TENANT": "acme", "ZONE": None})


def test_the_digest_is_the_same_in_every_process() -> None:
    assert DIGEST == "f3643b8173b11f49"


@pytest.mark.parametrize(
    "other",
    [
        target_digest(("acme", "v2"), ("tenant=acme", "dry=0"), {"TENANT": "acme", "ZONE": None}),
        target_digest(("Acme", "v"), ("tenant=acme", "dry=0"), {"TENANT": "acme", "ZONE": None}),
        target_digest(("acme", "v"), ("dry=0", "tenant=acme"), {"TENANT": "acme", "ZONE": None}),
        target_digest(("acme", "v"), ("tenant=acme dry=0",), {"TENANT": "acme", "ZONE": None}),
        target_digest(("acme", "v"), ("tenant=acme", "dry=0"), {"TENANT": "acme", "ZONE": "None"}),
        target_digest(("acme", "v"), ("tenant=acme", "dry=0"), {"TENANT": "acme", "ZONE": ""}),
        target_digest(("acme", "v"), ("tenant=acme", "dry=0"), {"TENANT": "acme"}),
        target_digest(("acme", "v"), ("tenant=acme", "dry=0", "TENANT='acme'", "ZONE=None")),
        target_digest(("acme", "v")),
    ],
)
def test_whatever_chose_the_target_counts_in_it(other: str) -> None:
    assert other != DIGEST


def test_the_order_of_variables_does_not() -> None:
    again = target_digest(("acme", "v"), ("tenant=acme", "dry=0"), {"ZONE": None, "TENANT": "acme"})
    assert again == DIGEST


def test_a_name_that_is_no_unicode_has_a_digest_too() -> None:
    assert len(target_digest(("acme", "v"), ("\udcff",), {"A": "\udcff"})) == len(DIGEST)


MARK = target_mark(mark_text("body", "16 1 2 3", 7, "1:2/3:4"), DIGEST)


def test_each_mark_is_found_by_its_name_in_the_record() -> None:
    """And an ordinary one is never taken for a target's, nor the other way round."""
    ordinary = mark_text("body", "16 1 2 3", 7, "5:6")
    text = AppliedRecord(("d",), proof=ordinary, target=MARK).text or ""
    assert (mark_in(text, PROOF), mark_in(text, TARGET)) == (ordinary, MARK)
    alone = AppliedRecord(("d",), target=MARK).text or ""
    assert (mark_in(alone, PROOF), mark_in(alone, TARGET)) == ("", MARK)
    assert of_any_role(MARK) != of_any_role(mark_text("body", "16 1 2 3", 7, "1:2/3:4"))


def test_a_record_keeps_it_until_a_revision_is_applied_or_fails() -> None:
    record = record_in(AppliedRecord(("d",), target=MARK).text)
    assert isinstance(record, AppliedRecord)
    assert (record.target, record.others) == (MARK, {})
    assert record.after(["e"], []).target is None
    assert record.after_failing("e", "image").target is None


def test_it_is_renewed_only_for_the_transaction_that_it_was_written_in() -> None:
    assert renewed(MARK, 7, 8) == MARK.replace(" 7 1:2", " 8 1:2")
    assert renewed(MARK, 7, (1 << 32) + 9) == MARK.replace(" 7 1:2", " 9 1:2")
    assert [renewed(each, 6, 8) for each in (MARK, "", "1 2")] == ["", "", ""]


def test_without_its_number_it_says_who_has_proven_what() -> None:
    other = target_mark(mark_text("body", "16 1 2 3", 7, "9:9/3:4"), DIGEST)
    assert of_any_number(MARK) == of_any_number(other)
    assert other != MARK


HOSTILE = TargetPlace("x", "a\"; DROP 'x", 'b@c"', lock_key=-5)


def test_names_are_quoted_wherever_they_stand() -> None:
    assert 'FROM "a""; DROP \'x"."b@c"""' in rows_question([(0, HOSTILE)])
    assert "'a\"; DROP ''x'" in catalog_question([HOSTILE, PLACE])
    assert "ARRAY[-5, NULL]" in catalog_question([HOSTILE, PLACE])
    assert "'b@c\"'" in number_question([(1, HOSTILE.table)], [("", "a@b'")])
    assert "'a@b'''" in number_question([(1, HOSTILE.table)], [("", "a@b'")])


ANSWERS = [
    TargetAnswer("a", Proven(), ("d",)),
    TargetAnswer("b", Proven(), ("d",)),
    TargetAnswer("c", Behind(("b",)), ("b",)),
    TargetAnswer("d", Behind(("c",)), ("c",)),
    TargetAnswer("e", Behind(()), ()),
    TargetAnswer("f", Odd(Oddity.CHANGED), ("d",)),
    TargetAnswer("g", Odd(Oddity.UNKNOWN_REVISION), ("zzz",)),
    TargetAnswer("h", InProgress(), None, ("c",)),
    TargetAnswer("i", InProgress()),
    TargetAnswer("k", Missing()),
    TargetAnswer("j", Missing()),
]


def test_the_overview_counts_by_revision_the_worst_first() -> None:
    """What nobody knows, what this image does not have, then by what is still to run."""
    overview = overview_of(ANSWERS, HISTORY)
    assert overview.revisions == (
        AtRevision(None, 1, None),
        AtRevision(("zzz",), 1, None),
        AtRevision((), 1, 4),
        AtRevision(("b",), 1, 2),
        AtRevision(("c",), 2, 1),
        AtRevision(("d",), 3, 0),
    )


def test_the_overview_names_who_is_not_proven_and_why() -> None:
    overview = overview_of(ANSWERS, HISTORY)
    assert (overview.targets, overview.proven, overview.is_ready) == (11, 2, False)
    assert overview.named == {
        "behind": ("c", "d", "e"),
        "changed": ("f",),
        "in_progress": ("h", "i"),
        "missing": ("j", "k"),
        "unknown_revision": ("g",),
    }


def test_who_was_checked_is_counted_by_what_its_check_said() -> None:
    checked = [
        *ANSWERS[:2],
        TargetAnswer("l", Ready(), ("d",)),
        TargetAnswer("m", Failed("drifted"), ("d",)),
        TargetAnswer("n", Failed("unreachable")),
    ]
    overview = overview_of(checked, HISTORY)
    assert (overview.proven, overview.ready, overview.is_ready) == (2, 1, False)
    assert overview.named == {"drifted": ("m",), "unreachable": ("n",)}
    assert [each.rows for each in overview.revisions] == [None, ("d",)]
    assert overview_of(checked[:3], HISTORY).is_ready


def test_of_none_at_all_the_overview_is_ready() -> None:
    assert overview_of(ANSWERS[:2], HISTORY).is_ready
    assert overview_of([], HISTORY).is_ready
