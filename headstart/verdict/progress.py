"""How far a long command of the server is. Pure."""

from collections.abc import Mapping

from headstart.values import dataclass


@dataclass(frozen=True)
class Progress:
    """A command that the server keeps count of, and its phase in the server's words.

    `percent` is of this phase; None where the server has no measure for it, as for a wait.
    `relation` is None where that is not visible yet, or there is none.
    """

    command: str
    phase: str
    percent: float | None = None
    relation: str | None = None

    def fields(self) -> Mapping[str, object]:
        """What is known of it."""
        return {name: value for name, value in vars(self).items() if value is not None}
