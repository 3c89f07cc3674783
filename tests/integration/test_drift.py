"""A schema that is not what its revision builds: who is told, and when it is a failure."""

import json

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.project import TABLES
from tests.integration.known_stage import KnownStage, rebuild

DROPPED = "ALTER TABLE accounts DROP COLUMN name"


def drifted(stage: KnownStage, *statements: str) -> None:
    """A database at head, which somebody has changed since."""
    assert stage.run().exit_code == 0
    for statement in statements or (DROPPED,):
        stage.database.execute(statement)


def test_a_run_that_changes_something_ends_in_drift_and_keeps_what_it_applied(
    known: KnownStage,
) -> None:
    assert known.run(HEADSTART_TARGET="0001").exit_code == 0
    known.database.execute("ALTER TABLE accounts ADD note text")
    done = known.run()
    assert (done.exit_code, done.verdict["outcome"]) == (25, "drifted")
    assert [step["revision"] for step in done.verdict["applied"]] == ["0002", "0003"]
    assert (done.verdict["to"], known.rows()) == (["0003"], ["0003"])
    assert known.tables() == TABLES | {"alembic_version"}
    assert done.verdict["extra"] == ["column accounts.note text"]
    assert "the schema differs from what 0003 builds" in done.verdict["error"]["message"]
    assert "column accounts.note" in done.verdict["error"]["message"]


def test_a_run_with_nothing_to_do_tells_a_difference_and_is_no_failure(known: KnownStage) -> None:
    drifted(known)
    done = known.run()
    assert (done.exit_code, done.verdict["outcome"]) == (0, "nothing_to_do")
    assert done.verdict["proof"] == "version_row"
    assert done.verdict["missing"] == ["column accounts.name text not null"]
    (event,) = [e for e in done.events if e["event"] == "schema_drifted"]
    assert "accounts.name" in event["cause"]


@ON_ONE_SERVER
def test_check_fails_at_a_dropped_column_and_names_it(known: KnownStage) -> None:
    drifted(known)
    done = known.run("check")
    assert (done.exit_code, done.verdict["outcome"]) == (25, "drifted")
    assert done.stdout.splitlines()[1:3] == [
        "  table accounts",
        "    - missing column name text not null",
    ]
    as_json = json.loads(known.run("check", "--output", "json").stdout)
    assert as_json["missing"] == ["column accounts.name text not null"]


@ON_ONE_SERVER
def test_warn_passes_with_the_same_text(known: KnownStage) -> None:
    drifted(known)
    failed, warned = known.run("check"), known.run("check", HEADSTART_VERIFY="warn")
    assert (warned.exit_code, warned.verdict["proof"]) == (0, "version_row")
    message = failed.verdict["error"]["message"]
    assert message in warned.stdout
    shown = {line.strip() for line in failed.stdout.splitlines()[1:-1]}
    assert shown <= {line.strip() for line in warned.stdout.splitlines()}


@ON_ONE_SERVER
@pytest.mark.parametrize(
    ("verify", "verb", "code"),
    [
        ("auto", "run", 0),
        ("auto", "check", 25),
        ("strict", "run", 25),
        ("strict", "check", 25),
        ("warn", "run", 0),
        ("warn", "check", 0),
        ("off", "run", 0),
        ("off", "check", 0),
    ],
)
def test_who_fails_at_head(known: KnownStage, verify: str, verb: str, code: int) -> None:
    drifted(known)
    done = known.run(verb, HEADSTART_VERIFY=verify)
    assert done.exit_code == code, done.verdict
    told = "accounts.name" in done.stderr
    assert told is (verify != "off")


@ON_ONE_SERVER
@pytest.mark.parametrize(
    ("verify", "code"), [("auto", 25), ("strict", 25), ("warn", 0), ("off", 0)]
)
def test_who_fails_after_an_upgrade(known: KnownStage, verify: str, code: int) -> None:
    assert known.run(HEADSTART_TARGET="0001").exit_code == 0
    known.database.execute("ALTER TABLE accounts ADD note text")
    done = known.run(HEADSTART_VERIFY=verify)
    assert done.exit_code == code, done.verdict
    assert known.rows() == ["0003"]
    assert ("accounts.note" in done.stderr) is (verify != "off")
    assert done.verdict["proof"] != "fingerprint"


@ON_ONE_SERVER
def test_wait_reports_a_difference_and_fails_only_where_it_is_asked_to(known: KnownStage) -> None:
    drifted(known, "SELECT 1")
    ready = known.run("wait", HEADSTART_WAIT_SECONDS="1")
    assert (ready.exit_code, ready.verdict["proof"]) == (0, "fingerprint")
    known.database.execute(DROPPED)
    told = known.run("wait", HEADSTART_WAIT_SECONDS="1")
    assert (told.exit_code, told.verdict["proof"]) == (0, "version_row")
    assert "accounts.name" in told.stdout
    strict = known.run("wait", HEADSTART_WAIT_SECONDS="1", HEADSTART_VERIFY="strict")
    assert strict.exit_code == 25


