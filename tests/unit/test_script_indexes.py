"""The text of a script tells which indexes its upgrade() builds, and which it drops."""

import ast
from textwrap import dedent, indent

import pytest

from headstart.fingerprint.statements.sql_indexes import NamedIndex, indexes_dropped, indexes_made
from headstart.revisions.script_indexes import ScriptIndexes, indexes_of

TOP = "import sqlalchemy as sa\nfrom alembic import op\nNAME = 'ix'\n"


def script(body: str, more: str = "") -> ScriptIndexes:
    """What a script with this upgrade() tells."""
    upgrade = indent(dedent(body).strip(), "    ")
    return indexes_of(ast.parse(f"{TOP}def upgrade():\n{upgrade}\n{dedent(more)}"))


def named(indexes: frozenset[NamedIndex]) -> set[str]:
    """Each as [schema.]table.name."""
    return {".".join(filter(None, (each.schema, each.table, each.name))) for each in indexes}


@pytest.mark.parametrize(
    ("body", "indexes"),
    [
        ('op.create_index("ix", "a", ["x"])', "a.ix"),
        ('op.create_index(op.f("ix"), "a", ["x"], schema="s")', "s.a.ix"),
        ('op.create_index(index_name=NAME, table_name="a", columns=["x"], schema=None)', "a.ix"),
        ('op.create_index("i" + "x", "a", [sa.text("lower(x)")], if_not_exists=True)', "a.ix"),
        ('with op.batch_alter_table("a") as b:\n    b.create_index(b.f("ix"), ["x"])', "a.ix"),
        ('with op.batch_alter_table("a") as b:\n    b.create_index("ix", ["x"])', "a.ix"),
        ('with op.batch_alter_table("a", "s") as b:\n    b.create_index("ix", ["x"])', "s.a.ix"),
        ('op.execute("CREATE INDEX ix ON a (x); CREATE UNIQUE INDEX iy ON b (x)")', "a.ix b.iy"),
        ('op.execute(sa.text(f"CREATE INDEX CONCURRENTLY {NAME} ON a (x)"))', "a.ix"),
        (
            'op.get_bind().exec_driver_sql("create index ix on only s.a (x)")',
            "s.a.ix",
        ),
        ("build()", "a.ix"),
        ('op.create_index(None, "a", ["x"])', ""),
        ('op.create_index("".join("ix"), "a", ["x"])', ""),
        ('op.create_index("ix", "a", ["x"], schema=where())', ""),
        ('for n in "xy":\n    op.create_index(f"ix_{n}", "a", [n])', ""),
        ('op.create_index(*["ix", "a"], ["x"])', ""),
        ('op.execute("CREATE INDEX ON a (x)")', ""),
        ('op.create_table("a", sa.Column("x", sa.Integer, index=True))', ""),
    ],
)
def test_an_index_with_a_literal_name_is_found_wherever_it_is_built(
    body: str, indexes: str
) -> None:
    helper = 'def build():\n    op.create_index("ix", "a", ["x"])\n'
    assert named(script(body, helper).made) == set(indexes.split())


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ('op.execute("ALTER INDEX ix RENAME TO iz")\nop.create_index("ix", "a", ["x"])', "ix"),
        ('op.execute("CREATE INDEX ix ON a (x); ALTER INDEX ix RENAME TO iz")', ""),
        (
            'op.create_index("ix", "a", ["x"])\nop.execute("ALTER INDEX ix SET (fillfactor = 50)")',
            "",
        ),
        ('op.execute("REINDEX INDEX CONCURRENTLY s.ix")', "ix"),
        ('op.execute("ALTER INDEX IF EXISTS ix RENAME TO iz")', ""),
        ('op.drop_index("ix", table_name="a")', "ix"),
        ('op.drop_index(op.f("ix"), if_exists=True)', ""),
        ('op.execute("DROP INDEX CONCURRENTLY s.ix, iy CASCADE")', "ix iy"),
        ('op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix")', ""),
        ('op.execute("DROP TABLE ix")', ""),
    ],
)
def test_a_drop_counts_that_fails_without_the_index(body: str, names: str) -> None:
    assert script(body).dropped == set(names.split())


def test_a_downgrade_is_not_read() -> None:
    told = script("pass", 'def downgrade():\n    op.drop_index("ix")\n')
    assert told == ScriptIndexes()


def test_sql_is_read_as_the_server_reads_it() -> None:
    made = indexes_made('/* a */ CREATE INDEX "Ix ""a" -- b\n ON "S"."T" USING gin (x)')
    assert made == {NamedIndex("S", "T", 'Ix "a')}
    assert indexes_made("SELECT 'CREATE INDEX ix ON a (x)'") == frozenset()
    assert indexes_made(f"CREATE INDEX {'i' * 70} ON a (x)") == {NamedIndex(None, "a", "i" * 63)}
    assert indexes_made("CREATE INDEX U&'ix' ON a (x)") == frozenset()
    assert indexes_dropped('DROP INDEX "A b", s."c"') == {"A b", "c"}
