"""Ask an exception for what it may have; its class may be a team's own, where to ask fails."""

from contextlib import suppress
from typing import Any


def asked(holder: object, name: str) -> Any:
    """An attribute; None where there is none, or to ask for it fails."""
    with suppress(Exception):  # a property
        return getattr(holder, name, None)
    return None


def has(holder: object, name: str) -> bool:
    """Whether there is such an attribute, which can be asked for."""
    with suppress(Exception):
        return hasattr(holder, name)
    return False
