"""Run headstart and keep all that anybody could see of it: to look for a password there."""

import html
import json
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

from tests.harness.environment import PROGRAMS
from tests.harness.program import start_program
from tests.harness.result import Result

TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Watched:
    """A run that has ended, and every command line that it and its children had meanwhile."""

    finished: Result
    command_lines: frozenset[str]

    def assert_hidden(self, secret: str) -> None:
        """Fail where the secret is to be seen, in whatever form."""
        for place, text in self._places():
            for form in forms(secret):
                assert form not in text, f"the secret is in {place}: {text}"

    def _places(self) -> Iterator[tuple[str, str]]:
        finished = self.finished
        yield "stdout", finished.stdout
        yield "stderr", finished.stderr
        yield "the log", " ".join(texts(finished.events))
        yield "the termination message", finished.termination
        yield "the termination message", " ".join(texts(json.loads(finished.termination)))
        for line in self.command_lines:
            yield "the process list", line


def watch(folder: Path, env: Mapping[str, str], *argv: str) -> Watched:
    """Run headstart to its end, with a termination file in `folder`."""
    message = folder / "termination"
    message.touch()
    seen: set[str] = set()
    environ = {**env, "HEADSTART_TERMINATION_LOG": str(message)}
    with start_program(PROGRAMS / "headstart", *argv, env=environ) as run:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while run.process.poll() is None:
            assert time.monotonic() < deadline, "the run does not end"
            seen.update(command_lines(run.process.pid))
            time.sleep(0.02)
        return Watched(run.end(), frozenset(seen))


def command_lines(pid: int) -> Iterator[str]:
    """The command lines of a process and of its children: other tests run at the same time."""
    process = Path("/proc", str(pid))
    try:
        yield (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        children = [
            int(child) for c in process.glob("task/*/children") for child in c.read_text().split()
        ]
    except OSError:
        return  # it has ended meanwhile
    for child in children:
        yield from command_lines(child)


def forms(secret: str) -> set[str]:
    """The ways in which a text may hold a secret."""
    return {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        quote(secret, safe="").replace("%", "%%"),
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        secret.replace("'", "''"),
        quote(quote(secret, safe=""), safe=""),
        b64encode(secret.encode()).decode().rstrip("=")[:-1],
        html.escape(secret),
        secret.encode().hex(),
    }


def texts(value: object) -> Iterator[str]:
    """Every text within a JSON value."""
    match value:
        case dict():
            for key, entry in value.items():
                yield key
                yield from texts(entry)
        case list():
            for entry in value:
                yield from texts(entry)
        case _:
            yield str(value)
