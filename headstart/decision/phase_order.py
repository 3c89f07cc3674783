"""The order of phases among what is new: whoever holds contract back must not hold expand with it.

Pure. Only a release has an order: in a whole history each contract is followed by the next expand.
"""

from collections.abc import Iterator, Mapping

from headstart.facts.phase import Phase
from headstart.facts.state import History
from headstart.verdict.errors import BrokenHistory


def refusals_of_order(
    history: History, phases: Mapping[str, Phase], since: frozenset[str]
) -> Iterator[BrokenHistory]:
    """Each expand that needs a contract, if both are new since those revisions were applied.

    `phases` has no entry for a revision that does nothing, as a merge: it may wait.
    """
    old = history.applied_with(since)
    needed: dict[str, frozenset[str]] = {}
    for revision, parents in history.requirements.items():  # ancestors first
        if revision in old:
            continue
        held = frozenset[str]().union(*(needed[each] for each in parents - old))
        if held and phases.get(revision) is Phase.EXPAND:
            yield _refusal(revision, sorted(held))
        contract = phases.get(revision) is Phase.CONTRACT
        needed[revision] = frozenset({revision}) if contract else held


def _refusal(revision: str, contracts: list[str]) -> BrokenHistory:
    names = ", ".join(contracts)
    return BrokenHistory(
        f"{revision} (expand) comes after {names} (contract): hold back would keep it out",
        next_step=f"put {revision} before {names}, or release it later",
    )
