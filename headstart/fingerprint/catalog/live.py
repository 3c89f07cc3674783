"""A schema as it is compared. Pure."""

from headstart.values import dataclass


@dataclass(frozen=True)
class Live:
    """A schema as it is compared.

    `lines` count, `tolerated` are extra and do not, `ignored` are relations outside the history.
    `free` are the patterns of facts that are left out: revisions build others each time.
    `retired` are partitions that retention has taken out, which count neither here nor there.
    """

    lines: frozenset[str]
    tolerated: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()

    @property
    def retired_names(self) -> frozenset[str]:
        """The names of these partitions, without what is said of them."""
        return frozenset(each.removesuffix(" (detached)") for each in self.retired)
