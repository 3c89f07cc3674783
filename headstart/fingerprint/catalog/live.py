"""A schema as it is compared. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Live:
    """A schema as it is compared.

    `lines` count, `tolerated` are extra and do not, `ignored` are relations outside the history.
    """

    lines: frozenset[str]
    tolerated: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
