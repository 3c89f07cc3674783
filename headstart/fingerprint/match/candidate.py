"""One state as the search sees it. Pure."""

from collections.abc import Callable
from functools import cached_property

from headstart.values import dataclass


@dataclass(frozen=True)
class Candidate:
    """A state, and how far a schema is from it, in lines.

    `composed`: no replay has reached it. `step` is the revision that leads here, over `step_size`
    lines, from a state at `distance_before`; None if no revision does. `build` makes the lines,
    which only few candidates need.
    """

    name: str
    revisions: frozenset[str]
    distance: int
    build: Callable[[], frozenset[str]]
    composed: bool = False
    step: str | None = None
    step_size: int = 0
    distance_before: int = 0

    @cached_property
    def lines(self) -> frozenset[str]:
        """The schema."""
        return self.build()

    @property
    def is_half_applied(self) -> bool:
        """Whether the step is done in part, and nothing else differs."""
        if self.step is None or not self.distance or not self.distance_before:
            return False
        # each line of the step is in exactly one of the distances, if nothing else differs
        return self.distance + self.distance_before == self.step_size
