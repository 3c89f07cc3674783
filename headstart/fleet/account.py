"""What has come of the targets: counted, reported, logged, and one verdict over all of them."""

from headstart.fleet.fleet import Fleet
from headstart.fleet.outcome import Tally, TargetEnd
from headstart.fleet.report import Report
from headstart.verbs.task import Task
from headstart.verdict.errors import FleetIncomplete, FleetRefused
from headstart.verdict.events.fleet import FleetSummarized, TargetFinished
from headstart.verdict.outcome import Outcome


class Account:
    """Takes down how each target ended. Raises InvalidSettings for a report that cannot be."""

    def __init__(self, task: Task, fleet: Fleet) -> None:
        self._task = task
        self._tally = Tally(fleet.stages.targets, fleet.shard)
        self._report = Report(task)
        self._report.open()
        self._stopped_by: str | None = None

    def note(self, end: TargetEnd) -> None:
        """Count, report and log how a target ended."""
        self.count(end)
        self._task.emit(TargetFinished(end.target, end.fields))

    def count(self, end: TargetEnd) -> None:
        """Count and report it only: there may be thousands of which there is nothing to read."""
        self._tally.add(end)
        self._report.write(end)

    def close(self, stopped_by: str | None) -> None:
        """Say what came of all of them; `stopped_by`: why some never started."""
        self._report.close()
        self._stopped_by = stopped_by
        tally = self._tally
        self._task.emit(FleetSummarized(tally.fields(stopped_by), tuple(tally.lines())))

    def verdict(self) -> Outcome:
        """Whether all are ready. Raises FleetRefused and FleetIncomplete."""
        if self._tally.need_person:
            raise FleetRefused(self._tally.message(self._stopped_by))
        if self._tally.failed:
            raise FleetIncomplete(self._tally.message(self._stopped_by))
        return Outcome.FLEET_READY
