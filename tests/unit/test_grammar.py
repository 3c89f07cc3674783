"""What the scanner tells of a statement is what Postgres' own grammar tells, or it says any table.

pgparse is that grammar; it parses what a server of one version parses, and no placeholders, so it
judges the scanner here and does not replace it (docs/decisions.md).
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pgparse
import pytest

from headstart.fingerprint.catalog.names import qualified
from headstart.fingerprint.statements.effects import ANY_TABLE, work_of
from headstart.fingerprint.statements.keywords import BEFORE, KEYWORDS
from headstart.fingerprint.statements.known_functions import HARMLESS
from headstart.fingerprint.statements.scan import Scan
from headstart.fingerprint.statements.sql_tables import is_known_function, tables_made
from headstart.fingerprint.statements.sql_tree import statements_of

Tree = dict[str, Any]
TESTS = Path(__file__).parents[1]
SOURCES = [
    TESTS / "unit/test_effects.py",
    TESTS / "unit/test_sql_tables.py",
    *sorted((TESTS / "projects").rglob("versions/*.py")),
]
QUERIES = {
    "SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "ExplainStmt",
    "PrepareStmt", "DeclareCursorStmt", "CopyStmt", "CreateTableAsStmt",
}  # fmt: skip
WRITING = {"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"}
SYNTAX = {"pg_collation_for", "similar_to_escape", "overlaps"}
"""Functions of the server that the grammar puts for what is written otherwise."""


def parsed(sql: str) -> list[Tree]:
    """The statements' trees; none where the grammar does not know the text."""
    try:
        return [each["stmt"] for each in pgparse.parse(sql) if "stmt" in each]
    except pgparse.PGQueryError:
        return []


