r"""Facts that a history builds differently each time: patterns, which are lines with gaps. Pure.

Two replays of one revision give two lines of one fact; where their words differ, the pattern has a
gap, which is written \* (a line of a fact escapes each backslash, so no line has that):

    >>> one = "unique\tt\tuq_4f1\t(a)"
    >>> other = "unique\tt\tuq_9bc\t(a)"
    >>> pattern_of(one, other).split("\t")
    ['unique', 't', 'uq_\\*', '(a)']
    >>> is_free = matcher([pattern_of(one, other)])
    >>> is_free("unique\tt\tuq_77a\t(a)"), is_free("unique\tt\tuq_77a\t(b)")
    (True, False)

A quoted text is one word, so that the gap covers a date as a whole, whatever two dates have in
common. A pattern leaves no kind open, and no object without a word that stands.
"""

import re
from collections.abc import Callable, Iterable

from headstart.patterns import pattern

GAP = r"\*"

_WORDS = pattern(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[\w$\\;]+|\s+|.""", re.DOTALL)
_PARTS = pattern(r"[^\W_]+|_|.", re.DOTALL)
"""In a name a word ends at each underscore."""
_GAP_OR_TEXT = pattern(r"(\\\*)")


def pattern_of(one: str, other: str) -> str | None:
    """The pattern of two lines of one kind; None if nothing would be left of their object."""
    kind, thing, name, detail = one.split("\t")
    its_kind, its_thing, its_name, its_detail = other.split("\t")
    if kind != its_kind:
        return None
    where = _with_gap(_PARTS, thing, its_thing)
    if not re.search(r"\w", where.replace(GAP, "")):
        return None
    return "\t".join(
        (kind, where, _with_gap(_PARTS, name, its_name), _with_gap(_WORDS, detail, its_detail))
    )


def any_detail(line: str) -> str:
    """The pattern of a fact that only some replays have."""
    return f"{line.rpartition(chr(9))[0]}\t{GAP}"


def matcher(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Whether a line is such a fact."""
    every = [_expression(pattern) for pattern in sorted(patterns)]
    if not every:
        return lambda _: False
    together = re.compile("|".join(every), re.DOTALL)
    return lambda line: together.fullmatch(line) is not None


def _expression(pattern: str) -> str:
    parts = _GAP_OR_TEXT.split(pattern)
    return "".join(r"[^\t]*" if part == GAP else re.escape(part) for part in parts)


def _with_gap(words: re.Pattern[str], one: str, other: str) -> str:
    """What two texts have in common at their ends, by words, around one gap."""
    if one == other:
        return one
    first, second = words.findall(one), words.findall(other)
    least = min(len(first), len(second))
    begin = next((at for at in range(least) if first[at] != second[at]), least)
    end = next(
        (at for at in range(least - begin) if first[-1 - at] != second[-1 - at]), least - begin
    )
    return "".join(first[:begin]) + GAP + "".join(first[len(first) - end :])
