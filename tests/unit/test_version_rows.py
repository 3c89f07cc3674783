"""Version rows are told as Alembic writes them: its own code is asked, for any history."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from alembic.runtime.migration import HeadMaintainer, RevisionStep
from alembic.util import CommandError

from headstart.facts.state import History
from headstart.fingerprint.file.states import Delta, Fingerprints, RecordedState
from headstart.revisions.history import read_history
from headstart.revisions.known_states import with_rows
from headstart.revisions.naming import resolve_revisions, why_not_written
from headstart.revisions.project import Project, load_project
from headstart.verdict.errors import InvalidSettings

Graph = dict[str, tuple[tuple[str, ...], tuple[str, ...], str]]
"""Each revision with its down_revision, its depends_on and its branch label; ancestors first."""

PAIRS: Graph = {
    "base1": ((), (), ""),
    "expand1": (("base1",), (), "expand"),
    "contract1": (("base1",), ("expand1",), "contract"),
    "expand2": (("expand1",), (), ""),
    "contract2": (("contract1",), ("expand2",), ""),
    "other1": ((), ("contract",), "other"),
}
"""Branches that expand and contract, and one with a base of its own; names of every kind."""


def loaded(graph: Graph, folder: Path) -> Project:
    """Write the scripts, and load them as a run does."""
    versions = folder / "alembic" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text(f"[alembic]\nscript_location = {folder / 'alembic'}\n")
    for revision, (down, needed, label) in graph.items():
        names = f"{revision=}\ndown_revision={down or None}\ndepends_on={needed or None}\n"
        text = f"{names}branch_labels={label or None!r}\ndef upgrade(): pass\n"
        (versions / f"{revision}.py").write_text(text)
    return load_project(str(folder / "alembic.ini"), "heads", ()).imported()


def random_graph(random: Random) -> Graph:
    """Up to seven revisions with branches, merges, bases and dependencies across them."""
    graph: Graph = {}
    for number in range(random.randint(3, 7)):
        below = list(graph)
        down = random.sample(below, min(len(below), random.choice([0, 1, 1, 1, 1, 2])))
        others = [each for each in below if each not in down]
        needed = random.sample(others, min(len(others), random.choice([0, 0, 1, 1, 2])))
        graph[f"rev{number}"] = (tuple(down), tuple(needed), "")
    return graph


class AlembicsRows(HeadMaintainer):
    """What Alembic does to the rows, without a database."""

    def __init__(self) -> None:
        super().__init__(SimpleNamespace(), ())  # type: ignore[arg-type]

    def _insert_version(self, version: str) -> None:
        assert version not in self.heads
        self.heads.add(version)

    def _delete_version(self, version: str) -> None:
        self.heads.remove(version)

    def _update_version(self, from_: str, to_: str) -> None:
        assert to_ not in self.heads
        self.heads.remove(from_)
        self.heads.add(to_)


def walk(project: Project, history: History, random: Random) -> Iterator[tuple[set[str], Any]]:
    """Run the revisions in any possible order; gives what is applied, and Alembic's rows."""
    rows, applied = AlembicsRows(), set[str]()
    scripts = {script.revision: script for script in project.scripts}
    while left := [r for r, n in history.requirements.items() if r not in applied and n <= applied]:
        revision = random.choice(left)
        step = RevisionStep(project.graph.revision_map, scripts[revision], is_upgrade=True)
        try:
            rows.update_to_step(step)
        except KeyError:  # Alembic fails where a depends_on repeats what down_revision implies
            return
        applied.add(revision)
        yield applied, rows.heads


