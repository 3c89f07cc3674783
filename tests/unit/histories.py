"""Small histories, written as text: "a; b:a; m:b,c; d:b+x" is d after b, depending on x."""

from headstart.facts.state import History


def history(graph: str, target: str, baseline: str | None = None) -> History:
    """A History from "revision:parents+dependencies; ...", written ancestors first."""
    requirements: dict[str, frozenset[str]] = {}
    for entry in graph.split(";"):
        revision, _, edges = entry.strip().partition(":")
        below, _, needed = edges.partition("+")
        requirements[revision] = names(below) | names(needed)
    stamped = None if baseline is None else names(baseline)
    return History(requirements, names(target), stamped)


def names(text: str) -> frozenset[str]:
    """The names in a comma-separated text."""
    return frozenset(name.strip() for name in text.split(",") if name.strip())


LINE = "a; b:a; c:b; d:c"
BRANCHES = "a; b:a; c:a"
MERGED = "a; b:a; c:a; m:b,c; n:m"
TWO_BASES = "a; b:a; x; y:x"
DEPENDENT = "a; b:a; x; y:x+b; z:y"
"""Two lines; y of the second one needs b of the first."""
EXPAND_CONTRACT = "a; e:a; c:a+e; f:e; d:c+f"
"""Two branches; what contracts (c, d) depends on what expands (e, f)."""
