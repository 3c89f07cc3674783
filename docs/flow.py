"""Draw docs/pictures/flow.svg: the way of a run, and its three ends. `make pictures` runs it.

The picture has a background of its own, since pages are read on light and on dark ones.
"""

from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from headstart.verdict.outcome import Outcome

Pair = tuple[float, float]
FILE = Path(__file__).parent / "pictures" / "flow.svg"
WIDTH, HEIGHT = 900, 306
TOP, STEP_HEIGHT, STEP_WIDTH, GAP, MARGIN = 62, 84, 124, 16, 38
END_TOP, END_HEIGHT = 220, 62
INK, QUIET, LINE = "#1f2933", "#52606d", "#9aa5b1"
STEPS = (
    ("wait", "until Postgres", "takes connections"),
    ("lock", "one run works,", "the others wait"),
    ("look", "version rows,", "schema, revisions"),
    ("decide", "nothing, stamp,", "upgrade, or refuse"),
    ("upgrade", "your env.py, your", "own revisions"),
    ("verify", "the schema is what", "its revision builds"),
)


@dataclass(frozen=True)
class End:
    """A way in which a run ends: the steps that it stands below, its lines, its colors."""

    first: int
    last: int
    head: str
    note: str
    fill: str
    stroke: str


def codes(*, retry: bool) -> str:
    """The range of exit codes after which a retry may help, or may not."""
    found = [end.code for end in Outcome if end.retry is retry and 2 < end.code < 128]
    return f"{min(found)} to {max(found)}"


ENDS = (
    End(0, 1, codes(retry=True), "not now: try again", "#fff8e1", "#d9a400"),
    End(2, 3, codes(retry=False), "a person is needed: the next step", "#fdecea", "#c8372d"),
    End(4, 5, "0", "the app starts", "#e8f5e9", "#2e7d32"),
)


def left(step: int) -> int:
    """Where a step begins."""
    return MARGIN + step * (STEP_WIDTH + GAP)


def text(at: Pair, words: str, size: int, color: str = INK, weight: int = 400) -> str:
    """A line of text, centered."""
    x, y = at
    style = f'font-size="{size}" font-weight="{weight}" fill="{color}"'
    return f'<text x="{x:g}" y="{y:g}" text-anchor="middle" {style}>{escape(words)}</text>'


def box(at: Pair, extent: Pair, fill: str, stroke: str) -> str:
    """A box with round corners."""
    (x, y), (width, height) = at, extent
    size = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
    return f'<rect {size} rx="8" fill="{fill}" stroke="{stroke}" stroke-width="1.5"/>'


def arrow(path: str) -> str:
    """A line with a head at its end."""
    return (
        f'<path d="{path}" fill="none" stroke="{LINE}" stroke-width="2" marker-end="url(#head)"/>'
    )


def draw_step(number: int) -> list[str]:
    """A step, and the arrow to the next one."""
    name, *notes = STEPS[number]
    x, middle = left(number), left(number) + STEP_WIDTH / 2
    drawn = [box((x, TOP), (STEP_WIDTH, STEP_HEIGHT), "#eef4fb", "#3b6ea5")]
    drawn.append(text((middle, TOP + 29), name, 17, weight=600))
    drawn += [
        text((middle, TOP + 51 + 17 * row), note, 12, QUIET) for row, note in enumerate(notes)
    ]
    if number + 1 < len(STEPS):
        y = TOP + STEP_HEIGHT / 2
        drawn.append(arrow(f"M{x + STEP_WIDTH} {y:g} h{GAP - 4}"))
    return drawn


def draw_brace() -> list[str]:
    """What joins all steps: a run can end in each of them."""
    x, width, y = left(0), left(len(STEPS) - 1) + STEP_WIDTH - left(0), TOP + STEP_HEIGHT + 10
    brace = f"M{x + 8} {y} v8 h{width - 16} v-8 M{x + width / 2:g} {y + 8} V{END_TOP - 20}"
    return [f'<path d="{brace}" fill="none" stroke="{LINE}" stroke-width="2"/>']


def draw_end(end: End) -> list[str]:
    """A way to end."""
    x, width = left(end.first), left(end.last) + STEP_WIDTH - left(end.first)
    middle = x + width / 2
    drawn = [box((x, END_TOP), (width, END_HEIGHT), end.fill, end.stroke)]
    drawn.append(text((middle, END_TOP + 26), f"exit code {end.head}", 16, weight=600))
    drawn.append(text((middle, END_TOP + 47), end.note, 13, QUIET))
    drawn.append(arrow(f"M{WIDTH / 2:g} {END_TOP - 20} H{middle:g} V{END_TOP - 6}"))
    return drawn


_HEAD = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="6" markerHeight="6"'
    f' orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="{LINE}"/></marker></defs>'
)
_FONT = 'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif"'


def picture() -> str:
    """The whole picture."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {_FONT}>',
        "<title>headstart: wait, lock, look, decide, upgrade, verify; then a verdict</title>",
        _HEAD,
        box((1, 1), (WIDTH - 2, HEIGHT - 2), "#ffffff", "#cbd2d9"),
        text((WIDTH / 2, 36), "headstart, once, before the app: one run, one verdict", 15, QUIET),
        *(line for number in range(len(STEPS)) for line in draw_step(number)),
        *draw_brace(),
        *(line for end in ENDS for line in draw_end(end)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(picture(), encoding="utf-8")