@pytest.mark.parametrize("seed", range(40))
def test_rows_are_those_that_alembic_writes_whatever_ran_first(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    project = loaded(random_graph(random), tmp_path)
    history = read_history(project, "heads", "proof")
    for _ in range(5):
        for applied, rows in walk(project, history, random):
            assert history.heads_of(applied) == rows
            assert history.rows_of(rows) == rows
            assert not history.included(rows)
            assert why_not_written(project, frozenset(rows)) is None
            for more in applied - rows:
                assert history.included(rows | {more}) == {more}
                assert why_not_written(project, frozenset(rows | {more})) is not None


def test_the_walks_meet_dependencies_that_matter(tmp_path: Path) -> None:
    """Else the test above could not fail: rows by down_revision alone would do."""
    found = 0
    for seed in range(40):
        random = Random(seed)
        project = loaded(random_graph(random), tmp_path / str(seed))
        history = read_history(project, "heads", "proof")
        scripts = {script.revision: script for script in project.scripts}
        for applied, rows in walk(project, history, random):
            below = {p for r in applied for p in scripts[r]._versioned_down_revisions}
            found += applied - below != rows
    assert found > 40


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The history PAIRS."""
    project = loaded(PAIRS, tmp_path_factory.mktemp("pairs"))
    read_history(project, "heads", "proof")
    return project


@pytest.mark.parametrize(
    ("text", "revisions"),
    [
        ("contract1+expand2", "contract1 expand2"),
        ("contract1,expand2", "contract1 expand2"),
        ("expand2 , contract1", "contract1 expand2"),
        ("contract1 expand2", "contract1 expand2"),
        ("contract1++expand2,", "contract1 expand2"),
        ("contract1+contract1", "contract1"),
        ("contract2", "contract2"),
        ("other+expand@head", "expand2 other1"),
        ("heads", "contract2 other1"),
        ("base1", "base1"),
    ],
)
def test_several_revisions_are_read_as_they_are_written(
    pairs: Project, text: str, revisions: str
) -> None:
    assert resolve_revisions(pairs, text, "HEADSTART_BASELINE") == set(revisions.split())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("contract1+expand1", "one of contract1+expand1 needs another"),
        ("base1,contract2", "one of base1+contract2 needs another"),
        ("contract2+nowhere", "nowhere"),
        ("contract1+1", "none by steps"),
        ("contract1+1+expand2", "none by steps"),
        ("expa+contract1", "HEADSTART_BASELINE=expa:"),
        ("contract1+base", "base stands alone"),
        ("contract1+head", "head stands alone"),
        ("proof,expand1", "proof stands alone"),
        ("expand1+other@base", "other@base stands alone"),
        ("+", "several as x+y"),
    ],
)
def test_a_list_that_says_nothing_certain_is_refused(pairs: Project, text: str, says: str) -> None:
    with pytest.raises(InvalidSettings, match="HEADSTART_BASELINE") as refused:
        resolve_revisions(pairs, text, "HEADSTART_BASELINE")
    assert says in str(refused.value)


def test_overlapping_revisions_are_told_what_to_name_instead(pairs: Project) -> None:
    with pytest.raises(InvalidSettings) as refused:
        resolve_revisions(pairs, "expand1+contract1+expand2", "HEADSTART_BASELINE")
    assert "name contract1+expand2:" in refused.value.next_step


def test_parts_of_ids_are_read_as_alembic_reads_them(tmp_path: Path) -> None:
    graph: Graph = dict.fromkeys(("1975ea83b712", "27c6a30d7c24", "27ffaa10"), ((), (), ""))
    project = loaded(graph, tmp_path)
    read_history(project, "heads", "proof")
    both = {"1975ea83b712", "27c6a30d7c24"}
    assert resolve_revisions(project, "27c6a+1975e", "--revision") == both
    with pytest.raises(InvalidSettings, match="--revision=27"):
        resolve_revisions(project, "1975e,27", "--revision")


def test_numbers_may_be_revisions_in_a_list(tmp_path: Path) -> None:
    graph: Graph = {"1": ((), (), ""), "2": (("1",), (), ""), "3": (("1",), (), "")}
    project = loaded(graph, tmp_path)
    read_history(project, "heads", "proof")
    assert resolve_revisions(project, "2+3", "HEADSTART_BASELINE") == {"2", "3"}
    with pytest.raises(InvalidSettings, match="none by steps"):
        resolve_revisions(project, "2+4", "HEADSTART_BASELINE")


def test_a_target_of_overlapping_heads_is_refused_before_anything_connects(tmp_path: Path) -> None:
    graph: Graph = {
        "base1": ((), (), "line"),
        "a1": (("base1",), (), ""),
        "b1": (("base1",), ("a1",), ""),
    }
    project = loaded(graph, tmp_path)
    with pytest.raises(InvalidSettings, match="HEADSTART_TARGET=line@heads"):
        read_history(project, "line@heads", "proof")


def test_the_guard_asks_alembic_and_not_our_own_graph(pairs: Project) -> None:
    with pytest.raises(CommandError, match="overlaps"):
        pairs.directory._upgrade_revs("heads", ("contract1", "expand1"))  # type: ignore[arg-type]
    assert "overlaps" in (why_not_written(pairs, frozenset({"contract1", "expand1"})) or "")
    assert why_not_written(pairs, frozenset({"contract1", "expand2"})) is None


def test_a_file_of_an_earlier_version_is_read_with_the_rows_that_alembic_writes(
    pairs: Project,
) -> None:
    history = read_history(pairs, "heads", "proof")

    def rows_read(*rows: str) -> frozenset[str]:
        state = RecordedState("contract1", None, frozenset(rows), Delta(), "")
        return with_rows(Fingerprints((state,)), history).states[0].revisions

    assert rows_read("contract1", "expand1") == {"contract1"}
    assert rows_read("contract1", "expand2") == {"contract1", "expand2"}
    assert rows_read("contract1", "gone") == {"contract1", "gone"}
