"""What is not just the head's row in a plain version table keeps the gate closed."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.server import a_role
from tests.integration.gate_stage import assert_closed, assert_open, opened
from tests.integration.known_stage import KnownStage
from tests.integration.recorded import comment_of

pytestmark = ON_ONE_SERVER

NO_KEY = (
    "ALTER TABLE alembic_version DROP CONSTRAINT alembic_version_pkc;"
    " ALTER TABLE alembic_version ALTER version_num DROP NOT NULL;"
)
ROWS = {
    "an earlier one": "UPDATE alembic_version SET version_num = '0002'",
    "none": "DELETE FROM alembic_version",
    "another one, too": "INSERT INTO alembic_version VALUES ('0002')",
    "one of another image": "UPDATE alembic_version SET version_num = '9999'",
    "a blank behind it": "UPDATE alembic_version SET version_num = '0003 '",
    "a blank before it": "UPDATE alembic_version SET version_num = ' 0003'",
    "a line break behind it": "UPDATE alembic_version SET version_num = E'0003\\n'",
    "twice": f"{NO_KEY} INSERT INTO alembic_version VALUES ('0003')",
    "NULL, too": f"{NO_KEY} INSERT INTO alembic_version VALUES (NULL)",
    "empty, too": "INSERT INTO alembic_version VALUES ('')",
}
ASIDE = "ALTER TABLE alembic_version RENAME TO kept;"
TABLES = {
    "is dropped": "DROP TABLE alembic_version",
    "is renamed": ASIDE,
    "is in another schema": "CREATE SCHEMA s; ALTER TABLE alembic_version SET SCHEMA s",
    "is a view": f"{ASIDE} CREATE VIEW alembic_version AS SELECT * FROM kept",
    "is a materialized view": f"{ASIDE} CREATE MATERIALIZED VIEW alembic_version AS TABLE kept",
    "is another table": f"{ASIDE} CREATE TABLE alembic_version AS SELECT * FROM kept",
    "is partitioned": f"{ASIDE} CREATE TABLE alembic_version (version_num varchar(32))"
    " PARTITION BY LIST (version_num); CREATE TABLE p PARTITION OF alembic_version DEFAULT;"
    " INSERT INTO alembic_version SELECT * FROM kept",
    "has a rule": "CREATE RULE r AS ON UPDATE TO alembic_version DO INSTEAD NOTHING",
    "has row security": "ALTER TABLE alembic_version ENABLE ROW LEVEL SECURITY",
    "has a child": "CREATE TABLE child () INHERITS (alembic_version)",
    "has a trigger": "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL;"
    " END'; CREATE TRIGGER t BEFORE UPDATE ON alembic_version FOR EACH ROW EXECUTE FUNCTION f()",
    "has a column of a fixed length": "ALTER TABLE alembic_version ALTER version_num TYPE char(4)",
    "has a column with another name": "ALTER TABLE alembic_version RENAME version_num TO revision",
}


@pytest.fixture
def stage(known: KnownStage) -> KnownStage:
    """The gate has answered."""
    return opened(known)


@pytest.mark.parametrize("rows", list(ROWS))
def test_other_rows(stage: KnownStage, rows: str) -> None:
    stage.database.execute(ROWS[rows])
    assert_closed(stage, "check", "run")


@pytest.mark.parametrize("table", list(TABLES))
def test_another_version_table(stage: KnownStage, table: str) -> None:
    """Also where it takes the comment along."""
    comment = str(comment_of(stage.database)).replace("'", "''")
    stage.database.execute(TABLES[table])
    found = stage.database.query(
        "SELECT relkind FROM pg_class WHERE oid = to_regclass('public.alembic_version')"
    )
    kinds = {"r": "TABLE", "p": "TABLE", "v": "VIEW", "m": "MATERIALIZED VIEW"}
    for (kind,) in found if ASIDE in TABLES[table] else []:
        stage.database.execute(f"COMMENT ON {kinds[kind]} alembic_version IS '{comment}'")
    assert_closed(stage, "check")


def test_an_owner_whom_we_do_not_trust(stage: KnownStage) -> None:
    with a_role(stage.database, "other") as other:
        stage.database.execute(f"ALTER TABLE alembic_version OWNER TO {other}")
        assert_closed(stage, "check", "run")
        stage.database.execute("ALTER TABLE alembic_version OWNER TO CURRENT_USER")


def test_a_role_that_is_not_the_owner_may_ask_if_the_owner_is_the_databases(
    stage: KnownStage,
) -> None:
    with a_role(stage.database, "app") as role:
        stage.database.execute(f"GRANT SELECT ON alembic_version TO {role}")
        url = {"DATABASE_URL": stage.url_of(role)}
        assert_open(stage, "check", "wait", **url)
        stage.database.execute("ALTER TABLE accounts ADD c int")
        assert_closed(stage, "check", "wait", **url)


def test_rows_by_the_alembic_command(stage: KnownStage) -> None:
    """Down and up again, which makes other objects of the same definitions."""
    assert stage.alembic("downgrade", "-1").exit_code == 0
    assert_closed(stage, "check")
    assert stage.alembic("upgrade", "head").exit_code == 0
    assert_closed(stage, "check")
    opened(stage)


def test_down_and_up_again_with_other_content(stage: KnownStage) -> None:
    assert stage.alembic("downgrade", "-1").exit_code == 0
    stage.database.execute("CREATE TABLE invoices (other int)")
    assert stage.alembic("stamp", "head").exit_code == 0
    done = assert_closed(stage, "check")
    assert done.verdict["outcome"] == "drifted"
