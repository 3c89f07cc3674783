"""What plan tells people of a pending revision: its title, its file, and what it does."""

import pytest

from headstart.command.preview_text import preview_text
from headstart.decision.plan import Preview, Step
from headstart.facts.state import State
from headstart.fingerprint.file.states import Delta, RecordedState
from headstart.fingerprint.show.step import what_it_does
from headstart.fingerprint.statements.effect import Effect
from headstart.process.redaction import Secrets
from headstart.settings.request import Output

TABLE = "table\tchunks\t\ttable"
COLUMN = "column\tchunks\tid\tinteger not null"
NOTE = "column\tassets\tnote\ttext"


def state(
    added: set[str] = frozenset(),  # type: ignore[assignment]
    removed: set[str] = frozenset(),  # type: ignore[assignment]
    effect: Effect = Effect.SCHEMA,
    tables: set[str] = frozenset(),  # type: ignore[assignment]
) -> RecordedState:
    delta = Delta(frozenset(added), frozenset(removed))
    revisions = frozenset({"0002"})
    return RecordedState(
        "0002", "0001", revisions, delta, "", effect=effect, tables=frozenset(tables)
    )


@pytest.mark.parametrize(
    ("recorded", "told"),
    [
        (state({TABLE, COLUMN, NOTE}), "makes chunks; changes assets"),
        (state(set(), {TABLE, COLUMN}), "drops chunks"),
        (state({"extension\tvector\t\t"}), "makes extension vector"),
        (state({"table\tchunks\t\tpartitioned"}, {TABLE}), "changes chunks"),
        (state(effect=Effect.NOOP), "changes nothing"),
        (state(effect=Effect.DATA, tables={"assets"}), "may change rows of assets"),
        (
            state({NOTE}, effect=Effect.SCHEMA_AND_DATA, tables={"*"}),
            "changes assets; may change rows of tables that its text does not name",
        ),
        (state(effect=Effect.READ, tables={"assets"}), "looks at rows of assets"),
        (
            state({f"table\tt{number}\t\ttable" for number in range(8)}),
            "makes t0, t1, t2, t3, t4 and 3 more",
        ),
    ],
)
def test_what_a_revision_does_is_told_by_its_tables(recorded: RecordedState, told: str) -> None:
    assert what_it_does(recorded) == told


def preview(**steps: Step) -> Preview:
    pending = ("0002",)
    return Preview(State.BEHIND, "upgrade", ("0001",), pending, (), pending, False, steps=steps)


def test_people_are_told_its_title_its_file_and_what_it_does() -> None:
    step = Step("create chunks", "versions/0002_chunks.py", "makes chunks")
    text = preview_text(preview(**{"0002": step}), Output.TEXT, Secrets())
    assert "run:    0002  create chunks\n        versions/0002_chunks.py: makes chunks" in text


def test_programs_are_told_what_they_were_told_before() -> None:
    step = Step("create chunks", "versions/0002_chunks.py", "makes chunks")
    given, bare = preview(**{"0002": step}), preview()
    assert preview_text(given, Output.JSON, Secrets()) == preview_text(bare, Output.JSON, Secrets())
