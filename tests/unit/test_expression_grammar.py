"""Two printed expressions have one normal form exactly when Postgres' own grammar has one tree.

What the normal form drops on purpose is dropped from the trees, too: `simplified` is that policy.
The rest is compared: where brackets, names and literals begin and end. No minus stands before a
number here: the grammar makes one constant of them, and a server never prints them so.
"""

import ast
import json
import random
import re
from pathlib import Path
from typing import Any

import pgparse

from headstart.fingerprint.catalog.expressions import normal_expression

ROWS = Path(__file__).with_name("test_expressions.py")
ATOMS = [
    "a", "b", '"A"', "1", "2", "'a'", "'1'", "NULL", "true", "s.x", "1.5", "'it''s'", "a.f",
]  # fmt: skip
TYPES = [
    "text", "character varying", "character varying(5)", "integer", "numeric", "date", "bpchar",
    "timestamp with time zone", "text[]", "mood", '"char"', "double precision", "numeric[]",
]  # fmt: skip
SHAPES = [
    "({} + {})", "({} || {})", "({} ->> {})", "({} - {})", "({} AND {})", "({} OR {})",
    "({} AND {} AND {})", "({} OR {} OR {})", "(NOT {})", "({} IS NULL)", "({} IS NOT NULL)",
    "({} IS DISTINCT FROM {})", "({} = ANY ({}))", "({} <> ALL ({}))", "f({}, {})", "s.g({})",
    "COALESCE({}, {})", "CASE WHEN {} THEN {} ELSE {} END", "ARRAY[{}, {}]", "ROW({}, {})",
    "(({})[1])", "({})[{}]", "({} AT TIME ZONE {})", "timezone({}, {})", "TRIM(BOTH FROM {})",
    "btrim({})", "EXTRACT(year FROM {})", "date_part('year'::text, {})", '"substring"({}, {})',
    "SUBSTRING({} FROM {})", "(- lower({}))", "({}).f", '({} COLLATE "C")',
]  # fmt: skip
TEXTS = {"text", "bpchar", "varchar"}
NUMBERS = {"int2", "int4", "int8", "float4", "float8", "numeric"}
NUMBER = re.compile(r"-?\d+\.?\d*(?:[eE][+-]?\d+)?")


def printed(chosen: random.Random, depth: int) -> str:
    """An expression as a server prints one, in brackets wherever it has parts."""
    if depth == 0 or chosen.random() < 0.2:
        return chosen.choice(ATOMS)
    if chosen.random() < 0.15:
        return f"({printed(chosen, depth - 1)})::{chosen.choice(TYPES)}"
    shape = chosen.choice(SHAPES)
    return shape.format(*(printed(chosen, depth - 1) for _ in range(shape.count("{}"))))


def tree_of(expression: str) -> str | None:
    """What the grammar makes of it, as text; None where it is none."""
    try:
        [statement] = pgparse.parse(f"SELECT {expression}")
        [target] = statement["stmt"]["SelectStmt"]["targetList"]
    except (pgparse.PGQueryError, ValueError, KeyError):
        return None
    return json.dumps(simplified(target["ResTarget"]["val"]), sort_keys=True)


def simplified(node: Any) -> Any:
    """A tree without places, and without what is the same on another server or after a restore."""
    if isinstance(node, list):
        return [simplified(each) for each in node]
    if not isinstance(node, dict):
        return node
    tree = {key: simplified(each) for key, each in node.items() if key != "location"}
    match tree:
        case {"TypeCast": {"arg": operand, "typeName": kind}}:
            return operand if drops_cast(operand, kind) else tree
        case {"A_Const": {"ival": dict() as value}}:
            return {"number": str(value.get("ival", 0))}
        case {"A_Const": {"fval": {"fval": value}}}:
            return {"number": value}
        case {"BoolExpr": {"boolop": "AND_EXPR" | "OR_EXPR" as operation, "args": [first, *rest]}}:
            inner = first.get("BoolExpr", {})  # (a AND b) AND c is a AND b AND c
            if inner.get("boolop") == operation:
                tree["BoolExpr"]["args"] = [*inner["args"], *rest]
        case {"FuncCall": {"funcformat": "COERCE_SQL_SYNTAX"} as call}:
            tree["FuncCall"] = {**plain(call), "funcformat": "COERCE_EXPLICIT_CALL"}
    return tree


def plain(call: dict[str, Any]) -> dict[str, Any]:
    """What is written with keywords, as the function that it calls."""
    name = call["funcname"][-1]["String"]["sval"]
    if name in {"normalize", "is_normalized"}:  # (x IS NFKD NORMALIZED)
        for each in call["args"][1:]:
            each["A_Const"]["sval"]["sval"] = each["A_Const"]["sval"]["sval"].lower()
    function = {"extract": "date_part"}.get(name, name)
    return {**call, "funcname": [{"String": {"sval": function}}]}


def drops_cast(operand: dict[str, Any], kind: dict[str, Any]) -> bool:
    """Casts to text go, and those of numbers to numbers, which then are no texts any more."""
    *schema, name = (each["String"]["sval"] for each in kind["names"])
    if schema not in ([], ["pg_catalog"]) or name not in TEXTS | NUMBERS:
        return False
    if name in TEXTS:
        return True
    if "arrayBounds" in kind:
        elements = operand.get("A_ArrayExpr", {}).get("elements", [{}])
        return all("number" in each for each in elements)
    value = operand.get("A_Const", {}).get("sval", {}).get("sval", "")
    if NUMBER.fullmatch(value):
        operand.clear()
        operand["number"] = value
    return "number" in operand


def test_one_form_is_one_tree_and_one_tree_is_one_form() -> None:
    made = [printed(chosen, 3) for chosen in map(random.Random, range(8_000))]
    rows = (
        each for each in ast.walk(ast.parse(ROWS.read_text())) if isinstance(each, ast.Constant)
    )
    texts = [each.value for each in rows if isinstance(each.value, str) and each.value[:1] == "("]
    trees: dict[str, dict[str, str]] = {}
    forms: dict[str, dict[str, str]] = {}
    for text in [*made, *texts]:
        if tree := tree_of(text):
            form = normal_expression(text)
            trees.setdefault(form, {}).setdefault(tree, text)
            forms.setdefault(tree, {}).setdefault(form, text)
    assert len(forms) > 4_000
    assert [list(each.values()) for each in trees.values() if len(each) > 1] == []
    assert [list(each.values()) for each in forms.values() if len(each) > 1] == []
