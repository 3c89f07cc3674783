"""A revision script is told where all it does is known; whatever else it has may make any table."""

import ast
from textwrap import dedent

import pytest

from headstart.revisions.script_tables import MadeTables, tables_of

TOP = "from alembic import op\nimport sqlalchemy as sa\n"


def made(body: str, top: str = TOP) -> MadeTables:
    """What a script with this upgrade() makes."""
    lines = "\n".join(f"    {line}" for line in dedent(body).strip().splitlines())
    return tables_of(ast.parse(f"{dedent(top)}\ndef upgrade() -> None:\n{lines}\n"))


def names(script: MadeTables) -> set[str]:
    """The tables, with their schemas."""
    return {f"{schema}.{table}" if schema else table for schema, table in script.named}


@pytest.mark.parametrize(
    ("body", "tables"),
    [
        ('op.create_table("a", sa.Column("id", sa.Integer, primary_key=True))', "a"),
        ('op.create_table("a", schema="s")', "s.a"),
        ('op.create_table("a", schema=None)', "a"),
        ('op.create_table(table_name="a")', "a"),
        ('name = "a"; op.create_table(name)', "a"),
        ('op.rename_table("a", "b")', "b"),
        ('op.rename_table(old_table_name="a", new_table_name="b", schema="s")', "s.b"),
        ('if True:\n    op.create_table("a")\nelse:\n    op.create_table("b")', "a b"),
    ],
)
def test_a_table_with_a_literal_name_is_named(body: str, tables: str) -> None:
    script = made(body)
    assert (names(script), script.doubt) == (set(tables.split()), None)


@pytest.mark.parametrize(
    ("body", "tables"),
    [
        ('op.execute("CREATE TABLE IF NOT EXISTS a (id int)")', "a"),
        ('op.execute(sa.text("CREATE UNLOGGED TABLE s.a (id int)"))', "s.a"),
        ('op.execute("CREATE TABLE a AS SELECT b FROM c; ALTER TABLE a RENAME TO d")', "a d"),
        ('op.execute("SELECT * INTO a FROM b")', "a"),
        ('op.execute("ALTER TABLE a SET SCHEMA s")', "s.a"),
        ('op.get_bind().execute(sa.text("CREATE TABLE a (id int)"))', "a"),
        ('bind = op.get_bind(); bind.exec_driver_sql("CREATE FOREIGN TABLE a () SERVER b")', "a"),
    ],
)
def test_sql_that_makes_a_table_is_read_for_its_name_but_not_relied_on(
    body: str, tables: str
) -> None:
    script = made(body)
    assert (names(script), script.doubt) == (set(tables.split()), 5)


@pytest.mark.parametrize(
    ("top", "call"),
    [
        ("from alembic import op as o", 'o.create_table("a")'),
        ("import alembic", 'alembic.op.create_table("a")'),
        ("import alembic.op", 'alembic.op.create_table("a")'),
        ("from alembic.op import create_table", 'create_table("a")'),
        ("from alembic.op import create_table as make", 'make("a")'),
    ],
)
def test_an_operation_is_known_by_whatever_name_it_is_imported(top: str, call: str) -> None:
    assert made(call, top) == MadeTables(frozenset({(None, "a")}))


@pytest.mark.parametrize(
    "body",
    [
        "pass",
        'op.add_column("a", sa.Column("b", sa.DateTime(), server_default=sa.func.now()))',
        'op.create_index(op.f("ix"), "a", [sa.text("lower(b)")], postgresql_where=sa.text("b"))',
        'with op.batch_alter_table("a") as batch_op:\n    batch_op.drop_column("b")',
        'with op.get_context().autocommit_block():\n    op.execute("CREATE INDEX i ON a (b)")',
        'op.execute("UPDATE a SET b = lower(b)")',
        'op.execute("CREATE EXTENSION IF NOT EXISTS vector")',
        "op.execute(\"ALTER TYPE state ADD VALUE 'x'; COMMENT ON TABLE a IS 'CREATE TABLE b'\")",
        'op.execute("-- CREATE TABLE a ()\\nDELETE FROM a /* ; CREATE TABLE b () */")',
        'op.execute("INSERT INTO a VALUES ($$; CREATE TABLE b ()$$)")',
        'op.execute("CREATE TEMPORARY TABLE a (id int)")',
        'op.execute("CREATE VIEW a AS SELECT 1; GRANT SELECT ON a TO b")',
        'op.execute("SET LOCAL lock_timeout = 0")',
        'op.get_bind().execute(sa.text("UPDATE a SET b = :b").bindparams(b=1))',
        'a = sa.table("a", sa.column("b")); op.execute(a.update().values(b=sa.func.lower(a.c.b)))',
        'a = sa.table("a", sa.column("b")); op.bulk_insert(a, [{"b": 1}])',
        'op.execute(sa.insert(sa.table("a")).values(b=1))',
        'for row in op.get_bind().execute(sa.text("SELECT id FROM a")).all():\n    print(row[0])',
        'sa.Enum("x", name="e").create(op.get_bind(), checkfirst=True)',
        'e = sa.Enum("x", name="e"); e.drop(op.get_bind())',
        'raise NotImplementedError("no way back")',
    ],
)
def test_what_is_known_to_make_no_table_leaves_no_doubt(body: str) -> None:
    assert made(body) == MadeTables(frozenset())


