"""Who we are on the server: the application_name of each of a run's connections. Pure."""

from enum import StrEnum

from headstart.postgres.target import LONGEST_NAME_BYTES, Target
from headstart.values import dataclass


class Purpose(StrEnum):
    """What a connection is for."""

    WAIT = "wait"
    LOCK = "lock"
    READ = "read"
    WORK = "work"

    @property
    def prefix(self) -> str:
        """How the application_name of every such connection, of any run, begins."""
        return f"headstart:{self.value}:"

    def prefix_of(self, target: Target | None) -> str:
        """How that of every such connection of a target's runs begins; None: of an ordinary run."""
        return self.prefix if target is None else f"{self.prefix}{target.digits}:"

    @property
    def pattern_of_targets(self) -> str:
        """The regular expression, the server's too, of every such name that has a target.

        A run id has 8 digits: an ordinary name has a colon behind them.
        """
        return f"^{self.prefix}[0-9a-f]{{16}}:"


@dataclass(frozen=True)
class Identity:
    """One run on one machine; in Kubernetes `host` is the name of the pod.

    `target` is the one of many in its database that it works for; None for an ordinary run.
    """

    run_id: str
    host: str
    target: Target | None = None

    def name(self, purpose: Purpose) -> str:
        """The application_name: purpose, target, run id, host; printable ASCII, cut to fit."""
        start = f"{purpose.prefix_of(self.target)}{self.run_id}:"
        host = "".join(c if "!" <= c <= "~" and c not in "'\\" else "?" for c in self.host)
        return start + _without_middle(host, LONGEST_NAME_BYTES - len(start))


def _without_middle(text: str, length: int) -> str:
    """A text cut to a length; its end stays, in which the pods of a Deployment differ."""
    if len(text) <= length:
        return text
    end = (length - 1) // 2
    return f"{text[: length - 1 - end]}~{text[-end:]}"
