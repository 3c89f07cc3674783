"""What is in the place of the version table keeps every row that Alembic writes, as it is."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.stage import VERSION_TABLE, Stage
from tests.integration.version_tables import BRIEF, VERBS, other, told

__all__ = ["other"]
pytestmark = ON_ONE_SERVER

SWALLOW = """
CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER t BEFORE INSERT OR UPDATE ON alembic_version FOR EACH ROW EXECUTE FUNCTION swallow()
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
