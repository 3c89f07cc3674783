"""check --image: can this image be used, whatever the database? For CI, before it is pushed.

Connects to nothing, needs no database and runs no env.py. It tells everything that is wrong at
once; what depends on scripts that cannot be read is not guessed, but noted.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from headstart.decision.drift import requires_comparison
from headstart.decision.image_report import ImageReport, Remark, report_of
from headstart.decision.phase_order import refusals_of_order
from headstart.decision.version_width import has_long_id, refusals_of_long_ids
from headstart.facts.sql import identifier
from headstart.facts.state import History, VersionColumn, scope_named
from headstart.facts.visible import cut
from headstart.patterns import pattern
from headstart.revisions.graph_problems import Graph, read_graph
from headstart.revisions.history import nothing_in, read_history
from headstart.revisions.image_scripts import (
    ImageScripts,
    phases_of,
    read_scripts,
    refusals_of_scripts,
)
from headstart.revisions.known_states import read_known_states
from headstart.revisions.project import open_project
from headstart.revisions.replaced import replaced_by
from headstart.revisions.script_marks import refusals_of_since
from headstart.revisions.version_column import as_scripts_make_it
from headstart.settings.database import nowhere
from headstart.settings.request import Request
from headstart.values import dataclass
from headstart.verbs.app_environment import app_environment
from headstart.verbs.inspection import missing_fingerprints
from headstart.verbs.task import Task
from headstart.verdict.errors import BrokenHistory, InvalidSettings, StaleFingerprints
from headstart.verdict.events.schema import Explained
from headstart.verdict.outcome import Outcome

_BETWEEN = pattern(r"[+,\s]+")


def check_image(task: Task, request: Request) -> Outcome:
    """Check the image alone. Raises InvalidSettings, BrokenHistory or StaleFingerprints."""
    report = _report(_without_database(task), request.since)
    if error := report.error():
        raise error
    task.emit(Explained(report.explanation()))
    return Outcome.IMAGE_USABLE


@dataclass(frozen=True)
class _Image:
    """The scripts as far as they can be read, their graph, and whose settings they are read with.

    `sound`: every script was read, and they make a graph.
    """

    task: Task
    scripts: ImageScripts
    graph: Graph

    @property
    def sound(self) -> bool:
        return not (self.scripts.unread or self.graph.conflicts or self.graph.gaps)


def _without_database(task: Task) -> Task:
    settings = replace(task.settings, database=nowhere(), embedded=False)
    return replace(task, settings=settings)


def _report(task: Task, since: str | None) -> ImageReport:
    try:
        image = _read(task)
    except BrokenHistory as refusal:  # no script can be found: there is nothing else to say
        return report_of(History({}, frozenset()), [refusal])
    return report_of(image.graph.history, _remarks(image, since))


def _read(task: Task) -> _Image:
    settings = task.settings
    with app_environment(task, connected=False):  # what is imported may import the app
        project = open_project(settings.alembic_ini, settings.target, settings.x)
        with project.imports_allowed():
            scripts = read_scripts(project)
    return _Image(task, scripts, read_graph(scripts.project.scripts))


def _remarks(image: _Image, since: str | None) -> Iterator[Remark]:
    """Everything there is to say, in the order in which it is to be corrected."""
    project, graph, unread = image.scripts.project, image.graph, image.scripts.unread
    yield from unread
    yield from refusals_of_scripts(project)
    if not project.scripts and not unread:
        yield nothing_in(project.folders)
        return
    yield from graph.conflicts
    yield from () if unread else graph.gaps
    yield from _long_ids(image)
    yield from _floors(image)
    yield from _heads(image)
    yield from _order(image, since)
    yield from _fingerprints(image)
    if not image.sound:
        yield "heads and the order of phases are judged when these scripts make a history"


def _long_ids(image: _Image) -> Iterator[Remark]:
    scope = scope_named(image.task.settings.version_table)
    names = filter(None, (scope.version_schema, scope.version_table))
    column, revisions = VersionColumn(".".join(map(identifier, names))), image.graph.history
    if image.scripts.unread or not has_long_id(revisions.requirements, column):
        return
    column = as_scripts_make_it(image.scripts.project, column)
    if image.sound or not column.widened_by:  # else what comes first is not known
        yield from refusals_of_long_ids(revisions.requirements, column)


def _heads(image: _Image) -> Iterator[Remark]:
    """What HEADSTART_TARGET and Alembic make of the history. Raises InvalidSettings."""
    settings = image.task.settings
    if not image.sound:
        return
    try:
        read_history(image.scripts.project, settings.target, settings.baseline)
    except BrokenHistory as refusal:
        yield refusal


def _floors(image: _Image) -> Iterator[Remark]:
    """The oldest heads that scripts name: whether they are any."""
    if image.sound:
        project = image.scripts.project
        with suppress(BrokenHistory):  # told with the heads
            history = replace(image.graph.history, replaced=replaced_by(project.scripts))
            for script in project.scripts:
                yield from refusals_of_since(script, history)


def _order(image: _Image, since: str | None) -> Iterator[Remark]:
    """The phases of what is new. Raises InvalidSettings for a revision that is not there."""
    if since is None or image.scripts.unread:
        return
    history = image.graph.history
    released = frozenset(() if since == "base" else _BETWEEN.split(since))
    if unknown := released - history.requirements.keys():
        raise InvalidSettings(
            f"--since: the image has no revision {cut(', '.join(map(repr, sorted(unknown))))}",
            next_step="name the revision of the last release by its whole id, or base for none;"
            " alembic history lists the revisions",
        )
    if image.sound:
        yield from refusals_of_order(history, phases_of(image.scripts.project), released)


def _fingerprints(image: _Image) -> Iterator[Remark]:
    settings, project = image.task.settings, image.scripts.project
    if image.scripts.unread or image.graph.conflicts:
        yield "the fingerprints are compared when each revision has one script that can be read"
        return
    try:
        states = read_known_states(project, image.graph.history, settings.fingerprints)
    except BrokenHistory as refusal:
        yield refusal
        return
    if states.why_not is not None:
        yield StaleFingerprints(f"{states.path} is stale: {states.why_not}")
    elif states.usable is None and requires_comparison(settings.verify):
        yield missing_fingerprints(states)
    elif states.usable is None:
        yield f"{states.path} does not exist, so no schema can be proven; it is optional"
