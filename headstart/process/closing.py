"""How an execution ended, in the last lines for people. Pure, and imports next to nothing.

    ready: upgraded, 300 revisions to 0300, in 4.1 s
    on app@db:5432/shop

The flow and the gate say it in the same words.
"""

from headstart.process.status_table import duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def place_of(database: "Mapping[str, object]") -> str:
    """`user@host:port/name`, as far as it is known; empty where nothing is."""
    user, host, port, name = (str(database.get(key) or "") for key in _PARTS)
    if ":" in host and not host.startswith(("/", "[")):  # an IPv6 address
        host = f"[{host}]"
    at = f"{user}@" if user else ""
    behind = f":{port}" if port and (host or at) else ""
    return f"{at}{host}{behind}{'/' if name else ''}{name}"


_PARTS = ("user", "host", "port", "name")


def answered(outcome: str, code: int, seconds: float, database: "Mapping[str, object]") -> str:
    """The one line below an answer, which said the rest."""
    shown = f"{outcome} ({code})" if code else outcome
    place = place_of(database)
    return f"{shown} in {duration(seconds)}{' on ' if place else ''}{place}"


def succeeded(
    outcome: str, applied: int, at: "Sequence[str] | None", seconds: float, *, ready: bool = True
) -> str:
    """What happened, where nothing is left to do."""
    told = [f"ready: {outcome}" if ready else outcome]
    if applied:
        told.append(f"{_revisions(applied)}{' to ' if at else ''}{', '.join(at or ())}")
    elif at:
        told.append(f"at {', '.join(at)}")
    return ", ".join([*told, f"in {duration(seconds)}"])


def failed(
    outcome: "tuple[str, int]",
    message: str,
    applied: int,
    at: "Sequence[str] | None",
    seconds: float,
) -> "Iterator[str]":
    """What happened, and where that has left the database."""
    yield f"{outcome[0]} ({outcome[1]}) after {duration(seconds)}: {message}"
    done = f"{_revisions(applied)} applied before that" if applied else ""
    if at is None:  # nobody could look, or has looked
        where = ""
    else:
        where = f"the database is at: {', '.join(at)}" if at else "the database has no version row"
    if done or where:
        yield "; ".join(filter(None, (done, where)))


def _revisions(count: int) -> str:
    return f"{count:,} revision{'s' * (count != 1)}"
