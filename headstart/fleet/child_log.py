"""The log of a target's process, read as it comes: events that go on, and its verdict. Pure."""

import json
from collections.abc import Iterator, Mapping

from headstart.verdict.events.event import Event, Level
from headstart.verdict.events.fleet import TargetEvent

_VERDICT = "run_finished"
_OURS = ("timestamp", "level", "event")
"""Fields of every line, which the verdict in it does not have."""


class ChildLog:
    """What has come of a log; its last line may not be whole yet."""

    def __init__(self, target: str) -> None:
        self._target, self._rest = target, b""
        self.verdict: Mapping[str, object] | None = None
        """The fields of the verdict, once it has been written."""
        self.last = ""
        """The last line that was no event: what an interpreter says as it crashes, say."""

    def take(self, octets: bytes) -> Iterator[Event]:
        """The events in what has come now."""
        *lines, self._rest = (self._rest + octets).split(b"\n")
        yield from (event for line in lines if (event := self._event(line)) is not None)

    def end(self) -> Iterator[Event]:
        """The event in what is left, when nothing more comes."""
        rest, self._rest = self._rest, b""
        if rest and (event := self._event(rest)) is not None:
            yield event

    def _event(self, line: bytes) -> Event | None:
        text = line.decode(errors="backslashreplace")
        try:
            said = json.loads(text)
        except ValueError:
            said = None
        if not isinstance(said, dict) or "event" not in said:
            self.last = text
            printed = {"event": "output_printed", "source": "stderr", "text": text}
            return TargetEvent(self._target, Level.WARNING, printed)
        if said["event"] == _VERDICT:
            self.verdict = {name: value for name, value in said.items() if name not in _OURS}
            return None
        name = str(said.pop("level", "")).upper()
        level = Level[name] if name in Level.__members__ else Level.INFO
        return TargetEvent(self._target, level, said)
