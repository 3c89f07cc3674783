"""check, wait, plan and diff run no env.py: where it keeps the rows elsewhere, they say so."""

import pytest

from headstart.fingerprint.file.text import read_file
from tests.conftest import ON_ONE_SERVER
from tests.harness.project import REVISIONS
from tests.harness.result import Result
from tests.integration.known_stage import KnownStage, rebuild
from tests.integration.stage import VERSION_TABLE, Stage
from tests.integration.test_version_table import TRAP
from tests.integration.version_tables import BRIEF, make_as, other

__all__ = ["other"]
pytestmark = ON_ONE_SERVER

VERBS = ("check", "wait", "plan")
CONFIGURED = "connection=connection, target_metadata=target_metadata\n"
PLACES = {
    "another name": ("version_table='applied'", "public.applied"),
    "another schema": ("version_table_schema='ops'", "ops.alembic_version"),
    "capitals": ("version_table='Migrations', version_table_schema='MyApp'", "MyApp.Migrations"),
}
SCHEMAS = 'CREATE SCHEMA ops; CREATE SCHEMA "MyApp"; CREATE SCHEMA a; CREATE SCHEMA b'


def keep_rows_elsewhere(stage: Stage, how: str) -> None:
    """Let env.py configure another version table."""
    stage.database.execute(SCHEMAS)
    stage.project.edit_env(CONFIGURED, CONFIGURED.replace("\n", f", {how}\n"))


def assert_none_plans(stage: Stage, code: int, *names: str, **environ: str) -> Result:
    """Fail where a verb says "ready", or what a run would do; give the last one's answer."""
    before = stage.catalog()
    for verb in VERBS:
        done = stage.run(verb, **BRIEF, **environ)
        assert done.exit_code == code, done.verdict
        assert "pending" not in done.verdict["error"]["message"]
        assert "baseline" not in done.verdict["error"]["message"]
        assert "headstart run" not in done.verdict["next_step"]
        for name in names:
            assert f"HEADSTART_VERSION_TABLE={name}" in done.verdict["next_step"]
        assert "run:" not in done.stdout
    assert stage.catalog() == before
    return done


@pytest.mark.parametrize("where", PLACES)
def test_a_version_table_that_nobody_named_is_named_by_every_verb(stage: Stage, where: str) -> None:
    how, name = PLACES[where]
    keep_rows_elsewhere(stage, how)
    assert stage.run().verdict["outcome"] == "upgraded"
    done = assert_none_plans(stage, 22, name)
    schema, _, table = name.partition(".")
    assert f'"{schema}"."{table}" looks like' in done.verdict["error"]["message"]
    assert "at 0003" in done.verdict["error"]["message"]
    for verb in VERBS:
        assert stage.run(verb, HEADSTART_VERSION_TABLE=name).exit_code == 0, verb


def test_with_fingerprints_the_proof_of_the_schema_is_no_plan_either(known: KnownStage) -> None:
    keep_rows_elsewhere(known, PLACES["capitals"][0])
    assert known.run().verdict["outcome"] == "upgraded"
    assert_none_plans(known, 14, "MyApp.Migrations")
    diffed = known.run("diff")
    assert diffed.exit_code == 2
    assert "HEADSTART_VERSION_TABLE=MyApp.Migrations" in diffed.verdict["next_step"]
    for verb in (*VERBS, "diff"):
        done = known.run(verb, HEADSTART_VERSION_TABLE="MyApp.Migrations")
        assert done.exit_code == 0, done.verdict


def test_of_several_version_tables_all_are_named_and_none_is_guessed(stage: Stage) -> None:
    stage.database.execute(SCHEMAS)
    for schema, revision in (("a", "0003"), ("b", "0001")):
        stage.database.execute(f"SET search_path = {schema}; {VERSION_TABLE}")
        stage.database.execute(f"INSERT INTO {schema}.alembic_version VALUES ('{revision}')")
    done = assert_none_plans(stage, 14, "a.alembic_version", "b.alembic_version")
    assert "the one that env.py configures" in done.verdict["next_step"]


LOOKALIKES = {
    "another column, too": "CREATE TABLE a.v (version_num varchar(32) PRIMARY KEY, x int)",
    "another type": "CREATE TABLE a.v (version_num text PRIMARY KEY)",
    "no key": "CREATE TABLE a.v (version_num varchar(32))",
    "a view": "CREATE VIEW a.v AS SELECT '0003'::varchar(32) AS version_num",
    "another name": "CREATE TABLE a.v (revision varchar(32) PRIMARY KEY)",
}


@pytest.mark.parametrize("kind", LOOKALIKES)
def test_what_is_not_as_alembic_makes_it_is_no_version_table(stage: Stage, kind: str) -> None:
    stage.database.execute(f"{SCHEMAS}; {LOOKALIKES[kind]}")
    if kind != "a view":
        stage.database.execute("INSERT INTO a.v VALUES ('0003')")
    assert "pending: 0001" in stage.run("check").verdict["error"]["message"]
    assert stage.run("plan").exit_code == 0


@pytest.mark.parametrize("revision", ["other1", None])
def test_a_version_table_of_another_image_says_nothing(stage: Stage, revision: str | None) -> None:
    stage.database.execute(f"{SCHEMAS}; SET search_path = a; {VERSION_TABLE}")
    if revision:
        stage.database.execute(f"INSERT INTO a.alembic_version VALUES ('{revision}')")
    assert "pending: 0001" in stage.run("check").verdict["error"]["message"]
    assert stage.run("plan").exit_code == 0


