"""What a linter says of a text of SQL. Pure."""

from headstart.values import dataclass


@dataclass(frozen=True)
class Remark:
    """What squawk says: about what stands at `offset` of a revision's SQL, on `line` (from 1)."""

    rule: str
    message: str
    offset: int
    line: int


SYNTAX = "syntax-error"
"""squawk's name for what it cannot read; it says nothing else of such a text."""
