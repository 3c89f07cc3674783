"""Servers on which a target has waited in vain: the next ones try once, and do not wait as long.

Else a server that goes away keeps a fleet of a thousand for hours, since each target has the whole
patience of a run. As soon as one target has reached the server, the others wait for it again.
"""

from headstart.fleet.outcome import KILLED, NOT_STARTED, TargetEnd
from headstart.fleet.templates import Environment, Server, Templates
from headstart.settings.setting import PREFIX
from headstart.verdict.events.event import Emit
from headstart.verdict.events.fleet import TargetsTryOnce
from headstart.verdict.outcome import Outcome

_ONCE: Environment = {f"{PREFIX}WAIT_SECONDS": "0", f"{PREFIX}ACCESS_GRACE_SECONDS": "0"}
_SAYS_NOTHING = frozenset(
    {
        KILLED,
        NOT_STARTED,
        Outcome.CANCELLED_BY_SIGINT.value,
        Outcome.CANCELLED_BY_SIGTERM.value,
    }
)
"""Ends that tell nothing about the server."""


class AwayServers:
    """Which servers have kept a target waiting in vain, and no other one has reached since."""

    def __init__(self, templates: Templates, emit: Emit) -> None:
        self._templates, self._emit = templates, emit
        self._away: set[Server] = set()

    def environment(self, target: str) -> Environment:
        """The variables of a target's process."""
        own = self._templates.of(target)
        return {**own, **_ONCE} if self._templates.server_of(target) in self._away else own

    def note(self, end: TargetEnd) -> None:
        """Learn from how a target has ended."""
        server = self._templates.server_of(end.target)
        if end.outcome in _SAYS_NOTHING:
            return
        if not _is_in_vain(end):
            self._away.discard(server)
        elif server not in self._away:
            self._away.add(server)
            self._emit(TargetsTryOnce(end.target, end.seconds))


def _is_in_vain(end: TargetEnd) -> bool:
    """Whether it was not let in; who is refused later knows the server's version by then."""
    refused = end.outcome == Outcome.ACCESS_REFUSED.value and "server_version" not in end.fields
    return refused or end.outcome == Outcome.UNREACHABLE.value
