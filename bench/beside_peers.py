"""Measure headstart beside its peers, and write docs/performance.md's table and plot.

    make bench

Each tool has the same history in its own files. A round runs every tool once, in random order, on
the same server; a figure is a ratio of a round's pair, since these machines are noisy. A tool that
cannot be had here is named as missing.
"""

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from peers.report import Measured, plot, table
from peers.rounds import EMPTY, LOGGED, NOTHING, ONE_MORE, Bench, rounds
from peers.tools import Tool, tools

from tests.harness.embedded import PostgresServer

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
MARKED = re.compile(r"(<!-- measured: begin -->\n).*?(<!-- measured: end -->)", re.DOTALL)
STARTS = 20
TRUST = ("host all all 127.0.0.1/32 trust",)


def main() -> None:
    """Print a line of JSON for each figure; with --write, the page, too."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--revisions", type=int, nargs="+", default=[10, 1000])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--bin", type=Path, default=Path(sys.executable).parent)
    parser.add_argument("--trust", action="store_true", help="no password; else SCRAM")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    asked = parser.parse_args()
    hba = TRUST if asked.trust else ()
    with (
        tempfile.TemporaryDirectory() as folder,
        PostgresServer(18, conf=LOGGED, hba=hba) as server,
    ):
        home = Path(folder)
        every, missing = tools(home, asked.bin.absolute())
        bench = Bench(server, home / "projects", asked.bin.absolute())
        measured, lines = [], [f"Missing here: {', '.join(missing) or 'none'}."]
        for revisions in asked.revisions:
            for tool in every:
                bench.prepare(tool, revisions)
            for work in (NOTHING, ONE_MORE, EMPTY):
                number = asked.rounds if work != EMPTY else max(1, asked.rounds // 3)
                each = Measured(
                    work, revisions, list(rounds(bench, every, revisions, work, number))
                )
                measured.append(each)
                show(each, every)
        lines += table(measured, [tool.name for tool in every])
        lines += more(bench, every, min(asked.revisions))
    if asked.write:
        write(lines, measured, every)


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


def more(bench: Bench, every: list[Tool], revisions: int) -> list[str]:
    """Twenty at once, and what the server hears; of the smallest history."""
    lines = [
        "",
        f"| tool | {STARTS} at once, wall s | connections | messages |",
        "|---|---|---|---|",
    ]
    for tool in every:
        took = min(bench.at_once(tool, revisions, STARTS) for _ in range(3))
        connections, messages = bench.sent(tool, revisions)
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