def test_a_table_of_a_role_that_is_not_trusted_is_not_read(stage: Stage, other: str) -> None:
    """Its index would be evaluated by the planner, with our rights."""
    poisoned = "CREATE TABLE planted (version_num varchar(32) PRIMARY KEY)"
    make_as(stage, other, f"{TRAP}; {poisoned}; CREATE INDEX ON planted ((trap('0003')))")
    make_as(stage, other, "INSERT INTO planted VALUES ('0003')")
    done = stage.run("check")
    assert (done.exit_code, "pending" in done.verdict["error"]["message"]) == (14, True)


def test_the_table_in_the_fingerprints_header_is_named_though_it_holds_no_row(
    known: KnownStage,
) -> None:
    keep_rows_elsewhere(known, PLACES["another schema"][0])
    known.file.unlink()
    rebuild_with_schemas(known)
    assert '"version_table": "ops.alembic_version"' in known.file.read_text()
    assert known.run().verdict["outcome"] == "upgraded"
    known.database.execute("DELETE FROM ops.alembic_version")
    assert_none_plans(known, 14, "ops.alembic_version")


def test_and_though_the_role_that_asks_may_not_read_it(known: KnownStage) -> None:
    keep_rows_elsewhere(known, PLACES["another schema"][0])
    known.file.unlink()
    rebuild_with_schemas(known)
    assert known.run().verdict["outcome"] == "upgraded"
    with known.login() as role:
        known.database.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        done = known.run("check", DATABASE_URL=known.url_of(role))
    assert done.exit_code == 14, done.verdict
    assert "HEADSTART_VERSION_TABLE=ops.alembic_version" in done.verdict["next_step"]


def rebuild_with_schemas(known: KnownStage) -> None:
    """Replay where env.py's schema is there before the first revision."""
    sql = known.project.path / "schemas.sql"
    sql.write_text("CREATE SCHEMA IF NOT EXISTS ops")
    known.project.edit_env(
        "        context.configure(\n            connection=connection",
        "        connection.exec_driver_sql('CREATE SCHEMA IF NOT EXISTS ops')\n"
        "        connection.commit()\n"
        "        context.configure(\n            connection=connection",
    )
    rebuild(known)


def test_a_header_names_no_table_of_alembics_own_name(known: KnownStage) -> None:
    known.file.unlink()
    rebuild(known)
    assert "version_table" not in read_file(known.file.read_text()).meta


def test_a_table_that_was_named_with_its_schema_is_believed(stage: Stage) -> None:
    """Another app's version table may hold the same ids: then the operator's word counts."""
    stage.database.execute(f"{SCHEMAS}; SET search_path = a; {VERSION_TABLE}")
    stage.database.execute("INSERT INTO a.alembic_version VALUES ('0003')")
    assert_none_plans(stage, 14, "a.alembic_version", "public.alembic_version")
    named = {"HEADSTART_VERSION_TABLE": "public.alembic_version"}
    planned = stage.run("plan", **named)
    assert planned.exit_code == 0
    assert [
        line.split()[1] for line in planned.stdout.splitlines() if line.startswith("run:")
    ] == REVISIONS
    assert 'note:   public.alembic_version has no version row here, but "a"' in planned.stdout
    checked = stage.run("check", **named)
    assert (checked.exit_code, checked.verdict["error"]["message"][:13]) == (14, "pending: 0001")


@pytest.mark.parametrize("applied", [True, False], ids=["ready", "pending"])
def test_with_x_and_no_version_table_every_answer_says_what_it_is_worth(
    stage: Stage, applied: bool
) -> None:
    if applied:
        assert stage.run().exit_code == 0
    code = 0 if applied else 14
    for verb in VERBS:
        done = stage.run(verb, **BRIEF, HEADSTART_X="tenant=s3cret")
        assert done.exit_code == (0 if verb == "plan" else code), done.verdict
        warnings = [e for e in done.events if e["event"] == "place_uncertain"]
        assert [e["level"] for e in warnings] == ["warning"], "once, however often wait asks"
        assert "HEADSTART_VERSION_TABLE" in done.verdict["uncertain"]
        assert "if env.py chooses its schema or its version table by -x" in done.stdout
        assert "s3cret" not in done.stdout + done.stderr
        named = {
            "HEADSTART_X": "tenant=s3cret",
            "HEADSTART_VERSION_TABLE": "public.alembic_version",
        }
        told = stage.run(verb, **BRIEF, **named)
        assert told.exit_code == done.exit_code
        assert "uncertain" not in told.verdict


def test_a_tenants_own_version_table_is_named(stage: Stage) -> None:
    """The case of -x alone: the rows are in the tenant's schema."""
    keep_rows_elsewhere(
        stage, "version_table_schema=context.get_x_argument(as_dictionary=True)['tenant']"
    )
    x = {"HEADSTART_X": "tenant=a"}
    assert stage.run(**x).verdict["outcome"] == "upgraded"
    assert_none_plans(stage, 22, "a.alembic_version", **x)
    assert stage.run("check", HEADSTART_VERSION_TABLE="a.alembic_version", **x).exit_code == 0


def test_a_version_row_that_is_there_is_believed_whatever_else_there_is(stage: Stage) -> None:
    assert stage.run(HEADSTART_TARGET="0002").exit_code == 0
    stage.database.execute(f"{SCHEMAS}; SET search_path = a; {VERSION_TABLE}")
    stage.database.execute("INSERT INTO a.alembic_version VALUES ('0003')")
    done = stage.run("check")
    assert done.verdict["error"]["message"] == "pending: 0003"
    assert stage.run("plan").exit_code == 0
