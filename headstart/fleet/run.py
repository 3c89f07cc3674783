"""`headstart fleet run`: the ordinary run for each target, in order, and one verdict over all.

This is the file to read first. What a target's run does is none of its business: it hands it the
settings, reads its log, and counts how it ended. Nothing here connects to a target's database.
"""

import os
import time
from contextlib import suppress

from headstart.fleet.crew import Crew
from headstart.fleet.link import Nursery, NurseryLost
from headstart.fleet.outcome import Tally, TargetEnd, not_started
from headstart.fleet.report import Report
from headstart.fleet.schedule import Schedule, Stages, stages_of
from headstart.fleet.shard import shard_of
from headstart.fleet.sources import read_names
from headstart.fleet.templates import ANY_NAME, Templates, templates_of
from headstart.process.files import read_text
from headstart.settings.database import DatabaseSource
from headstart.settings.database_url import InvalidUrl
from headstart.settings.fleet import Shard
from headstart.settings.request import Request
from headstart.values import dataclass
from headstart.verbs.task import Task
from headstart.verdict.errors import (
    Cancelled,
    FleetIncomplete,
    FleetRefused,
    ServerFailed,
)
from headstart.verdict.events.execution import SettingsWarned
from headstart.verdict.events.fleet import (
    FleetProgress,
    FleetStarted,
    FleetSummarized,
    TargetFinished,
)
from headstart.verdict.outcome import Outcome

_LOOK_SECONDS = 0.25
"""How often a signal is looked for."""
GRACE_SECONDS = 8.5
"""What the targets have to end after a signal: `docker stop` kills after 10 s. A run that a signal
ends has spoken after 8 s at the latest (process/signals.py, command/exit_work.py)."""
_LOST = "the process that starts the others was killed (out of memory?)"
_UNGUARDED = (
    "the first target and the canaries belong to shard 0, and this shard does not wait for them:"
    " run shard 0 to its end before the others"
)
_CONNECTIONS = 3
"""Of a run, at most: the lock's, env.py's, and one that looks."""


@dataclass(frozen=True)
class Fleet:
    """What there is to do: checked, and nothing begun."""

    templates: Templates
    shard: Shard
    stages: Stages


def run_fleet(task: Task, request: Request, nursery: Nursery | None = None) -> Outcome:
    """THE FLOW. Every end that is not success raises HeadstartError or Cancelled."""
    assert nursery is not None, "it is forked before this process has a thread"
    try:
        fleet = read_fleet(task, request)
        report = Report(task)
        report.open()
        # from here on a signal is looked for, and interrupts nothing
        task.signals.raise_if_received()
        task.signals.disarm()
        return FleetRun(task, fleet, nursery, report).run()
    finally:
        nursery.end()


def read_fleet(task: Task, request: Request) -> Fleet:
    """Read which targets there are, and what makes one. Raises InvalidSettings; touches nothing."""
    settings = task.settings
    templates = templates_of(settings, request.values)
    for secret in (*templates.secrets(ANY_NAME), _shared_password()):
        task.secrets.add(secret)
    shard = shard_of(settings.shard, settings.shards, os.environ)
    if shard.index and (settings.first is not None or settings.canary is not None):
        task.emit(SettingsWarned(_UNGUARDED))
    names = read_names(task, request.values)
    stages = stages_of(names, settings.first, settings.canary, shard)
    for name in stages.names:
        templates.check(name)
    return Fleet(templates, shard, stages)


def _shared_password() -> str | None:
    """The password of PGPASSWORD_FILE, for whoever has a URL of its own beside it."""
    file = os.environ.get("PGPASSWORD_FILE")
    with suppress(InvalidUrl):  # what is wrong with it, each target tells
        return DatabaseSource("PGPASSWORD_FILE", password_file=file).read_password(read_text)
    return None


