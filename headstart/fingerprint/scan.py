"""Which tables a query writes and reads, and which functions it calls, told from its text. Pure.

No parser: it follows WITH, FROM lists and calls, level by level of the parentheses.
"""

from dataclasses import dataclass, field

from headstart.fingerprint.sql_tree import Group

_FROM_STARTS = {"from", "using"}
_FROM_ENDS = {
    "select", "where", "group", "having", "order", "limit", "offset", "fetch", "for", "window",
    "union", "intersect", "except", "set", "returning", "values", "when", "with",
}  # fmt: skip
_NO_END = {("with", "ordinality"), ("with", "time"), ("with", "ties")}
_CALLS_WITH_FROM = {"extract", "substring", "trim", "overlay"}
_QUERIES = {"select", "with", "values", "table", "insert", "update", "delete", "merge"}
_NO_VERB_AFTER = {"for", "key", "do", "then"}
"""FOR [NO KEY] UPDATE, ON CONFLICT DO UPDATE, MERGE .. THEN UPDATE."""
_WRITES = {("insert", "into"), ("merge", "into"), ("delete", "from")}
_KEYWORDS = {
    "all", "and", "any", "array", "as", "between", "by", "case", "conflict", "cross", "cube",
    "distinct", "do", "else", "end", "except", "exists", "explain", "fetch", "filter", "from",
    "full", "group", "having", "ilike", "in", "inner", "insert", "intersect", "into", "is",
    "isnull", "join", "lateral", "left", "like", "limit", "materialized", "natural", "not",
    "notnull", "offset", "on", "only", "operator", "or", "order", "outer", "over", "overlaps",
    "partition", "range", "recursive", "returning", "right", "rollup", "row", "rows", "select",
    "set", "sets", "similar", "some", "symmetric", "table", "then", "to", "union", "update",
    "using", "values", "varying", "verbose", "when", "where", "with", "within", "zone",
}  # fmt: skip
"""What stands before a parenthesis and is no function, or before a function and is no name."""


@dataclass
class _Level:
    """One level of parentheses. `names` are those of WITH, `opener` is the function called."""

    group: Group
    names: frozenset[str] = frozenset()
    opener: str = ""
    in_from: bool = False
    expecting: bool = False
    """Whether an item of a FROM list comes next."""
    recursive: bool = False

    def turn(self, at: int) -> bool:
        """Take a word that leads into a FROM list, on in it, or out of it."""
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
        """Tell EXTRACT(.. FROM ..) and IS [NOT] DISTINCT FROM."""
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
            return False
        return not self.group.name(at - 1)[0] or self.group.word(at - 1) in _KEYWORDS

    def body(self, at: int) -> int:
        """Where the query of `name AS [[NOT] MATERIALIZED] (query)` stands, or 0."""
        if self.group.word(at) != "as":
            return 0
        at += 1
        while self.group.word(at) in {"not", "materialized"}:
            at += 1
        query = self.group.node(at)
        if not isinstance(query, Group):
            return 0
        return at if isinstance(query.node(0), Group) or query.word(0) in _QUERIES else 0


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
        if level.turn(at):
            return at + 1
        name, end = level.group.name(at)
        if name:
            self._named(level, at, name, end)
        level.expecting = False
        if name and isinstance(level.group.node(end), Group) and not self._is_keyword(level, at):
            return end + 1
        return max(end, at + 1)

    def _named(self, level: _Level, at: int, name: str, end: int) -> None:
        following = level.group.node(end)
        if isinstance(following, Group):
            if not self._is_keyword(level, at) and level.calls(at, end):
                self.called.add(name)
                self._open(level, following, opener=name)
        elif level.expecting and name not in level.names:
            self.read.add(name)

    def _is_keyword(self, level: _Level, at: int) -> bool:
        return level.group.word(at) in _KEYWORDS and level.group.symbol(at + 1) != "."

    def _open(
        self, level: _Level, group: Group, *, opener: str = "", expecting: bool = False
    ) -> None:
        self._todo.append(_Level(group, level.names, opener, expecting, expecting))

    def _with(self, level: _Level, at: int) -> int:
        """Take the query of a WITH; its name hides a table from its end on, or from its start."""
        body = level.body(at)
        query = level.group.node(body)
        if not body or not isinstance(query, Group):
            return 0
        named = at - 2 if isinstance(level.group.node(at - 1), Group) else at - 1
        outside, inside = level.names | {level.group.name(named)[0]}, level.names
        self._todo.append(_Level(query, outside if level.recursive else inside))
        level.names = outside
        return body + 1

    def _write(self, level: _Level, at: int) -> int:
        """Take the verb and the table of a statement that writes."""
        group = level.group
        word, following = group.word(at), group.word(at + 1)
        if (word, following) in _WRITES:
            at += 2
        elif word == "update" and group.word(at - 1) not in _NO_VERB_AFTER:
            at += 1
        else:
            return 0
        name, end = group.name(at + (group.word(at) == "only"))
        if name:
            self.written.add(name)
        return end

    def _make(self, level: _Level, at: int) -> int:
        """Take the table of a SELECT INTO."""
        if level.group.word(at) != "into":
            return 0
        at += 1
        while (word := level.group.word(at)) in {"temporary", "temp", "unlogged", "table"}:
            self.made_temporary |= word.startswith("temp")
            at += 1
        self.made, end = level.group.name(at)
        return end
