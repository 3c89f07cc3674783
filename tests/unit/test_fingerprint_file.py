"""alembic/fingerprints.txt: what is written is read again, and what is broken names its line."""

import re
from dataclasses import replace

import pytest

from headstart.fingerprint.file.states import Fingerprints, RecordedState
from headstart.fingerprint.file.text import InvalidFile, file_text, read_file
from headstart.fingerprint.statements.effect import Effect
from headstart.fingerprint.statements.inserted import InsertedRow
from tests.unit.known import known, step, variant

ADMIN = "8c6976e5b5410415bde908bd4dee15dfb167a9c873fc4bb8a81f6f2ab448a918"
META: dict[str, object] = {"normal_form": 1, "postgres": "16.14"}
STATES = known(
    "base: +w",
    step("a: +t +t.x", script="0123456789ab"),
    step(
        "b: -w +u",
        Effect.SCHEMA_AND_DATA,
        tables="t u",
        rows=(InsertedRow("u", ("name", "x"), ADMIN),),
    ),
    variant("a: +t.z -t.x"),
    step("m:", Effect.NOOP, heads="b c"),
    meta=META,
)
TEXT = f"""\
headstart-fingerprints 2
meta {{"normal_form": 1, "postgres": "16.14"}}
state base parent=- revs=- effect=schema file=- root=5a3a8dfcd5ef3b6b via=upgrade
+table	w		table
state a parent=base revs=a effect=schema file=0123456789ab root=1 via=upgrade
+column	t	x	text
+table	t		table
state b parent=a revs=b effect=schema+data file=- root=2 via=upgrade
-table	w		table
+table	u		table
*touches	t
*touches	u
*row	u	{ADMIN}	name	x
state a~create_all parent=a revs=a effect=schema file=- root=3 via=create_all
-column	t	x	text
+column	t	z	text
state m parent=b revs=b,c effect=noop file=- root=4 via=upgrade
"""


def without_roots(text: str) -> str:
    return re.sub(r"root=\w+", "root=", text)


def test_the_file_is_text_that_a_person_reviews() -> None:
    assert without_roots(file_text(STATES)) == without_roots(TEXT)


def test_what_was_written_is_read_again() -> None:
    assert read_file(file_text(STATES)) == STATES
    assert file_text(read_file(file_text(STATES))) == file_text(STATES)


def test_a_file_with_a_free_fact_has_another_format_and_is_read_again() -> None:
    free = replace(STATES.states[1], free=frozenset(["unique\tt\tuq_\\*\t(a)"]))
    states = replace(STATES, states=(STATES.states[0], free, *STATES.states[2:]))
    text = file_text(states)
    assert text.startswith("headstart-fingerprints 3\n")
    assert "\n*free\tunique\tt\tuq_\\*\t(a)\n" in text
    assert read_file(text) == states
    assert read_file(text).old_format is None


def test_no_states_are_a_file_too() -> None:
    none = Fingerprints((), META)
    assert read_file(file_text(none)) == none


def test_line_ends_of_windows_change_nothing() -> None:
    assert read_file(file_text(STATES).replace("\n", "\r\n")) == STATES


def test_a_missing_last_line_end_changes_nothing() -> None:
    assert read_file(file_text(STATES).removesuffix("\n")) == STATES


ODD = ["a b", "a,b", "a=b", "a%b", "a%20;b", "a\tb", "a\nb", "a\r\nb", "größe", "état~x", "a;b"]


@pytest.mark.parametrize("name", ODD)
def test_a_revision_id_may_hold_anything(name: str) -> None:
    first = RecordedState(
        name, None, frozenset([name, "z"]), STATES.states[0].delta, STATES.states[0].root
    )
    second = RecordedState(
        "next", name, frozenset(["next"]), STATES.states[1].delta, STATES.states[1].root
    )
    states = Fingerprints((first, second), META)
    assert read_file(file_text(states)) == states


def test_no_two_revision_ids_are_written_alike() -> None:
    texts = {
        file_text(
            Fingerprints((RecordedState(n, None, frozenset(), STATES.states[0].delta, "0"),), META)
        )
        for n in ODD
    }
    assert len(texts) == len(ODD)


