"""What of a database counts: our objects and all within, but for what a DBA may add. Pure."""

from dataclasses import replace

from headstart.fingerprint.catalog.live import Live
from headstart.fingerprint.catalog.normal_form import Snapshot
from headstart.fingerprint.file.states import Fingerprints, key_of
from headstart.fingerprint.show.equivalent import loose_line

_TOLERATED = ("index", "trigger", "policy")
"""What may be added to a table of ours without changing what a revision builds."""


def live_schema(snapshot: Snapshot, known: Fingerprints) -> Live:
    """Set apart what no revision ever made and what changes nothing for one."""
    tolerated = {line for line in snapshot.lines if _is_tolerated(line, known)}
    return Live(snapshot.lines - tolerated, tuple(sorted(tolerated)), snapshot.others)


def _is_tolerated(line: str, known: Fingerprints) -> bool:
    kind, _, _, detail = line.split("\t")
    if kind not in _TOLERATED or detail.startswith("unique "):
        return False
    return key_of(line) not in known.keys


def with_renamed(live: Live, known: Fingerprints) -> Live:
    """Let an index count that a revision makes, by another name, where that is not there.

    Alone it changes nothing; where a schema differs anyhow, it says why one is missing.
    """
    if not live.tolerated:
        return live
    here = set(map(loose_line, live.lines))
    made = set(map(loose_line, known.indexes))
    renamed = {line for line in live.tolerated if loose_line(line) in made - here}
    tolerated = tuple(line for line in live.tolerated if line not in renamed)
    return replace(live, lines=live.lines | renamed, tolerated=tolerated)