def test_a_script_of_alembics_template_leaves_no_doubt() -> None:
    top = '''
        """accounts"""
        from typing import Sequence, Union
        from alembic import op
        import sqlalchemy as sa
        from sqlalchemy.dialects import postgresql
        revision: str = "1"
        down_revision: Union[str, Sequence[str], None] = None
        def downgrade() -> None:
            op.drop_table("a")
    '''
    body = 'op.create_table("a", sa.Column("b", postgresql.JSONB(astext_type=sa.Text())))'
    assert made(body, top).doubt is None


@pytest.mark.parametrize(
    "body",
    [
        'op.create_table("a" + "b")',
        'op.create_table(f"a_{1}")',
        'for name in ("a", "b"):\n    op.create_table(name)',
        'name = "a"; name = "b"; op.create_table(name)',
        'name = "a"; name += "b"; op.create_table(name)',
        'op.create_table(*["a"])',
        'op.create_table("a", **{"schema": "s"})',
        'op.create_table("a", schema=op.get_bind().dialect.name)',
        'op.rename_table("a", str(1))',
        "op.execute(open('x').read())",
        'op.execute("CREATE TABLE %s" % "a")',
        'op.execute("CREATE TABLE {}".format("a"))',
        'op.execute(*["CREATE TABLE a ()"])',
        'op.execute("DO $$ BEGIN CREATE TABLE a (); END $$")',
        'op.execute("CALL make()")',
        'op.execute("SELECT make()")',
        'op.execute("UPDATE a SET b = make()")',
        'op.execute("DELETE FROM a; EXECUTE b")',
        'op.execute("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$")',
        'op.execute("CREATE SCHEMA s CREATE TABLE a (id int)")',
        'op.execute("ALTER SCHEMA a RENAME TO b")',
        'op.execute("SET search_path TO s")',
        "op.execute(\"SELECT set_config('search_path', 's', false)\")",
        'op.execute("COPY a FROM PROGRAM \'psql\'")',
        "op.execute('CREATE TABLE U&\"\\\\0061\" ()')",
        'op.execute("MAKE TABLE a")',
        'op.execute(sa.select(sa.text("make()")))',
        'op.execute(sa.select(sa.func.make()))',
        'op.execute(sa.DDL("CREATE TABLE a ()"))',
        'op.execute(sa.schema.CreateTable(sa.Table("a", sa.MetaData())))',
        'op.get_bind().execute(sql())',
        'sa.Table("a", sa.MetaData()).create(op.get_bind())',
        'a = sa.Table("a", sa.MetaData()); a.create(op.get_bind())',
        'sa.MetaData().create_all(op.get_bind())',
        'sorted([op.get_bind()], key=sa.MetaData().create_all)',
        'sorted(["CREATE TABLE a ()"], key=op.get_bind().execute)',
        'sorted(["CREATE TABLE a ()"], key=op.execute)',
        'op.get_bind().connection.cursor().execute("CREATE TABLE a ()")',
        'op.get_bind().engine.connect().execute(x)',
        'op.get_context().impl.create_table(x)',
        'op.run_async(make)',
        'op.invoke(op.create_table)',
        'make = op.create_table; make("a")',
        'o = op; o.create_table("a")',
        '[op][0].create_table("a")',
        'getattr(op, "create" + "_table")("a")',
        'op.__dict__["create_table"]("a")',
        'vars(op)["create_table"]("a")',
        'globals()["op"].create_table("a")',
        'exec("op.create_table(\'a\')")',
        'eval("op.create_table(\'a\')")',
        '__import__("alembic").op.create_table("a")',
        'op.create_hypertable("a")',
        'op.add_column("a", sa.Column("b", server_default=sa.text("1; CREATE TABLE c ()")))',
        'with op.batch_alter_table("a") as batch_op:\n    batch_op.execute("SELECT make()")',
        "(lambda make: make('a'))(op.create_table)",
        'class Made(type(op)):\n    pass',
        '@op.create_table\ndef name():\n    pass',
        'engine = sa.create_engine("postgresql://"); engine.connect()',
        'import uuid\nuuid.os.system("psql")',
        'import subprocess\nsubprocess.run(["psql"])',
        'from importlib import import_module\nimport_module("shop").make()',
        'from shop.models import Base',
        'from . import tables',
        'from alembic.op import *',
        'op = 1\nop.create_table("a")',
        'match op:\n    case made:\n        made.create_table("a")',
    ],
)  # fmt: skip
def test_whatever_is_not_known_may_make_any_table(body: str) -> None:
    assert made(body).doubt is not None


