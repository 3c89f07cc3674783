"""Where a text is cut. Pure."""

from collections.abc import Iterator
from typing import NamedTuple


class Piece(NamedTuple):
    """A piece of a text and the index at which it begins there."""

    start: int
    text: str


def cut(text: str, size: int, overlap: int) -> Iterator[Piece]:
    """Cut a text into pieces of at most `size` characters; each repeats the `overlap` last ones.

    A piece ends behind white space where the last quarter of it holds some, so that most words
    stay whole. Needs overlap <= size / 2, or it would not get on. Pieces of white space alone are
    left out.
    """
    start = 0
    while start < len(text):
        end = _end(text, start, size)
        if not text[start:end].isspace():
            yield Piece(start, text[start:end])
        if end == len(text):
            return
        start = end - overlap


def _end(text: str, start: int, size: int) -> int:
    end = start + size
    if end >= len(text):
        return len(text)
    earliest = start + size * 3 // 4
    return next((at for at in range(end, earliest, -1) if text[at - 1].isspace()), end)
