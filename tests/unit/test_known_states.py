"""The file belongs to the scripts beside it, or it proves nothing, and says why."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from headstart.fingerprint.catalog.normal_form import NORMAL_FORM
from headstart.fingerprint.file.states import Fingerprints
from headstart.revisions.known_states import load, why_stale
from headstart.verdict.errors import BrokenHistory
from tests.unit.histories import BRANCHES, LINE, history
from tests.unit.known import known, step, variant

META: dict[str, object] = {"normal_form": NORMAL_FORM, "postgres": "16.14"}
SCRIPTS = {"a": "1", "b": "2", "c": "3", "d": "4"}
STEPS = [
    step("a: +t", script="1"),
    step("b: +u", script="2"),
    step("c: +v", script="3"),
    step("d: +w", script="4"),
]
ON_FILE = known(*STEPS, meta=META)
SNAPSHOT = known(step("c: +t", script="3", via="snapshot"), step("d: +w", script="4"), meta=META)
"""Recorded from a database at c: nobody replayed what is below."""


@pytest.mark.parametrize(
    ("states", "scripts", "why"),
    [
        pytest.param(ON_FILE, SCRIPTS, None, id="of these scripts"),
        pytest.param(
            known(*STEPS, variant("d: +t.x"), meta=META), SCRIPTS, None, id="with a variant"
        ),
        pytest.param(known("base: +q", *STEPS, meta=META), SCRIPTS, None, id="with a base"),
        pytest.param(known(*STEPS[:3], meta=META), SCRIPTS, "it has no state for d", id="missing"),
        pytest.param(
            ON_FILE,
            {"a": "1", "b": "2", "c": "3"},
            "it has states of revisions that are gone: d",
            id="gone",
        ),
        pytest.param(
            ON_FILE, SCRIPTS | {"b": "9"}, "it was built from other scripts of b", id="edited"
        ),
        pytest.param(
            known(*STEPS[:2], meta=META),
            SCRIPTS | {"a": "9"},
            "it has no state for c, d; it was built from other scripts of a",
            id="all at once",
        ),
        pytest.param(
            known(*STEPS, meta={"normal_form": 0}),
            SCRIPTS,
            f"it has normal form 0, and this version of headstart reads {NORMAL_FORM}",
            id="another normal form",
        ),
        pytest.param(
            known(*STEPS), SCRIPTS,
            f"it has normal form None, and this version of headstart reads {NORMAL_FORM}",
            id="no normal form",
        ),
        pytest.param(
            replace(ON_FILE, old_format=1), SCRIPTS,
            "it has format 1, which holds inserted rows in clear, and this version of headstart"
            " reads 2",
            id="an earlier format",
        ),
        pytest.param(SNAPSHOT, SCRIPTS, None, id="what is below a snapshot has no state"),
        pytest.param(
            SNAPSHOT, SCRIPTS | {"a": "9"}, None, id="what is below a snapshot may be edited"
        ),
        pytest.param(
            SNAPSHOT, SCRIPTS | {"c": "9"}, "it was built from other scripts of c",
            id="the snapshot's own script may not",
        ),
        pytest.param(
            SNAPSHOT, SCRIPTS | {"e": "5"}, "it has no state for e", id="above a snapshot"
        ),
        pytest.param(Fingerprints((), META), SCRIPTS, "it has no state for a, b, c, d", id="empty"),
    ],
)  # fmt: skip
def test_why_a_file_proves_nothing(
    states: Fingerprints, scripts: Mapping[str, str], why: str | None
) -> None:
    assert why_stale(states, history(LINE, "d"), scripts) == why


def test_many_revisions_are_counted() -> None:
    scripts = {str(number): "x" for number in range(8)}
    graph = "; ".join(scripts)
    why = why_stale(Fingerprints((), META), history(graph, "7"), scripts)
    assert why == "it has no state for 0, 1, 2, 3, 4 and 3 more"


def test_a_snapshot_of_several_heads_belongs_to_their_scripts() -> None:
    """`fingerprint record --revision heads`, as a history with branches needs it."""
    both = known(step("b+c: +t", heads="b c", via="snapshot"), meta=META)
    scripts = {"a": "1", "b": "2", "c": "3"}
    assert why_stale(both, history(BRANCHES, "b, c"), scripts) is None


def test_no_file_is_none_and_a_broken_one_names_its_line(tmp_path: Path) -> None:
    assert load(tmp_path / "fingerprints.txt") is None
    broken = tmp_path / "broken.txt"
    broken.write_text("headstart-fingerprints 2\nmeta {}\n<<<<<<< HEAD\n")
    with pytest.raises(BrokenHistory, match=r"broken\.txt: line 3: "):
        load(broken)
    broken.write_bytes(b"\xff\xfe")
    with pytest.raises(BrokenHistory, match=r"broken\.txt: "):
        load(broken)
    with pytest.raises(BrokenHistory, match="Is a directory"):
        load(tmp_path)
