"""Replay the same revisions once more, in another process and another database.

That tells whether they are repeatable. Another process, since env.py may do something once per
process, and since the order of a set of texts is the same within one: each has its own hash seed.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from headstart.fingerprint.file.states import Fingerprints
from headstart.fingerprint.file.text import InvalidFile, file_text, read_file
from headstart.fingerprint.match.recording import Recording
from headstart.fingerprint.match.repeatable import unrepeatable, with_rows_of_both
from headstart.settings.declared import SETTINGS
from headstart.settings.driver_url import built_url
from headstart.settings.request import Request
from headstart.values import dataclass
from headstart.verbs.task import Task

_NOT_PASSED_ON = frozenset({"DATABASE_URL", "EMBEDDED", "FINGERPRINTS", "TERMINATION_LOG"})


@dataclass(frozen=True)
class Failed:
    """A replay could not be made once more, and why: nothing is known about the history."""

    cause: str


MOST_TURNS = 5
"""Where two replays differ, further ones are made until one shows nothing new."""


@dataclass(frozen=True)
class Repeated:
    """A recording, corrected by further replays; `failed` is why one could not be made."""

    recording: Recording
    failed: str | None = None


def repeated(
    recording: Recording, request: Request, fresh: Callable[[], Task], known: Fingerprints
) -> Repeated:
    """Replay what was recorded again, from `known` on, until nothing differs any more."""
    for turn in range(1, MOST_TURNS + 1):
        again = _replayed_again(fresh(), request, known, turn)
        if isinstance(again, Failed):
            return Repeated(recording, again.cause)
        new = unrepeatable(recording.as_seen(), again, recording.done().free)
        rows = with_rows_of_both(recording.done(), again)
        recording = recording.corrected(new, rows)
        if not new:
            break
    return Repeated(recording)


def _replayed_again(
    task: Task, request: Request, known: Fingerprints, turn: int
) -> Fingerprints | Failed:
    """What another process finds in the scratch database of `task`, beginning from `known`."""
    with tempfile.TemporaryDirectory(prefix="headstart-") as folder:
        file = Path(folder) / "fingerprints.txt"
        if known.states:
            file.write_text(file_text(known), encoding="utf-8", newline="\n")
        done = subprocess.run(
            _command(task, request, file, resume=bool(known.states)),
            env=_environment(task, turn),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            return Failed(_cause(done.stderr) or f"exit code {done.returncode}")
        try:
            return read_file(file.read_text(encoding="utf-8"))
        except (OSError, InvalidFile) as error:
            return Failed(str(error))


def _command(task: Task, request: Request, file: Path, *, resume: bool) -> list[str]:
    parameters = {n: v for n, v in task.resolve().items() if n != "password"}
    command = [sys.executable, "-m", "headstart", "fingerprint", "build", "--once"]
    command += ["--url", built_url(parameters), "--fingerprints", str(file)]
    command += ["--termination-log", str(file.with_name("none"))]
    return [*command, *(["--continue"] if resume else []), *_settings(request)]


def _settings(request: Request) -> Iterator[str]:
    """The settings that were given as options; the others are in the environment."""
    for setting in SETTINGS:
        value = request.values.get(setting.name)
        if value is None or setting.name in _NOT_PASSED_ON:
            continue
        for each in [value] if isinstance(value, str) else value:
            yield f"{setting.options[-1]}={each}"


def _environment(task: Task, turn: int) -> dict[str, str]:
    password = task.resolve().get("password")
    seed = {"PYTHONHASHSEED": str(turn)}
    return {**os.environ, **seed, **({"PGPASSWORD": password} if password else {})}


def _cause(log: str) -> str:
    """The message of the other process's verdict, which is its last line."""
    for line in reversed(log.splitlines()):
        try:
            return str(json.loads(line)["error"]["message"])
        except (ValueError, KeyError, TypeError):
            continue
    return ""
