"""The stream under one that stands in for it: where what is ours is written meanwhile."""

from typing import Any


def stream_below(stream: Any) -> Any:
    """The stream itself where nothing stands in for it; None where there is none."""
    while hasattr(stream, "below"):
        stream = stream.below
    return stream
