"""The table and the plot of docs/performance.md."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from peers.rounds import Took

ALEMBIC, DBMATE = "alembic", "dbmate"


@dataclass(frozen=True)
class Measured:
    """The rounds of one work at one size, by tool."""

    work: str
    revisions: int
    rounds: Sequence[Mapping[str, Took]]

    def ratio(self, tool: str, fact: str, beside: str = ALEMBIC) -> tuple[float, float, float]:
        """Median, least and greatest of a fact, as ratios to another tool's, in pairs."""
        pairs = [getattr(each[tool], fact) / getattr(each[beside], fact) for each in self.rounds]
        return statistics.median(pairs), min(pairs), max(pairs)

    def median(self, tool: str, fact: str) -> float:
        """The median of a fact."""
        return float(statistics.median(getattr(each[tool], fact) for each in self.rounds))


def table(measured: Sequence[Measured], tools: Sequence[str]) -> list[str]:
    """Rows of Markdown: CPU as a ratio with its spread, milliseconds, wall, memory."""
    lines = ["| work | revisions | tool | CPU / alembic | spread | CPU ms | wall ms | peak MiB |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for each in measured:
        for tool in tools:
            middle, least, most = each.ratio(tool, "cpu")
            facts = (each.median(tool, "cpu") * 1000, each.median(tool, "wall") * 1000)
            memory = each.median(tool, "mebibytes")
            lines.append(
                f"| {each.work} | {each.revisions} | {tool} | {middle:.3f}"
                f" | {least:.3f} to {most:.3f} | {facts[0]:.0f} | {facts[1]:.0f} | {memory:.0f} |"
            )
    return lines


def ways_table(measured: Mapping[str, Measured], tools: Sequence[str]) -> list[str]:
    """Rows of Markdown: wall of a way to connect, and as a ratio to dbmate's where it is here."""
    lines = ["| tool | " + " | ".join(f"{way}, wall ms" for way in measured) + " |"]
    lines.append("|---|" + "---|" * len(measured))
    for tool in tools:
        cells = []
        for each in measured.values():
            cell = f"{each.median(tool, 'wall') * 1000:.0f}"
            if DBMATE in tools:
                cell += f" ({each.ratio(tool, 'wall', DBMATE)[0]:.2f})"
            cells.append(cell)
        lines.append(f"| {tool} | {' | '.join(cells)} |")
    return lines


def plot(measured: Sequence[Measured], tools: Sequence[str], work: str, file: Path) -> None:
    """CPU over the number of revisions, both logarithmic."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    chosen = sorted((each for each in measured if each.work == work), key=lambda m: m.revisions)
    figure, axes = plt.subplots(figsize=(8, 4.5))
    for tool in tools:
        sizes = [each.revisions for each in chosen]
        axes.plot(
            sizes, [each.median(tool, "cpu") * 1000 for each in chosen], marker="o", label=tool
        )
    axes.set(xscale="log", yscale="log", xlabel="revisions", ylabel="client CPU, ms", title=work)
    axes.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
