"""What follows one another, where one more is added without a copy of all others. Pure."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Self, TypeVar

One = TypeVar("One")


class Steps(Iterable[One]):
    """What was there as it was made, whatever was added since: these share one list."""

    def __init__(self, shared: list[One] | None = None) -> None:
        self._shared = [] if shared is None else shared
        self._length = len(self._shared)

    def followed_by(self, one: One) -> Self:
        """The same with one more at its end."""
        shared = self._shared
        if len(shared) > self._length:  # another one has followed already
            shared = list(self)
        shared.append(one)
        return type(self)(shared)

    def __iter__(self) -> Iterator[One]:
        return islice(self._shared, self._length)
