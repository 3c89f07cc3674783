"""One walk through targets: a process for each, as the schedule has it, until all have ended."""

import time
from collections.abc import Iterator

from headstart.fleet.away import AwayServers
from headstart.fleet.crew import Crew
from headstart.fleet.fleet import Fleet
from headstart.fleet.link import NurseryLost
from headstart.fleet.outcome import TargetEnd
from headstart.fleet.schedule import Schedule
from headstart.verbs.task import Task
from headstart.verdict.errors import ServerFailed
from headstart.verdict.events.fleet import FleetProgress, TargetsMoved

_LOOK_SECONDS = 0.25
"""How often a signal is looked for."""
GRACE_SECONDS = 8.5
"""What the targets have to end after a signal: `docker stop` kills after 10 s. A run that a signal
ends has spoken after 8 s at the latest (process/signals.py, command/exit_work.py)."""
_LOST = "the process that starts the others was killed (out of memory?)"


class Walk:
    """One walk through the targets of a shard."""

    def __init__(self, task: Task, fleet: Fleet, crew: Crew, schedule: Schedule) -> None:
        self._task, self._fleet, self._crew, self._schedule = task, fleet, crew, schedule
        self._started = self._beat = time.monotonic()
        self._ended = 0
        self._away = AwayServers(fleet.templates, task.emit)
        self._ending_since: float | None = None
        self.ended_by: int | None = None
        """The signal that has ended it."""

    def ends(self) -> Iterator[TargetEnd]:
        """Work through the targets; give each as it has ended. Those that never start are left."""
        while not self._schedule.is_over:
            self._start_some()
            self._show()
            ends = list(self._crew.listen(_LOOK_SECONDS))
            yield from self._heed_signals()  # first: they may have ended by the same signal
            for end in ends:
                yield self._noted(end)
            self._tell_progress()
        self._show()

    def _start_some(self) -> None:
        templates = self._fleet.templates
        while self._may_start() and (name := self._schedule.take()) is not None:
            try:
                for secret in templates.secrets(name):
                    self._task.secrets.add(secret)
                own_table = self._fleet.own_table(name)
                self._crew.start(name, self._away.environment(name), own_table)
            except NurseryLost:
                self._schedule.put_back(name)
                self._crew.lose()
                self._schedule.stop(_LOST)
            except (OSError, ServerFailed) as error:
                self._schedule.put_back(name)
                if not self._schedule.running:  # nobody will give back what is missing
                    self._schedule.stop(str(error))
                break

    def _may_start(self) -> bool:
        if self._task.signals.received is not None:
            return False
        try:
            return self._crew.is_warm()
        except NurseryLost:
            self._crew.lose()
            self._schedule.stop(_LOST)
            return False

    def _noted(self, end: TargetEnd) -> TargetEnd:
        self._schedule.end(end.target, is_ready=end.is_ready)
        self._away.note(end)
        self._ended += 1
        return end

    def _heed_signals(self) -> Iterator[TargetEnd]:
        """Pass a signal on, once; after GRACE_SECONDS end what is still there."""
        received = self._task.signals.received
        if self._ending_since is None and self._crew.is_lost:  # the kernel has signalled them
            self._ending_since = time.monotonic()
            self._schedule.stop(_LOST)
        if self._ending_since is None and received is not None:
            self._ending_since, self.ended_by = time.monotonic(), received
            self._schedule.stop("a signal ended the fleet")
            self._crew.signal(received)
        since = self._ending_since
        if since is not None and time.monotonic() - since > GRACE_SECONDS:
            for end in self._crew.kill():
                yield self._noted(end)

    def _tell_progress(self) -> None:
        now = time.monotonic()
        if now - self._beat >= self._task.settings.heartbeat_seconds:
            self._beat = now
            self._task.emit(self._progress())

    def _show(self) -> None:
        schedule = self._schedule
        is_ending = schedule.stopped_by is not None
        self._task.emit(TargetsMoved(self._progress(), schedule.running, is_ending))

    def _progress(self) -> FleetProgress:
        schedule, targets = self._schedule, self._fleet.stages.targets
        running, left = len(schedule.running), schedule.number_left
        rate = self._ended / (time.monotonic() - self._started) if self._ended else 0.0
        remaining = round((left + running) / rate, 1) if rate else None
        done = targets - left - running
        return FleetProgress(
            targets, done, schedule.failed, running, left, round(rate, 3), remaining
        )
