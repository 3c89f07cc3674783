"""Read from its text which tables a query writes and reads, and which functions it calls. Pure.

No parser: it follows WITH, FROM lists and calls, level by level of the parentheses.
"""

from dataclasses import field

from headstart.fingerprint.statements.keywords import AFTER, BEFORE, KEYWORDS, QUERIES
from headstart.fingerprint.statements.sql_tree import ANY_NAME, Group
from headstart.values import dataclass

_FROM_STARTS = {"from", "using"}
_FROM_ENDS = {
    "select", "where", "group", "having", "order", "limit", "offset", "fetch", "for", "window",
    "union", "intersect", "except", "set", "returning", "values", "when", "with",
}  # fmt: skip
_NO_END = {("with", "ordinality"), ("with", "time"), ("with", "ties")}
_CALLS_WITH_FROM = {"extract", "substring", "trim", "overlay"}
_NO_VERB_AFTER = {"for", "key", "do", "then"}
"""FOR [NO KEY] UPDATE, ON CONFLICT DO UPDATE, MERGE .. THEN UPDATE."""
_WRITES = {("insert", "into"), ("merge", "into"), ("delete", "from")}


@dataclass
class _Level:
    """One level of parentheses. `names` come from WITH, `opener` is the function called."""

    group: Group
    names: frozenset[str] = frozenset()
    opener: str = ""
    in_from: bool = False
    expecting: bool = False
    """Whether an item of a FROM list comes next."""
    recursive: bool = False

    def turn(self, at: int) -> bool:
        """Follow a word that leads into a FROM list, along it, or out of it."""
        word, pair = self.group.word(at), (self.group.word(at), self.group.word(at + 1))
        if self.group.symbol(at) == ",":
            self.expecting = self.in_from
        elif word in _FROM_STARTS and not self._in_expression(at):
            self.in_from = True
            # but for JOIN .. USING (columns)
            self.expecting = word == "from" or not isinstance(self.group.node(at + 1), Group)
        elif word in {"join", "table"}:
            self.expecting = True
        elif word in _FROM_ENDS and pair not in _NO_END:
            self.in_from = self.expecting = False
            self.recursive = pair == ("with", "recursive")
        else:
            return self.expecting and (word in {"only", "lateral"} or pair == ("rows", "from"))
        return True

    def _in_expression(self, at: int) -> bool:
        """Whether this FROM belongs to EXTRACT(.. FROM ..) or IS [NOT] DISTINCT FROM."""
        before, last = self.group.word(at - 2), self.group.word(at - 1)
        return self.opener in _CALLS_WITH_FROM or (last == "distinct" and before in {"is", "not"})

    def calls(self, at: int, end: int) -> bool:
        """Whether a name before a parenthesis is a call, not a type or an alias with columns."""
        if self.group.word(at - 1) == "as" or self.group.symbol(at - 1) == "::":
            return False
        if self.body(end + 1):
            return False
        if not self.in_from or self.expecting:
            return True
        if isinstance(self.group.node(at - 1), Group):
            return self.group.word(at - 2) == "operator"
        return not self.group.name(at - 1)[0] or self.group.word(at - 1) in KEYWORDS

    def is_call_by_keyword(self, at: int) -> bool:
        """Whether the keyword is a function's name, as in SELECT set('t')."""
        called = self.group.word(at) in BEFORE and isinstance(self.group.node(at + 1), Group)
        return called and not self.is_keyword(at)

    def is_keyword(self, at: int) -> bool:
        """Whether the word before a parenthesis is one of SQL's own there."""
        group = self.group
        word, later = group.word(at), group.words[at + 2 :]
        if word not in KEYWORDS or group.symbol(at + 1) == ".":
            return False
        if word == "conflict" and ("do" not in later or word in later):
            return False
        if word in AFTER and (not later or later[0] not in AFTER[word]):
            return False
        return word not in BEFORE or self._before(at) in BEFORE[word]

    def _before(self, at: int) -> str:
        """What stands before a word: another one, a symbol, or what BEFORE has for operands."""
        word = self.group.word(at - 1)
        if at == 0:
            return "start"
        if isinstance(self.group.node(at - 1), Group):
            return "" if self.group.word(at - 2) in {"on", "operator"} else "()"
        if word == "not":
            return "x not" if self._before(at - 1) in {"x", "()"} else word
        if word == "by":
            return f"{self.group.word(at - 2)} by"
        symbol = self.group.symbol(at - 1)
        return symbol if symbol not in {"", "]"} else word if word in KEYWORDS - {"end"} else "x"

    def body(self, at: int) -> int:
        """Where the query of `name AS [[NOT] MATERIALIZED] (query)` stands, or 0."""
        if self.group.word(at) != "as" or self.in_from:  # there it is FROM f() AS (column type)
            return 0
        at += 1
        while self.group.word(at) in {"not", "materialized"}:
            at += 1
        query = self.group.node(at)
        if not isinstance(query, Group):
            return 0
        return at if isinstance(query.node(0), Group) or query.word(0) in QUERIES else 0


