"""What each revision of each project of tests/projects held until its COMMIT, and for how long.

    make bench-locks

Each project is upgraded from its first revision on, beside a table of somebody else's: of an empty
database nobody asks about what is short. A line is a revision: its locks on what existed before it,
and for how many milliseconds at most. `unknown` is work outside of a transaction, or a transaction
that nobody heard end; `in part` has some of both.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.harness.embedded import PostgresServer
from tests.harness.result import Event
from tests.harness.server import empty_database
from tests.projects.case import Case, read_cases
from tests.projects.playground import SOMEBODYS, copy_of, in_use


def report(case: Case, server: PostgresServer) -> Iterator[str]:
    """The lines of a project."""
    with (
        tempfile.TemporaryDirectory() as folder,
        empty_database(server) as database,
        empty_database(server) as elsewhere,
    ):
        database.execute(SOMEBODYS)
        if case.prepare:
            database.execute(case.prepare)
        copy = copy_of(in_use(case), Path(folder) / case.name)
        ended = copy.headstart(database, elsewhere=elsewhere.url)
        yield f"{case.name} ({case.mode or 'refused'}, {ended.verdict['outcome']})"
        for step in ended.verdict["applied"]:
            yield f"    {step['revision']:<16} {held_by(step)}"


def held_by(step: Event) -> str:
    """What the verdict says of a revision, for people."""
    if "locks" not in step:
        return "(with the last one of its transaction)"
    if step["locks"] is None:
        return "unknown"
    locks = ", ".join(f"{relation}: {mode}" for relation, mode in step["locks"].items())
    seconds = f", {1000 * step['held_seconds']:.0f} ms" if locks else ""
    return f"{locks or 'nothing'}{seconds}{' (in part)' if 'locks_in_part' in step else ''}"


def main() -> None:
    """Print the report of every project."""
    with PostgresServer(18) as server:
        for case in read_cases():
            for line in report(case, server):
                print(line, flush=True)


if __name__ == "__main__":
    main()
