"""Which facts count: our objects and all that is in them, except what a DBA may add. Pure."""

from dataclasses import replace

from headstart.fingerprint.catalog.live import Live
from headstart.fingerprint.catalog.normal_form import Snapshot
from headstart.fingerprint.catalog.rare_rows import RARE
from headstart.fingerprint.file.states import Fingerprints, key_of
from headstart.fingerprint.show.equivalent import loose_line

_TOLERATED = ("index", "trigger", "policy", "statistics", "published")
"""What may be added to a table of ours without changing what a revision builds."""
_OF_ITS_OWN = RARE.keys() - {"published"}


def live_schema(snapshot: Snapshot, fingerprints: Fingerprints) -> Live:
    """Set apart what no revision made and what affects none."""
    counting = fingerprints.counting(snapshot.lines)
    ours = {line for line in counting if not _is_namesake(line, fingerprints)}
    tolerated = {line for line in ours if _is_tolerated(line, fingerprints)}
    return Live(
        frozenset(ours) - tolerated,
        tuple(sorted(tolerated)),
        snapshot.others,
        tuple(sorted(fingerprints.free)),
    )


def _is_namesake(line: str, fingerprints: Fingerprints) -> bool:
    """An operator of other types is another object, whose name says nothing about ours."""
    kind = line.split("\t", 1)[0]
    return kind in _OF_ITS_OWN and key_of(line) not in fingerprints.keys


def _is_tolerated(line: str, fingerprints: Fingerprints) -> bool:
    kind, _, _, detail = line.split("\t")
    # a unique index refuses rows that the app may write
    if kind not in _TOLERATED or detail.startswith("unique "):
        return False
    return key_of(line) not in fingerprints.keys


def with_renamed(live: Live, fingerprints: Fingerprints) -> Live:
    """Count an index that a revision makes under another name, if that one is missing.

    Alone it changes nothing; where a schema differs anyway, it explains the missing one.
    """
    if not live.tolerated:
        return live
    here = set(map(loose_line, live.lines))
    made = set(map(loose_line, fingerprints.indexes))
    renamed = {line for line in live.tolerated if loose_line(line) in made - here}
    tolerated = tuple(line for line in live.tolerated if line not in renamed)
    return replace(live, lines=live.lines | renamed, tolerated=tolerated)
