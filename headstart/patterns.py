"""Regular expressions that are compiled when they are first used: most runs need few of ours."""

import re
from typing import TYPE_CHECKING, Any

__all__ = ["pattern"]

if TYPE_CHECKING:
    from re import compile as pattern
else:

    class pattern:  # noqa: N801 it stands for re.compile, and is called as that is
        """What `re.compile` gives for the same arguments, made when something is asked of it.

        A pattern that cannot be compiled raises re.error then (tests/unit/test_patterns.py
        compiles all).
        """

        def __init__(self, text: str, flags: int = 0) -> None:
            self._given = text, flags

        def __getattr__(self, name: str) -> Any:
            found = getattr(re.compile(*self._given), name)
            setattr(self, name, found)  # from now on it is no more asked for here
            return found