@dataclass
class Scan:
    """What a query touches. `made` is the table that SELECT INTO makes."""

    written: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    called: set[str] = field(default_factory=set)
    made: str = ""
    made_temporary: bool = False
    _todo: list[_Level] = field(default_factory=list)

    @classmethod
    def of(cls, statement: Group) -> "Scan":
        """Look at all levels of a statement."""
        # a list of levels, no recursion: SQL may nest deeper than Python's stack
        scan = cls(_todo=[_Level(statement)])
        while scan._todo:
            level, at = scan._todo.pop(), 0
            while at < len(level.group.nodes):
                at = scan._node(level, at)
        return scan

    def _node(self, level: _Level, at: int) -> int:
        """Look at one node; return where the next one is."""
        node = level.group.node(at)
        if isinstance(node, Group):
            self._open(level, node, expecting=level.expecting)
            level.expecting = False
            return at + 1
        if end := self._with(level, at) or self._write(level, at) or self._make(level, at):
            return end
        if not level.is_call_by_keyword(at) and level.turn(at):
            return at + 1
        name, end = level.group.name(at)
        if name:
            self._named(level, at, name, end)
        level.expecting = False
        # _named has taken the brackets of a call already
        if name and isinstance(level.group.node(end), Group) and not level.is_keyword(at):
            return end + 1
        return max(end, at + 1)

    def _named(self, level: _Level, at: int, name: str, end: int) -> None:
        following = level.group.node(end)
        if isinstance(following, Group):
            if level.is_keyword(at):
                return
            if level.calls(at, end):
                self.called.add(name)
            self._open(level, following, opener=name)
        # a name of WITH hides a table of that name
        elif level.expecting and name not in level.names:
            self.read.add(name)

    def _open(
        self, level: _Level, group: Group, *, opener: str = "", expecting: bool = False
    ) -> None:
        self._todo.append(_Level(group, level.names, opener, expecting, expecting))

    def _with(self, level: _Level, at: int) -> int:
        """Follow the query of a WITH; its name hides a table from its end on, or from its start."""
        body = level.body(at)
        query = level.group.node(body)
        if not body or not isinstance(query, Group):
            return 0
        # WITH name (columns) AS (..): the name stands before its columns
        named = at - 2 if isinstance(level.group.node(at - 1), Group) else at - 1
        outside, inside = level.names | {level.group.name(named)[0]}, level.names
        self._todo.append(_Level(query, outside if level.recursive else inside))
        level.names = outside
        return body + 1

    def _write(self, level: _Level, at: int) -> int:
        """Note the table of a verb that writes; after SELECT the word is a column."""
        group = level.group
        pair = (group.word(at), group.word(at + 1))
        updates = pair[0] == "update" and group.word(at - 1) not in _NO_VERB_AFTER
        if not (updates or pair in _WRITES) or "select" in group.words[:at]:
            return 0
        name, end = group.table(at + (1 if updates else 2))
        if updates:
            place = end + (0 if group.word(end) == "set" else 1 + (group.word(end) == "as"))
            # without SET behind it, `update` is a name, unless the statement begins with it
            if group.word(place) == "set":
                end = place + 1
            elif at or not name:
                return 0
        self.written.add(name or ANY_NAME)
        return end

    def _make(self, level: _Level, at: int) -> int:
        """Note the table of a SELECT INTO."""
        if level.group.word(at) != "into":
            return 0
        at += 1
        while (word := level.group.word(at)) in {"temporary", "temp", "unlogged", "table"}:
            self.made_temporary |= word.startswith("temp")
            at += 1
        self.made, end = level.group.name(at)
        return end
