"""Version rows are read from a table of somebody who is trusted, and from nothing else."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.server import a_role
from tests.integration.stage import VERSION_TABLE, Stage
from tests.integration.version_tables import BRIEF, VERBS, make_as, other, told

__all__ = ["other"]
pytestmark = ON_ONE_SERVER

TRAP = """
CREATE FUNCTION trap(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN IF current_setting('is_superuser')::bool THEN RAISE EXCEPTION 'executed'; END IF;
RETURN $1; END $$;
"""
NO_TABLES = {
    "view": "CREATE VIEW alembic_version AS SELECT trap('0003') AS version_num",
    "materialized view": "CREATE MATERIALIZED VIEW alembic_version AS SELECT '1' AS version_num",
    "foreign table": "RESET SESSION AUTHORIZATION; CREATE FOREIGN DATA WRAPPER w;"
    " CREATE SERVER s FOREIGN DATA WRAPPER w;"
    " CREATE FOREIGN TABLE alembic_version (version_num text) SERVER s",
    "partitioned table": "CREATE TABLE alembic_version (version_num varchar(32))"
    " PARTITION BY LIST (version_num); CREATE TABLE part PARTITION OF alembic_version DEFAULT",
    "sequence": "CREATE SEQUENCE alembic_version",
    "composite type": "CREATE TYPE alembic_version AS (version_num text)",
}
OWN = "CREATE TABLE alembic_version (version_num varchar(32)); "
POISONED = OWN + "CREATE INDEX ON alembic_version ((trap('0003')))"


@pytest.mark.parametrize("kind", list(NO_TABLES))
def test_what_is_no_table_is_refused_by_its_name_and_not_executed(
    stage: Stage, other: str, kind: str
) -> None:
    make_as(stage, other, TRAP + NO_TABLES[kind])
    before = stage.catalog()
    for verb in VERBS:
        code, message = told(stage.run(verb, **BRIEF))
        assert (code, f'"public"."alembic_version" is a {kind}' in message) == (23, True), message
    assert stage.catalog() == before


def test_a_sequence_elsewhere_does_not_stand_in_the_way(stage: Stage) -> None:
    """Alembic does not see it, and makes its table in the first schema."""
    stage.database.execute("CREATE SCHEMA app; CREATE SEQUENCE alembic_version")
    stage.database.execute(f"ALTER DATABASE {stage.database.name} SET search_path = app, public")
    assert stage.run().verdict["outcome"] == "upgraded"


@pytest.mark.parametrize("verb", VERBS)
def test_a_table_of_any_role_is_refused_and_nothing_of_it_executed(
    stage: Stage, other: str, verb: str
) -> None:
    """It would say what the database is, and the planner would evaluate the call in its index."""
    make_as(stage, other, TRAP + POISONED + "; INSERT INTO alembic_version VALUES ('0003')")
    before = stage.catalog()
    done = stage.run(verb, **BRIEF)
    code, message = told(done)
    assert code == 23, message
    assert f"belongs to role {other}" in message
    assert "ALTER TABLE" in done.verdict["next_step"]
    assert stage.catalog() == before


def test_nor_is_one_in_a_schema_that_has_our_name(stage: Stage, other: str) -> None:
    """It is the first one in everybody's search_path, and anybody's who may make a schema."""
    user = stage.database.parameters["user"]
    stage.database.execute(f"CREATE SCHEMA {user} AUTHORIZATION {other}")
    make_as(stage, other, f"SET search_path = {user}; {TRAP}{POISONED}")
    code, message = told(stage.run("check"))
    assert (code, f"belongs to role {other}" in message) == (23, True), message


def test_nor_is_one_of_ours_of_which_somebodys_table_inherits(stage: Stage, other: str) -> None:
    """Its rows would be read, too, and the call in its index be evaluated."""
    make_as(stage, other, f"{TRAP}{OWN}CREATE TABLE child () INHERITS (alembic_version)")
    make_as(stage, other, "CREATE INDEX ON child ((trap('0003')))")
    stage.database.execute("ALTER TABLE alembic_version OWNER TO CURRENT_USER")
    before = stage.catalog()
    for verb in VERBS:
        done = stage.run(verb, **BRIEF)
        code, message = told(done)
        assert (code, "inherit from" in message) == (23, True), message
    assert stage.catalog() == before
    cure = done.verdict["next_step"].split(": ")[1]
    stage.database.execute(cure.replace("...", "child"))
    assert stage.run().exit_code == 0


def test_a_table_of_the_databases_owner_or_of_a_member_of_it_is_trusted(
    stage: Stage, other: str
) -> None:
    make_as(stage, other, OWN)
    assert stage.run("check").exit_code == 23
    with a_role(stage.database, "owners") as owners:
        stage.database.execute(f"ALTER DATABASE {stage.database.name} OWNER TO {owners}")
        assert stage.run("check").exit_code == 23
        stage.database.execute(f"GRANT {owners} TO {other}")
        assert stage.run("check").exit_code == 14
        stage.database.execute(f"REVOKE {owners} FROM {other}")
        stage.database.execute(f"ALTER DATABASE {stage.database.name} OWNER TO {other}")
        assert stage.run("check").exit_code == 14
        stage.database.execute(f"ALTER DATABASE {stage.database.name} OWNER TO CURRENT_USER")


def test_a_table_of_the_role_that_runs_or_of_a_group_of_it_is_trusted(
    stage: Stage, other: str
) -> None:
    assert stage.run(DATABASE_URL=stage.url_of(other)).exit_code == 0
    assert stage.run("check", DATABASE_URL=stage.url_of(other)).exit_code == 0
    with a_role(stage.database, "member", f"IN ROLE {other}") as member:
        assert stage.run("check", DATABASE_URL=stage.url_of(member)).exit_code == 0
        assert stage.run(DATABASE_URL=stage.url_of(member)).exit_code == 0


def test_a_table_of_the_role_that_env_py_sets_is_trusted(stage: Stage, other: str) -> None:
    begin = "with connectable.connect() as connection:\n"
    ours = f"        connection.exec_driver_sql('SET ROLE {other}')\n        connection.commit()\n"
    stage.project.edit_env(begin, begin + ours)
    assert [stage.run().verdict["outcome"] for _ in range(2)] == ["upgraded", "nothing_to_do"]
    owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'alembic_version'"
    assert stage.database.query(owner) == [(other,)]


def test_an_apps_own_role_takes_the_table_of_a_migrator_who_was_given_create_by_name(
    stage: Stage, other: str
) -> None:
    """And not that of somebody who may create because everybody may."""
    assert stage.run(DATABASE_URL=stage.url_of(other)).exit_code == 0
    with a_role(stage.database, "reader") as app:
        stage.database.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {app}")
        for verb in VERBS:
            assert stage.run(verb, **BRIEF, DATABASE_URL=stage.url_of(app)).exit_code == 0, verb
        stage.database.execute(f"REVOKE CREATE ON SCHEMA public FROM {other}")
        stage.database.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
        for verb in VERBS:
            assert stage.run(verb, **BRIEF, DATABASE_URL=stage.url_of(app)).exit_code == 23, verb


def test_a_version_row_that_row_level_security_hides_is_no_empty_database(
    stage: Stage, other: str
) -> None:
    assert stage.run().exit_code == 0
    stage.database.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {other}")
    stage.database.execute("ALTER TABLE alembic_version ENABLE ROW LEVEL SECURITY")
    for verb in VERBS:
        done = stage.run(verb, **BRIEF, DATABASE_URL=stage.url_of(other))
        code, message = told(done)
        assert (code, "row level security hides" in message) == (20, True), message
        assert "DISABLE ROW LEVEL SECURITY" in done.verdict["next_step"]
    stage.database.execute("CREATE POLICY seen ON alembic_version USING (true)")
    for verb in VERBS:
        assert stage.run(verb, **BRIEF, DATABASE_URL=stage.url_of(other)).exit_code == 0, verb


def test_an_empty_table_with_row_level_security_is_empty_to_whom_it_does_not_apply(
    stage: Stage,
) -> None:
    stage.database.execute(VERSION_TABLE)
    stage.database.execute("ALTER TABLE alembic_version ENABLE ROW LEVEL SECURITY")
    assert stage.run().verdict["outcome"] == "upgraded"


def test_a_policy_for_some_rows_that_shows_none_hides_them(stage: Stage, other: str) -> None:
    assert stage.run().exit_code == 0
    stage.database.execute(
        f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {other};"
        " ALTER TABLE alembic_version ENABLE ROW LEVEL SECURITY;"
        " CREATE POLICY of_others ON alembic_version USING (version_num = 'another')"
    )
    for verb in VERBS:
        code, message = told(stage.run(verb, **BRIEF, DATABASE_URL=stage.url_of(other)))
        assert (code, "row level security hides" in message) == (20, True), message


def test_row_level_security_that_is_forced_hides_rows_from_the_owner(
    stage: Stage, other: str
) -> None:
    assert stage.run(DATABASE_URL=stage.url_of(other)).exit_code == 0
    stage.database.execute(
        "ALTER TABLE alembic_version ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
    )
    for verb in VERBS:
        done = stage.run(verb, **BRIEF, DATABASE_URL=stage.url_of(other))
        code, message = told(done)
        assert (code, "row level security hides" in message) == (20, True), message
    stage.database.execute("CREATE POLICY own ON alembic_version USING (true)")
    for verb in VERBS:
        assert stage.run(verb, **BRIEF, DATABASE_URL=stage.url_of(other)).exit_code == 0, verb


def test_a_role_that_row_level_security_spares_sees_every_row(stage: Stage, other: str) -> None:
    assert stage.run().exit_code == 0
    stage.database.execute(
        f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {other}; ALTER ROLE {other} BYPASSRLS;"
        " ALTER TABLE alembic_version ENABLE ROW LEVEL SECURITY"
    )
    for verb in VERBS:
        assert stage.run(verb, **BRIEF, DATABASE_URL=stage.url_of(other)).exit_code == 0, verb


@pytest.mark.parametrize(
    "view",
    [
        "CREATE VIEW alembic_version AS SELECT ''::varchar(32) AS version_num WHERE false",
        "CREATE TABLE t (version_num varchar(32)); CREATE VIEW alembic_version AS TABLE t",
        "CREATE MATERIALIZED VIEW alembic_version AS SELECT '1' AS version_num WITH NO DATA",
    ],
)
def test_a_view_without_rows_is_no_empty_version_table(stage: Stage, view: str) -> None:
    stage.database.execute(view)
    before = stage.catalog()
    for verb in VERBS:
        code, message = told(stage.run(verb, **BRIEF))
        assert (code, "view" in message) == (23, True), message
    assert stage.catalog() == before


HIDES = {
    "a statement": 'op.execute("CREATE TEMP TABLE alembic_version (version_num text)")',
    "as a copy": 'op.execute("SELECT * INTO TEMPORARY alembic_version FROM alembic_version")',
    "an operation": (
        'op.create_table("alembic_version", sa.Column("version_num", sa.Text),'
        ' prefixes=["TEMPORARY"])'
    ),
}


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("hides", HIDES.values(), ids=HIDES)
def test_a_revision_that_hides_it_by_a_temporary_one_is_named(
    stage: Stage, hides: str, first: bool
) -> None:
    """The row would go there, and be lost with the connection: env.py is not to blame."""
    if not first:
        assert stage.run().exit_code == 0
    before = stage.rows()
    stage.project.add("0004", "0003", hides)
    ended = stage.run()
    assert (ended.exit_code, ended.outcome) == (21, "revision_failed"), ended.verdict
    assert "revision 0004 has made a temporary table" in ended.verdict["error"]["message"]
    assert "another name" in ended.verdict["next_step"]
    assert stage.rows() == (before or ["0003"])


@pytest.mark.parametrize(
    "then", ['op.execute("DROP TABLE pg_temp.alembic_version")', 'op.execute("SELECT 1")']
)
def test_one_that_is_gone_by_then_or_has_another_name_is_nobodys_business(
    stage: Stage, then: str
) -> None:
    name = "alembic_version" if "DROP" in then else "old_alembic_version"
    body = f'op.execute("CREATE TEMP TABLE {name} (version_num text)")\n{then}'
    stage.project.add("0004", "0003", body)
    assert stage.run().outcome == "upgraded"
    assert stage.rows() == ["0004"]