@pytest.mark.parametrize("text", ["a\tb", "a\nb", "*", "\u202e", "\\", '"A.b"'])
def test_tables_and_rows_may_hold_anything(text: str) -> None:
    data = RecordedState(
        "a", None, frozenset("a"), STATES.states[0].delta, STATES.states[0].root, Effect.DATA,
        tables=frozenset([text]), rows=(InsertedRow(text, (text, "x"), ADMIN),),
    )  # fmt: skip
    states = Fingerprints((data,), META)
    assert read_file(file_text(states)) == states


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param("headstart-fingerprints 2", "", 1, id="no first line"),
        pytest.param("headstart-fingerprints 2", "headstart-fingerprints 5", 1, id="newer format"),
        pytest.param("headstart-fingerprints 2\n", "\n", 1, id="an empty first line"),
        pytest.param("headstart-", "<<<<<<< HEAD\nheadstart-", 1, id="a conflict at the top"),
        pytest.param("meta {", "meta [", 2, id="no JSON"),
        pytest.param('meta {"normal_form": 1, "postgres": "16.14"}', "meta []", 2, id="no object"),
        pytest.param("meta {", "<<<<<<< HEAD\nmeta {", 2, id="a conflict in meta"),
        pytest.param("state base", "base", 3, id="no state"),
        pytest.param("state base", "<<<<<<< HEAD\nstate base", 3, id="a conflict before states"),
        pytest.param("parent=- ", "", 3, id="an attribute is missing"),
        pytest.param("parent=- revs=-", "revs=- parent=-", 3, id="another order"),
        pytest.param("via=upgrade", "via=upgrade more=1", 3, id="an attribute too many"),
        pytest.param("+table\tw\t\ttable", "+table\tw\ttable", 4, id="a field is missing"),
        pytest.param("+table\tw\t\ttable", "+table\tw\t\ttable\tx", 4, id="a field too many"),
        pytest.param("+table\tw\t\ttable", "table\tw\t\ttable", 4, id="no sign"),
        pytest.param("+table\tw\t\ttable", "", 4, id="an empty line"),
        pytest.param("+table\tw\t\ttable", "# a comment", 4, id="a comment"),
        pytest.param("parent=base", "parent=nowhere", 5, id="an unknown parent"),
        pytest.param("parent=base", "parent=b", 5, id="a parent that comes later"),
        pytest.param("state a parent", "state base parent", 5, id="a state twice"),
        pytest.param("+table\tt", "=======\n+table\tt", 7, id="a conflict in a state"),
        pytest.param("effect=schema+data", "effect=magic", 8, id="an unknown effect"),
        pytest.param("-table", "||||||| merged\n-table", 9, id="a conflict with its base"),
        pytest.param("*touches\tt", "*touched\tt", 11, id="an unknown note"),
        pytest.param("*row\tu\t", "*row\t", 13, id="a row without its table"),
        pytest.param("\tname\tx", "", 13, id="a row without its columns"),
        pytest.param(f"\t{ADMIN}\t", '\t{"name": "admin"}\t', 13, id="a row in clear"),
        pytest.param(f"\t{ADMIN}\t", f"\t{ADMIN[:-1]}\t", 13, id="a digest that was cut"),
        pytest.param("state m", ">>>>>>> theirs\nstate m", 17, id="the end of a conflict"),
    ],
)
def test_a_broken_line_is_named(old: str, new: str, line: int) -> None:
    assert old in TEXT
    with pytest.raises(InvalidFile, match=rf"^line {line}: "):
        read_file(TEXT.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "state"),
    [
        pytest.param("+table\tt\t\ttable\n", "", "a~create_all", id="a fact is lost"),
        pytest.param("+table\tu", "+table\tv", "m", id="a fact is edited"),
        pytest.param("-table\tw\t\ttable\n", "", "m", id="what goes is lost"),
        pytest.param("\tz\ttext", "\tz\tdate", "a~create_all", id="a variant is edited"),
    ],
)
def test_facts_that_a_merge_or_an_edit_has_changed_are_noticed(
    old: str, new: str, state: str
) -> None:
    text = file_text(STATES)
    assert old in text
    with pytest.raises(InvalidFile, match=f"the facts up to state {state} are not"):
        read_file(text.replace(old, new, 1))


@pytest.mark.parametrize("text", ["", "\n", "headstart-fingerprints 2", "\ufeff" + TEXT, TEXT[1:]])
def test_what_is_no_such_file_is_refused(text: str) -> None:
    with pytest.raises(InvalidFile, match=r"^line [12]: "):
        read_file(text)


def test_a_file_that_was_cut_off_in_the_middle_is_refused_or_says_less() -> None:
    """It never says something else: what is left of it is what was before."""
    whole = file_text(STATES)
    for end in range(len(whole) - 1):
        try:
            found = read_file(whole[:end])
        except InvalidFile:
            continue
        assert all(state.name in STATES.by_name for state in found.states)


IN_CLEAR = TEXT.replace("fingerprints 2", "fingerprints 1").replace(
    f"\t{ADMIN}\tname\tx", '\t{"name": "admin", "password": "s3cret"}'
)


def test_a_file_of_the_format_with_rows_in_clear_is_read_without_them() -> None:
    """Its states are frozen still; what they inserted is seen again by the next build."""
    old = read_file(file_text(STATES).replace("fingerprints 2", "fingerprints 1"))
    assert (old.old_format, old.meta) == (1, META)
    roots = (state.root for state in STATES.states)
    text = re.sub(r"root=\w+", lambda _: f"root={next(roots)}", IN_CLEAR)
    read = read_file(text)
    assert [state.delta for state in read.states] == [state.delta for state in STATES.states]
    assert not any(state.rows for state in read.states)
    assert "s3cret" not in file_text(read)


def test_a_broken_line_of_the_old_format_has_its_own_number() -> None:
    with pytest.raises(InvalidFile, match=r"^line 17: "):
        read_file(IN_CLEAR.replace("state m", ">>>>>>> theirs\nstate m"))
