"""Measure headstart beside its peers, and write docs/performance.md's table and plot.

    make bench

Each tool has the same history in its own files. A round runs every tool once, in random order, on
the same server; a figure is a ratio of a round's pair, since these machines are noisy. A tool that
cannot be had here is named as missing.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from peers.report import Measured, plot, table, ways_table
from peers.rounds import EMPTY, LOGGED, NOTHING, ONE_MORE, Bench, rounds
from peers.tools import Tool, tools

from tests.harness.embedded import SCRAM_ITERATIONS, PostgresServer
from tests.servers.databases import debian_server

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
MARKED = re.compile(r"(<!-- measured: begin -->\n).*?(<!-- measured: end -->)", re.DOTALL)
STARTS = 20
TRUST = "host all all 127.0.0.1/32 trust\n"
RELOADED_SECONDS = 1.0
LARGE = 1000
"""From here on a history takes minutes from empty: one round is all."""


def main() -> None:
    """Print a line of JSON for each figure; with --write, the page, too."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--revisions", type=int, nargs="+", default=[10, 1000, 5000])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--bin", type=Path, default=Path(sys.executable).parent)
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        PostgresServer(18, conf=LOGGED, scram_iterations=SCRAM_ITERATIONS) as server,
    ):
        home = Path(folder)
        every, missing = tools(home, asked.bin.absolute())
        bench = Bench(server, home / "projects", asked.bin.absolute())
        names = [tool.name for tool in every]
        smallest = min(asked.revisions)
        measured = []
        for revisions in asked.revisions:
            bench.prepare(every, revisions)
            for work in (NOTHING, ONE_MORE, EMPTY):
                number = asked.rounds if work != EMPTY else max(1, asked.rounds // 3)
                number = 1 if work == EMPTY and revisions > LARGE else number
                each = Measured(
                    work, revisions, list(rounds(bench, every, revisions, work, number))
                )
                measured.append(each)
                show(each, every)
        lines = [f"Missing here: {', '.join(missing) or 'none'}.", "", *table(measured, names)]
        lines += more(bench, server.log, every, smallest)
        by_way = ways(bench, server.data / "pg_hba.conf", every, smallest, asked.rounds)
        lines += ["", *ways_table(by_way, names)]
    if asked.write:
        write(lines, measured, every)


def ways(
    bench: Bench, hba: Path, every: list[Tool], revisions: int, number: int
) -> dict[str, Measured]:
    """A run with nothing to do, by each way to connect; TLS is a container's."""
    asking = hba.read_text()
    found = {}
    for way, first in (("trust", TRUST), ("SCRAM", "")):
        hba.write_text(first + asking)
        bench.server.execute("SELECT pg_reload_conf()")
        time.sleep(RELOADED_SECONDS)
        found[way] = nothing_by(way, bench, every, revisions, number)
    if shutil.which("docker") is not None:
        with debian_server() as database:
            encrypted = replace(
                bench,
                server=database.through().server,
                folder=bench.folder / "encrypted",
                sslmode="require",
            )
            encrypted.prepare(every, revisions)
            way = "SCRAM and TLS"
            found[way] = nothing_by(way, encrypted, every, revisions, number)
    return found


def nothing_by(way: str, bench: Bench, every: list[Tool], revisions: int, number: int) -> Measured:
    """A run with nothing to do."""
    work = f"{NOTHING}, {way}"
    found = Measured(work, revisions, [*rounds(bench, every, revisions, NOTHING, number)])
    show(found, every)
    return found


def show(measured: Measured, every: list[Tool]) -> None:
    """Print what a work took."""
    for tool in every:
        middle, least, most = measured.ratio(tool.name, "cpu")
        said = {"work": measured.work, "revisions": measured.revisions, "tool": tool.name}
        facts = {
            name: round(measured.median(tool.name, name), 4)
            for name in ("cpu", "wall", "mebibytes")
        }
        ratios = {"ratio": round(middle, 3), "least": round(least, 3), "most": round(most, 3)}
        print(json.dumps(said | ratios | facts), flush=True)


def more(bench: Bench, log: Path, every: list[Tool], revisions: int) -> list[str]:
    """Twenty at once, and what the server hears; of the smallest history."""
    lines = [
        "",
        f"| tool | {STARTS} at once, wall s | connections | messages |",
        "|---|---|---|---|",
    ]
    for tool in every:
        took = min(bench.at_once(tool, revisions, STARTS) for _ in range(3))
        connections, messages = bench.sent(tool, revisions, log)
        lines.append(f"| {tool.name} | {took:.2f} | {connections} | {messages} |")
        said = {
            "tool": tool.name,
            "at_once": took,
            "connections": connections,
            "messages": messages,
        }
        print(json.dumps(said), flush=True)
    return lines


def write(lines: list[str], measured: list[Measured], every: list[Tool]) -> None:
    """Put the tables between the page's marks, and the plot beside it."""
    names = [tool.name for tool in every]
    plot(measured, names, NOTHING, PAGE.parent / "pictures" / "performance.svg")
    drawn = ["", "![CPU of a run with nothing to do](pictures/performance.svg)"]
    text = "\n".join([*lines, *drawn])
    PAGE.write_text(MARKED.sub(lambda found: f"{found[1]}{text}\n{found[2]}", PAGE.read_text()))


if __name__ == "__main__":
    main()
