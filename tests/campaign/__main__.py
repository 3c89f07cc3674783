"""Run a campaign: python -m tests.campaign --runs 1000 --seed 1 [--only KIND] [--from NUMBER].

Prints what did not hold as it is found, and a table by kind at the end, in Markdown. Ends with 1
where anything did not hold.
"""

import argparse
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.campaign.kinds import KINDS
from tests.campaign.projects import make_projects
from tests.campaign.scene import Report, Scene
from tests.harness.embedded import PostgresServer

SHARE = 27
"""How many a process plays on one server."""


def main() -> int:
    """Play it; the exit status."""
    arguments = _arguments()
    numbers = [
        number
        for number in range(arguments.first, arguments.first + arguments.runs)
        if arguments.only in {None, KINDS[number % len(KINDS)].name}
    ]
    shares = [numbers[at : at + SHARE] for at in range(0, len(numbers), SHARE)]
    reports: list[Report] = []
    with ProcessPoolExecutor(arguments.processes) as pool:
        for played in pool.map(play, [arguments.seed] * len(shares), shares):
            reports += played
            for report in played:
                for violation in report.violations:
                    _say(
                        f"{report.number} {report.kind} at {report.moment}, {report.project},"
                        f" {report.way}, exits {report.exits}: {violation}"
                    )
            _say(f"{len(reports)} of {len(numbers)}")
    _say(table(reports))
    return int(any(report.violations for report in reports))


def play(seed: int, numbers: Iterable[int]) -> list[Report]:
    """Play some on a server of their own."""
    with tempfile.TemporaryDirectory() as folder, PostgresServer(18) as server:
        Path(folder).chmod(0o755)
        projects = make_projects(server, Path(folder))
        return [Scene.drawn(seed, number, projects).play(server) for number in numbers]


def table(reports: Iterable[Report]) -> str:
    """What came of each kind: runs, exits, the runs after them, persons, violations."""
    by_kind: dict[str, list[Report]] = defaultdict(list)
    for report in reports:
        by_kind[report.kind].append(report)
    lines = [
        "| kind of fault | runs | exits | next run 0 | a person | violations |",
        "|---|---|---|---|---|---|",
    ]
    for kind, own in sorted(by_kind.items()):
        exits = Counter(report.exits[0] for report in own if report.exits)
        told = ", ".join(f"{code} x {count}" for code, count in sorted(exits.items()))
        well = sum(report.exits[1:2] == [0] for report in own)
        persons = sum(report.person for report in own)
        violations = sum(bool(report.violations) for report in own)
        lines.append(f"| {kind} | {len(own)} | {told} | {well} | {persons} | {violations} |")
    return "\n".join(lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--only", choices=[kind.name for kind in KINDS])
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
