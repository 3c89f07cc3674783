"""Version rows are read from a table of somebody who is trusted, and from nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.result import Result
from tests.integration.stage import ROLE_PASSWORD, VERSION_TABLE, Stage

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
    "sequence": "CREATE SEQUENCE alembic_version",
    "composite type": "CREATE TYPE alembic_version AS (version_num text)",
}
VERBS = ("check", "plan", "wait", "run")
BRIEF = {"HEADSTART_WAIT_SECONDS": "1"}
OWN = "CREATE TABLE alembic_version (version_num varchar(32)); "
POISONED = OWN + "CREATE INDEX ON alembic_version ((trap('0003')))"


@pytest.fixture
def other(stage: Stage) -> Iterator[str]:
    """Another role, which may create in schema public."""
    with stage.login() as role:
        stage.database.execute(f"GRANT CREATE ON SCHEMA public TO {role}")
        yield role


@contextmanager
def a_role(stage: Stage, name: str, options: str = "") -> Iterator[str]:
    """One more role."""
    role = f"{stage.database.name}_{name}"
    stage.database.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{ROLE_PASSWORD}' {options}")
    try:
        yield role
    finally:
        stage.database.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


def make_as(stage: Stage, role: str, sql: str) -> None:
    """Execute something as a role."""
    stage.database.execute(f"SET SESSION AUTHORIZATION {role}; {sql}")


def told(done: Result) -> tuple[int, str]:
    """The exit code and what the error says."""
    return done.exit_code, done.verdict.get("error", {}).get("message", "")


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


def test_a_table_of_the_databases_owner_or_of_a_member_of_it_is_trusted(
    stage: Stage, other: str
) -> None:
    make_as(stage, other, OWN)
    assert stage.run("check").exit_code == 23
    with a_role(stage, "owners") as owners:
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
    with a_role(stage, "member", f"IN ROLE {other}") as member:
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
    with a_role(stage, "reader") as app:
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


SWALLOW = """
CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER t BEFORE INSERT OR UPDATE ON alembic_version FOR EACH ROW EXECUTE FUNCTION swallow()
"""
PARTED = """
DROP TABLE alembic_version;
CREATE TABLE alembic_version (version_num varchar(32)) PARTITION BY LIST (version_num);
CREATE TABLE part PARTITION OF alembic_version DEFAULT;
"""
SWALLOWS = {
    "a trigger before each row": (SWALLOW, 'TRIGGER "t" ON public.alembic_version'),
    "a rule instead": (
        "CREATE RULE r AS ON INSERT TO alembic_version DO INSTEAD NOTHING",
        'RULE "r" ON public.alembic_version',
    ),
    "a rule as well": (
        "CREATE RULE r AS ON UPDATE TO alembic_version DO ALSO DELETE FROM alembic_version",
        'RULE "r" ON public.alembic_version',
    ),
    "a trigger of a partition": (
        PARTED + SWALLOW.replace("ON alembic_version", "ON part"),
        'TRIGGER "t" ON public.part',
    ),
}
NOTES = """
CREATE TABLE notes (at timestamptz DEFAULT now(), revision text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO public.notes (revision) VALUES (NEW.version_num); RETURN NEW; END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE ON alembic_version FOR EACH ROW EXECUTE FUNCTION note()
"""


@pytest.mark.parametrize("kind", list(SWALLOWS))
def test_what_may_swallow_alembics_row_is_refused_before_any_revision(
    stage: Stage, kind: str
) -> None:
    """Else a revision is committed, and its row never comes."""
    sql, named = SWALLOWS[kind]
    stage.database.execute(f"{VERSION_TABLE}; {sql}")
    before = stage.catalog()
    for verb in VERBS:
        done = stage.run(verb, **BRIEF)
        code, message = told(done)
        assert (code, named in message, "DROP" in done.verdict["next_step"]) == (23, True, True)
    assert stage.catalog() == before


def test_a_trigger_that_only_notes_what_was_written_is_let_be(stage: Stage) -> None:
    """Also one that a replica's apply fires, and one that is disabled."""
    stage.database.execute(f"{VERSION_TABLE}; {NOTES}")
    for name, how in (("replica", "REPLICA TRIGGER"), ("disabled", "")):
        stage.database.execute(
            f"CREATE TRIGGER {name} BEFORE INSERT ON alembic_version FOR EACH ROW"
            " EXECUTE FUNCTION note();"
            f"ALTER TABLE alembic_version {f'ENABLE {how}' if how else 'DISABLE TRIGGER'} {name}"
        )
    assert stage.run().verdict["outcome"] == "upgraded"
    assert len(stage.database.query("SELECT revision FROM notes")) == 3
    assert stage.run("check").exit_code == 0


def test_but_not_with_a_function_of_somebody_whom_we_do_not_trust(stage: Stage, other: str) -> None:
    """It would be executed as us."""
    assert stage.run().exit_code == 0
    stage.database.execute(f"{NOTES}; ALTER FUNCTION note() OWNER TO {other}")
    for verb in VERBS:
        code, message = told(stage.run(verb, **BRIEF))
        assert (code, f"calls a function of role {other}" in message) == (23, True), message
    stage.database.execute(f"ALTER FUNCTION note() OWNER TO {stage.database.parameters['user']}")
    assert stage.run().exit_code == 0


TYPES = ("char(40)", "integer", "fixed")


@pytest.mark.parametrize("rows", [[], ["2"]], ids=["empty", "with a row"])
@pytest.mark.parametrize("kind", TYPES)
def test_a_column_that_changes_what_alembic_writes_is_refused_by_its_type(
    stage: Stage, kind: str, rows: list[str]
) -> None:
    """A padded row names no revision; no word of an operator makes that ready."""
    stage.database.execute(
        f"CREATE DOMAIN fixed AS char(9); CREATE TABLE alembic_version (version_num {kind})"
    )
    for row in rows:
        stage.database.execute(f"INSERT INTO alembic_version VALUES ('{row}')")
    for verb in VERBS:
        done = stage.run(verb, **BRIEF, HEADSTART_AHEAD="allow")
        code, message = told(done)
        assert (code, "Alembic makes it varchar(32)" in message) == (23, True), message
        assert "HEADSTART_AHEAD" not in done.verdict["next_step"]


@pytest.mark.parametrize("kind", ["varchar(128)", "text", "long"])
def test_a_column_of_another_text_is_as_good(stage: Stage, kind: str) -> None:
    stage.database.execute(
        f"CREATE DOMAIN long AS varchar(99); CREATE TABLE alembic_version (version_num {kind})"
    )
    assert [stage.run().exit_code for _ in range(2)] == [0, 0]


@pytest.mark.parametrize("row", ["NULL", "''", "'  '", "'0003 '", "' 0002'"])
def test_a_row_that_names_no_revision_has_its_own_cure(stage: Stage, row: str) -> None:
    stage.database.execute("CREATE TABLE alembic_version (version_num text)")
    stage.database.execute(f"INSERT INTO alembic_version VALUES ({row})")
    for verb in VERBS:
        done = stage.run(verb, **BRIEF, HEADSTART_AHEAD="allow")
        step = done.verdict["next_step"]
        assert (done.exit_code, "HEADSTART_AHEAD" in step) == (23, False), step
    stage.database.execute(step.split(": ", 1)[1].split(";")[0])
    assert stage.run("check").exit_code in (0, 14)


@pytest.mark.parametrize("kind", ["ENUM ('a')", "RANGE (subtype = int4)", "AS text"])
def test_a_type_in_the_place_of_the_version_table_is_refused_by_its_name(
    stage: Stage, kind: str
) -> None:
    made = "DOMAIN" if kind == "AS text" else "TYPE"
    kind = kind if kind == "AS text" else f"AS {kind}"
    stage.database.execute(f"CREATE {made} alembic_version {kind}")
    for verb in VERBS:
        code, message = told(stage.run(verb, **BRIEF))
        assert (code, '"public"."alembic_version" is a type' in message) == (23, True), message
    stage.database.execute(f"ALTER {made} alembic_version RENAME TO another")
    assert stage.run().exit_code == 0
