"""The bars that a proof by fingerprints has to reach, on two real histories and a made-up one.

    make bench-fingerprint

One line each: what was asked, what was reached, the limit; exit code 1 where one fails. Everything
runs on an embedded server of its own. Times are of noisy machines: they are medians of pairs.

A change of a schema is of a kind chosen at random, each as likely as any other; one that makes
exactly the schema of another revision is drawn again: then it is that revision, whoever looks. The
bar is for changes that leave every table where it is: one that is dropped or renamed takes all its
facts along, and of a schema of three tables little is left after ten such changes. Those are told
as a NOTE. So is the time against Inspector's get_multi_*, which read all tables at once as we do;
the bar is for its methods by table, which most programs call.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1]))

import fingerprint_cost as cost
import psycopg2
from fingerprint_accuracy import Accuracy, Tally, Trial, drawn, executing
from fingerprint_generated import generated
from fingerprint_histories import LOG, Replayable, real_histories

from headstart.revisions.reading import Execute
from tests.harness.embedded import PostgresServer

NEAREST = {1: 99.0, 5: 98.0, 10: 95.0}
"""How many percent have to be right after so many changes."""


@dataclass(frozen=True)
class Bar:
    """One thing that is asked; `reached` has to be at least or at most `limit`.

    Of what is not `asked` the figure is told all the same, beside the limit.
    """

    name: str
    reached: float
    sign: str
    limit: float
    note: str = ""
    asked: bool = True

    @property
    def passed(self) -> bool:
        """Whether it is reached."""
        if not self.asked:
            return True
        return self.reached >= self.limit if self.sign == ">=" else self.reached <= self.limit

    def __str__(self) -> str:
        judged = ("PASS" if self.passed else "FAIL") if self.asked else "NOTE"
        return (
            f"{judged} {self.name:<58} {self.reached:9.1f} {self.sign} {self.limit:<6g} {self.note}"
        )


@contextmanager
def database(server: PostgresServer, name: str) -> Iterator[Execute]:
    """A new database, with a connection that commits at once."""
    server.execute(f"CREATE DATABASE {name}")
    raw = psycopg2.connect(**server.parameters(dbname=name))  # type: ignore[call-overload]
    raw.autocommit = True
    try:
        yield executing(raw)
    finally:
        raw.close()


def accuracy_of(
    server: PostgresServer, every: list[Replayable], each: int, random: Random
) -> Accuracy:
    """Go through all histories."""
    found = Accuracy.of(NEAREST)
    plans = drawn(every, [*found.changed], each, random)
    for one, plan in zip(every, plans, strict=True):
        name = f"trial_{one.name}"
        with database(server, name) as execute:
            Trial(one, execute, random, found, lambda: (server, name)).go(plan)  # noqa: B023
    return found


def accuracy_bars(found: Accuracy) -> Iterator[Bar]:
    """The revision that is named."""
    for (kept, count), told in found.changed.items():
        changes = f"{count} change{'s' * (count > 1)}{', no table lost' * kept}"
        yield _percent(f"nearest revision right, {changes}, %", told, NEAREST[count], asked=kept)
    yield _percent("half applied by lines named right, %", found.parts, 98)
    yield _percent("half applied by statements named right, %", found.statements, 98)
    yield _percent("live schema of a revision that is unlike any other: exact, %", found.exact, 100)
    yield _percent("the same after dump and restore, %", found.restored, 100)


def _percent(name: str, told: Tally, limit: float, *, asked: bool = True) -> Bar:
    counted = ", ".join(f"{answer} {n}" for answer, n in told.answers.most_common())
    redrawn = f", redrawn {told.redrawn}" if told.redrawn else ""
    note = f"({told.answers.total()}: {counted}{redrawn})"
    return Bar(name, told.percent, ">=", limit, note, asked)


def cost_bars(server: PostgresServer, folder: Path, pairs: int) -> Iterator[Bar]:
    """The price of a reading and of a process."""
    cost.make_tables(server, "sixty", 60)
    file = cost.write_file(cost.fingerprints_of(server, "sixty"), folder / "sixty.txt")
    sent = cost.messages_of_a_read(server, "sixty")
    yield Bar("messages of one reading", sent.total(), "<=", 1, f"({dict(sent)})")
    took = cost.process_pairs(server, "sixty", file, pairs)
    note = f"({min(took):.0f} to {max(took):.0f})"
    yield Bar("a process above a bare connection, CPU ms", statistics.median(took), "<=", 60, note)
    cost.make_tables(server, "thousand", 1000)
    ratios = cost.inspector_ratios(server, "thousand", 5)
    for way, found in ratios.items():
        seconds = f"({found.theirs:.2f} s against {found.ours:.2f} s)"
        name = f"times as fast as Inspector, {way}, 1,000 tables"
        yield Bar(name, found.ratio, ">=", 10, seconds, way == cost.BY_TABLE)


def file_bars(every: list[Replayable], thousand: Replayable, random: Random) -> Iterator[Bar]:
    """Size and speed of the file."""
    for one in [*every, thousand]:
        plain, packed = cost.sizes(one)
        name = f"{one.name} ({len(one.history.requirements)}), bytes a revision"
        yield Bar(name, plain, "<=", 1000, f"({packed:.0f} gzipped)")
    for kind, took in cost.search_times(thousand, random, 15).items():
        yield Bar(f"1,000 revisions loaded and searched: {kind}, CPU ms", took, "<=", 120)


def measured(options: argparse.Namespace, folder: Path) -> Iterator[Bar]:
    """Everything, as it comes."""
    random = Random(options.seed)
    with PostgresServer(options.postgres, conf=LOG) as server:
        yield from cost_bars(server, folder, options.pairs)
        every = list(real_histories(server, folder))
        with database(server, "made_up") as execute:
            every.append(generated(execute, 100, 800, random))
        with database(server, "thousand_revisions") as execute:
            thousand = generated(execute, 1000, 700, random)
        yield from file_bars(every, thousand, random)
        found = accuracy_of(server, every, options.each, random)
        yield from accuracy_bars(found)
    if options.verbose:
        _explain(found)


def _explain(found: Accuracy) -> None:
    every: Mapping[str, Tally] = {
        **{f"{n} changes{', no table lost' * k}": told for (k, n), told in found.changed.items()},
        "by lines": found.parts,
        "by statements": found.statements,
        "exact": found.exact,
        "restored": found.restored,
    }
    for name, told in every.items():
        print(f"\n{name}", *told.wrong[:10], sep="\n  ")
    print("\nequal schemas", *found.equal, sep="\n  ")


def main() -> int:
    """Print a line for each bar; 1 where one fails."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", 1)[0])
    parser.add_argument(
        "--each", type=int, default=300, help="databases for each number of changes"
    )
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--postgres", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true", help="show what was wrong")
    options = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for bar in measured(options, Path(folder)):
            print(bar, flush=True)
            failed += not bar.passed
    print(f"{failed} failed" if failed else "all passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
