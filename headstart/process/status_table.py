"""The table of status, 80 columns wide where ids are no longer. Pure, and imports nothing."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Protocol

    class AnyEntry(Protocol):
        """What the record says of a revision; `time` is UTC, `seconds` None where stamped."""

        @property
        def time(self) -> str: ...
        @property
        def seconds(self) -> float | None: ...
        @property
        def image(self) -> str: ...
        @property
        def mark(self) -> str: ...

    class AnyLine(Protocol):
        """A revision: whether it is applied (None: nobody knows), waits to be, or is held back."""

        @property
        def revision(self) -> str: ...
        @property
        def title(self) -> str: ...
        @property
        def applied(self) -> bool | None: ...
        @property
        def pending(self) -> bool: ...
        @property
        def entry(self) -> AnyEntry | None: ...
        @property
        def held(self) -> bool: ...
        @property
        def in_image(self) -> bool: ...


WIDTH = 80
_LEAST_OF_TITLE = 16
_HEADINGS = ("revision", "applied (UTC)", "took", "image", "mark", "title")
_TIME = "0000-00-00T00:00:00Z"


def table(lines: "Sequence[AnyLine]", safe: "Callable[[str], str]") -> "Iterator[str]":
    """Columns in which nothing stands are left out; only a title is cut to fit."""
    rows = [_HEADINGS, *(_shown(line, safe) for line in lines)]
    kept = [n for n in range(len(_HEADINGS)) if any(row[n] for row in rows[1:])]
    *ahead, title = [n for n in kept if n != len(_HEADINGS) - 1] + [len(_HEADINGS) - 1]
    widths = {n: max(len(row[n]) for row in rows) for n in ahead}
    room = max(_LEAST_OF_TITLE, WIDTH - sum(widths.values()) - len("  ") * len(ahead))
    for row in rows:
        cells = [row[n].ljust(widths[n]) for n in ahead]
        yield "  ".join([*cells, _cut(row[title], room)]).rstrip()


def summary(
    state: "tuple[str, str]", rows: "Sequence[str]", target: "Sequence[str]", plan: str
) -> "Iterator[str]":
    """The lines below the table; `state` is a state and its meaning."""
    yield f"state:  {state[0]} ({state[1]})"
    yield f"from:   {', '.join(rows) or 'no version row'}"
    yield f"target: {', '.join(target)}"
    yield f"plan:   {plan}"


def line_fields(line: "AnyLine", *, edited: bool) -> "dict[str, object]":
    """A revision for programs; `edited`: its script is not the one that was run."""
    entry = line.entry
    own: dict[str, object] = {
        "revision": line.revision,
        "title": line.title,
        "applied": line.applied,
        "pending": line.pending,
        "held": line.held,
        "in_image": line.in_image,
    }
    if entry is None:
        return own
    return own | {
        "applied_at": entry.time,
        "seconds": entry.seconds,
        "image": entry.image,
        "mark": entry.mark,
        "edited": edited,
    }


def _shown(line: "AnyLine", safe: "Callable[[str], str]") -> "tuple[str, ...]":
    """A row, cut after the masking: half a secret would not be known for one."""
    revision, applied, took, image, mark, title = map(safe, _cells(line))
    return revision, _cut(applied, 16), took, _cut(image, 12), _cut(mark, 4), title


def _cells(line: "AnyLine") -> "tuple[str, ...]":
    entry, title = line.entry, line.title if line.in_image else "(not in this image)"
    if entry is None:
        return line.revision, _applied(line), "", "", "", title
    took = "stamped" if entry.seconds is None else duration(entry.seconds)
    return line.revision, _when(entry.time), took, entry.image, entry.mark, title


def _applied(line: "AnyLine") -> str:
    if line.pending or line.held:
        return "pending" if line.pending else "held"
    return "unknown" if line.applied is None else "yes" if line.applied else "no"


def _when(time: str) -> str:
    """To the minute; what is no time of ours is shown as it is, since anybody may write it."""
    shape = "".join("0" if "0" <= character <= "9" else character for character in time)
    return f"{time[:10]} {time[11:16]}" if shape == _TIME else time


def duration(seconds: float) -> str:
    """A time as people say it, in three digits or so."""
    if seconds < 100:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 100 else f"{minutes / 60:.1f} h"


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 2]}.."
