"""Client CPU of a run, paired with the `alembic` command: from empty, and with nothing to do.

    make bench

Both are the programs of one environment that has what a user's image has and nothing else (`--bin`
is its folder): what else is installed, SQLAlchemy and Alembic may load too.

Each round runs both, one after the other, each on a new database of the same server, once from
empty and once more when nothing is to be done, and in the other order the next time. What is
printed is user + system time of the client's process, in seconds, and the ratio of the pair: these
machines are noisy, so only the ratio says something.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.harness.embedded import SCRAM_ITERATIONS, PostgresServer
from tests.harness.environment import clean_environ

LIMITS = {("from empty", 10): 1.1, ("from empty", 1000): 1.25}
LIMITS |= {("nothing to do", 10): 1.0, ("nothing to do", 1000): 0.9}
"""At most this many times the CPU of the alembic command, by the number of revisions."""

REVISION = '''"""{title}"""

from alembic import op
import sqlalchemy as sa

revision = "{revision}"
down_revision = {parent!r}


def upgrade() -> None:
    {upgrade}


def downgrade() -> None:
    {downgrade}
'''
STEPS = (
    (
        'op.create_table("{table}", sa.Column("id", sa.Integer, primary_key=True))',
        'op.drop_table("{table}")',
    ),
    (
        'op.add_column("{table}", sa.Column("note", sa.Text))',
        'op.drop_column("{table}", "note")',
    ),
    (
        'op.create_index("{table}_note", "{table}", ["note"])',
        'op.drop_index("{table}_note")',
    ),
    (
        'op.alter_column("{table}", "note", server_default="")',
        'op.alter_column("{table}", "note", server_default=None)',
    ),
)
"""What revisions do most; a table is made by every fourth."""


@dataclass(frozen=True)
class Bench:
    """Where the programs, the project and the server are."""

    programs: Path
    folder: Path
    server: PostgresServer

    def make_history(self, revisions: int) -> None:
        """Make a project with Alembic's generic template and a linear history."""
        command = [str(self.programs / "alembic"), "--quiet", "init", "alembic"]
        subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)
        parent = None
        for number in range(revisions):
            revision, (upgrade, downgrade) = f"{number + 1:04}", STEPS[number % len(STEPS)]
            table = f"table_{number // len(STEPS) + 1}"
            text = REVISION.format(
                title=f"step {revision}",
                revision=revision,
                parent=parent,
                upgrade=upgrade.format(table=table),
                downgrade=downgrade.format(table=table),
            )
            (self.folder / "alembic" / "versions" / f"{revision}_step.py").write_text(text)
            parent = revision

    def point_at(self, name: str) -> None:
        """Name the database in alembic.ini."""
        url = self.server.url(dbname=name).replace("postgresql:", "postgresql+psycopg2:")
        ini = self.folder / "alembic.ini"
        lines = [
            row for row in ini.read_text().splitlines() if not row.startswith("sqlalchemy.url")
        ]
        lines.insert(lines.index("[alembic]") + 1, f"sqlalchemy.url = {url.replace('%', '%%')}")
        ini.write_text("\n".join(lines))

    def alembic(self, name: str) -> float:
        """Upgrade a database with the command that everybody has."""
        self.point_at(name)
        return self.cpu_seconds(["alembic", "upgrade", "head"], clean_environ())

    def headstart(self, name: str) -> float:
        """Upgrade a database with the job."""
        environ = clean_environ() | {"DATABASE_URL": self.server.url(dbname=name)}
        return self.cpu_seconds(["headstart"], environ)

    def cpu_seconds(self, command: list[str], environ: dict[str, str]) -> float:
        """Run a command and return what CPU its process took."""
        program = str(self.programs / command[0])
        with (self.folder / "log").open("w") as log:
            process = subprocess.Popen(
                [program, *command[1:]], cwd=self.folder, env=environ, stdout=log, stderr=log
            )
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{command} failed:\n{(self.folder / 'log').read_text()}")
        return usage.ru_utime + usage.ru_stime


@dataclass(frozen=True)
class Pair:
    """What one round took, in seconds of the client's CPU."""

    alembic: float
    headstart: float

    @property
    def ratio(self) -> float:
        """How many times what alembic takes."""
        return self.headstart / self.alembic


def measure(bench: Bench, rounds: int) -> Iterator[dict[str, Pair]]:
    """Run both on new databases, twice each; the first round only warms up."""
    for number in range(rounds + 1):
        took: dict[str, dict[str, float]] = {"from empty": {}, "nothing to do": {}}
        for program in ("alembic", "headstart")[:: 1 if number % 2 else -1]:
            name = f"{program}_{number}"
            bench.server.execute(f"CREATE DATABASE {name}")
            for each in took.values():
                each[program] = getattr(bench, program)(name)
            bench.server.execute(f"DROP DATABASE {name}")
        if number:
            yield {work: Pair(**each) for work, each in took.items()}


def summary(work: str, revisions: int, pairs: list[Pair]) -> dict[str, object]:
    """What the rounds say."""
    ratios = [pair.ratio for pair in pairs]
    return {
        "work": work,
        "revisions": revisions,
        "rounds": len(pairs),
        "alembic_cpu_seconds": round(statistics.median(p.alembic for p in pairs), 3),
        "headstart_cpu_seconds": round(statistics.median(p.headstart for p in pairs), 3),
        "ratio_median": round(statistics.median(ratios), 3),
        "ratio_min": round(min(ratios), 3),
        "ratio_max": round(max(ratios), 3),
        "limit": LIMITS.get((work, revisions)),
    }


def asked(about: str, revisions: list[int]) -> argparse.Namespace:
    """What the command line asks for: of how many revisions, where the programs are, the rounds."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--revisions", type=int, nargs="+", default=revisions)
    parser.add_argument("--bin", type=Path, default=Path(sys.executable).parent)
    parser.add_argument("--rounds", type=int, default=11)
    return parser.parse_args()


def main() -> None:
    """Measure each size and print a line of JSON for it."""
    options = asked(__doc__, [10, 1000])
    with PostgresServer(18, scram_iterations=SCRAM_ITERATIONS) as server:
        for revisions in options.revisions:
            with tempfile.TemporaryDirectory() as folder:
                bench = Bench(options.bin.absolute(), Path(folder), server)
                bench.make_history(revisions)
                rounds = list(measure(bench, options.rounds))
            for work in rounds[0]:
                found = summary(work, revisions, [each[work] for each in rounds])
                print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
