"""The record of what was applied: one JSON object, the comment on the version table. Pure.

    {"headstart": 1, "at": ["r2"], "chain": [
      ["r1", [], "?", "2026-11-28T10:00:00Z", 0.8, "v1.4", "5f2c0d3a9b1e"],
      ["r2", ["r1"], "?", "2026-11-28T10:00:01Z", 0.2, "v1.4", "90aa4e07c1d2"]]}

`at` are the version rows that it was written with. Where these differ now, something has changed
them that did not write it: such a record is history, and says nothing about what is there.

Behind its known fields an entry may say more, as an object: {"compatible": false}, say.

It is world-readable, and whoever owns the version table can write anything into it.
"""

import json
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace
from enum import Enum
from functools import cached_property
from typing import Self

from headstart.values import dataclass

FORMAT = 1
MOST_ENTRIES = 50
MOST_CHARACTERS = 16_000
"""Fifty usual entries, with a commit of 40 characters as image, have 6,500."""
MOST_OF_IMAGE = 200
"""What somebody calls an image may be of any length."""
UNKNOWN_MARK = "?"
COMPATIBLE, ROWS, BEGUN = "compatible", "rows", "begun"
"""What an entry may say: its author's word of older code; false where it left all rows alone; true
where the revision has committed a part, and no version row.
"""

_FIELDS = 7
_OWN_KEYS = frozenset({"headstart", "at", "chain", "proof", "target", "failed"})


class NoRecord(Enum):
    """Why a comment that is there is no record of ours to go on with; what there is, stays."""

    ANOTHERS = "its comment is somebody else's"
    NEWER = "its comment is a newer headstart's record, which this one cannot read"


@dataclass(frozen=True)
class AppliedEntry:
    """One revision: what it needs, whether older code can run after it, when and by whom.

    `time` is UTC, `seconds` None for one that was stamped, `digest` that of the script that was
    run, empty for one that was stamped. `more` is what a newer headstart has added.
    """

    revision: str
    parents: tuple[str, ...]
    mark: str
    time: str
    seconds: float | None
    image: str
    digest: str
    more: tuple[object, ...] = ()

    def said(self, key: str) -> object:
        """What it says by this key, behind its known fields; None where it says nothing."""
        objects = (each for each in self.more if isinstance(each, Mapping))
        return next((each[key] for each in objects if key in each), None)

    @property
    def forbids(self) -> bool:
        """Whether its author says that no code of before can run after it."""
        return self.said(COMPATIBLE) is False

    @property
    def is_begun(self) -> bool:
        """Whether it was noted before the revision had ended."""
        return self.said(BEGUN) is True

    @cached_property
    def text(self) -> str:
        """As it stands in the comment; made once, though it is written with fifty revisions."""
        parents = list(self.parents)
        image = self.image[:MOST_OF_IMAGE]
        own = [self.revision, parents, self.mark, self.time, self.seconds, image, self.digest]
        return _encoded([*own, *self.more])


@dataclass(frozen=True)
class Failed:
    """How often, one after the other, a revision has failed; `what` is the image, or its script."""

    revision: str
    what: str
    times: int


@dataclass(frozen=True)
class AppliedRecord:
    """What the comment says; an empty one where there is no comment. Oldest entry first.

    `target` is the proof of a run for one of many schemas (gate/mark.py). `others` are keys of a
    newer headstart. `failed` is what failed last, until something succeeds.
    """

    at: tuple[str, ...] = ()
    chain: tuple[AppliedEntry, ...] = ()
    proof: object = None
    others: Mapping[str, object] = field(default_factory=dict)
    failed: Failed | None = None
    target: object = None

    def is_current(self, rows: Collection[str]) -> bool:
        """Whether it was written with just these version rows."""
        return bool(self.at) and sorted(self.at) == sorted(rows)

    def is_stale(self, rows: Collection[str]) -> bool:
        """Whether there is one, and it was written with other version rows."""
        return bool(self.at) and not self.is_current(rows)

    def after(self, heads: Iterable[str], entries: Iterable[AppliedEntry]) -> Self:
        """The record with these version rows, once these revisions are applied.

        A proof was that of the schema before, and what had begun has ended.
        """
        added = tuple(entries)
        ended = {entry.revision for entry in added}
        earlier = (each for each in self.chain if not (each.is_begun and each.revision in ended))
        chain = [*earlier, *added]
        while len(chain) > MOST_ENTRIES:
            del chain[_least(chain)]
        return type(self)(tuple(sorted(heads)), tuple(chain), None, self.others)

    def after_beginning(self, entry: AppliedEntry) -> Self:
        """The record once a revision has begun to commit: in the chain, and not in `at`."""
        return replace(self.after(self.at, [entry]), at=self.at)

    def after_failing(self, revision: str, what: str) -> Self:
        """The record once it has failed, once more or for the first time."""
        before = self.failed
        again = before is not None and (before.revision, before.what) == (revision, what)
        times = before.times + 1 if before is not None and again else 1
        failure = Failed(revision, what, times)
        return replace(self, failed=failure, proof=None, target=None)

    @property
    def text(self) -> str | None:
        """The comment: ASCII, with the newest entries that fit; None where nothing would."""
        kept = list(self.chain)
        proofs = {"proof": self.proof, "target": self.target}
        start, rest, room = self._around(self.at, proofs, self.failed)
        room -= sum(len(entry.text) + len(", ") for entry in kept)
        while room < 0 and kept:
            room += len(kept.pop(_least(kept)).text) + len(", ")
        shown = ", ".join(entry.text for entry in kept)
        return None if room < 0 else f"{start}{shown}{rest}"

    def text_after(self, heads: Iterable[str], chain: "ChainText") -> str | None:
        """The text of after() with the entries of `chain`, which are ours and all that followed.

        None of them forbids anything, and none has only begun.
        """
        start, rest, room = self._around(sorted(heads), {}, None)
        return None if room < 0 else f"{start}{chain.newest(room)}{rest}"

    def _around(
        self, at: Sequence[str], proofs: Mapping[str, object], failed: Failed | None
    ) -> tuple[str, str, int]:
        """What stands before the entries and behind them, and how much room these have."""
        known = {key: proof for key, proof in proofs.items() if proof is not None}
        more = {**known, **self.others}
        if failed is not None:
            more["failed"] = [failed.revision, failed.what, failed.times]
        rest = f"], {_encoded(more)[1:]}" if more else "]}"
        start = f'{{"headstart": {FORMAT}, "at": {_encoded(list(at))}, "chain": ['
        return start, rest, MOST_CHARACTERS - len(start) - len(rest)


