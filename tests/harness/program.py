"""The one runner: a process of its own in a clean environment, watched, signaled, waited for."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self, TypeVar

from tests.harness.environment import PROGRAMS, ROOT, clean_environ
from tests.harness.result import Event, Result, read_events
from tests.harness.warm import Forked, is_alike

TIMEOUT_SECONDS = 60
HEADSTART = (sys.executable, "-m", "headstart")

Seen = TypeVar("Seen")


class Run:
    """A process in progress; what it says goes to files, so that nothing waits for a reader.

    `environ` is all that it sees. `merged`: both streams are one, its stdout, in order.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        environ: Mapping[str, str],
        cwd: Path = ROOT,
        *,
        stdin: bytes = b"",
        merged: bool = False,
    ) -> None:
        self._cwd, self._environ = cwd, environ
        # read by their names: a descriptor that we share with it would move as it writes
        self._stdout = tempfile.NamedTemporaryFile(mode="a")  # noqa: SIM115  closed by __exit__
        self._stderr = tempfile.NamedTemporaryFile(mode="a")  # noqa: SIM115
        with tempfile.TemporaryFile() as given:
            given.write(stdin)
            given.seek(0)
            error = self._stdout if merged else self._stderr
            self.process: Forked | subprocess.Popen[bytes]
            argv = _warm_argv(command)
            if argv and is_alike(environ):
                self.process = Forked(argv, environ, cwd, [given, self._stdout, error])
            else:
                self.process = subprocess.Popen(
                    command, cwd=cwd, env=environ, stdin=given, stdout=self._stdout, stderr=error
                )

    @property
    def stdout(self) -> str:
        """What it has printed so far."""
        return _read(self._stdout.name)

    @property
    def stderr(self) -> str:
        """What it has logged so far."""
        return _read(self._stderr.name)

    def events(self) -> list[Event]:
        """The events so far; an unfinished last line is left for later."""
        said = self.stderr
        return read_events(said[: said.rfind("\n") + 1])

    def stream(self) -> Iterator[Event]:
        """Give each event at the moment when it is said, to the end."""
        told = 0
        while True:
            ended = self.process.poll() is not None
            events = self.events()
            yield from events[told:]
            told = len(events)
            if ended:
                return
            time.sleep(0.005)

    def await_event(self, name: str, seconds: float = 20, **fields: object) -> Event:
        """Wait until it says an event with these fields."""

        def found() -> Event | None:
            return next(
                (e for e in self.events() if e["event"] == name and fields.items() <= e.items()),
                None,
            )

        return until(found, f"{name} {fields} in {self.stderr}", seconds)

    def end(self, seconds: float = TIMEOUT_SECONDS) -> Result:
        """Wait until it has ended."""
        started = time.monotonic()
        code = self.process.wait(seconds)
        waited = time.monotonic() - started
        file = self._cwd / self._environ.get("HEADSTART_TERMINATION_LOG", "")
        message = file.read_text() if file.is_file() else ""
        return Result(code, self.stdout, self.stderr, message, waited)

    def kill(self) -> None:
        """End it as the kernel does to a process that uses too much memory: with SIGKILL."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._stdout.close()
        self._stderr.close()


def start_program(
    *command: str | Path, env: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> Run:
    """Start a program in the clean environment; use it as a context, which ends it."""
    return Run(command, clean_environ(**(env or {})), cwd)


def run_program(
    *command: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    stdin: str = "",
    timeout: float = TIMEOUT_SECONDS,
) -> Result:
    """Run a program to its end in the clean environment."""
    with Run(command, clean_environ(**(env or {})), cwd, stdin=stdin.encode()) as started:
        return started.end(timeout)


def start_headstart(*argv: str, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> Run:
    """Start headstart; use it as a context, which ends it."""
    return start_program(*HEADSTART, *argv, env=env, cwd=cwd)


def run_headstart(
    *argv: str,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    timeout: float = TIMEOUT_SECONDS,
) -> Result:
    """Run headstart to its end."""
    return run_program(*HEADSTART, *argv, env=env, cwd=cwd, timeout=timeout)


def run_tool(
    *command: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    stdin: bytes = b"",
    merged: bool = False,
    timeout: float = TIMEOUT_SECONDS,
) -> Result:
    """Run a tool of the machine's to its end: docker, kubectl, git, which need its settings."""
    given = os.environ | dict(env or {})
    with Run(command, given, cwd, stdin=stdin, merged=merged) as started:
        return started.end(timeout)


def until(
    look: Callable[[], Seen | None], what: str, seconds: float = 20, *, pause: float = 0.05
) -> Seen:
    """Look until there is something to see; fail when there is nothing in time."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(pause)
    return seen


def _warm_argv(command: Sequence[str | Path]) -> list[str]:
    """The arguments of a command for the warm interpreter; empty for one that it does not know."""
    words = [str(each) for each in command]
    if tuple(words[:3]) == HEADSTART:
        return ["headstart", *words[3:]]
    return words if words[0] == str(PROGRAMS / "alembic") else []


def _read(name: str) -> str:
    """What is no UTF-8 becomes backslashes, which no event survives."""
    return Path(name).read_text(encoding="utf-8", errors="backslashreplace")
