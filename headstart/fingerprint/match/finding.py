"""The finding about tables without a version row, with what explains it. Pure.

Data alone, so that whoever decides or reports may load it; find.py makes it.
"""

from headstart.fingerprint.catalog.live import Live
from headstart.fingerprint.file.states import Delta
from headstart.fingerprint.show.difference import Difference
from headstart.values import dataclass


@dataclass(frozen=True)
class Proven:
    """The schema belongs to `revisions`, and to no others that matter.

    `rows_unproven` are the revisions up to there that change rows, which the catalog cannot show;
    `state` names the known schema, a variant's with its way behind a ~; `composed` when nobody
    replayed it.
    """

    revisions: tuple[str, ...]
    state: str
    composed: bool
    rows_unproven: tuple[str, ...]
    live: Live


@dataclass(frozen=True)
class SeveralMatches:
    """Several revisions have this schema; `open` are the ones that change or drop rows."""

    candidates: tuple[str, ...]
    open: tuple[str, ...]
    live: Live


@dataclass(frozen=True)
class HalfApplied:
    """A revision is applied in part, on top of `before`.

    `todo` is what is left of its changes, `done` what is there of them.
    """

    revision: str
    others: tuple[str, ...]
    before: tuple[str, ...]
    todo: Delta
    total: int
    live: Live
    done: Delta = Delta()


@dataclass(frozen=True)
class Unlike:
    """No revision builds this schema; `nearest` differs the least.

    `renames` are the statements that make it exact, if nothing but names differs.
    """

    nearest: tuple[str, ...]
    others: tuple[str, ...]
    difference: Difference
    renames: tuple[str, ...]
    equivalent: bool
    live: Live


@dataclass(frozen=True)
class Unknowable:
    """There is a file of fingerprints, and `cause` is why it is of no use."""

    cause: str


SearchResult = Proven | SeveralMatches | HalfApplied | Unlike
Finding = SearchResult | Unknowable