class ChainText:
    """The newest entries as they stand in the comment: one more is added without all others."""

    def __init__(self, entries: Iterable[AppliedEntry]) -> None:
        self._lengths: deque[int] = deque()
        self._text = ""
        for entry in entries:
            self.add(entry)

    def add(self, entry: AppliedEntry) -> None:
        """Let an entry follow; the oldest one gives way where there are too many."""
        text = f"{entry.text}, "
        self._text += text
        self._lengths.append(len(text))
        if len(self._lengths) > MOST_ENTRIES:
            self._text = self._text[self._lengths.popleft() :]

    def newest(self, room: int) -> str:
        """Those that fit into so many characters."""
        begin, oldest = 0, iter(self._lengths)
        while len(self._text) - begin > room:
            begin += next(oldest)
        return self._text[begin : -len(", ")]


def _least(chain: Sequence[AppliedEntry]) -> int:
    """Which entry has to go first: the oldest, but an author's no is the last thing to lose."""
    return next((number for number, entry in enumerate(chain) if not entry.forbids), 0)


def record_in(comment: str | None) -> AppliedRecord | NoRecord:
    """The record that a comment is; an empty one where there is none."""
    if comment is None:
        return AppliedRecord()
    try:
        found = json.loads(comment, parse_constant=_refuse)
        if not isinstance(found, dict) or type(number := found.get("headstart")) is not int:
            return NoRecord.ANOTHERS
        if number > FORMAT:
            return NoRecord.NEWER
        return _record(found) if number == FORMAT else NoRecord.ANOTHERS
    except (ValueError, KeyError, TypeError, RecursionError):
        return NoRecord.ANOTHERS


def _record(found: Mapping[str, object]) -> AppliedRecord:
    at, chain = _texts(found["at"]), tuple(map(_entry, _list(found["chain"])))
    others = {key: value for key, value in found.items() if key not in _OWN_KEYS}
    proof, target, failed = (found.get(key) for key in ("proof", "target", "failed"))
    return AppliedRecord(at, chain, proof, others, _failed(failed), target)


def _failed(found: object) -> Failed | None:
    match found:
        case [str() as revision, str() as what, int() as times]:
            return Failed(revision, what, times)
        case _:
            return None


def _entry(found: object) -> AppliedEntry:
    values = _list(found)
    if len(values) < _FIELDS:
        raise ValueError
    one, parents, mark, time, seconds, image, digest, *more = values
    (revision, mark, time, image, digest) = _texts([one, mark, time, image, digest])
    timed = seconds is None or type(seconds) in {int, float}
    if not timed:
        raise TypeError
    duration = None if seconds is None else float(seconds)  # type: ignore[arg-type]
    known = (revision, _texts(parents), mark, time, duration, image, digest)
    return AppliedEntry(*known, tuple(more))


def _list(found: object) -> list[object]:
    if not isinstance(found, list):
        raise TypeError
    return found


def _texts(found: object) -> tuple[str, ...]:
    texts = tuple(each for each in _list(found) if isinstance(each, str))
    if len(texts) != len(_list(found)):
        raise TypeError
    return texts


def _refuse(constant: str) -> object:
    """NaN and its like are no JSON."""
    raise ValueError(constant)


def _encoded(value: object) -> str:
    """ASCII, in which no driver finds the mark of a parameter; they stand in strings only."""
    return json.dumps(value).replace("%", "\\u0025").replace("$", "\\u0024")
