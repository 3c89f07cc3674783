"""Read SQL as trees of tokens: statements, and within them parentheses. Pure; knows no grammar.

Comments are dropped; placeholders of any driver (%(x)s, %s, $1, :x) count as literals.

An example: two statements; the first has a group, for its parentheses. Words are folded
to lower case as the server folds them, and the semicolon in the literal ends nothing:

    >>> insert, drop = statements_of("INSERT INTO Roles VALUES (%(name)s, 'a;b'); DROP TABLE x")
    >>> insert.words
    ['insert', 'into', 'roles', 'values', '']
    >>> [token.text for token in insert.node(4).nodes]
    ['%(name)s', ',', "'a;b'"]
    >>> insert.name(2), drop.name(2)
    (('roles', 3), ('x', 3))

So who reads a tree compares words at places, and a word in a literal, a comment or a name in quotes
never counts as a keyword:

    >>> next(statements_of('SELECT "drop" /* drop */')).words
    ['select', '']
"""

from collections.abc import Iterator
from dataclasses import field
from enum import Enum, auto
from functools import cached_property
from typing import NamedTuple

from headstart.fingerprint.catalog.lexer import WORD, lexed, token_pattern
from headstart.fingerprint.catalog.names import qualified
from headstart.values import dataclass

ANY_NAME = "*"
"""Stands for a name in Unicode escapes, U&"...", which nobody writes."""


class Kind(Enum):
    """What a token is."""

    WORD = auto()
    """A keyword or a name, in lower case."""
    NAME = auto()
    """What stood in double quotes, without them."""
    LITERAL = auto()
    SYMBOL = auto()


class Token(NamedTuple):
    """The smallest part of a statement."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Group:
    """What stands between parentheses, or a whole statement."""

    nodes: "list[Token | Group]" = field(default_factory=list)

    @cached_property
    def words(self) -> list[str]:
        """For each node its word, or an empty text."""
        return [self.word(at) for at in range(len(self.nodes))]

    def node(self, at: int) -> "Token | Group | None":
        """What stands there, if anything does."""
        return self.nodes[at] if 0 <= at < len(self.nodes) else None

    def word(self, at: int) -> str:
        """The word that stands there, or an empty text."""
        return self._text(at, Kind.WORD)

    def symbol(self, at: int) -> str:
        """The symbol that stands there, or an empty text."""
        return self._text(at, Kind.SYMBOL)

    def name(self, at: int) -> tuple[str, int]:
        """The name that begins there, with its schema if that is given, and where it ends.

        The text is empty if there is none, and ANY_NAME where it cannot be read.
        """
        parts: list[str] = []
        while part := self.word(at) or self._text(at, Kind.NAME):
            parts.append(part)
            at += 1
            if self.symbol(at) != ".":
                break
            at += 1
        if not parts or ANY_NAME in parts:
            return ANY_NAME if parts else "", at
        return qualified(parts[-2] if len(parts) > 1 else "", parts[-1]), at

    def table(self, at: int) -> tuple[str, int]:
        """The table that begins there as name, name *, ONLY name or ONLY (name), and its end."""
        # a table called only must be in quotes, and is no word then
        at += self.word(at) == "only"
        node = self.node(at)
        if isinstance(node, Group):
            return node.name(0)[0], at + 1
        name, end = self.name(at)
        return name, end + (self.symbol(end) == "*")

    def rest(self, at: int) -> "Group":
        """What follows from there on."""
        return Group(self.nodes[at:])

    def _text(self, at: int, kind: Kind) -> str:
        node = self.node(at)
        return node.text if isinstance(node, Token) and node.kind is kind else ""


_PATTERN = token_pattern(r"%\([^()]*\)s\b", r"%s\b", r"\$[0-9]+", rf":(?:{WORD}|[0-9]+)")
"""A placeholder of any driver is one token."""


def _tokens(sql: str) -> Iterator[Token]:
    for kind, text in lexed(_PATTERN, sql):
        match kind:
            case "word":
                # as the server folds it: ASCII only
                yield Token(Kind.WORD, text.encode(errors="replace").lower().decode())
            case "name":
                yield Token(Kind.NAME, text[1:].removesuffix('"').replace('""', '"'))
            case "unicode":
                yield Token(Kind.NAME, ANY_NAME)
            case "symbol":
                yield Token(Kind.SYMBOL, text)
            case _:
                yield Token(Kind.LITERAL, text)


_BLOCKS = {"atomic": 1, "case": 1, "end": -1}


def statements_of(sql: str) -> Iterator[Group]:
    """Split at semicolons, except in CREATE RULE (..; ..) and BEGIN ATOMIC ..; END."""
    groups, blocks = [Group()], 0
    for token in _tokens(sql):
        statement, group = groups[0], groups[-1]
        if token == (Kind.SYMBOL, ";") and group is statement and blocks <= 0:
            yield statement
            groups, blocks = [Group()], 0
        elif token == (Kind.SYMBOL, "("):
            groups.append(Group())
            group.nodes.append(groups[-1])
        elif token == (Kind.SYMBOL, ")"):
            # one too many closes nothing: the statement itself stays open
            del groups[max(1, len(groups) - 1) :]
        else:
            group.nodes.append(token)
            if token.kind is Kind.WORD and group is statement and _makes_a_routine(statement):
                blocks += _BLOCKS.get(token.text, 0)
    yield groups[0]


def _makes_a_routine(statement: Group) -> bool:
    # CREATE FUNCTION, CREATE OR REPLACE FUNCTION: elsewhere BEGIN and END are statements themselves
    return any(statement.word(at) in {"function", "procedure"} for at in (1, 3))
