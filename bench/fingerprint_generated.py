"""Made-up histories: revisions of random DDL in a real database, with their fingerprints."""

from random import Random

from fingerprint_accuracy import Connected
from fingerprint_changes import EVEN, PLANNED, Changer
from fingerprint_histories import READING, Replayable, linear

from headstart.fingerprint.catalog.normal_form import NORMAL_FORM
from headstart.fingerprint.file.states import Delta, Fingerprints, RecordedState
from headstart.fingerprint.file.text import file_text
from headstart.fingerprint.match.recording import Recording
from headstart.revisions.reading import Execute, OwnCatalog


def generated(execute: Execute, revisions: int, most_lines: int, random: Random) -> Replayable:
    """Make a linear history in an empty database, one to four changes a revision; all stays.

    It grows up to so many lines, and then takes away about as much as it makes.
    """
    recording = Recording(Fingerprints((), {"normal_form": NORMAL_FORM}), {})
    changer, steps = Changer(execute, random), []
    for _ in range(revisions):
        name = f"{random.getrandbits(48):012x}"
        weights = PLANNED if len(recording.lines) < most_lines else EVEN
        execute("BEGIN")
        made = tuple(changer.change(weights) for _ in range(random.choice((1, 1, 2, 4))))
        lines = OwnCatalog(Connected(execute)).read(READING).lines
        execute("COMMIT")
        recording.see(RecordedState(name, None, frozenset([name]), Delta(), ""), lines)
        steps.append((name, made))
    known = recording.done()
    return Replayable("generated", known, linear([*known.by_name]), tuple(steps), file_text(known))
