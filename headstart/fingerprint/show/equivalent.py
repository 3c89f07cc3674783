r"""Compare more loosely: this explains what differs, and proves nothing. Pure.

Names of constraints and indexes do not count, a unique index is a unique constraint, serial is
identity, and neither casts in defaults nor the spelling of now() matter. An example:

    >>> loose_line("column\tt\tid\tinteger not null serial").split("\t")
    ['column', 't', 'id', 'integer not null counted ()']
    >>> loose_line("column\tt\tid\tinteger not null identity by default").split("\t")
    ['column', 't', 'id', 'integer not null counted ()']

Where two schemas are equal so, statements rename what is there. Here two constraints have each
other's names: neither can be renamed first, so one waits under a temporary name.

    >>> expected = ["unique\tt\ta\t(x)", "unique\tt\tb\t(y)"]
    >>> for sql in rename_statements(expected, ["unique\tt\tb\t(x)", "unique\tt\ta\t(y)"]):
    ...     print(sql)
    ALTER TABLE t RENAME CONSTRAINT b TO headstart_renaming_1
    ALTER TABLE t RENAME CONSTRAINT a TO b
    ALTER TABLE t RENAME CONSTRAINT headstart_renaming_1 TO a
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count

from headstart.patterns import pattern
from headstart.values import dataclass

_NAMED = {"pk", "unique", "fk", "check", "exclude", "index"}
"""The kinds whose names do not count."""


def equivalent_form(lines: Iterable[str]) -> Counter[str]:
    """The facts without what does not count; a multiset, since two equal indexes are not one."""
    return Counter(map(loose_line, lines))


def are_equivalent(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether two schemas differ only in what does not count."""
    return equivalent_form(one) == equivalent_form(other)


def loose_line(line: str) -> str:
    """The fact without what does not count."""
    kind, owner, name, detail = line.split("\t")
    if kind == "column":
        detail = _loose_column(detail)
    elif kind in _NAMED:
        kind, detail = _loose_unique(kind, detail)
        name = ""
    return f"{kind}\t{owner}\t{name}\t{detail}"


_COLUMNS = r'\((?:[\w$]+|"(?:[^"]|"")*")(?:, (?:[\w$]+|"(?:[^"]|"")*"))*\)'
_UNIQUE_INDEX = pattern(
    rf"unique btree ?(?P<key>{_COLUMNS})(?: INCLUDE ?(?P<more>{_COLUMNS}))?"
    r"(?P<nulls> NULLS NOT DISTINCT)?"
)
"""One that a constraint could own: plain columns in their usual order, all rows, valid."""
_UNIQUE_CONSTRAINT = pattern(
    rf"(?P<nulls>NULLS NOT DISTINCT )?(?P<key>{_COLUMNS})(?: INCLUDE ?(?P<more>{_COLUMNS}))?"
)


def _loose_unique(kind: str, detail: str) -> tuple[str, str]:
    pattern = {"index": _UNIQUE_INDEX, "unique": _UNIQUE_CONSTRAINT}.get(kind)
    match = pattern.fullmatch(detail) if pattern else None
    if match is None:
        return kind, detail
    return "unique", f"{match['key']} including {match['more']}" + " nulls" * bool(match["nulls"])


_COUNTED = pattern(r" (?:serial|identity always|identity by default)(?: \(([^']*)\))?\Z")
_SEQUENCE_NAME = pattern(r'name (?:"(?:[^"]|"")*"|[\w$.])+(?:, )?')
_DEFAULT = pattern(r"""((?:'(?:[^']|'')*'|"(?:[^"]|"")*"|[^'"])*?) default (.+)""", re.DOTALL)


def _loose_column(detail: str) -> str:
    if counted := _COUNTED.search(detail):
        parameters = _SEQUENCE_NAME.sub("", counted[1] or "")
        return f"{detail[: counted.start()]} counted ({parameters})"
    default = _DEFAULT.fullmatch(detail)
    return f"{default[1]} default {_loose_default(default[2])}" if default else detail


_WORD = r'(?:"(?:[^"]|"")*"|[a-z_][\w$]*)'
_TYPE = (
    rf"{_WORD}(?:\.{_WORD})?(?: varying| precision)?(?:\([\d, -]+\))?"
    r"(?: with(?:out)? time zone)?(?:\[\])*"
)
_PARTS = pattern(
    r"'(?P<number>-?\d+(?:\.\d+)?)'(?=::)"
    r"""|(?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*")"""
    rf"|(?P<cast>::{_TYPE})"
    r"|(?P<now>(?:pg_catalog\.)?\b(?:now|transaction_timestamp)\(\))"
)
_ATOM_IN_BRACKETS = pattern(r"(?<![\w$\"])\((-?[\w.]+|'(?:[^']|'')*')\)")


def _loose_default(text: str) -> str:
    """Drop casts, then brackets around what stood before one."""
    text = _PARTS.sub(_loose_part, text)
    # `((1)::bigint)` loses its cast and is `((1))`: one pair of brackets a turn
    while (shorter := _ATOM_IN_BRACKETS.sub(r"\1", text)) != text:
        text = shorter
    return text


def _loose_part(part: re.Match[str]) -> str:
    match part.lastgroup:
        case "cast":
            return ""
        case "now":
            return "CURRENT_TIMESTAMP"
        case _:
            return part["number"] or part[0]


_SCHEMA = pattern(r'(?:"(?:[^"]|"")*"|[^".]+)\.')


