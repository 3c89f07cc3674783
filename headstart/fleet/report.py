"""The file of HEADSTART_REPORT: a line of JSON for each target, written as it ends."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from headstart.facts.visible import cut, json_text
from headstart.fleet.outcome import TargetEnd
from headstart.process.patient_writer import PatientWriter
from headstart.verbs.task import Task
from headstart.verdict.errors import InvalidSettings
from headstart.verdict.events.fleet import ReportNotWritten

_MADE_ANEW, _MODE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK | os.O_CLOEXEC, 0o666
"""Without waiting for whoever reads a pipe: where nobody does, that is a mistake."""
_PATIENCE_SECONDS = 5.0
"""For who reads a pipe; a target's process waits for nobody."""


class Report:
    """Writes the lines; a disk that is full costs the report, and not the run."""

    def __init__(self, task: Task) -> None:
        self._task, self._path = task, task.settings.report
        self._file: PatientWriter | None = None

    def open(self) -> None:
        """Make the file anew. Raises InvalidSettings."""
        if self._path is None:
            return
        targets = self._task.settings.targets
        if targets is not None and _are_one(self._path, targets):
            raise InvalidSettings(
                f"HEADSTART_REPORT: {cut(self._path)} is the file of HEADSTART_TARGETS, which it"
                " would replace: name another"
            )
        try:
            file = os.open(self._path, _MADE_ANEW, _MODE)
            self._file = PatientWriter(file, lambda: _PATIENCE_SECONDS)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InvalidSettings(
                f"HEADSTART_REPORT: {cut(self._path)} cannot be written: {reason}"
            ) from None

    def write(self, end: TargetEnd) -> None:
        """Write how a target ended."""
        if self._file is None:
            return
        fields: Mapping[str, object] = {"target": end.target, **end.fields}
        line = f"{json_text(self._task.secrets.mask_fields(fields))}\n"
        try:
            if self._file.write(line.encode(errors="backslashreplace")):
                return
            reason = "nobody reads it"
        except OSError as error:
            reason = error.strerror or str(error)
        self._task.emit(ReportNotWritten(str(self._path), reason))
        self._file = None

    def close(self) -> None:
        """Have it on the disk."""
        if self._file is not None:
            with suppress(OSError):  # a pipe, or a terminal
                os.fsync(self._file.fileno())
            self._file.close()
            self._file = None


def _are_one(path: str, other: str) -> bool:
    try:
        return Path(path).samefile(other)
    except (OSError, ValueError):
        return False
