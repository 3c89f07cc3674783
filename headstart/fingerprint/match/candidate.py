"""One state as the search sees it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Candidate:
    """A state, and how far a schema is from it, in lines.

    `composed` where no replay has been there. `step` is the revision that leads here, over
    `step_size` lines, from a state at `distance_before`; None where none does. `build` makes the
    lines, which are wanted of few.
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
        return self.distance + self.distance_before == self.step_size
