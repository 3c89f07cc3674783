"""A database with tables that a revision may have created is never called empty."""

from pathlib import Path

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS, TABLES, ProjectCopy
from tests.integration.known_stage import KnownStage, rebuild, refused
from tests.integration.stage import Stage, assert_untouched

SETTINGS = "CREATE TABLE settings (key text PRIMARY KEY, value text)"
IN_USE = f"{SETTINGS}; INSERT INTO settings VALUES ('theme', 'dark')"
"""The table of an app that is in use, with a row that no revision may touch."""
HIDDEN = {
    "a file of SQL": 'op.execute(open("SETTINGS.sql").read())',
    "create_all": "meta = sa.MetaData()\n"
    'sa.Table("settings", meta, sa.Column("key", sa.Text), sa.Column("value", sa.Text))\n'
    "meta.create_all(op.get_bind())",
    "a loop": 'for name in ("settings",):\n'
    '    op.create_table(name, sa.Column("key", sa.Text), sa.Column("value", sa.Text))',
    "a block": f'op.execute("DO $$ BEGIN {SETTINGS}; END $$")',
    "another module": "from operator import methodcaller\n"
    'methodcaller("execute", "CREATE TABLE settings (key text, value text)")(op)',
    "a Table's own create()": 'sa.Table("settings", sa.MetaData(), sa.Column("key", sa.Text))'
    ".create(op.get_bind())",
    "DDL()": 'op.execute(sa.DDL("CREATE TABLE settings (key text)"))',
    "a statement in parts": 'op.execute(" ".join(["CREATE", "TABLE", "settings", "()"]))',
    "a function of the script's own": "def make(*names):\n"
    '    for name in names:\n        op.create_table(name, sa.Column("key", sa.Text))\n'
    'make("settings")',
    "invoke()": "from alembic.operations import ops\n"
    'op.invoke(ops.CreateTableOp("settings", [sa.Column("key", sa.Text)]))',
    "getattr": 'getattr(op, "execute")("CREATE TABLE settings (key text, value text)")',
}
BY_SQL = {
    "a query that makes one": 'op.execute("CREATE TABLE settings AS SELECT 1 AS key")',
    "SELECT INTO": 'op.execute("SELECT 1 AS key, 2 AS value INTO settings")',
    "text()": 'op.get_bind().execute(sa.text("CREATE TABLE settings (key text)"))',
    "a driver's cursor": 'op.get_bind().connection.cursor().execute("CREATE TABLE settings ()")',
}
"""SQL in a literal, which may make others as well; the name in it is known."""
NAMED = {
    "a keyword": 'op.create_table(table_name="settings")',
    "a constant": 'NAME = "settings"\nop.create_table(NAME)',
    "an alias": 'from alembic.op import rename_table as call_it\ncall_it("old", "settings")',
}


def spoil(project: ProjectCopy, body: str) -> Path:
    """Let a revision make the table, and the next one write its rows."""
    (project.path / "SETTINGS.sql").write_text(SETTINGS)
    file = project.add("0004", "0003", body.replace("SETTINGS.sql", f"{project.path}/SETTINGS.sql"))
    project.add("0005", "0004", "op.execute(\"UPDATE settings SET value = 'light'\")")
    return file


@pytest.mark.parametrize("body", HIDDEN.values(), ids=HIDDEN.keys())
@ON_ONE_SERVER
def test_where_a_revision_may_make_any_table_every_table_counts(stage: Stage, body: str) -> None:
    file = spoil(stage.project, body)
    stage.database.execute(IN_USE)
    told = assert_untouched(stage)
    assert f"tables that a revision may have created ({file}, line " in told
    assert "present: public.settings; missing: public.accounts" in told
    assert "HEADSTART_BASELINE: to base if the tables belong to others" in told
    assert stage.database.query("SELECT value FROM settings") == [("dark",)]


@pytest.mark.parametrize("body", BY_SQL.values(), ids=BY_SQL.keys())
@ON_ONE_SERVER
def test_a_table_that_a_literal_of_sql_makes_is_ours(stage: Stage, body: str) -> None:
    spoil(stage.project, body)
    stage.database.execute(IN_USE)
    told = assert_untouched(stage)
    assert "tables of ours but no version row; present: public.settings; missing" in told
    assert stage.database.query("SELECT value FROM settings") == [("dark",)]


