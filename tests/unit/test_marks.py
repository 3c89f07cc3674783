"""What is derived of a revision: whether code of before can run after it."""

import pytest

from headstart.fingerprint.file.states import Delta, Fingerprints, RecordedState
from headstart.fingerprint.newer.marks import mark_of
from headstart.fingerprint.statements.effect import Effect

TABLE = frozenset({"table\tt\t\ttable", "column\tt\tid\tinteger not null"})
NOTE, LOG = "column\tt\tnote\ttext", "table\tlog\t\ttable"


def mark(
    added: set[str],
    effect: Effect = Effect.SCHEMA,
    tables: frozenset[str] = frozenset(),
    removed: frozenset[str] = frozenset(),
) -> str:
    first = RecordedState("a", None, frozenset({"a"}), Delta(TABLE), "")
    step = Delta(frozenset(added), removed)
    second = RecordedState("b", "a", frozenset({"b"}), step, "", effect, tables=tables)
    return mark_of(Fingerprints((first, second)), "b")


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("+", mark({NOTE})),
        ("+", mark(set(), Effect.NOOP)),
        ("!", mark({"column\tt\tx\tinteger not null"})),
        ("!", mark(set(), removed=frozenset({"column\tt\tid\tinteger not null"}))),
        ("?", mark({NOTE}, Effect.SCHEMA_AND_DATA, frozenset({"t"}))),
        ("?", mark(set(), Effect.SCHEMA, frozenset({"t"}))),
        ("?", mark({NOTE}, Effect.SCHEMA, frozenset({"*"}))),
        ("?", mark({LOG}, Effect.SCHEMA, frozenset({"log", "t"}))),
        ("+", mark({LOG}, Effect.SCHEMA, frozenset({"log"}))),
        ("?", mark(set(), Effect.DATA, frozenset({"t"}))),
        ("?", mark(set(), Effect.DATA, frozenset({"*"}))),
        ("?", mark({LOG}, Effect.SCHEMA_AND_DATA, frozenset({"log", "t"}))),
        ("+", mark({LOG}, Effect.SCHEMA_AND_DATA, frozenset({"log"}))),
        ("?", mark(set(), Effect.READ)),
        ("?", mark({LOG, "fk\tlog\tf\t(x) REFERENCES t(id)"})),
    ],
)
def test_a_mark(expected: str, found: str) -> None:
    assert found == expected


def test_the_first_revision_hurts_nobody() -> None:
    first = RecordedState("a", None, frozenset({"a"}), Delta(TABLE), "")
    assert mark_of(Fingerprints((first,)), "a") == "+"


def test_of_a_revision_that_nobody_replayed_nothing_is_known() -> None:
    assert mark_of(Fingerprints(()), "z") == "?"
