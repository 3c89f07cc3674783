"""What a statement changes in its session: where names are looked for, and the transaction. Pure.

    >>> session_of(next(statements_of('SET LOCAL search_path TO o, "My"'))).searches
    Searched(schemas=('o', 'My'), local=True)
    >>> session_of(next(statements_of("SELECT set_config('search_path', 'o, p', false)"))).searches
    Searched(schemas=('o', 'p'), local=False)

What may set one that the text does not tell has None for it:

    >>> session_of(next(statements_of("SELECT set_config('search_path', x, true) FROM y"))).searches
    Searched(schemas=None, local=False)
"""

from collections.abc import Iterator, Mapping

from headstart.fingerprint.catalog.names import split_name
from headstart.fingerprint.statements.sql_tree import ANY_NAME, Group, Kind, Token, statements_of
from headstart.values import dataclass

SEARCH_PATH = "search_path"


@dataclass(frozen=True)
class Searched:
    """The search_path that is set: its schemas, None where they are not known.

    `local`: until the transaction ends. `original`: the one that the session began with.
    """

    schemas: tuple[str, ...] | None = None
    local: bool = False
    original: bool = False

    def __repr__(self) -> str:
        """Shortly, for the examples."""
        return f"Searched(schemas={self.schemas!r}, local={self.local!r})"


@dataclass(frozen=True)
class Session:
    """What becomes of the session; `makes_schema` is one that names may be looked for in, then."""

    searches: Searched | None = None
    ends: bool = False
    rolls_back: bool = False
    makes_schema: str | None = None


COMMIT = Session(ends=True)


def session_of(statement: Group) -> Session:
    """What a statement changes in its session."""
    match statement.word(0):
        case "set":
            return Session(_set(statement))
        case "reset" | "discard" if statement.word(1) in {SEARCH_PATH, "all"}:
            return Session(Searched(original=True))
        case "commit" | "end":
            return COMMIT
        case "rollback" | "abort" if "to" not in statement.words:
            return Session(ends=True, rolls_back=True)
        case "create" if statement.word(1) == "schema":
            return Session(makes_schema=_schema_made(statement))
        case _:
            return Session(_configured(statement))


def _schema_made(statement: Group) -> str | None:
    at = 2 + 3 * (statement.words[2:5] == ["if", "not", "exists"])
    name = statement.name(at)[0]
    return split_name(name)[1] if name and name != ANY_NAME else None


def _set(statement: Group) -> Searched | None:
    """SET [SESSION | LOCAL] search_path TO a, b; SCHEMA 'a' is another word for it."""
    at = 1 + (statement.word(1) in {"session", "local"})
    local = statement.word(1) == "local"
    match statement.word(at):
        case "schema":
            return Searched(_names(statement.rest(at + 1)), local)
        case "search_path" if statement.word(at + 2) == "default":
            return Searched(local=local, original=True)
        case "search_path":
            return Searched(_names(statement.rest(at + 2)), local)
        case _:
            return None


def _names(listed: Group) -> tuple[str, ...] | None:
    """The schemas of a list; None if one is not a name, as a placeholder is not."""
    names = []
    for at, node in enumerate(listed.nodes):
        if at % 2:
            if listed.symbol(at) != ",":
                return None
            continue
        name = _name(node)
        if name is None:
            return None
        names.append(name)
    return tuple(names)


def _name(node: Token | Group) -> str | None:
    if isinstance(node, Group) or node.kind is Kind.SYMBOL or node.text == ANY_NAME:
        return None
    return node.text if node.kind is not Kind.LITERAL else _text(node)


def _text(node: Token | Group | None) -> str | None:
    """What a plain literal says."""
    if not isinstance(node, Token) or node.kind is not Kind.LITERAL or "\\" in node.text:
        return None
    is_plain = len(node.text) > 1 and node.text.startswith("'") and node.text.endswith("'")
    return node.text[1:-1].replace("''", "'") if is_plain else None


_LOCAL: Mapping[str, bool] = {"true": True, "false": False}


def _configured(statement: Group) -> Searched | None:
    """What set_config() sets; read where it is all that the statement does."""
    calls = [call for call in _calls(statement) if _text(call.node(0)) in {SEARCH_PATH, None}]
    if not calls:
        return None
    call, words = calls[0], statement.words
    value, local = _text(call.node(2)), call.word(4)
    is_alone = len(calls) == 1 and call in statement.nodes and words[0] == "select"
    is_read = _text(call.node(0)) == SEARCH_PATH and local in _LOCAL and len(call.nodes) == 5
    is_certain = is_alone and is_read and {"from", "where"}.isdisjoint(words)
    if value is None or not is_certain:
        return Searched()
    return Searched(_names(next(statements_of(value))), _LOCAL[local])


def _calls(statement: Group) -> Iterator[Group]:
    """What stands in the parentheses of each call of set_config()."""
    groups = [statement]
    while groups:
        group = groups.pop()
        for at, node in enumerate(group.nodes):
            if isinstance(node, Group):
                groups.append(node)
                if group.word(at - 1) == "set_config":
                    yield node
