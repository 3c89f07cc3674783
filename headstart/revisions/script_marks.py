"""What scripts say to headstart: whether every mark is clear, and spelt as it should be.

A mark that is passed over is worse than none: its author relies on it. So an image with an unclear
one is refused, before anything is changed; what only looks like a mark is told.
"""

from collections.abc import Iterable, Iterator
from functools import cache

from headstart.facts.state import History
from headstart.revisions.authors_word import word_of
from headstart.revisions.phase import phase_of
from headstart.revisions.script_graph import AnyScript, ScriptText, bound_names, mark_of
from headstart.revisions.script_text import COMPATIBLE_SINCE, MARKS
from headstart.values import dataclass
from headstart.verdict.errors import BrokenHistory

_CLOSE = 0.85
"""headstart_compatable and HEADSTART_PHASE are as close as that; headstart_table is not."""


@dataclass(frozen=True)
class Misspelt:
    """A name at the top of a script that headstart does not know, and the mark that it is like."""

    path: str
    name: str
    meant: str

    @property
    def cause(self) -> str:
        """What is wrong with it."""
        return f"{self.path}: {self.name} says nothing to headstart; {self.meant} would"


def refuse_unclear(scripts: Iterable[AnyScript], history: History) -> None:
    """Raise BrokenHistory for the first mark that is unclear."""
    for script in scripts:
        for refusal in (*refusals_of(script), *refusals_of_since(script, history)):
            raise refusal


def refusals_of(script: AnyScript) -> Iterator[BrokenHistory]:
    """What is unclear in a script by itself."""
    for look in (phase_of, lambda each: word_of(each, ())):
        try:
            look(script)
        except BrokenHistory as refusal:
            yield refusal


def refusals_of_since(script: AnyScript, history: History) -> Iterator[BrokenHistory]:
    """A floor that is no revision of before: no image has such a head, so it allows nothing."""
    since, revision = mark_of(script, COMPATIBLE_SINCE), script.revision
    if not isinstance(since, str) or revision not in history.requirements:
        return
    replaced = {each for names in history.replaced.values() for each in names}
    before = {*history.applied_with([revision]), *replaced} - {revision}
    if unknown := sorted({each.strip() for each in since.split("+")} - before):
        yield BrokenHistory(
            f"{script.path}: {COMPATIBLE_SINCE} of revision {revision} names"
            f" {', '.join(map(repr, unknown))}, which is no revision that it builds on",
            next_step="write the whole id of the oldest revision whose code can run after this one"
            " (x+y for two branches), or leave the line out; then build the image again",
        )


def misspelt_in(scripts: Iterable[AnyScript]) -> Iterator[Misspelt]:
    """The names that are nearly those of marks."""
    for script in scripts:
        for name in sorted(bound_names(script)):
            if meant := _nearest(name.lower()):
                yield Misspelt(str(script.path), name, meant)


@cache
def _nearest(name: str) -> str | None:
    """The mark that a name is like; most scripts bind the same few names."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, MARKS, 1, _CLOSE)), None)


def refuse_hidden(told: ScriptText, imported: AnyScript) -> None:
    """Raise BrokenHistory for a mark that the module has, and its text does not tell."""
    if not told.marks and _binds_none(imported):
        return
    for name in MARKS:
        if _plain(mark_of(told, name)) != _plain(mark_of(imported, name)):
            raise BrokenHistory(
                f"{told.path} says another {name} in its text than it has when it is imported",
                next_step=f"write {name} = ... literally, at the top of the script, and nowhere"
                " else; then build the image again",
            )


def _binds_none(script: AnyScript) -> bool:
    """Whether a module has none of the marks, as nearly every one; one that computes them may."""
    return not isinstance(script, ScriptText) and _MADE.isdisjoint(vars(script.module))


_MADE = frozenset(MARKS) | {"__getattr__"}


def _plain(said: object) -> object:
    return tuple(said) if isinstance(said, list) else said
