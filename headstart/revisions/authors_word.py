"""What the author of a script says of older code: `headstart_compatible`, literally, at its top.

headstart_compatible = True              code of before this revision may run after it
headstart_compatible = False             it must not
headstart_compatible_since = "r10"       so may code of r10, and of all that came after
"""

from collections.abc import Collection

from headstart.revisions.script_graph import AnyScript, mark_of
from headstart.revisions.script_text import COMPATIBLE, COMPATIBLE_SINCE
from headstart.verdict.errors import BrokenHistory


def word_of(script: AnyScript, parents: Collection[str]) -> str | bool | None:
    """False, or the oldest head whose code may run after it (`x+y`: two); None if it says nothing.

    Raises BrokenHistory, which names the file, for what is neither.
    """
    said, since = mark_of(script, COMPATIBLE), mark_of(script, COMPATIBLE_SINCE)
    if not isinstance(said, bool | None):
        raise _unclear(script, COMPATIBLE, "True or False")
    if since is not None:
        if said is False or not isinstance(since, str) or not since.strip("\0 "):
            raise _unclear(script, COMPATIBLE_SINCE, "a revision, and nothing beside True")
        return since.strip()
    return "+".join(sorted(parents)) if said is True else said


def _unclear(script: AnyScript, name: str, wanted: str) -> BrokenHistory:
    return BrokenHistory(
        f"{script.path}: the {name} of revision {script.revision} is not {wanted}, as a literal",
        next_step=f"correct the line {name} = ... in the script, or leave it out; then build the"
        " image again",
    )
