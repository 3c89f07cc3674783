"""What ALTER TABLE ... DETACH PARTITION ... CONCURRENTLY leaves where it is cut off. Pure.

It works in two transactions, outside of any of Alembic's. After the first one the partition's rows
are no longer seen in the table, but it is neither detached nor can it be detached again: somebody
has to finish what was begun.
"""

import re
from collections.abc import Iterable, Sequence

from headstart.facts.sql import identifier
from headstart.values import dataclass
from headstart.verdict.errors import Explanation, Interrupted, NotReady, RevisionFailed


@dataclass(frozen=True)
class PendingDetach:
    """A partition that is half detached; `worker` is who is at work on it, None for nobody.

    `bound` is what it held, as ATTACH PARTITION takes it.
    """

    schema: str
    table: str
    partition_schema: str
    partition: str
    bound: str
    worker: str | None = None

    @property
    def description(self) -> str:
        """What it is, in words."""
        partition = f"{self.partition_schema}.{self.partition}"
        return f"partition {partition} of table {self.schema}.{self.table}"


def repair(detach: PendingDetach, *, made_anew: bool = False) -> tuple[str, ...]:
    """The statements that repair it; `made_anew` where the revision that detaches it runs again."""
    table = f"ALTER TABLE {identifier(detach.schema)}.{identifier(detach.table)}"
    partition = f"{identifier(detach.partition_schema)}.{identifier(detach.partition)}"
    finish = f"{table} DETACH PARTITION {partition} FINALIZE"
    if not made_anew:
        return (finish,)
    return finish, f"{table} ATTACH PARTITION {partition} {detach.bound}"


def of_pending(detaches: Sequence[PendingDetach], *, made_anew: bool = False) -> Explanation:
    """Each of them with its repair, in lines for people and fields for programs."""
    if not detaches:
        return Explanation()
    lines: list[str] = []
    repairs: list[str] = []
    for each in detaches:
        worker = f"; {each.worker} detaches it" if each.worker else ""
        lines.append(f"half detached: {each.description}{worker}")
        if each.worker is None:
            repairs += repair(each, made_anew=made_anew)
    lines += [f"  repair: {statement};" for statement in repairs]
    named = [each.description for each in detaches]
    return Explanation(
        tuple(lines), {"pending_detaches": named} | ({"repair": repairs} if repairs else {})
    )


def unfinished(detaches: Sequence[PendingDetach]) -> Interrupted | NotReady:
    """The error of a database that would be ready but for these."""
    left = [each for each in detaches if each.worker is None]
    if not left:
        return NotReady(
            f"{_names(detaches)} is being detached ({detaches[0].worker})",
            next_step="wait for that to end, then try again",
            explanation=of_pending(detaches),
        )
    return Interrupted(
        f"{_names(left)} is half detached: DETACH PARTITION CONCURRENTLY was cut off",
        next_step=f"{_step(left)}; then run again",
        explanation=of_pending(left),
    )


def met_again(error: RevisionFailed, detaches: Iterable[PendingDetach]) -> Interrupted | None:
    """The error of a revision that was cut off as it detached these; None for another failure."""
    text = f"{error.statement} {error}"
    own = [each for each in detaches if each.worker is None and _is_named(each.partition, text)]
    if not own:
        return None
    return Interrupted(
        f"{error}; {_names(own)} is half detached: an earlier run was cut off there",
        next_step=f"{_step(own, made_anew=True)}; then run again, which detaches it anew",
        sqlstate=error.sqlstate,
        statement=error.statement,
        explanation=of_pending(own, made_anew=True),
    )


def left_by(detaches: Sequence[PendingDetach]) -> str | None:
    """What to add to the next step of a run that broke off and left these; None for nothing."""
    if not detaches:
        return None
    return f"{_names(detaches)} was left half detached: the next run shows how to repair it"


def _is_named(name: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def _step(detaches: Sequence[PendingDetach], *, made_anew: bool = False) -> str:
    statements = [each for one in detaches for each in repair(one, made_anew=made_anew)]
    if len(statements) == 1:
        return f"execute {statements[0]}"
    return "execute the statements in `repair`, in that order"


def _names(detaches: Iterable[PendingDetach]) -> str:
    return ", ".join(each.description for each in detaches)