@dataclass(frozen=True)
class _Named:
    """A constraint or an index, read from its line."""

    kind: str
    owner: str
    name: str
    detail: str

    @property
    def schema(self) -> str:
        """The schema with its dot, or an empty text."""
        match = _SCHEMA.match(self.owner)
        return match[0] if match else ""

    @property
    def spaces(self) -> frozenset[tuple[str, str]]:
        """Where the name must be unique: in its table, among the relations of the schema."""
        taken = set()
        if self.kind != "index":
            taken.add(("constraint", f"{self.owner}\t{self.name}"))
        if self.kind not in {"fk", "check"}:
            taken.add(("relation", f"{self.schema}{self.name}"))
        return frozenset(taken)


@dataclass(frozen=True)
class _Change:
    """What is there, and what it is to become."""

    actual: _Named
    expected: _Named


def rename_statements(expected: Iterable[str], actual: Iterable[str]) -> tuple[str, ...]:
    """The statements, without semicolons, that rename actual constraints and indexes as expected.

    They have to run in this order, in one transaction. Only what differs is changed, and only
    where it has an equivalent; serial, identity and defaults stay as they are.
    """
    wanted, present = Counter(expected), Counter(actual)
    changes = _changes(wanted - present, present - wanted)
    kinds = _kinds(present)
    return tuple(sql for change in _in_order(changes) for sql in _statements(change, kinds))


def _kinds(lines: Iterable[str]) -> dict[str, str]:
    """For each domain and table what it is: "domain", "table", "partitioned table, by .."."""
    facts = (line.split("\t") for line in lines)
    return {
        fact[1]: fact[3] if fact[0] == "table" else "domain"
        for fact in facts
        if fact[0] in {"table", "domain"}
    }


def _changes(wanted: Iterable[str], present: Iterable[str]) -> Iterator[_Change]:
    """Pair what is equivalent: things of one kind first, then things of one name."""
    candidates: dict[str, list[_Named]] = {}
    for line in sorted(present):
        if line.split("\t")[0] in _NAMED:
            candidates.setdefault(loose_line(line), []).append(_Named(*line.split("\t")))
    targets = [line for line in sorted(wanted) if loose_line(line) in candidates]
    # where several have one loose form any pairing is right: the first ones spare a DROP and CREATE
    for alike in _LIKENESSES:
        for line in list(targets):
            target, there = _Named(*line.split("\t")), candidates[loose_line(line)]
            partner = next((each for each in there if alike(each) == alike(target)), None)
            if partner is not None:
                there.remove(partner)
                targets.remove(line)
                yield _Change(partner, target)


_LIKENESSES: tuple[Callable[[_Named], str], ...] = (
    lambda named: named.kind,
    lambda named: named.name,
    lambda _: "",
)


def _in_order(changes: Iterable[_Change]) -> Iterator[_Change]:
    """A name is freed before another takes it; in a circle, one waits under a temporary name."""
    todo = sorted(changes, key=lambda change: (change.expected.owner, change.expected.name))
    numbers = count(1)
    while todo:
        change = next((each for each in todo if _blocker(each, todo) is None), None)
        if change is not None:
            todo.remove(change)
            yield change
            continue
        # all are blocked, so there is a circle among them: set one aside, and the next is free
        change = _in_circle(todo)
        aside = replace(change.actual, name=f"headstart_renaming_{next(numbers)}")
        todo[todo.index(change)] = replace(change, actual=aside)
        yield _Change(change.actual, aside)


def _blocker(change: _Change, todo: Iterable[_Change]) -> _Change | None:
    """A change whose object still has the name that this one needs."""
    taken = change.expected.spaces
    others = (each for each in todo if each is not change)
    return next((each for each in others if not taken.isdisjoint(each.actual.spaces)), None)


def _in_circle(todo: Sequence[_Change]) -> _Change:
    """Each is blocked by another: follow them until one comes again."""
    passed = [todo[0]]
    while (following := _blocker(passed[-1], todo)) not in passed:
        assert following is not None
        passed.append(following)
    return following


def _statements(change: _Change, kinds: Mapping[str, str]) -> Iterator[str]:
    actual, expected = change.actual, change.expected
    name, new, owner = _sql(actual.name), _sql(expected.name), _sql(actual.owner)
    index = _sql(actual.schema) + name
    columns = _sql(expected.detail.removeprefix("unique "))
    match actual.kind == "index", expected.kind == "index":
        case True, True:
            yield f"ALTER INDEX {index} RENAME TO {new}"
        case False, False:
            kind = "DOMAIN" if kinds.get(actual.owner) == "domain" else "TABLE"
            yield f"ALTER {kind} {owner} RENAME CONSTRAINT {name} TO {new}"
        case True, False if kinds.get(actual.owner, "").startswith("partitioned"):
            # USING INDEX does not work for these
            yield f"DROP INDEX {index}"
            yield f"ALTER TABLE {owner} ADD CONSTRAINT {new} UNIQUE {columns}"
        case True, False:  # in place: no second build, and nothing is without its index meanwhile
            yield f"ALTER TABLE {owner} ADD CONSTRAINT {new} UNIQUE USING INDEX {name}"
        case _:  # there is no way from a constraint to a plain index but to build it
            yield f"ALTER TABLE {owner} DROP CONSTRAINT {name}"
            yield f"CREATE UNIQUE INDEX {new} ON {owner} USING {columns}"


_ESCAPED_NAME = pattern(r'"(?:[^"]|"")*\\(?:[^"]|"")*"')


def _sql(text: str) -> str:
    """A name as SQL; a line escapes what could confuse a terminal, and so does this SQL."""
    return _ESCAPED_NAME.sub(lambda name: "U&" + _UNPRINTED.sub(_code, name[0]), text)


_UNPRINTED = pattern(r"\\(?:\\|([0-9a-f]+);)")


def _code(match: re.Match[str]) -> str:
    return rf"\+{int(match[1], 16):06x}" if match[1] else match[0]