ELSEWHERE = {
    "a file of SQL": 'op.execute(open("SETTINGS.sql").read())',
    "a schema that is no literal": 'import os\nschema = os.environ.get("APP_SCHEMA", "shop")\n'
    'op.create_table("settings", sa.Column("value", sa.Text), schema=schema)',
    "a schema in an f-string": 'schema = "shop"\nop.execute(f"CREATE TABLE {schema}.settings ()")',
    "a block": "op.execute(\"DO $$ BEGIN EXECUTE 'CREATE TABLE shop.set' || 'tings ()'; END $$\")",
    "a search_path": 'op.execute("SET LOCAL search_path TO shop; CREATE TABLE settings ()")',
    "a function": 'op.execute("SELECT make_tables_of(tenant) FROM tenants")',
}


@pytest.mark.parametrize("body", ELSEWHERE.values(), ids=ELSEWHERE.keys())
@ON_ONE_SERVER
def test_where_the_schema_cannot_be_told_the_tables_of_every_schema_count(
    stage: Stage, body: str
) -> None:
    spoil(stage.project, body)
    stage.database.execute(f"CREATE SCHEMA shop; SET search_path TO shop; {IN_USE}")
    assert "present: shop.settings; missing: public.accounts" in assert_untouched(stage)
    assert stage.database.query("SELECT value FROM shop.settings") == [("dark",)]


@pytest.mark.parametrize(
    ("body", "table"),
    [
        ('op.execute("DELETE FROM shop.settings")', "shop.settings"),
        ('op.add_column("settings", sa.Column("more", sa.Text))', "public.settings"),
        (
            'with op.batch_alter_table("settings") as b:\n    b.drop_column("value")',
            "public.settings",
        ),
    ],
)
@ON_ONE_SERVER
def test_a_table_that_a_revision_changes_and_none_makes_counts(
    stage: Stage, body: str, table: str
) -> None:
    stage.project.add("0004", "0003", body)
    schema = table.partition(".")[0]
    stage.database.execute(
        f"CREATE SCHEMA IF NOT EXISTS {schema}; SET search_path TO {schema}; {IN_USE}"
    )
    told = assert_untouched(stage)
    assert (
        f"tables that a revision changes but none creates but no version row; present: {table};"
        in told
    )
    assert "HEADSTART_BASELINE: to base if the tables belong to others" in told


@pytest.mark.parametrize(
    "body",
    [
        'for name in ("settings",):\n    op.create_table(name)',
        'op.execute("CREATE TABLE IF NOT EXISTS settings (id int)")',
    ],
)
@ON_ONE_SERVER
def test_where_only_the_name_cannot_be_told_other_schemas_are_those_of_others(
    stage: Stage, body: str
) -> None:
    stage.project.add("0004", "0003", body)
    stage.database.execute("CREATE SCHEMA shop CREATE TABLE settings (id int)")
    ended = stage.run()
    assert (ended.verdict["outcome"], ended.verdict["state"]) == ("upgraded", "empty")


@pytest.mark.parametrize("body", NAMED.values(), ids=NAMED.keys())
@ON_ONE_SERVER
def test_a_table_with_a_literal_name_is_ours_however_it_is_made(stage: Stage, body: str) -> None:
    spoil(stage.project, body)
    stage.database.execute(f"{IN_USE}; CREATE TABLE of_others (id int)")
    told = assert_untouched(stage)
    assert "tables of ours but no version row; present: public.settings; missing" in told


@ON_ONE_SERVER
def test_sql_that_makes_a_table_makes_every_table_count(stage: Stage) -> None:
    file = spoil(stage.project, f'op.execute("{SETTINGS}")')
    stage.database.execute("CREATE TABLE of_others (id int)")
    assert f"tables that a revision may have created ({file}, line " in assert_untouched(stage)
    stage.database.execute(IN_USE)
    told = assert_untouched(stage)
    assert "tables of ours but no version row; present: public.of_others, public.settings;" in told


def test_a_table_of_others_is_none_of_ours_where_all_names_are_known(stage: Stage) -> None:
    stage.project.add("0004", "0003", 'op.execute("UPDATE accounts SET name = trim(name)")')
    stage.database.execute("CREATE TABLE of_others (id int)")
    ended = stage.run()
    assert (ended.verdict["outcome"], ended.verdict["state"]) == ("upgraded", "empty")
    assert stage.tables() == TABLES | {"of_others", "alembic_version"}


def test_base_runs_every_revision_beside_the_tables_of_others(stage: Stage) -> None:
    stage.project.add("0004", "0003", HIDDEN["a block"])
    stage.database.execute("CREATE TABLE of_others (id int)")
    assert "public.of_others" in assert_untouched(stage)
    ended = stage.run(HEADSTART_BASELINE="base")
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "baselined")
    assert [step["revision"] for step in ended.verdict["applied"]] == [*REVISIONS, "0004"]
    assert stage.tables() == TABLES | {"of_others", "settings", "alembic_version"}


