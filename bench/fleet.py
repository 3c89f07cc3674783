"""What a fleet costs: schemas and databases, beside the alembic command in a loop and in xargs.

    .venv/bin/python bench/fleet.py --bin .venv-bench/bin

Three works for each kind of target: all are three revisions behind, nothing is to be done, and
every tenth is three revisions behind. The alembic command works on a sample of as many targets
beside them, on the same server and in the same run, since a thousand would take half an hour.

With --memory it is something else: the peak memory of the parent at several sizes, of schemas.
"""

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fleets.stage import Stage, database_stage, schema_stage
from fleets.watched import Took, watched

from tests.harness.embedded import SCRAM_ITERATIONS, PostgresServer
from tests.harness.environment import clean_environ

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
MARKED = re.compile(r"(<!-- fleet: begin -->\n).*?(<!-- fleet: end -->)", re.DOTALL)
PENDING, NOTHING, TENTH = "three pending", "nothing to do", "every tenth three behind"
FORMAT = argparse.RawDescriptionHelpFormatter
WORKS = (NOTHING, TENTH, PENDING)
"""As the table has them; the last one comes first, since it makes and proves what they need."""
HEAD = (
    "| targets | work | way | seconds for all | client CPU ms a target | server CPU ms a target"
    " | parent MiB | all processes MiB | connections |"
)


@dataclass(frozen=True)
class Row:
    """One line: a work on `targets`, of which there are `whole` in all."""

    kind: str
    work: str
    way: str
    targets: int
    whole: int
    took: Took

    def cells(self) -> str:
        """As a row of Markdown."""
        took, number = self.took, self.targets
        seconds = took.wall * self.whole / number
        named = self.way if number == self.whole else f"{self.way} ({number} measured)"
        return (
            f"| {self.whole:,} {self.kind} | {self.work} | {named} | {seconds:.1f}"
            f" | {1000 * took.client / number:.1f} | {1000 * took.server / number:.1f}"
            f" | {took.parent:.0f} | {took.whole:.0f} | {took.connections} |"
        )


@dataclass(frozen=True)
class Bench:
    """Where it is measured: targets of a kind, and how many are worked on at once."""

    stage: Stage
    server: PostgresServer
    jobs: int

    def rows(self, number: int, sample: int) -> Iterator[Row]:
        """Each work, by headstart on all and by the alembic command on a sample, both ways."""
        sample = min(sample, number)
        ways = (
            ("headstart", _names("t", number), self.headstart),
            ("alembic in a loop", _names("l", sample), self.loop),
            (f"alembic in xargs -P {self.jobs}", _names("x", sample), self.xargs),
        )
        for way, names, run in ways:
            self.stage.make(names)
            for work in (PENDING, NOTHING, TENTH):
                if work == TENTH:
                    self.back(names[::10])
                took = run(self.file(names))
                yield Row(self.stage.kind, work, way, len(names), number, took)
            self.stage.drop(names)

    def back(self, names: Sequence[str]) -> None:
        self.stage.drop(names)
        self.stage.make(names)

    def headstart(self, names: Path) -> Took:
        """A fleet of these targets."""
        program = str(self.stage.programs / "headstart")
        return self._watched([program, "fleet", "run", "--jobs", str(self.jobs)], names)

    def loop(self, names: Path) -> Took:
        """The alembic command for one after the other."""
        return self._watched(self.stage.in_loop(names), names)

    def xargs(self, names: Path) -> Took:
        """The alembic command for some at once."""
        return self._watched(self.stage.in_xargs(names, self.jobs), names)

    def _watched(self, command: Sequence[str], names: Path) -> Took:
        environ = clean_environ(**self.stage.settings(), HEADSTART_TARGETS=str(names))
        return watched(command, self.server, self.stage.project.path, environ)

    def file(self, names: Sequence[str]) -> Path:
        """A file with the names."""
        file = self.stage.project.path / "names"
        file.write_text("".join(f"{name}\n" for name in names))
        return file


def _names(letter: str, number: int) -> list[str]:
    return [f"{letter}{each:05}" for each in range(number)]


def measured(asked: argparse.Namespace, server: PostgresServer, folder: Path) -> list[str]:
    """The table, in the order of WORKS."""
    rows: list[Row] = []
    kinds = ((schema_stage, asked.schemas), (database_stage, asked.databases))
    for make, number in kinds:
        if number:
            stage = make(server, folder / make.__name__, asked.bin.absolute())
            for row in Bench(stage, server, asked.jobs).rows(number, asked.sample):
                print(json.dumps(asdict(row)), flush=True)
                rows.append(row)
    rows.sort(key=lambda row: (row.kind != "schemas", WORKS.index(row.work)))
    return [HEAD, "|---" * (HEAD.count("|") - 1) + "|", *(row.cells() for row in rows)]


def memory(asked: argparse.Namespace, server: PostgresServer, folder: Path) -> list[str]:
    """Peak memory of the parent, which is to be the same at each size."""
    head = "| schemas | work | parent MiB | all processes MiB | s | client CPU ms a target |"
    lines = [head, "|---" * (head.count("|") - 1) + "|"]
    bench = Bench(schema_stage(server, folder / "memory", asked.bin.absolute()), server, asked.jobs)
    for number in asked.sizes:
        names = _names("m", number)
        bench.stage.make(names)
        for work in (PENDING, NOTHING, TENTH):
            if work == TENTH:
                bench.back(names[::10])
            took = bench.headstart(bench.file(names))
            each = 1000 * took.client / number
            lines.append(
                f"| {number:,} | {work} | {took.parent:.1f} | {took.whole:.0f} | {took.wall:.1f}"
                f" | {each:.1f} |"
            )
            print(lines[-1], flush=True)
        bench.stage.drop(names)
    return lines


def main() -> None:
    """Print a line of JSON for each figure, and the table; with --write, the page, too."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=FORMAT)
    parser.add_argument("--schemas", type=int, default=1000, help="0: none")
    parser.add_argument("--databases", type=int, default=300, help="0: none")
    parser.add_argument("--sample", type=int, default=40, help="for the alembic command, each way")
    parser.add_argument("--jobs", type=int, default=4, help="at once")
    parser.add_argument("--bin", type=Path, default=Path(sys.executable).parent)
    parser.add_argument("--memory", action="store_true", help="the parent's memory alone")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 4000], help="of --memory")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        PostgresServer(18, scram_iterations=SCRAM_ITERATIONS) as server,
    ):
        lines = (memory if asked.memory else measured)(asked, server, Path(folder))
    print("\n".join(lines))
    if asked.write and not asked.memory:
        text = "\n".join(lines)
        PAGE.write_text(MARKED.sub(lambda found: f"{found[1]}{text}\n{found[2]}", PAGE.read_text()))


if __name__ == "__main__":
    main()