def texts() -> Iterator[str]:
    """Every text of the sources that is SQL."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def nodes(tree: object, kind: str = "") -> Iterator[tuple[str, Tree]]:
    """All nodes of a tree with what they are."""
    if isinstance(tree, dict):
        yield kind, tree
    children = tree.items() if isinstance(tree, dict) else ()
    for name, each in children:
        yield from nodes(each, name)
    for each in tree if isinstance(tree, list) else ():
        yield from nodes(each, kind)


def name_of(relation: Tree) -> str:
    return qualified(relation.get("schemaname", ""), relation["relname"])


def written_by(tree: Tree) -> set[str]:
    """The tables whose rows a statement writes, and those that it drops."""
    kind, body = next(iter(tree.items()))
    if kind in QUERIES:
        copied = (
            {name_of(body["relation"])} if kind == "CopyStmt" and body.get("is_from") else set()
        )
        found = {name_of(each["relation"]) for kind, each in nodes(tree) if kind in WRITING}
        return {name for name in found | copied if not name.startswith(("pg_", "information_"))}
    if kind == "TruncateStmt":
        return {name_of(each["RangeVar"]) for each in body["relations"]}
    if kind == "DropStmt" and body["removeType"] == "OBJECT_TABLE":
        dropped = ([each["String"]["sval"] for each in o["List"]["items"]] for o in body["objects"])
        return {qualified(parts[-2] if len(parts) > 1 else "", parts[-1]) for parts in dropped}
    if kind == "RenameStmt" and body["renameType"] in {"OBJECT_TABLE", "OBJECT_COLUMN"}:
        return {name_of(body["relation"])} if "OBJECT_TABLE" in str(body) else set()
    if kind == "AlterTableStmt" and body["objtype"] == "OBJECT_TABLE":
        taken = {"AT_DropColumn", "AT_AlterColumnType", "AT_DetachPartition"}
        takes = any(each["AlterTableCmd"]["subtype"] in taken for each in body["cmds"])
        return {name_of(body["relation"])} if takes else set()
    return {name_of(body["relation"])} if kind == "RefreshMatViewStmt" else set()


def called_by(tree: Tree) -> set[str]:
    """The functions that a query calls by name."""
    if next(iter(tree)) not in QUERIES or "MATVIEW" in str(tree):
        return set()
    calls = (each["funcname"] for kind, each in nodes(tree) if kind == "FuncCall")
    names = ([part["String"]["sval"] for part in call][-2:] for call in calls)
    found = {qualified(parts[0] if parts[1:] else "", parts[-1]) for parts in names}
    return {name for name in found if name.removeprefix("pg_catalog.") not in SYNTAX}


def made_by(tree: Tree) -> set[str]:
    """The tables that stay, which a statement makes."""
    kind, body = next(iter(tree.items()))
    made: list[Tree] = [body["relation"]] if kind == "CreateStmt" else []
    if kind in QUERIES and "MATVIEW" not in str(body.get("objtype")):
        made = [each["rel"] for name, each in nodes(tree) if name in {"into", "intoClause"}]
    if kind == "RenameStmt" and body["renameType"] == "OBJECT_TABLE":
        made = [{**body["relation"], "relname": body["newname"]}]
    return {name_of(each) for each in made if each.get("relpersistence") != "t"}


def faults(sql: str) -> list[str]:
    """What the grammar sees in a statement that the scanner does not see."""
    trees = parsed(sql)
    temporary = {name_of(each) for _, each in nodes(trees) if each.get("relpersistence") == "t"}
    written: set[str] = set().union(*map(written_by, trees)) - temporary
    called: set[str] = set().union(*map(called_by, trees))
    runs_any = any(not {"DoStmt", "CallStmt", "ExecuteStmt"}.isdisjoint(tree) for tree in trees)
    tables, made = work_of([sql], changes_schema=False).tables, tables_made(sql)
    strange = {each for each in called if not HARMLESS.fullmatch(each)}
    found = []
    if ANY_TABLE not in tables:
        found += [f"writes {each}" for each in sorted(written - tables)]
        found += ["may write any"] if runs_any or (strange and not tables) else []
    if made is not None:
        names = {qualified(schema or "", name) for schema, name in made}
        found += [f"makes {each}" for each in sorted(set().union(*map(made_by, trees)) - names)]
        found += [f"calls {each}" for each in called if not is_known_function(each)]
        found += ["may make any"] if runs_any else []
    return found


def test_the_scanner_misses_nothing_that_the_grammar_sees() -> None:
    judged = [text for text in texts() if parsed(text)]
    assert len(judged) > 200
    assert {text: found for text in judged if (found := faults(text))} == {}


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM ONLY (t)",
        "UPDATE ONLY (s.t) SET a = 1",
        "UPDATE t * AS set SET (a, b) = (1, 2)",
        "TRUNCATE ONLY (a), b *",
        "ALTER TABLE t * RENAME COLUMN a TO b",
        "ALTER TABLE ONLY (t) DROP COLUMN a",
        "SELECT insert INTO t FROM s",
        "DELETE FROM \N{NO-BREAK SPACE}b",
        "INSERT INTO \N{GRINNING FACE} VALUES (1)",
        "DELETE FROM x\N{ARABIC-INDIC DIGIT ONE}",
        "SELECT 1 FROM a JOIN b ON a.x OPERATOR(pg_catalog.=) fill(b.x)",
        "SELECT 1 FROM t TABLESAMPLE system(fill(1))",
        "SELECT 1 FROM a JOIN b ON a.x LIKE b.x ESCAPE fill(1)",
        "SELECT * FROM fill(1) AS f(values int), t",
        "SELECT * FROM fill(1) AS (values int)",
        "WITH x AS (UPDATE ONLY (t) SET a = 1 RETURNING a) SELECT * FROM x",
    ],
)
def test_a_statement_that_is_seldom_written_so_is_no_exception(sql: str) -> None:
    assert parsed(sql)
    assert faults(sql) == []


CALLS = [
    "SELECT {}('t')", "SELECT a, {}('t') FROM b", "SELECT 1 WHERE NOT {}(1)", "VALUES ({}(1))",
    "SELECT 1 FROM a JOIN b ON {}(a)", "SELECT DISTINCT ON (a) {}(b) FROM c", "SELECT -{}(1)",
    "SELECT CASE WHEN a THEN {}(1) END", "SELECT 1 FROM {}(1) x", "SELECT ARRAY[{}(1)]",
    "SELECT 1 FROM a, {}(1) AS x(values int)", "SELECT 1 OPERATOR(pg_catalog.+) {}(2)",
    "SELECT 1 FROM a JOIN b ON a.x OPERATOR(pg_catalog.=) {}(2)", "SELECT 1 LIMIT {}(1)",
    "INSERT INTO t SELECT 1 FROM a JOIN b ON {}(a) ON CONFLICT (x) WHERE y DO NOTHING",
    "SELECT f(VARIADIC {}(1))", "SELECT 1 FROM a JOIN b ON c LIKE d ESCAPE {}(a)",
    "SELECT 1 FROM a TABLESAMPLE system({}(1))", "SELECT substring(a FROM {}(1) FOR 2)",
    "SELECT sum(x) OVER (ORDER BY {}(a) ROWS 1 PRECEDING)", "SELECT 1 GROUP BY a, {}(b)",
    "SELECT {}(1) OVER ()", "SELECT {}(1) FILTER (WHERE b)", "SELECT x AT TIME ZONE {}(1)",
    "SELECT a IN ({}(1))", "SELECT (a).b, {}(1)", "SELECT a[1] = {}(1)", "SELECT row({}(1))",
    "SELECT 1 FROM s ORDER BY a USING <, {}(1)", "SELECT 1 WHERE a IS DISTINCT FROM {}(1)",
    "SELECT interval '1' second, {}(1)", "SELECT 1 FROM a CROSS JOIN LATERAL {}(1)",
    "SELECT 1 FROM ROWS FROM ({}(1), f(2)) x", "SELECT x IS NOT NULL AND {}(1)",
    "SELECT 1 FROM XMLTABLE('x' PASSING {}(1) COLUMNS a int)", "TABLE a ORDER BY {}(1)",
    "SELECT 1 FROM a WHERE x ISNULL OR {}(1)", "SELECT 1 FETCH FIRST ({}(1)) ROWS ONLY",
    "WITH x(a) AS NOT MATERIALIZED (SELECT {}(1)) SELECT 1", "SELECT cast({}(1) AS int)",
    "SELECT trim(both {}(1) from a)", "SELECT overlay(a placing {}(1) from 2)",
    "EXPLAIN (ANALYZE) SELECT {}(1)", "PREPARE p AS SELECT {}(1)", "COPY (SELECT {}(1)) TO STDOUT",
    "SELECT 1 FROM (a JOIN {}(1) x ON true)", "SELECT 1 FROM a x JOIN {}(1) AS y(z) ON TRUE",
]  # fmt: skip


@pytest.mark.parametrize("word", sorted(KEYWORDS | BEFORE.keys() | {"fill"}))
def test_a_function_is_told_from_the_keyword_of_its_name(word: str) -> None:
    for sql in (each.format(word) for each in CALLS):
        called = set().union(*map(called_by, parsed(sql)))
        if word in called:
            scanned = Scan.of(next(iter(statements_of(sql)))).called
            assert word in scanned, sql
