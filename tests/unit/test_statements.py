"""What is sent on env.py's connection names every operator, function and type by pg_catalog.

Its search_path is the user's, and somebody else's schema may be in it. On a connection of ours the
search_path is pinned instead.
"""

import ast
import re
from pathlib import Path

import pytest

import headstart
from headstart.facts.sql import NO_JIT, PINNED, pinned
from headstart.postgres.advisory_lock import held_condition
from headstart.revisions.alembics_own import _send

PACKAGE = Path(headstart.__file__).parent
SQL = re.compile(r"pg_catalog\.|^\s*\(?(SELECT|WITH|FROM|WHERE|FILTER|AND)\b")
UNQUALIFIED = {
    "a cast": re.compile(r"::(?!pg_catalog\.)"),
    "an operator": re.compile(r"(?<![\w(.<>=!|~])(=|<>|!=|<=?|>=?|\|\||~~?|!~)(?=[\s'(])"),
    "a keyword that looks for an operator": re.compile(
        r"\b(LIKE|IN|BETWEEN|NULLIF|CASE \w|USING|DISTINCT FROM)\b"
    ),
    "a function": re.compile(r"(?<![\w.])[a-z_]+\("),
    "a relation": re.compile(r"\b(FROM|JOIN) pg_(?!catalog\.)"),
}


def texts(file: Path) -> list[str]:
    """Every text in a file that is SQL, or a part of it."""
    tree = ast.parse(file.read_text())
    told = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    documented = {
        ast.get_docstring(node, clean=False)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
    }
    return [t for t in told if isinstance(t, str) and SQL.search(t) and t not in documented]


def mistakes(sql: str) -> list[str]:
    """What of a text is looked up by the search_path."""
    bare = re.sub(r"'[^']*'", "''", sql)
    bare = re.sub(r"OPERATOR\(pg_catalog\.[^)]+\)", "", bare)
    return [what for what, pattern in UNQUALIFIED.items() if pattern.search(bare)]


@pytest.mark.parametrize("file", sorted(PACKAGE.glob("revisions/*.py")), ids=lambda f: f.stem)
def test_nothing_is_left_to_the_search_path_of_env(file: Path) -> None:
    if file.stem == "alembics_own":  # Alembic's statements, to be found
        return
    assert {text: mistakes(text) for text in texts(file) if mistakes(text)} == {}


def test_nor_in_the_question_whether_the_lock_is_held() -> None:
    assert mistakes(held_condition(2**62 - 1)) == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT l.classid = 1 FROM pg_catalog.pg_locks l",
        "SELECT x::text FROM pg_catalog.pg_class",
        "SELECT 'a' || b FROM pg_catalog.pg_class",
        "SELECT current_schema() FROM pg_catalog.pg_class",
        " WHERE s.name IN ('a')",
        " AND s.name LIKE 'a%'",
        "SELECT 1 FROM pg_class",
    ],
)
def test_the_check_finds_what_it_should(sql: str) -> None:
    assert mistakes(sql) != []


@pytest.mark.parametrize(
    ("sql", "sent"),
    [
        ("SELECT 1", f"{PINNED}; {NO_JIT}; SELECT 1"),
        ("BEGIN; SELECT 1", f"BEGIN; {PINNED}; {NO_JIT}; SELECT 1"),
        ("ROLLBACK; BEGIN; SELECT 1", f"ROLLBACK; {PINNED}; {NO_JIT}; BEGIN; SELECT 1"),
        ("ROLLBACK TO SAVEPOINT x", "ROLLBACK TO SAVEPOINT x"),
        ("COMMIT", "COMMIT"),
    ],
)
def test_the_search_path_is_pinned_before_anything_is_looked_up(sql: str, sent: str) -> None:
    """What ends a failed transaction stays in front: nothing else is heard in one."""
    assert pinned(sql) == sent


@pytest.mark.parametrize(
    ("sql", "sent"),
    [
        (
            ("UPDATE app.v SET version_num='2' WHERE app.v.version_num = '1'"),
            ("UPDATE app.v SET version_num='2' WHERE app.v.version_num OPERATOR(pg_catalog.=) '1'"),
        ),
        (
            "UPDATE v SET version_num='a = b' WHERE v.version_num = 'c = d'",
            "UPDATE v SET version_num='a = b' WHERE v.version_num OPERATOR(pg_catalog.=) 'c = d'",
        ),
        (
            "DELETE FROM v WHERE v.version_num = '1'",
            "DELETE FROM v WHERE v.version_num OPERATOR(pg_catalog.=) '1'",
        ),
        (
            (
                "SELECT pg_catalog.pg_class.relname \nFROM pg_catalog.pg_class JOIN n ON a = b"
                " WHERE relname IN (%(x)s) AND k = ANY (ARRAY['r']) AND m != 'c'"
            ),
            (
                "SELECT pg_catalog.pg_class.relname \nFROM pg_catalog.pg_class JOIN n ON a"
                " OPERATOR(pg_catalog.=) b WHERE relname OPERATOR(pg_catalog.=) ANY (ARRAY[%(x)s])"
                " AND k OPERATOR(pg_catalog.=) ANY (ARRAY['r']) AND m OPERATOR(pg_catalog.<>) 'c'"
            ),
        ),
    ],
)
def test_alembics_own_statements_compare_by_the_servers_operators(sql: str, sent: str) -> None:
    assert _send(None, None, sql, {}, None, False) == (sent, {})


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE t SET a = 1 WHERE t.b = '1'",
        "SELECT a FROM b WHERE c = 'x'",
    ],
)
def test_no_other_statement_is_touched(sql: str) -> None:
    assert _send(None, None, sql, {}, None, False) == (sql, {})