class FleetRun:
    """One walk through the targets of a shard."""

    def __init__(self, task: Task, fleet: Fleet, nursery: Nursery, report: Report) -> None:
        self._task, self._fleet, self._report = task, fleet, report
        settings = task.settings
        self._schedule = Schedule(fleet.stages, settings.jobs, settings.max_failures)
        self._crew = Crew(nursery, task.emit)
        self._tally = Tally(fleet.stages.targets, fleet.shard)
        self._started = self._beat = time.monotonic()
        self._ending_since: float | None = None
        self._ended_by: int | None = None

    def run(self) -> Outcome:
        """Work through the targets, and say what came of them."""
        settings, targets = self._task.settings, self._fleet.stages.targets
        most = min(settings.jobs, max(targets, 1)) * _CONNECTIONS
        self._task.emit(FleetStarted(targets, str(self._fleet.shard), settings.jobs, most))
        while not self._schedule.is_over:
            self._start_some()
            for end in self._crew.listen(_LOOK_SECONDS):
                self._note(end)
            self._heed_signals()
            self._tell_progress()
        self._note_the_rest()
        self._report.close()
        return self._conclude()

    def _start_some(self) -> None:
        while (name := self._schedule.take()) is not None:
            try:
                for secret in self._fleet.templates.secrets(name):
                    self._task.secrets.add(secret)
                self._crew.start(name, self._fleet.templates.of(name), self._own_table(name))
            except NurseryLost:
                self._schedule.put_back(name)
                self._crew.lose()
                self._schedule.stop(_LOST)
            except (OSError, ServerFailed) as error:
                self._schedule.put_back(name)
                if not self._schedule.running:  # nobody will give back what is missing
                    self._schedule.stop(str(error))
                break

    def _own_table(self, name: str) -> tuple[str, str] | None:
        """By which others may be worked on beside it; the first one has the database alone."""
        is_first = name in self._fleet.stages.first
        return None if is_first else self._fleet.templates.own_table(name)

    def _note(self, end: TargetEnd) -> None:
        self._schedule.end(end.target, is_ready=end.is_ready)
        self._count(end)
        self._task.emit(TargetFinished(end.target, end.fields))

    def _count(self, end: TargetEnd) -> None:
        self._tally.add(end)
        self._report.write(end)

    def _heed_signals(self) -> None:
        """Pass a signal on, once; after GRACE_SECONDS end what is still there."""
        received = self._task.signals.received
        if self._ending_since is None and self._crew.is_lost:  # the kernel has signalled them
            self._ending_since = time.monotonic()
            self._schedule.stop(_LOST)
        if self._ending_since is None and received is not None:
            self._ending_since, self._ended_by = time.monotonic(), received
            self._schedule.stop("a signal ended the fleet")
            self._crew.signal(received)
        since = self._ending_since
        if since is not None and time.monotonic() - since > GRACE_SECONDS:
            for end in self._crew.kill():
                self._note(end)

    def _tell_progress(self) -> None:
        now = time.monotonic()
        if now - self._beat < self._task.settings.heartbeat_seconds:
            return
        self._beat = now
        tally, running = self._tally, len(self._schedule.running)
        rate = tally.done / (now - self._started)
        left = len(self._schedule.left)
        remaining = round((left + running) / rate, 1) if rate else None
        targets = self._fleet.stages.targets
        self._task.emit(
            FleetProgress(
                targets, tally.done, tally.failed, running, left, round(rate, 3), remaining
            )
        )

    def _note_the_rest(self) -> None:
        """Count those that never started: by name in the report, and in no line of the log."""
        for name in self._schedule.left:
            self._count(not_started(name, self._schedule.stopped_by or ""))

    def _conclude(self) -> Outcome:
        tally, stopped = self._tally, self._schedule.stopped_by
        self._task.emit(FleetSummarized(tally.fields(stopped), tuple(tally.lines())))
        if self._ended_by is not None:
            raise Cancelled(self._ended_by)
        if tally.need_person:
            raise FleetRefused(tally.message(stopped))
        if tally.failed:
            raise FleetIncomplete(tally.message(stopped))
        return Outcome.FLEET_READY
