"""What the readers of a table wait while a revision that alters it waits for a long transaction.

    .venv/bin/python bench/traffic.py

SESSIONS read the table every INTERVAL seconds each. Somebody holds a transaction on it for a while;
a second later a revision with an ALTER TABLE begins, by headstart, by the alembic command, and by
the alembic command with a lock_timeout of 5 s (and fails then). A read that waits keeps its session
from the reads that would have followed: those are counted, too, with what they would have waited.
One row each; waits in seconds.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.harness.embedded import SCRAM_ITERATIONS, PostgresServer
from tests.harness.environment import PROGRAMS, clean_environ
from tests.harness.project import ProjectCopy, copy_plain
from tests.harness.server import Database, empty_database

SESSIONS, INTERVAL = 40, 0.2
ALTER = "op.execute('ALTER TABLE accounts ADD note text')"


@dataclass
class Readers:
    """Sessions that read at an even pace; `waits` is what each read took, in seconds."""

    database: Database
    waits: list[float] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read in the block."""
        threads = [
            threading.Thread(target=self._read, args=(number,)) for number in range(SESSIONS)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join()

    def _read(self, number: int) -> None:
        self.over.wait(INTERVAL * number / SESSIONS)
        with closing(psycopg2.connect(self.database.url)) as session:
            session.autocommit = True
            while not self.over.wait(INTERVAL):
                began = time.monotonic()
                session.cursor().execute("SELECT count(*) FROM accounts")
                self._note(time.monotonic() - began)

    def _note(self, seconds: float) -> None:
        while seconds > 0:
            self.waits.append(seconds)
            seconds -= INTERVAL


def headstart(project: ProjectCopy, database: Database) -> int:
    """Upgrade by headstart; gives the exit code."""
    environ = {"DATABASE_URL": database.url, "HEADSTART_ALEMBIC_INI": project.ini}
    return _run([str(PROGRAMS / "headstart")], project, environ)


def alembic(project: ProjectCopy, database: Database) -> int:
    """Upgrade by the alembic command; gives the exit code."""
    text = Path(project.ini).read_text()
    url = database.driver_url().replace("%", "%%")
    ini = project.path / "with_url.ini"
    ini.write_text(text.replace("driver://user:pass@localhost/dbname", url))
    return _run([str(PROGRAMS / "alembic"), "-c", str(ini), "upgrade", "head"], project, {})


def alembic_with_timeout(project: ProjectCopy, database: Database) -> int:
    """The same with a lock_timeout of 5 s, by the login's options."""
    database.execute(f"ALTER DATABASE {database.name} SET lock_timeout = '5s'")
    return alembic(project, database)


def _run(command: list[str], project: ProjectCopy, environ: dict[str, str]) -> int:
    return subprocess.run(
        command,
        cwd=project.path,
        env=clean_environ() | environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    ).returncode


WAYS = {
    "headstart": headstart,
    "alembic": alembic,
    "alembic, lock_timeout 5 s": alembic_with_timeout,
}


def play(server: PostgresServer, folder: Path, way: str, seconds: float) -> str:
    """One row of the table."""
    project = copy_plain(folder)
    with empty_database(server) as database:
        assert headstart(project, database) == 0
        project.add("0004", "0003", ALTER)
        readers = Readers(database)
        with closing(psycopg2.connect(database.url)) as holder, readers.reading():
            time.sleep(1)
            holder.cursor().execute("SELECT count(*) FROM accounts")
            ending = threading.Timer(seconds, holder.rollback)
            ending.start()
            began = time.monotonic()
            code = WAYS[way](project, database)
            took = time.monotonic() - began
            ending.join()
            time.sleep(1)
    waits = sorted(readers.waits)
    p50, p99 = statistics.median(waits), waits[int(len(waits) * 0.99)]
    return (
        f"| {way} | {code} | {took:.1f} | {len(waits)} | {1000 * p50:.1f} ms | {p99:.2f} |"
        f" {waits[-1]:.2f} | {sum(waits):.0f} |"
    )


def main() -> None:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20, help="how long the holder holds")
    options = parser.parse_args()
    print("| way | exit | s | reads | p50 | p99, s | longest, s | sum, s |\n" + "|---" * 8 + "|")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with PostgresServer(18, scram_iterations=SCRAM_ITERATIONS) as server:
        for way in WAYS:
            with tempfile.TemporaryDirectory() as folder:
                print(play(server, Path(folder, "project"), way, options.seconds), flush=True)


if __name__ == "__main__":
    main()
