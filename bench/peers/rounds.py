"""Run the tools in paired rounds, each in another random order, and measure whole processes."""

import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from peers.tools import Tool, build_fingerprints, make_project
from peers.work import steps
from tests.harness.environment import clean_environ
from tests.harness.server import Server

NOTHING, ONE_MORE, EMPTY = "nothing to do", "one pending", "from empty"
_SENT = re.compile(r"LOG:  (statement|execute [^:]*): ")
_CONNECTED = re.compile(r"LOG:  connection authorized")
STARTER = """
import os, sys, time
began = time.monotonic()
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(child, 0)
wall = time.monotonic() - began
with open(sys.argv[1], "w") as file:
    file.write(f"{used.ru_utime + used.ru_stime} {wall} {used.ru_maxrss}")
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""A process is said to have had the memory of who started it: so a small one does."""
LOGGED = ("log_statement = all", "log_connections = on", "lc_messages = 'C'")


@dataclass(frozen=True)
class Took:
    """One process, its children with it: seconds of CPU and of the wall clock, and peak memory."""

    cpu: float
    wall: float
    mebibytes: float


@dataclass(frozen=True)
class Bench:
    """A server, an empty folder, and the environment's programs; `sslmode` ends each URL."""

    server: Server
    folder: Path
    programs: Path
    sslmode: str = "disable"

    def prepare(self, every: list[Tool], revisions: int) -> None:
        """The projects (all revisions, and all but the last), and databases at these two heads.

        Tools with the same files share them, and copies of a database that one of them has made.
        """
        history = steps(revisions)
        first: dict[str, Tool] = {}
        for tool in every:
            maker = first.setdefault(tool.files, tool)
            for name, part in (("before", history[:-1]), ("whole", history)):
                place, database = self._place(tool, revisions, name), _named(tool, revisions, name)
                if maker is tool:
                    make_project(place, tool, part, self.programs)
                    if tool.files == "alembic" and name == "whole":
                        build_fingerprints(place)
                    below = _named(tool, revisions, "before") if name == "whole" else "template0"
                    self._create(database, below)
                    self.run(tool, place, database)
            if maker is not tool:
                for name in ("before", "whole"):
                    below = _named(maker, revisions, name)
                    self._create(_named(tool, revisions, name), below)
            # what a copy needs once: a proof mark names its database
            self.run(tool, self._place(tool, revisions, "whole"), _named(tool, revisions, "whole"))

    def measure(self, tool: Tool, revisions: int, work: str) -> Took:
        """One run on a database of its own; with nothing to do, on the prepared one."""
        whole = self._place(tool, revisions, "whole")
        if work == NOTHING:
            return self.run(tool, whole, _named(tool, revisions, "whole"))
        self._create(
            "measured", _named(tool, revisions, "before") if work == ONE_MORE else "template0"
        )
        try:
            return self.run(tool, whole, "measured")
        finally:
            self.server.execute("DROP DATABASE measured WITH (FORCE)")

    def at_once(self, tool: Tool, revisions: int, starts: int) -> float:
        """Seconds until the last of so many has ended that begin together, with nothing to do."""
        place, database = self._place(tool, revisions, "whole"), _named(tool, revisions, "whole")
        began = time.monotonic()
        running = [self._start(tool, place, database) for _ in range(starts)]
        codes = [process.wait() for process in running]
        if any(codes):
            raise SystemExit(f"{tool.name}: {codes}")
        return time.monotonic() - began

    def sent(self, tool: Tool, revisions: int, log: Path) -> tuple[int, int]:
        """Connections and messages of a run with nothing to do, by the server's own log."""
        before = log.stat().st_size
        self.run(tool, self._place(tool, revisions, "whole"), _named(tool, revisions, "whole"))
        with log.open("rb") as written:
            written.seek(before)
            text = written.read().decode(errors="replace")
        return len(_CONNECTED.findall(text)), len(_SENT.findall(text))

    def run(self, tool: Tool, place: Path, database: str) -> Took:
        """Run it to its end. Raises SystemExit with what it printed where it fails."""
        measured = self.folder / "measured"
        starter = [sys.executable, "-I", "-S", "-c", STARTER, str(measured)]
        if self._start(tool, place, database, starter).wait():
            raise SystemExit(f"{tool.name} failed:\n{(place / 'log').read_text()}")
        cpu, wall, kibibytes = map(float, measured.read_text().split())
        return Took(cpu, wall, kibibytes / 1024)

    def _start(
        self, tool: Tool, place: Path, database: str, starter: Sequence[str] = ()
    ) -> "subprocess.Popen[bytes]":
        url = f"{self.server.url(dbname=database)}?sslmode={self.sslmode}"
        environ: Mapping[str, str] = {**clean_environ(), **tool.environ(url)}
        with (place / "log").open("wb") as log:
            return subprocess.Popen(
                [*starter, *tool.command(url)],
                cwd=place,
                env=environ,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def _create(self, database: str, template: str) -> None:
        self.server.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')

    def _place(self, tool: Tool, revisions: int, name: str) -> Path:
        return self.folder / f"{tool.files}_{revisions}_{name}"


def rounds(
    bench: Bench, every: list[Tool], revisions: int, work: str, number: int
) -> Iterator[dict[str, Took]]:
    """In each round every tool once, in another order; a first one warms up and does not count.

    But for one round alone, of a work that takes minutes.
    """
    for turn in range(number + 1 if number > 1 else 1):
        order = random.sample(every, len(every))
        took = {tool.name: bench.measure(tool, revisions, work) for tool in order}
        if turn or number == 1:
            yield took


def _named(tool: Tool, revisions: int, name: str) -> str:
    return f"{tool.name.replace(' ', '_').replace(',', '')}_{revisions}_{name}"
