"""The stream under one that stands in for it: where what is ours is written meanwhile."""

import os
from typing import Any


def stream_below(stream: Any) -> Any:
    """The stream itself where nothing stands in for it; None where there is none."""
    while hasattr(stream, "below"):
        stream = stream.below
    return stream


def opened_anew(terminal: int) -> int | None:
    """A descriptor of the same terminal that never blocks; None where it cannot be opened.

    The one that is there is shared with a shell, whose own writes must block as they did.
    """
    try:
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        return os.open(os.ttyname(terminal), flags)
    except OSError:
        return None
