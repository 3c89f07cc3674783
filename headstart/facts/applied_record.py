"""The record of what was applied: one JSON object, the comment on the version table. Pure.

    {"headstart": 1, "at": ["r2"], "chain": [
      ["r1", [], "?", "2026-11-28T10:00:00Z", 0.8, "v1.4", "5f2c0d3a9b1e"],
      ["r2", ["r1"], "?", "2026-11-28T10:00:01Z", 0.2, "v1.4", "90aa4e07c1d2"]]}

`at` are the version rows that it was written with. Where these differ now, somebody has used the
alembic command meanwhile: such a record is history, and says nothing about what is there.

It is world-readable, and whoever owns the version table can write anything into it.
"""

import json
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
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

_FIELDS = 7
_OWN_KEYS = frozenset({"headstart", "at", "chain", "proof"})


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

    @cached_property
    def text(self) -> str:
        """As it stands in the comment; made once, though it is written with fifty revisions."""
        parents = list(self.parents)
        image = self.image[:MOST_OF_IMAGE]
        own = [self.revision, parents, self.mark, self.time, self.seconds, image, self.digest]
        return _encoded([*own, *self.more])


@dataclass(frozen=True)
class AppliedRecord:
    """What the comment says; an empty one where there is no comment. Oldest entry first.

    `others` are keys of a newer headstart.
    """

    at: tuple[str, ...] = ()
    chain: tuple[AppliedEntry, ...] = ()
    proof: object = None
    others: Mapping[str, object] = field(default_factory=dict)

    def is_current(self, rows: Collection[str]) -> bool:
        """Whether it was written with just these version rows."""
        return bool(self.at) and sorted(self.at) == sorted(rows)

    def is_stale(self, rows: Collection[str]) -> bool:
        """Whether there is one, and it was written with other version rows."""
        return bool(self.at) and not self.is_current(rows)

    def after(self, heads: Iterable[str], entries: Iterable[AppliedEntry]) -> Self:
        """The record with these version rows, once these revisions are applied.

        A proof was that of the schema before.
        """
        chain = (*self.chain, *entries)[-MOST_ENTRIES:]
        return type(self)(tuple(sorted(heads)), chain, None, self.others)

    @property
    def text(self) -> str | None:
        """The comment: ASCII, with the newest entries that fit; None where nothing would."""
        return self._text_at(self.at, ChainText(self.chain), self.proof)

    def text_after(self, heads: Iterable[str], chain: "ChainText") -> str | None:
        """The text of after() with the entries of `chain`, which are ours and all that followed."""
        return self._text_at(sorted(heads), chain, None)

    def _text_at(self, at: Sequence[str], chain: "ChainText", proof: object) -> str | None:
        more = dict(self.others) if proof is None else {"proof": proof, **self.others}
        rest = f", {_encoded(more)[1:]}" if more else "}"
        start = f'{{"headstart": {FORMAT}, "at": {_encoded(list(at))}, "chain": ['
        room = MOST_CHARACTERS - len(start) - len("]") - len(rest)
        return None if room < 0 else f"{start}{chain.newest(room)}]{rest}"


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
    return AppliedRecord(at, chain, found.get("proof"), others)


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
