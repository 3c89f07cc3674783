"""Read the graph of revisions from a project's scripts; what is wrong is named by file."""

import os
import warnings
from collections.abc import Iterable
from graphlib import TopologicalSorter
from itertools import chain
from pathlib import Path

from alembic.script.revision import CycleDetected, RevisionError
from alembic.util import to_tuple

from headstart.facts.state import History
from headstart.revisions.graph_problems import (
    cycle,
    missing_dependency,
    missing_parents,
    mistaken_ids,
)
from headstart.revisions.naming import resolve_revision, resolve_revisions
from headstart.revisions.project import Project
from headstart.revisions.replaced import replaced_by
from headstart.revisions.script_graph import AnyScript, ScriptText
from headstart.revisions.script_marks import refuse_hidden
from headstart.verdict.errors import BrokenHistory, InvalidSettings


def read_history(project: Project, target: str, baseline: str) -> History:
    """Read the graph of revisions and resolve HEADSTART_TARGET and HEADSTART_BASELINE in it.

    Raises BrokenHistory (several heads with target head, missing parent, duplicate id, cycle, no
    revisions) and InvalidSettings for a target or baseline that no script has.
    """
    if not project.scripts:
        raise nothing_in(project.folders)
    for problem in chain(mistaken_ids(project.scripts), missing_parents(project.scripts)):
        raise problem
    _check_graph(project)
    targets = resolve_revision(project, target, "HEADSTART_TARGET")
    history = History(
        requirements=_ancestors_first(project.scripts),
        targets=targets,
        baseline=_resolve_baseline(project, baseline, targets),
        replaced=replaced_by(project.scripts),
    )
    _check_baseline(history, baseline)
    return history


def nothing_in(locations: Iterable[Path]) -> BrokenHistory:
    """There is no script. Alembic passes over a folder that it may not read as if it were empty."""
    closed = [str(path) for path in locations if _is_closed(path)]
    if closed:
        return BrokenHistory(
            f"{', '.join(closed)} cannot be read by user {os.geteuid()}",
            next_step="let every user read it: chmod -R a+rX, in a Dockerfile COPY --chmod=755",
        )
    return BrokenHistory(
        f"there is no revision in {', '.join(map(str, locations))}",
        next_step="make the first one: alembic revision --autogenerate -m ...",
    )


def _is_closed(folder: Path) -> bool:
    try:
        os.listdir(folder)  # noqa: PTH208 that it may be read is all we ask
    except OSError as error:
        return isinstance(error, PermissionError)
    return False


def _check_graph(project: Project) -> None:
    """Let Alembic build its map from the scripts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it warns of was refused above
        try:
            project.graph.get_heads()
            _ = project.graph.revision_map._revision_map
        except CycleDetected as error:
            raise cycle(project.scripts, error.revisions) from error
        except KeyError as error:  # what Alembic raises for a depends_on that no script has
            raise missing_dependency(project.scripts, str(error.args[0])) from error
        except RevisionError as error:
            raise BrokenHistory(f"the revisions form no history: {error}") from error


def _ancestors_first(scripts: Iterable[AnyScript]) -> dict[str, frozenset[str]]:
    edges = {script.revision: frozenset(script._all_down_revisions) for script in scripts}
    return {revision: edges[revision] for revision in TopologicalSorter(edges).static_order()}


def _resolve_baseline(
    project: Project, baseline: str, targets: frozenset[str]
) -> frozenset[str] | None:
    match baseline:
        case "proof":
            return None
        case "head":
            return targets
        case "base":
            return frozenset()
        case _:
            return resolve_revisions(project, baseline, "HEADSTART_BASELINE")


def _check_baseline(history: History, baseline: str) -> None:
    if history.baseline and not history.baseline <= history.applied_with(history.targets):
        raise InvalidSettings(
            f"HEADSTART_BASELINE={baseline} is not an ancestor of the target"
            f" {', '.join(sorted(history.targets))}"
        )


def confirm(told: Project) -> None:
    """Raise BrokenHistory where a script that is imported is not what its text told."""
    if told.untold:  # then nothing rests on what the others' told
        return
    texts = {script.path: script for script in told.scripts}
    for script in told.imports.done:
        text = texts.get(str(script.path))
        labels = getattr(text, "labels_told", True)
        if text is None or _graph_of(text, labels=labels) != _graph_of(script, labels=labels):
            raise BrokenHistory(
                f"{script.path} says another revision, down_revision, branch_labels or depends_on"
                " in its text than it has when it is imported",
                next_step="write these four literally, at the top of the script, and nowhere else",
            )
        if isinstance(text, ScriptText):
            refuse_hidden(text, script)


def _graph_of(script: AnyScript, *, labels: bool) -> tuple[object, ...]:
    dependencies = to_tuple(script.dependencies, default=())
    named = frozenset(script._orig_branch_labels) if labels else frozenset()
    return script.revision, script._versioned_down_revisions, dependencies, named
