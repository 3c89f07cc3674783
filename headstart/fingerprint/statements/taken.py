"""Whether ALTER TABLE takes values or rows away, or makes others of them. Pure.

By the words behind the table's name; a name in quotes is an empty one:

    >>> [takes_values(each.split()) for each in ("drop a", "alter a type int using a * 100")]
    [True, True]
    >>> [takes_values(each.split()) for each in ("drop constraint a", "add type text")]
    [False, False]
"""

from collections.abc import Sequence
from itertools import pairwise

_KEPT = {"constraint", "default", "expression", "identity", "not"}
"""What may be dropped from a table without losing values."""


def takes_values(words: Sequence[str]) -> bool:
    """Whether something is dropped or moved, or gets another type or name."""
    if words[:2] == ["set", "schema"] or "detach" in words:
        return True
    if words[:1] == ["rename"] and words[1:2] != ["constraint"]:
        return True
    # DROP may be one of several actions, and DROP followed by a name drops the column of that name
    drops = any(one == "drop" and two not in _KEPT for one, two in pairwise([*words, ""]))
    return drops or any(_retypes(words, at) for at, word in enumerate(words) if word == "type")


def _retypes(words: Sequence[str], at: int) -> bool:
    """Whether it stands in ALTER a TYPE or SET DATA TYPE, and is no column of that name."""
    before = [*words[max(0, at - 3) : at]]
    if before[-2:] == ["alter", "column"]:
        return False
    return before[-1:] == ["data"] or "alter" in before[-2:-1] or before[:2] == ["alter", "column"]