def test_check_needs_no_privilege_on_the_tables(known: KnownStage) -> None:
    drifted(known)
    with known.login() as role:
        known.database.execute(f"GRANT SELECT ON alembic_version TO {role}")
        done = known.run("check", DATABASE_URL=known.url_of(role))
    assert done.exit_code == 25, done.verdict


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE accounts ADD CHECK (name <> '')",
        "ALTER TABLE accounts ALTER name DROP NOT NULL",
        "ALTER TABLE accounts ALTER name TYPE varchar(20)",
        "ALTER TABLE accounts ALTER name SET DEFAULT ''",
        "CREATE UNIQUE INDEX ON accounts (name)",
        "ALTER TABLE orders RENAME CONSTRAINT orders_account_id_fkey TO fk",
        "ALTER TABLE orders DROP CONSTRAINT orders_account_id_fkey",
        "ALTER TABLE accounts SET UNLOGGED",
        "ALTER TABLE accounts ENABLE ROW LEVEL SECURITY",
        "DROP TABLE invoices",
        "ALTER SEQUENCE accounts_id_seq INCREMENT 5",
        "CREATE RULE nothing AS ON INSERT TO accounts DO INSTEAD NOTHING",
        "ALTER TABLE accounts REPLICA IDENTITY FULL",
        "ALTER TABLE orders DISABLE TRIGGER ALL",
        "CREATE TYPE one AS (id int, name text); ALTER TABLE accounts OF one",
    ],
)
def test_every_change_within_our_tables_is_seen(known: KnownStage, change: str) -> None:
    drop = "ALTER TABLE orders DROP CONSTRAINT orders_account_id_fkey"
    statements = [drop, change] if "UNLOGGED" in change else [change]
    drifted(known, *statements)
    assert known.run("check").exit_code == 25


@pytest.mark.parametrize(
    "change",
    [
        "CREATE INDEX ON accounts (name)",
        "CREATE STATISTICS of_a_dba ON id, name FROM accounts",
        "CREATE PUBLICATION of_a_dba FOR TABLE accounts",
        "CREATE CAST (bigint AS text) WITH INOUT AS ASSIGNMENT",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
        "COMMENT ON TABLE accounts IS 'ours'",
        "ALTER TABLE accounts ALTER name SET STATISTICS 500",
        "ALTER TABLE accounts SET (fillfactor = 70)",
        "GRANT SELECT ON accounts TO PUBLIC",
        "CREATE VIEW report AS SELECT name FROM accounts",
        "CREATE SCHEMA other; CREATE TABLE other.accounts (x int)",
        "ANALYZE",
    ],
)
def test_what_changes_nothing_for_a_revision_is_no_drift(known: KnownStage, change: str) -> None:
    drifted(known, change)
    done = known.run("check")
    assert (done.exit_code, done.verdict["proof"]) == (0, "fingerprint"), done.verdict


def test_a_variant_of_the_head_is_no_drift(known: KnownStage) -> None:
    drifted(known)
    assert known.run("check").exit_code == 25
    recorded = known.run("fingerprint", "record", "--revision", "head")
    assert recorded.exit_code == 0, recorded.stderr
    assert known.run("check").verdict["proof"] == "fingerprint"


def test_a_revision_that_builds_something_else_here_is_drift_and_no_proof(
    known: KnownStage,
) -> None:
    """Adopted by proof, upgraded, and then not what was promised: warn does not call it proven."""
    known.project.add(
        "0004", "0003", "import os\nop.execute(f\"CREATE TABLE notes (x {os.environ['T']})\")"
    )
    rebuild(known, T="text")
    known.make_exactly("0003")
    warned = known.run(T="integer", HEADSTART_VERIFY="warn")
    assert (warned.exit_code, warned.verdict["outcome"]) == (0, "baselined")
    assert warned.verdict["missing"] == ["column notes.x text"]
    assert warned.verdict["proof"] != "fingerprint"


@ON_ONE_SERVER
@pytest.mark.parametrize(("verify", "code"), [("auto", 0), ("strict", 25)])
def test_a_difference_that_an_operator_has_vouched_for_is_reported_and_no_failure(
    known: KnownStage, verify: str, code: int
) -> None:
    known.make_exactly("0002", "ALTER TABLE accounts ADD COLUMN note text")
    done = known.run(HEADSTART_BASELINE="0002", HEADSTART_VERIFY=verify)
    assert done.exit_code == code, done.verdict
    assert done.verdict["extra"] == ["column accounts.note text"]
    assert (known.rows(), done.verdict["to"]) == (["0003"], ["0003"])


@ON_ONE_SERVER
@pytest.mark.parametrize("verb", ["run", "check", "wait"])
def test_a_newer_database_that_is_allowed_is_drifted_for_nobody_and_left_as_it_is(
    known: KnownStage, verb: str
) -> None:
    """An old pod starts again: what the newer revision made is no hand's work."""
    drifted(known, DROPPED, "UPDATE alembic_version SET version_num = '0004'")
    before = known.catalog()
    done = known.run(verb, HEADSTART_AHEAD="allow", HEADSTART_VERIFY="strict")
    assert (done.exit_code, done.verdict["outcome"]) == (0, "ahead_compatible"), done.verdict
    assert (known.rows(), known.catalog()) == (["0004"], before)
