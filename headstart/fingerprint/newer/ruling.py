"""What a difference does to the code of an image that does not know it. Pure."""

from collections.abc import Iterable
from enum import IntEnum

from headstart.values import dataclass


class Effect(IntEnum):
    """The effect of a difference on code that does not know it, the worst last."""

    HARMLESS = 0
    DOUBTFUL = 1
    """It may break something: only the author can know."""
    BREAKING = 2
    """It breaks something, or nobody can say what it does."""


@dataclass(frozen=True)
class Ruling:
    """The effect of one difference; `reason` is a sentence about all that is not harmless."""

    effect: Effect
    reason: str = ""


@dataclass(frozen=True)
class Judgement:
    """How a schema differs from the one that the code is for.

    `newer` are the harmless differences, as facts, `doubts` and `breaks` the others, as sentences.
    Of `expected` facts `agreeing` are there as they were. `rows_unproven` are newer revisions that
    may have changed rows, and `allowed` the doubts that their authors have overruled.
    """

    newer: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    agreeing: int = 0
    expected: int = 0
    rows_unproven: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()

    @property
    def is_harmless(self) -> bool:
        """Whether code that knows nothing of the differences runs all the same."""
        return not self.doubts and not self.breaks

    @property
    def is_alike(self) -> bool:
        """Whether it is likely to be the same application's, though another version of it."""
        return 2 * self.agreeing >= self.expected > 0


HARMLESS = Ruling(Effect.HARMLESS)


def doubtful(reason: str) -> Ruling:
    """It may break something."""
    return Ruling(Effect.DOUBTFUL, reason)


def breaking(reason: str) -> Ruling:
    """It breaks something."""
    return Ruling(Effect.BREAKING, reason)


def worst(rulings: Iterable[Ruling]) -> Ruling:
    """The first of those that say the worst; harmless where there is none."""
    return max(rulings, key=lambda each: each.effect, default=HARMLESS)
