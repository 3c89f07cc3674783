"""The scripts of an image for `check --image`: those that can be read, and why others cannot."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from headstart.facts.phase import Phase
from headstart.revisions.phase import phase_of
from headstart.revisions.project import WITHOUT_ENV, Project
from headstart.revisions.script_graph import AnyScript, mark_of
from headstart.revisions.script_marks import misspelt_in, refusals_of
from headstart.revisions.script_source import env_file
from headstart.revisions.script_text import PHASE
from headstart.revisions.upgrade_text import compiled, does_nothing, refusal_of_code
from headstart.values import dataclass
from headstart.verdict.errors import BrokenHistory


@dataclass(frozen=True)
class ImageScripts:
    """A project with all scripts that can be read; `unread` is why the others cannot.

    Of those nobody knows which revision they are.
    """

    project: Project
    unread: tuple[BrokenHistory, ...]


def read_scripts(project: Project) -> ImageScripts:
    """Import the scripts whose text does not tell what they are, each by itself.

    In project.imports_allowed().
    """
    untold = {str(file) for file in project.untold}
    scripts = [script for script in project.scripts if str(script.path) not in untold]
    unread = list(project.broken)
    for file in project.untold:
        try:
            script = project.imports.script(file)
        except BrokenHistory as error:
            error.next_step = f"{WITHOUT_ENV}; otherwise {error.next_step}"
            unread.append(error)
        else:
            scripts += [] if script is None else [script]
    return ImageScripts(project.having(scripts), tuple(unread))


def refusals_of_scripts(project: Project) -> Iterator[BrokenHistory]:
    """What is wrong with env.py, and with each script by itself."""
    try:
        _read_env(project)
    except BrokenHistory as refusal:
        yield refusal
    for script in project.scripts:
        if refusal_of_it := refusal_of_code(script):
            yield refusal_of_it
        yield from refusals_of(script)
    for name in misspelt_in(project.scripts):
        yield BrokenHistory(
            name.cause,
            next_step="correct the name, or give it one that is less like it; then build the image"
            " again",
        )


def phases_of(project: Project) -> Mapping[str, Phase]:
    """The phase of each revision, but for those that say none and do nothing, as a merge."""
    phases: dict[str, Phase] = {}
    for script in project.scripts:
        with suppress(BrokenHistory):  # refused by itself
            if not _is_idle(script):
                phases[script.revision] = phase_of(script)
    return phases


def _is_idle(script: AnyScript) -> bool:
    return mark_of(script, PHASE) is None and does_nothing(script)


def _read_env(project: Project) -> None:
    file = env_file(project)
    if not file.is_file():
        raise BrokenHistory(
            f"{Path(project.directory.env_py_location)} does not exist",
            next_step="copy env.py into the image, or correct script_location in alembic.ini",
        )
    compiled(file)
