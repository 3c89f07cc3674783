"""Where each statement of a text of SQL stands, and what it is about. Pure; knows no grammar.

>>> [each.subject.tables for each in placed("CREATE INDEX i ON jobs (id); DROP TABLE a, b.c")]
[((None, 'jobs'),), ((None, 'a'), ('b', 'c'))]
"""

from collections.abc import Iterator

from headstart.fingerprint.catalog.lexer import parts, token_pattern
from headstart.fingerprint.statements.session import Session, session_of
from headstart.fingerprint.statements.sql_tree import Group, statements_of
from headstart.fingerprint.statements.subject import Subject, subject_of
from headstart.values import dataclass

_PATTERN = token_pattern()


@dataclass(frozen=True)
class Placed:
    """A statement: its text from `start` to `end`, in characters, and what it is about.

    `session` is what it changes in the session.
    """

    text: str
    start: int
    end: int
    subject: Subject
    session: Session


def placed(sql: str) -> Iterator[Placed]:
    """Each statement of the text, with what stands in front of it."""
    start = 0
    for end in _semicolons(sql):
        statement, *rest = statements_of(sql[start:end])
        if rest:  # else the semicolon stands in a routine's body
            if statement.nodes:
                yield _placed(sql, start, end, statement)
            start = end
    last = next(statements_of(sql[start:]))
    if last.nodes:
        yield _placed(sql, start, len(sql), last)


def _placed(sql: str, start: int, end: int, statement: Group) -> Placed:
    return Placed(sql[start:end], start, end, subject_of(statement), session_of(statement))


def _semicolons(sql: str) -> Iterator[int]:
    at = 0
    for kind, text in parts(_PATTERN, sql):
        at += len(text)
        if kind == "symbol" and text == ";":
            yield at