@pytest.mark.parametrize(
    "prepare",
    [
        "SELECT",
        "CREATE SCHEMA ext CREATE TABLE settings (id int); ALTER EXTENSION plpgsql ADD SCHEMA ext",
        "CREATE TABLE settings (id int); ALTER EXTENSION plpgsql ADD TABLE settings",
        "CREATE VIEW settings AS SELECT 1; ALTER EXTENSION plpgsql ADD VIEW settings",
        "CREATE SEQUENCE settings; CREATE TYPE state AS (name text)",
        "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
    ],
)
@ON_ONE_SERVER
def test_a_schema_without_tables_that_count_is_empty(stage: Stage, prepare: str) -> None:
    stage.project.add("0004", "0003", 'op.execute("DO $$ BEGIN END $$")')
    stage.database.execute(prepare)
    assert "pending" in stage.run("check").verdict["error"]["message"]
    ended = stage.run()
    assert (ended.verdict["outcome"], ended.verdict["state"]) == ("upgraded", "empty")


IN_ITS_PLACE = {
    "a view": f"CREATE SCHEMA legacy; SET search_path TO legacy; {IN_USE};"
    " CREATE VIEW public.settings AS SELECT * FROM settings",
    "a materialized view": "CREATE MATERIALIZED VIEW settings AS SELECT 'theme'::text AS key",
    "a sequence": "CREATE SEQUENCE settings",
    "a composite type": "CREATE TYPE settings AS (key text, value text)",
    "an index": "CREATE TABLE of_others (id int); CREATE INDEX settings ON of_others (id)",
}


@pytest.mark.parametrize("kind", IN_ITS_PLACE)
@pytest.mark.parametrize("body", [f'op.execute("{SETTINGS}")', 'op.create_table("settings")'])
@ON_ONE_SERVER
def test_whatever_stands_in_the_place_of_a_table_of_ours_counts(
    stage: Stage, kind: str, body: str
) -> None:
    spoil(stage.project, body.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS"))
    stage.database.execute(IN_ITS_PLACE[kind])
    told = assert_untouched(stage)
    assert "the database has tables of ours but no version row; present: " in told
    assert f"public.settings ({kind}); missing: public.accounts" in told


@ON_ONE_SERVER
def test_a_view_counts_where_a_revision_may_write_through_any(stage: Stage) -> None:
    body = f"op.execute(\"DO $$ BEGIN EXECUTE '{SETTINGS.replace('TABLE', 'TABLE IF NOT EXISTS')}'"
    spoil(stage.project, f'{body}; END $$")')
    stage.database.execute(IN_ITS_PLACE["a view"])
    assert "legacy.settings, public.settings (a view); missing" in assert_untouched(stage)
    stage.database.execute("CREATE SCHEMA app; ALTER TABLE legacy.settings SET SCHEMA app")
    stage.run()
    assert stage.database.query("SELECT value FROM app.settings") == [("dark",)]


@ON_ONE_SERVER
def test_with_fingerprints_a_view_in_the_place_of_our_table_is_no_empty_schema(
    known: KnownStage,
) -> None:
    spoil(known.project, f'op.execute("{SETTINGS.replace("TABLE", "TABLE IF NOT EXISTS")}")')
    rebuild(known)
    known.database.execute(IN_ITS_PLACE["a view"])
    refused(known, 22, "unproven")
    assert known.database.query("SELECT value FROM legacy.settings") == [("dark",)]


@ON_ONE_SERVER
def test_a_schema_that_a_revision_names_counts_too(stage: Stage) -> None:
    body = (
        'op.execute("CREATE SCHEMA shop"); op.create_table("a", schema="shop"); op.execute(str())'
    )
    stage.project.add("0004", "0003", body)
    stage.database.execute("CREATE SCHEMA shop; CREATE TABLE shop.settings (id int)")
    assert "present: shop.settings; missing" in assert_untouched(stage)


@ON_ONE_SERVER
def test_with_fingerprints_tables_of_others_are_none_of_ours(known: KnownStage) -> None:
    known.project.add("0004", "0003", HIDDEN["a block"])
    rebuild(known)
    known.database.execute("CREATE TABLE of_others (id int)")
    ended = known.run()
    assert (ended.verdict["outcome"], ended.verdict["state"]) == ("upgraded", "empty")


@ON_ONE_SERVER
def test_with_stale_fingerprints_every_table_counts(known: KnownStage) -> None:
    known.project.add("0004", "0003", HIDDEN["a block"])
    known.database.execute("CREATE TABLE of_others (id int)")
    done = refused(known, 22, "unproven")
    assert "deploy an image whose fingerprints" in done.verdict["next_step"]