@pytest.mark.parametrize(
    "script",
    [
        "from alembic import op\ndef upgrade(op):\n    op.create_table('a')",
        "from alembic import op\ndef upgrade(**given):\n    given['bind'].execute(given['sql'])",
        "from alembic import op\nop.create_table('a')\nfrom shop import op",
        "from alembic import op\nasync def upgrade():\n    await op.create_table('a')",
        "from alembic import op\nimport shop as op\ndef upgrade():\n    op.add_column()",
        "from shop import op\ndef upgrade():\n    op.create_table('a')",
        "import shop\ndef upgrade():\n    shop.make()",
        "upgrade = make",
        "x = x\nfrom alembic import op\nop.create_table(x)",
        "x = " + "+".join(["'a'"] * 500),
    ],
)
def test_a_name_that_may_be_another_one_is_not_known(script: str) -> None:
    assert tables_of(ast.parse(script)).doubt is not None


@pytest.mark.parametrize(
    ("body", "anywhere"),
    [
        ('op.create_table(str(1))', False),
        ('op.execute("CREATE TABLE s.a (id int)")', False),
        ('op.create_table(str(1), schema=str(2))', True),
        ('op.create_table("a", schema=str(2))', True),
        ('op.rename_table("a", "b", schema=str(2))', True),
        ('op.create_table("a", **{"schema": "s"})', True),
        ('op.create_table(*["a"])', True),
        ('op.execute("CREATE TABLE a (id int); SET search_path TO s")', True),
        ('op.execute("CREATE TABLE %s.a ()" % "s")', True),
        ('op.create_table(str(1))\nop.execute("CALL make()")', True),
    ],
)  # fmt: skip
def test_only_the_name_is_in_doubt_where_the_schema_is_told(body: str, anywhere: bool) -> None:
    script = made(body)
    assert (script.doubt is not None, script.anywhere) == (True, anywhere)


@pytest.mark.parametrize(
    "body",
    [
        'op.add_column("a", sa.Column("b"), schema="s")',
        'op.drop_column("a", "b", schema="s")',
        'op.create_index("i", "a", ["b"], schema="s")',
        'op.create_index("i", table_name="a", columns=["b"], schema="s")',
        'op.create_foreign_key("f", "a", "b", ["c"], ["d"], source_schema="s")',
        'with op.batch_alter_table("a", schema="s") as batch:\n    batch.drop_column("b")',
        'op.bulk_insert(sa.table("a", sa.column("b"), schema="s"), [{"b": 1}])',
        'op.execute(sa.text("UPDATE s.a SET b = 1"))',
    ],
)
def test_a_table_that_a_script_changes_is_named(body: str) -> None:
    script = made(body)
    assert ("s", "a") in script.touched
    assert script.doubt is None


def test_the_first_line_in_doubt_is_told() -> None:
    assert made('op.add_column("a")\nop.execute(sql)\nop.execute(sql)').doubt == 6


def test_names_are_told_behind_a_doubt_too() -> None:
    assert names(made('op.execute("CALL make()")\nop.create_table("a")')) == {"a"}
