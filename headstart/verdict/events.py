"""How an edge says what happened without knowing who listens. Pure."""

from typing import Protocol


class Say(Protocol):
    """Says a past-tense snake_case event, with its facts as fields."""

    @property
    def wants_debug(self) -> bool:
        """Whether anybody reads events of level debug; if not, they need not be made."""

    def __call__(self, event: str, /, **fields: object) -> None: ...


class Silence:
    """Says nothing, where the answer is all there is to say."""

    wants_debug = False

    def __call__(self, event: str, /, **fields: object) -> None:
        """Nobody listens."""
