"""Which revisions a setting names, as Alembic resolves names: ids, parts of ids, branch labels."""

from collections.abc import Sequence
from shlex import quote

from alembic.script.revision import RevisionError
from alembic.util import CommandError

from headstart.facts.state import written
from headstart.facts.visible import cut
from headstart.patterns import pattern
from headstart.revisions.project import Project
from headstart.verdict.errors import BrokenHistory, InvalidSettings

_BETWEEN = pattern(r"[+,\s]+")
"""What stands between several revisions. Alembic refuses a + in a revision's id."""
_MAYBE_STEPS = pattern(r"\+(\d+)(?![^+,\s])")
"""x+1 may mean the next one after x, or x and revision 1."""
_ALONE = frozenset({"proof", "base", "head"})


def resolve_revision(project: Project, name: str, setting: str) -> frozenset[str]:
    """The revisions that a name stands for. Raises BrokenHistory and InvalidSettings."""
    heads = project.graph.get_heads()
    if name == "head" and len(heads) > 1:
        files = [f"{head} ({file_of(project, head)})" for head in sorted(heads)]
        raise BrokenHistory(
            f"there are several heads: {', '.join(files)}", next_step=_one_head(project, heads)
        )
    try:
        scripts = project.graph.get_revisions(name)
    except CommandError as error:
        why = str(error).replace(name, cut(name))
        raise InvalidSettings(f"{setting}={cut(name)}: {why}", next_step=_LISTED) from error
    revisions = frozenset(script.revision for script in scripts)
    _refuse_overlap(project, revisions, f"{setting}={cut(name)}")
    return revisions


def resolve_revisions(project: Project, text: str, setting: str) -> frozenset[str]:
    """The revisions that a text names, one or several: x1+y1, or with commas or spaces between.

    Raises BrokenHistory and InvalidSettings.
    """
    in_map = project.graph.revision_map._revision_map
    names = [text] if text in in_map else [name for name in _BETWEEN.split(text) if name]
    if not names or any(steps not in in_map for steps in _MAYBE_STEPS.findall(text)):
        raise InvalidSettings(f"{setting}={cut(text)}: {_SEVERAL}", next_step=_LISTED)
    if len(names) == 1:
        return resolve_revision(project, names[0], setting)
    revisions = frozenset[str]()
    for name in names:
        revisions |= _one_of_several(project, name, setting)
    _refuse_overlap(project, revisions, f"{setting}={cut(text)}")
    return revisions


_SEVERAL = "it takes revisions by their ids, or as branch@head, several as x+y; none by steps"
_LISTED = "alembic history lists the revisions"


def _one_of_several(project: Project, name: str, setting: str) -> frozenset[str]:
    revisions = frozenset[str]()
    if name not in _ALONE:
        revisions = resolve_revision(project, name, setting)
    if not revisions:
        raise InvalidSettings(
            f"{setting}: {name} stands alone, not in a list; {_SEVERAL}", next_step=_LISTED
        )
    return revisions


def why_not_written(project: Project, rows: frozenset[str]) -> str | None:
    """Why Alembic never has these version rows together, in its own words; None if it may.

    Each upgrade asks Alembic's revision map the same about the rows that it begins with.
    """
    try:
        _below(project, rows, check=True)
    except RevisionError as error:
        return str(error)
    return None


def _below(project: Project, revisions: frozenset[str], *, check: bool = False) -> frozenset[str]:
    """These revisions and all that they need, by down_revision or depends_on."""
    revision_map = project.graph.revision_map
    nodes = [revision_map._revision_map[revision] for revision in sorted(revisions)]
    return frozenset(node.revision for node in revision_map._get_ancestor_nodes(nodes, check=check))


def file_of(project: Project, revision: str) -> str:
    """The script of a revision."""
    return next(str(s.path) for s in project.scripts if s.revision == revision)


def _refuse_overlap(project: Project, revisions: frozenset[str], assignment: str) -> None:
    if (why := why_not_written(project, revisions)) is None:
        return
    rest = {each for each in revisions if each not in _below(project, revisions - {each})}
    raise InvalidSettings(
        f"{assignment}: one of {written(revisions)} needs another of them: {why}",
        next_step=f"name {written(rest)}: what that needs counts as applied with it",
    )


def _one_head(project: Project, heads: Sequence[str]) -> str:
    if len(project.graph.revision_map.get_revisions("heads")) > 1:
        names = " ".join(quote(head) for head in sorted(heads))
        return f'merge them (alembic merge -m "merge" {names}), or set HEADSTART_TARGET=heads'
    return "set HEADSTART_TARGET=heads: one of them depends on the others, and is all of them"
