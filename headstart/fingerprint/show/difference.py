"""How a schema differs from the expected one, in lines that a person can read. Pure."""

from collections.abc import Iterable, Iterator

from headstart.fingerprint.catalog.rare_rows import RARE
from headstart.fingerprint.file.states import key_of
from headstart.values import dataclass

MOST_LINES = 60
"""As many as fit on a screen or two; the fields of the verdict hold the rest."""


@dataclass(frozen=True)
class Difference:
    """The expected facts that are missing, and the extra ones; a changed fact is in both."""

    expected: int
    missing: frozenset[str] = frozenset()
    extra: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra)

    def summary(self) -> str:
        """How much agrees, in one line."""
        agreeing = self.expected - len(self.missing)
        return (
            f"{agreeing} of {self.expected} facts agree,"
            f" {len(self.missing)} missing, {len(self.extra)} extra"
        )

    def lines(self) -> list[str]:
        """What differs, by object."""
        lines = list(_changed_lines(self))
        more = len(lines) - MOST_LINES
        return lines if more <= 1 else [*lines[:MOST_LINES], f"... and {more} lines more"]


def difference(expected: frozenset[str], actual: frozenset[str]) -> Difference:
    """Compare two schemas."""
    return Difference(len(expected), expected - actual, actual - expected)


def fact(line: str) -> str:
    """One fact for people: `column jobs.progress json`."""
    kind, thing, name, detail = line.split("\t")
    if not name:
        return f"{kind} {thing}" if detail == kind else f"{kind} {thing}: {detail}"
    return f"{kind} {thing}{name if kind == 'function' else '.' + name} {detail}"


def _changed_lines(differing: Difference) -> Iterator[str]:
    by_object: dict[str, list[str]] = {}
    for line in sorted(
        differing.missing | differing.extra, key=lambda each: (each.split("\t", 2)[1], each)
    ):
        by_object.setdefault(line.split("\t", 2)[1], []).append(line)
    for thing, lines in by_object.items():
        # an object that is missing as a whole is one line: its columns would repeat the news
        whole = [line for line in lines if line.startswith(_WHOLE)]
        if len({line in differing.missing for line in lines}) == 1 and whole:
            yield _whole(
                whole[0], lines, "- missing" if whole[0] in differing.missing else "+ extra"
            )
        else:
            yield f"{_head(lines)} {thing}"
            yield from _changes(lines, differing)


_TYPES = ("enum", "domain", "composite", "range", "type")
_ALONE = (*_TYPES, "sequence", "extension", "schema", *(RARE.keys() - {"published"}))
"""The kinds that are an object by one line."""
_WHOLE = tuple(f"{kind}\t" for kind in ("table", "view", "matview", *_ALONE))
_OWN_HEAD = (*_ALONE, "function")


def _head(lines: list[str]) -> str:
    kind = lines[0].split("\t", 1)[0]
    return kind if kind in _OWN_HEAD else "table"


def _whole(line: str, lines: Iterable[str], sign: str) -> str:
    kind, thing, _, detail = line.split("\t")
    columns = [each.split("\t")[2] for each in lines if each.startswith("column\t")]
    more = f" ({len(columns)} columns: {', '.join(columns)})" if columns else ""
    if len(columns) == 1:
        more = f" (1 column: {columns[0]})"
    return f"{sign} {kind} {thing}{more or (f' {detail}' if detail != kind else '')}"


def _changes(lines: list[str], differing: Difference) -> Iterator[str]:
    by_key: dict[str, list[str]] = {}
    for line in lines:
        by_key.setdefault(key_of(line), []).append(line)
    for both in by_key.values():
        kind, _, name, detail = both[0].split("\t")
        label = f"{kind} {name}".rstrip()
        if len(both) == 1:
            sign = "- missing" if both[0] in differing.missing else "+ extra  "
            yield f"  {sign} {label} {detail}"
            continue
        expected, actual = sorted(both, key=lambda line: line in differing.extra)
        yield f"  ~ {label}: expected  {expected.rpartition(chr(9))[2]}"
        yield f"    {' ' * len(label)}  found     {actual.rpartition(chr(9))[2]}"
