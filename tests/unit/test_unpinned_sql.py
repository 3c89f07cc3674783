"""What is sent on env.py's connection, whose search_path is env.py's own, looks nothing up in it.

Of rarer situations, too: behind a pooler, after a lost transaction. What is sent on our own
connections is pinned by Connection.execute; tests/integration/test_planted_verbs.py reads both in
the server's log.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.harness.environment import ROOT
from tests.integration.unpinned import looked_up

SENDERS = (
    "worker", "sessions", "configured", "transaction_sql", "begun", "env_calls",
    "scratch_only", "hidden_table",
)  # fmt: skip
"""Modules of revisions/ that send SQL on it without the pin."""
FOLDER = ROOT / "headstart" / "revisions"


def statements(module: str) -> Iterator[str]:
    """The texts of a module that name something in pg_catalog, with x for what is put in."""
    tree = ast.parse((FOLDER / f"{module}.py").read_text())
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
             for part in node.values}  # fmt: skip
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in parts | prose:
            continue
        match node:
            case ast.JoinedStr(values=values):
                text = "".join(
                    str(each.value) if isinstance(each, ast.Constant) else "x" for each in values
                )
            case ast.Constant(value=str() as text):
                pass
            case _:
                continue
        if "pg_catalog." in text:
            yield text


@pytest.mark.parametrize("module", SENDERS)
def test_each_operator_function_and_cast_is_named_in_pg_catalog(module: str) -> None:
    assert {text: found for text in statements(module) if (found := looked_up(text))} == {}


def test_all_who_send_there_are_looked_at() -> None:
    """But who pins first (reading), and who changes what Alembic sends."""
    named = {file.stem for file in FOLDER.glob("*.py") if [*statements(file.stem)]}
    assert named - {"reading", "alembics_own"} == set(SENDERS)


@pytest.mark.parametrize(
    "sql",
    ["SELECT a = b", "SELECT x::text", "SELECT lower(x)", "SELECT a IN (1, 2)", "SELECT a LIKE 'x'",
     "SELECT CASE a WHEN 1 THEN 2 END", "SELECT a BETWEEN 1 AND 2", "SELECT NULLIF(a, b)"],
)  # fmt: skip
def test_what_is_looked_up_is_seen(sql: str) -> None:
    assert looked_up(sql)
