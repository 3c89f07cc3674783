"""How an edge says what happened without knowing who listens. Pure."""

from typing import Protocol


class Say(Protocol):
    """Says a past-tense snake_case event, with its facts as fields."""

    def __call__(self, event: str, /, **fields: object) -> None: ...
