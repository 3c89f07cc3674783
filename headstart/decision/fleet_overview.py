"""Which revision how many targets are at, and who is not as a run leaves it. Pure.

revision   targets
(unknown)        1     b7f3, which this image does not have
base            12     three revisions pending
0002           140     one revision pending
0003         9,847
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from headstart.decision.target_state import Odd, Proven, Ready, TargetAnswer
from headstart.facts.state import History
from headstart.values import dataclass


@dataclass(frozen=True)
class AtRevision:
    """How many targets have these version rows, by the table or by the record on it.

    `rows` are None where nobody can tell. `pending` is how many revisions are still to run there;
    None where a row is of no revision of this image, or not known.
    """

    rows: tuple[str, ...] | None
    targets: int
    pending: int | None


@dataclass(frozen=True)
class FleetOverview:
    """The answer of `fleet status`: revisions, the farthest from the target revision first.

    `ready` are those that a check of their own has found so, with nothing that proves the schema.
    `named` are the targets that are neither, by what they are: the slug of a standing, or of an
    oddity in place of "odd". What is missing has no revision, and is only there.
    """

    targets: int
    proven: int
    ready: int
    revisions: tuple[AtRevision, ...]
    named: Mapping[str, tuple[str, ...]]

    @property
    def is_ready(self) -> bool:
        """Whether all of them are proven, or ready."""
        return self.proven + self.ready == self.targets


def overview_of(answers: Iterable[TargetAnswer], history: History) -> FleetOverview:
    """Count the targets at each revision, and name those that are not ready."""
    counts: Counter[tuple[str, ...] | None] = Counter()
    named: defaultdict[str, list[str]] = defaultdict(list)
    targets = proven = ready = 0
    for answer in answers:
        targets += 1
        slug = _slug(answer)
        if isinstance(answer.standing, Proven):
            proven += 1
        elif isinstance(answer.standing, Ready):
            ready += 1
        else:
            named[slug].append(answer.name)
        if slug != "missing":
            counts[answer.recorded if answer.rows is None else answer.rows] += 1
    revisions = [AtRevision(rows, n, _pending(rows, history)) for rows, n in counts.items()]
    by_name = {slug: tuple(sorted(names)) for slug, names in sorted(named.items())}
    return FleetOverview(
        targets, proven, ready, tuple(sorted(revisions, key=_worst_first)), by_name
    )


def _slug(answer: TargetAnswer) -> str:
    standing = answer.standing
    return standing.why.value if isinstance(standing, Odd) else standing.slug


def _pending(rows: tuple[str, ...] | None, history: History) -> int | None:
    if rows is None or not history.requirements.keys() >= set(rows):
        return None
    return len(history.pending_after(rows))


def _worst_first(each: AtRevision) -> tuple[bool, int, tuple[str, ...]]:
    return each.pending is not None, -(each.pending or 0), each.rows or ()
