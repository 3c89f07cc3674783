"""What the base of a squashed history replaces: `headstart_replaces`, literally, at its top.

revision, down_revision = "s1", None
headstart_replaces = ["r1", "r2", "r3"]     s1 builds what these three have built, r3 the last
"""

from collections.abc import Iterator, Mapping, Sequence

from headstart.revisions.script_graph import AnyScript, mark_of
from headstart.revisions.script_text import REPLACES
from headstart.verdict.errors import BrokenHistory


def replaced_by(scripts: Sequence[AnyScript]) -> Mapping[str, tuple[str, ...]]:
    """The revisions that each base replaces, in their order. Raises BrokenHistory."""
    own = {each.revision for each in scripts}
    found: dict[str, tuple[str, ...]] = {}
    for script in scripts:
        said = mark_of(script, REPLACES)
        if said is None:
            continue
        replaced = tuple(_names(script, said))
        if script.down_revision is not None:
            raise _unclear(script, "of a revision that has a down_revision")
        if known := own.intersection(replaced):
            raise _unclear(script, f"naming {', '.join(sorted(known))}, which the image has")
        found[script.revision] = replaced
    return found


def _names(script: AnyScript, said: object) -> Iterator[str]:
    if not isinstance(said, list | tuple) or not said:
        raise _unclear(script, "no list of revisions")
    for each in said:
        if not isinstance(each, str) or not each.strip():
            raise _unclear(script, "no list of revisions")
        yield each


def _unclear(script: AnyScript, what: str) -> BrokenHistory:
    return BrokenHistory(
        f"{script.path}: {REPLACES} of revision {script.revision} is {what}",
        next_step=f"let the first revision of the squashed history have {REPLACES} = [...], with"
        " the ids of all revisions that it replaces, the last one last; then build the image again",
    )
