"""What is wrong with a graph of revisions: all of it, by file, also where Alembic could build none.

history.py raises the first; `check --image` tells every one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from alembic.util import to_tuple

from headstart.facts.state import History
from headstart.revisions.script_graph import AnyScript
from headstart.values import dataclass
from headstart.verdict.errors import BrokenHistory

_Edges = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Graph:
    """The graph as far as it is one: a parent that is missing, or closes a cycle, is left out.

    Its targets are all heads. `conflicts` are ids that are there twice, and cycles; `gaps` are
    parents and dependencies that are missing, if there is no other script that may be them.
    """

    history: History
    conflicts: tuple[BrokenHistory, ...]
    gaps: tuple[BrokenHistory, ...]


def read_graph(scripts: Sequence[AnyScript]) -> Graph:
    """Read the graph of any scripts, whatever is wrong with them."""
    edges, cycles = _without_cycles(_edges(scripts))
    order = {revision: edges[revision] for revision in TopologicalSorter(edges).static_order()}
    heads = edges.keys() - frozenset().union(*edges.values())
    conflicts = (*mistaken_ids(scripts), *(cycle(scripts, each) for each in cycles))
    unmet = (missing_dependency(scripts, name) for name in _unmet(scripts))
    gaps = (*missing_parents(scripts), *unmet)
    return Graph(History(order, frozenset(heads)), conflicts, gaps)


def mistaken_ids(scripts: Iterable[AnyScript]) -> Iterator[BrokenHistory]:
    """Scripts without an id, and ids that several scripts have."""
    files: dict[str, str] = {}
    for script in scripts:
        if not isinstance(script.revision, str) or not script.revision.strip():
            yield BrokenHistory(f"{script.path} has no revision id")
        elif script.revision != script.revision.strip():
            yield BrokenHistory(
                f"{script.path}: the revision id {script.revision!r} begins or ends with a space,"
                " which a version row would be told by nobody",
                next_step="take the space out of its revision, and of every down_revision that"
                " names it; then build the image again",
            )
        elif script.revision in files:
            yield BrokenHistory(
                f"revision {script.revision} is there twice:"
                f" {files[script.revision]} and {script.path}",
                next_step="remove one of the two scripts, or give it an id and a down_revision of"
                " its own; then build the image again",
            )
        else:
            files[script.revision] = str(script.path)


def missing_parents(scripts: Sequence[AnyScript]) -> Iterator[BrokenHistory]:
    """Scripts that follow a revision which is not there."""
    revisions = {script.revision for script in scripts}
    for script in scripts:
        for parent in script._versioned_down_revisions:
            if parent not in revisions:
                yield BrokenHistory(
                    f"{script.path} follows revision {parent}, which no script has",
                    next_step=f"put the script of {parent} into the image, or correct down_revision"
                    f" of {script.revision}; then build the image again",
                )


def missing_dependency(scripts: Iterable[AnyScript], name: str) -> BrokenHistory:
    """A depends_on that is neither a revision nor a label."""
    files = [str(s.path) for s in scripts if name in to_tuple(s.dependencies, default=())]
    return BrokenHistory(
        f"{', '.join(files) or 'a script'} depends on {name}, which no script has",
        next_step=f"put the script of {name} into the image, or correct depends_on; then build the"
        " image again",
    )


def cycle(scripts: Iterable[AnyScript], revisions: Iterable[str]) -> BrokenHistory:
    """Revisions of which each follows another."""
    files = {script.revision: str(script.path) for script in scripts}
    return BrokenHistory(
        f"the revisions form a cycle: {', '.join(files[revision] for revision in revisions)}",
        next_step="correct down_revision or depends_on of one of them, and build the image again",
    )


def _unmet(scripts: Sequence[AnyScript]) -> Iterator[str]:
    names = _names(scripts)
    wanted = (name for s in scripts for name in to_tuple(s.dependencies, default=()))
    return (name for name in dict.fromkeys(wanted) if name not in names)


def _names(scripts: Iterable[AnyScript]) -> Mapping[str, str]:
    """What a depends_on may say, with the revision that it stands for: its id, or a label."""
    every = [s for s in scripts if isinstance(s.revision, str)]
    labels = {label: s.revision for s in every for label in s._orig_branch_labels}
    return labels | {s.revision: s.revision for s in every}


def _edges(scripts: Sequence[AnyScript]) -> dict[str, frozenset[str]]:
    names = _names(scripts)
    ids = frozenset(names.values())
    edges: dict[str, frozenset[str]] = {}
    for script in (s for s in scripts if isinstance(s.revision, str)):
        parents = [p for p in script._versioned_down_revisions if p in ids]
        wanted = to_tuple(script.dependencies, default=())
        needed = frozenset([*parents, *(names[each] for each in wanted if each in names)])
        edges[script.revision] = edges.get(script.revision, frozenset()) | needed
    return edges


def _without_cycles(edges: dict[str, frozenset[str]]) -> tuple[_Edges, list[list[str]]]:
    """The edges but for those within a cycle, and the revisions of each."""
    cycles: list[list[str]] = []
    while True:
        try:
            TopologicalSorter(edges).prepare()
        except CycleError as error:
            around = list(dict.fromkeys(error.args[1]))
            cycles.append(around)
            edges = edges | {each: edges[each] - frozenset(around) for each in around}
        else:
            return edges, cycles
