"""The phase that a script declares: `headstart_phase = "contract"`, literally, at its top."""

from headstart.facts.phase import Phase
from headstart.revisions.script_graph import AnyScript, mark_of
from headstart.revisions.script_text import PHASE, UNTOLD
from headstart.verdict.errors import BrokenHistory

_CURE = (
    f'write {PHASE} = "{Phase.CONTRACT}" or {PHASE} = "{Phase.EXPAND}" at the top of the script, or'
    " leave the line out, which means the latter; then build the image again"
)


def phase_of(script: AnyScript) -> Phase:
    """The phase of a revision, which is expand unless its script says so. Raises BrokenHistory.

    Of a script that is imported the attribute of its module counts.
    """
    said = mark_of(script, PHASE, Phase.EXPAND)
    if isinstance(said, str) and said in [*Phase]:
        return Phase(said)
    raise BrokenHistory(
        f"{script.path}: the {PHASE} of revision {script.revision} is {_shown(said)}, which is no"
        " phase",
        next_step=_CURE,
    )


def _shown(said: object) -> str:
    if said == UNTOLD:
        return "computed"
    return repr(said) if isinstance(said, str | int | None) else f"a {type(said).__name__}"
