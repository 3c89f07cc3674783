"""A change of version N+1, and what headstart has to say of it."""

from dataclasses import dataclass
from enum import StrEnum


class Answer(StrEnum):
    YES = "yes"
    DOUBT = "doubt"
    NO = "no"


@dataclass(frozen=True)
class Change:
    """`sql` makes N+1 of N, on which version N has to run.

    `says` is a part of the sentence that tells why not. `rows` are what the newer app writes
    afterwards. `given` belongs to version N of this change already, and so do the statements
    `also`. `unshown` is why no statement fails though the answer is no.
    """

    name: str
    answer: Answer
    sql: str
    says: str = ""
    rows: str = ""
    given: str = ""
    also: tuple[str, ...] = ()
    unshown: str = ""
    since: int = 16


def yes(name: str, sql: str, **more: object) -> Change:
    """Nothing may fail."""
    return Change(name, Answer.YES, sql, **more)  # type: ignore[arg-type]


def doubt(name: str, sql: str, says: str, **more: object) -> Change:
    """Something may fail."""
    return Change(name, Answer.DOUBT, sql, says, **more)  # type: ignore[arg-type]


def no(name: str, sql: str, says: str, **more: object) -> Change:
    """Something fails."""
    return Change(name, Answer.NO, sql, says, **more)  # type: ignore[arg-type]
