"""Which locks a revision held on what existed before, and for how long at most. Pure."""

from collections.abc import Mapping

from headstart.values import dataclass

MODES = ("Share", "ShareRowExclusive", "Exclusive", "AccessExclusive")
"""The modes of table locks that stop writers, and the last one readers, too; weakest first."""

MOST_RELATIONS = 50
"""A revision that drops a schema may hold thousands; a line of the log names the strongest."""

Locks = Mapping[str, str]
"""Relations, as SQL writes their names, with the strongest of these modes."""


@dataclass(frozen=True)
class HeldLocks:
    """What a revision held until its COMMIT.

    `locks` is None where nobody could see them; `seconds` is at most, from when the transaction
    could first have taken one. `is_whole` is false where some of the work was outside of a
    transaction, whose locks end with each statement: nobody has seen those.
    """

    locks: Locks | None
    seconds: float
    is_whole: bool = True

    def fields(self) -> Mapping[str, object]:
        """The fields of a log line or of an entry in the verdict."""
        fields: dict[str, object] = {"locks": self.locks and _first(self.locks)}
        if self.locks:
            fields["held_seconds"] = round(self.seconds, 3)
        if self.locks and len(self.locks) > MOST_RELATIONS:
            fields["locks_cut"] = len(self.locks) - MOST_RELATIONS
        if self.locks is not None and not self.is_whole:
            fields["locks_in_part"] = True
        return fields


def _first(locks: Locks) -> Locks:
    """Those to name: the strongest, each kind by name."""
    order = sorted(locks, key=lambda relation: (-MODES.index(locks[relation]), relation))
    return {relation: locks[relation] for relation in sorted(order[:MOST_RELATIONS])}


def strongest(*reports: Locks) -> Locks:
    """The strongest lock on each relation."""
    found: dict[str, str] = {}
    for report in reports:
        for relation, mode in report.items():
            found[relation] = max(found.get(relation, mode), mode, key=MODES.index)
    return dict(sorted(found.items()))
