"""The mark is believed only where it was written, by us, about what is there now."""

import json

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.server import a_role
from tests.integration.gate_stage import assert_closed, assert_open, elsewhere, opened
from tests.integration.known_stage import KnownStage
from tests.integration.recorded import chain_of, comment_of, record_of
from tests.integration.test_record import WRITTEN_BY

pytestmark = ON_ONE_SERVER
FIELDS = (
    "format", "program", "body", "version", "identifier", "database", "role", "transaction",
    "number",
)  # fmt: skip


@pytest.fixture
def stage(known: KnownStage) -> KnownStage:
    """The gate has answered."""
    return opened(known)


def write_comment(stage: KnownStage, comment: str | None) -> None:
    """As a hand does."""
    text = "NULL" if comment is None else "'" + comment.replace("'", "''") + "'"
    stage.database.execute(f"COMMENT ON TABLE alembic_version IS {text}")


def test_it_names_what_it_is_about(stage: KnownStage) -> None:
    """So that nothing is asked of it that it does not say."""
    mark = dict(zip(FIELDS, str(record_of(stage.database)["proof"]).split(" "), strict=True))
    system, oid, xmin = stage.database.query(
        "SELECT s.system_identifier, b.oid, d.xmin FROM pg_control_system() s, pg_database b,"
        " pg_description d WHERE b.datname = current_database()"
        " AND d.objoid = 'alembic_version'::regclass AND d.objsubid = 0"
    )[0]
    assert mark["identifier"] == str(system)
    assert (mark["database"], mark["transaction"]) == (str(oid), str(xmin))
    assert mark["body"] in stage.file.read_text()


def test_written_again_by_hand_it_is_none(stage: KnownStage) -> None:
    """The same text: as a restored dump has it."""
    write_comment(stage, comment_of(stage.database))
    assert_closed(stage, "check")


@pytest.mark.parametrize("field", FIELDS)
def test_of_which_each_field_counts(stage: KnownStage, field: str) -> None:
    """With the number of the transaction that writes it, as nobody but us would have it."""
    record = record_of(stage.database)
    values = str(record["proof"]).split(" ")
    values[FIELDS.index("transaction")] = "{xid}"
    values[FIELDS.index(field)] = "7:7"
    changed = json.dumps(record | {"proof": " ".join(values)}).replace("'", "''")
    stage.database.execute(
        "DO $$ BEGIN EXECUTE 'COMMENT ON TABLE alembic_version IS ' || quote_literal(replace("
        f"'{changed}', '{{xid}}', (txid_current() % 4294967296)::text)); END $$"
    )
    if field == "role":  # what runs no env.py has nothing that looks at it
        assert_open(stage, "check", "wait")
    assert_closed(stage, "run" if field == "role" else "check")


def test_by_hand_it_can_be_forged_which_the_owner_may(stage: KnownStage) -> None:
    """What keeps the test before this one honest: with all fields right it would open."""
    record = record_of(stage.database)
    values = str(record["proof"]).split(" ")
    values[FIELDS.index("transaction")] = "{xid}"
    same = json.dumps(record | {"proof": " ".join(values)}).replace("'", "''")
    stage.database.execute(
        "BEGIN; DO $$ BEGIN EXECUTE 'COMMENT ON TABLE alembic_version IS ' || quote_literal("
        f"replace('{same}', '{{xid}}', (txid_current() % 4294967296)::text)); END $$; COMMIT"
    )
    assert_open(stage, "check")


@pytest.mark.parametrize("comment", [None, "", "mine", "{}", '{"proof": "1"}'])
def test_any_other_comment_is_none(stage: KnownStage, comment: str | None) -> None:
    write_comment(stage, comment)
    assert_closed(stage, "check")


def test_that_of_another_database_is_none(stage: KnownStage) -> None:
    with elsewhere(stage) as other:
        opened(other)
        write_comment(stage, comment_of(other.database))
        assert_closed(stage, "check")


def test_somebody_elses_comment_stays_and_there_is_no_gate(known: KnownStage) -> None:
    assert known.run(HEADSTART_RECORD="off").exit_code == 0
    write_comment(known, "mine")
    assert_closed(known, "run", "run", "check")
    assert comment_of(known.database) == "mine"


@pytest.mark.parametrize("off", [{"HEADSTART_RECORD": "off"}, {"HEADSTART_GATE": "off"}])
def test_none_is_written_where_that_is_off(known: KnownStage, off: dict[str, str]) -> None:
    for _ in range(2):
        assert known.run(**off).exit_code == 0
    assert "proof" not in (comment_of(known.database) or "")
    assert_closed(known, "check")


def test_none_is_written_by_a_role_that_does_not_own_the_table(known: KnownStage) -> None:
    assert known.run(HEADSTART_GATE="off").exit_code == 0
    with a_role(known.database, "app") as role:
        known.database.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
        for _ in range(2):
            done = known.run(DATABASE_URL=known.url_of(role))
            assert "gate" not in done.verdict
            assert done.exit_code == 0, done.stderr
        assert "proof" not in record_of(known.database)


def test_it_is_written_once(stage: KnownStage) -> None:
    """The second run on the long way finds it there."""
    before = stage.database.query(WRITTEN_BY)
    stage.run(HEADSTART_LOG_LEVEL="debug")
    assert stage.run(HEADSTART_VERIFY="strict").exit_code == 0
    assert stage.database.query(WRITTEN_BY) == before


def test_the_record_stays_beside_it(known: KnownStage) -> None:
    assert known.run(HEADSTART_GATE="off").exit_code == 0
    before = record_of(known.database)
    opened(known)
    after = record_of(known.database)
    assert after.pop("proof")
    assert after == before
    known.project.add("0004", "0003", 'op.execute("CREATE TABLE more (id int)")')
    assert known.run().exit_code == 0
    assert chain_of(known.database) == ["0001", "0002", "0003", "0004"]


def test_after_each_time_on_the_long_way_it_opens_again(stage: KnownStage) -> None:
    for _ in range(2):
        stage.database.execute("ALTER TABLE accounts ALTER name SET STATISTICS 7")
        opened(stage)


def test_a_schema_that_differs_gets_none(stage: KnownStage) -> None:
    stage.database.execute("ALTER TABLE accounts ADD c int")
    assert_closed(stage, "run", "run", "check")
    stage.database.execute("ALTER TABLE accounts DROP c")
    opened(stage)


LEAVING = {
    "a function": "CREATE FUNCTION theirs() RETURNS text LANGUAGE sql AS 'SELECT 1';"
    "ALTER TABLE accounts ALTER name SET DEFAULT theirs()",
    "a table": "CREATE TABLE theirs (id int PRIMARY KEY);"
    "ALTER TABLE accounts ADD FOREIGN KEY (id) REFERENCES theirs",
}


@pytest.mark.parametrize("to", list(LEAVING))
def test_a_schema_that_refers_to_what_nobody_knows_gets_none(known: KnownStage, to: str) -> None:
    """HEADSTART_VERIFY=warn does not make it the promised one."""
    opened(known)
    known.database.execute(LEAVING[to])
    assert_closed(known, "run", "run")
