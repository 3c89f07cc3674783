"""The keywords of SQL that look like a function's name, and the functions named so. Pure.

`UPDATE t SET (a, b) = ..` has a keyword, and `SELECT set('t')` calls a function: what stands before
the word tells them apart. tests/unit/test_grammar.py compares that with Postgres' own grammar.
"""

QUERIES = {"select", "with", "values", "table", "insert", "update", "delete", "merge"}
KEYWORDS = {
    "all", "and", "any", "array", "as", "asymmetric", "between", "both", "by", "case",
    "conflict", "cross", "cube", "distinct", "do", "else", "end", "escape", "except", "exists",
    "explain", "fetch", "filter", "from", "full", "group", "having", "ilike", "in", "inner",
    "insert", "intersect", "into", "is", "isnull", "join", "lateral", "leading", "left", "like",
    "limit", "materialized", "natural", "not", "notnull", "offset", "on", "only", "operator",
    "or", "order", "outer", "over", "overlaps", "partition", "passing", "placing", "range",
    "recursive", "returning", "right", "rollup", "row", "rows", "select", "set", "sets",
    "similar", "some", "symmetric", "table", "then", "to", "trailing", "union", "update",
    "using", "values", "variadic", "varying", "verbose", "when", "where", "with", "within",
    "zone",
}  # fmt: skip
"""What stands before a parenthesis and is no function, or before a function and is no name."""
BEFORE: dict[str, tuple[str, ...]] = {
    "by": ("group", "order", "partition"),
    "conflict": ("on",),
    **dict.fromkeys(("cube", "rollup"), ("group by",)),
    **dict.fromkeys(("escape", "ilike", "like", "passing"), ("x", "()", "x not")),
    "explain": ("start",),
    **dict.fromkeys(("filter", "over", "overlaps"), ("()",)),
    "insert": ("then",),
    "join": ("x", "()", "cross", "full", "inner", "left", "outer", "right"),
    "operator": ("x", "()"),
    "set": ("update",),
    **dict.fromkeys(("sets", "varying", "zone"), ("x",)),
    "verbose": ("explain", "x"),
    **dict.fromkeys(
        (
            "cross", "full", "inner", "is", "isnull", "left", "materialized", "natural", "notnull",
            "outer", "partition", "range", "recursive", "right", "rows", "similar", "update",
            "within",
        ),
        (),
    ),
}  # fmt: skip
"""The keywords that a function may be called, too; and what stands before one that is none.

`x` is an operand, `()` one in parentheses. What is not recognized as a keyword counts as a call.
"""
AFTER = {"explain": QUERIES | {"create", "execute"}, "insert": {"overriding", "values"}}
"""Two of them, with what stands behind the parenthesis then."""
