"""The file of HEADSTART_REPORT: a line of JSON for each target, written as it ends."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from headstart.facts.visible import cut, json_text
from headstart.fleet.outcome import TargetEnd
from headstart.verbs.task import Task
from headstart.verdict.errors import InvalidSettings
from headstart.verdict.events.fleet import ReportNotWritten


class Report:
    """Writes the lines; a disk that is full costs the report, and not the run."""

    def __init__(self, task: Task) -> None:
        self._task, self._path = task, task.settings.report
        self._file: TextIO | None = None

    def open(self) -> None:
        """Make the file anew. Raises InvalidSettings."""
        if self._path is None:
            return
        try:
            self._file = Path(self._path).open(  # noqa: SIM115  open until the fleet has ended
                "w", encoding="utf-8", errors="backslashreplace"
            )
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
        try:
            self._file.write(f"{json_text(self._task.secrets.mask_fields(fields))}\n")
            self._file.flush()
        except OSError as error:
            self._task.emit(ReportNotWritten(str(self._path), error.strerror or str(error)))
            self._file = None

    def close(self) -> None:
        """Have it on the disk."""
        if self._file is not None:
            with suppress(OSError):  # a pipe, or a terminal
                os.fsync(self._file.fileno())
            self._file.close()
            self._file = None
