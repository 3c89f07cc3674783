"""What a statement changes in its session, as far as its text tells."""

import pytest

from headstart.fingerprint.statements.session import Searched, session_of
from headstart.fingerprint.statements.sql_tree import statements_of

SEARCHES: dict[str, tuple[tuple[str, ...] | None, bool]] = {
    "SET search_path TO o": (("o",), False),
    "set SESSION search_path = o, 'P q', \"R\"": (("o", "P q", "R"), False),
    'SET LOCAL search_path TO "$user", public': (("$user", "public"), True),
    "SET SCHEMA 'o'": (("o",), False),
    "SET search_path TO %(path)s": (None, False),
    'SET search_path TO U&"o"': (None, False),
    "SELECT set_config('search_path', 'o, \"P q\"', true)": (("o", "P q"), True),
    "SELECT pg_catalog.set_config('search_path', 'o', false) AS done": (("o",), False),
    "SELECT set_config('search_path', 'o,' || x, false) FROM y": (None, False),
    "SELECT set_config('search_path', 'o', false) FROM y": (None, False),
    "SELECT set_config('search_path', 'o', x)": (None, False),
    "SELECT set_config(x, 'o', false)": (None, False),
    "INSERT INTO t SELECT set_config('search_path', 'o', false)": (None, False),
    "SELECT (SELECT set_config('search_path', 'o', false))": (None, False),
}


@pytest.mark.parametrize("sql", SEARCHES)
def test_a_search_path_is_read_or_is_not_known(sql: str) -> None:
    schemas, local = SEARCHES[sql]
    found = session_of(next(statements_of(sql))).searches
    assert found == Searched(schemas, local)


@pytest.mark.parametrize(
    "sql", ["RESET search_path", "RESET ALL", "DISCARD ALL", "SET search_path TO DEFAULT"]
)
def test_the_path_of_the_beginning_comes_back(sql: str) -> None:
    assert session_of(next(statements_of(sql))).searches == Searched(original=True)


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER ROLE r SET search_path TO o",
        "ALTER DATABASE d SET search_path TO o",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path TO o AS 'SELECT 1'",
        "SET lock_timeout TO 1",
        "SELECT set_config('lock_timeout', '1', false)",
        "SELECT 'SET search_path TO o'",
        "ROLLBACK TO SAVEPOINT s",
    ],
)
def test_what_leaves_the_session_alone(sql: str) -> None:
    session = session_of(next(statements_of(sql)))
    assert (session.searches, session.ends) == (None, False)
