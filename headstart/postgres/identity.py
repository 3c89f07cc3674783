"""Who we are on the server: the application_name of each of a run's connections. Pure."""

from enum import StrEnum

from headstart.values import dataclass

_LONGEST_NAME_BYTES = 63
"""NAMEDATALEN - 1: the server cuts application_name there."""


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


@dataclass(frozen=True)
class Identity:
    """One run on one machine; in Kubernetes `host` is the name of the pod."""

    run_id: str
    host: str

    def name(self, purpose: Purpose) -> str:
        """The application_name: purpose, run id and host, in printable ASCII, cut to fit."""
        start = f"{purpose.prefix}{self.run_id}:"
        host = "".join(c if "!" <= c <= "~" and c not in "'\\" else "?" for c in self.host)
        return start + _without_middle(host, _LONGEST_NAME_BYTES - len(start))


def _without_middle(text: str, length: int) -> str:
    """A text cut to a length; its end stays, in which the pods of a Deployment differ."""
    if len(text) <= length:
        return text
    end = (length - 1) // 2
    return f"{text[: length - 1 - end]}~{text[-end:]}"
