"""A database at a revision that the image does not have, and whether the image can run on it."""

import json

import pytest

from tests.harness.server import a_role
from tests.integration.known_stage import KnownStage, rebuild

COLUMN = "ALTER TABLE accounts ADD note text"
REQUIRED = "ALTER TABLE accounts ADD code int NOT NULL"
REFERS = "CREATE TABLE notes (id serial PRIMARY KEY, account_id int REFERENCES accounts)"
DOUBT = "DELETE on accounts may be refused by notes (notes_account_id_fkey)"
INVALID = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'new_one'::regclass"
VERBS = pytest.mark.parametrize("verb", ["run", "check", "wait"])


def newer(stage: KnownStage, *statements: str) -> None:
    """Bring the database to this image's head, and then further."""
    assert stage.run().exit_code == 0
    for statement in statements:
        stage.database.execute(statement)
    stage.database.execute("UPDATE alembic_version SET version_num = 'newer'")


@VERBS
def test_what_nobody_has_to_know_is_proven_to_be_harmless(known: KnownStage, verb: str) -> None:
    newer(known, COLUMN, "CREATE TABLE others (id int)", "CREATE INDEX ON accounts (name)")
    done = known.run(verb)
    assert (done.exit_code, done.verdict["outcome"]) == (0, "ahead_compatible"), done.verdict
    assert (done.verdict["state"], done.verdict["proof"]) == ("ahead", "fingerprint")
    assert "+ column accounts.note text" in done.verdict["newer"]
    assert "+ table others" in done.verdict["newer"]
    assert known.rows() == ["newer"]


@VERBS
def test_what_may_break_the_image_is_refused_and_named(known: KnownStage, verb: str) -> None:
    newer(known, REFERS)
    done = known.run(verb, HEADSTART_WAIT_SECONDS="1")
    assert (done.exit_code, done.verdict["outcome"]) == (23, "ahead_unproven")
    assert done.verdict["state"] == "ahead"
    assert "DELETE on accounts may be refused by notes" in done.verdict["error"]["message"]
    assert done.verdict["doubts"] == [
        "DELETE on accounts may be refused by notes (notes_account_id_fkey)"
    ]
    assert "HEADSTART_AHEAD=allow" in done.verdict["next_step"]
    assert known.run(verb, HEADSTART_AHEAD="allow").verdict["outcome"] == "ahead_compatible"


@VERBS
def test_what_breaks_the_image_is_refused_and_named(known: KnownStage, verb: str) -> None:
    newer(known, "DELETE FROM accounts", REQUIRED)
    done = known.run(verb, HEADSTART_WAIT_SECONDS="1")
    assert (done.exit_code, done.verdict["outcome"]) == (23, "ahead_incompatible")
    assert "accounts.code is NOT NULL without a default" in done.verdict["error"]["message"]
    assert "deploy the newer image" in done.verdict["next_step"]


def test_another_apps_database_is_not_called_newer(known: KnownStage) -> None:
    known.make_version_table("9999")
    done = known.run()
    assert (done.exit_code, done.verdict["outcome"]) == (23, "unknown_revision")


def test_without_fingerprints_nothing_is_proven(known: KnownStage) -> None:
    newer(known, COLUMN)
    known.file.unlink()
    done = known.run()
    assert (done.exit_code, done.verdict["outcome"]) == (23, "unknown_revision")


def test_an_operator_may_refuse_whatever_is_newer(known: KnownStage) -> None:
    newer(known, COLUMN)
    done = known.run(HEADSTART_AHEAD="refuse")
    assert (done.exit_code, done.verdict["outcome"]) == (23, "unknown_revision")


def test_what_is_pending_is_never_passed_over(known: KnownStage) -> None:
    """A row of ours that is behind, beside one of somebody's: our own revisions have to run."""
    assert known.run(HEADSTART_TARGET="0001").exit_code == 0
    known.database.execute("INSERT INTO alembic_version VALUES ('newer')")
    done = known.run()
    assert (done.exit_code, done.verdict["outcome"]) == (23, "unknown_revision")
    assert "is not applied" in done.verdict["error"]["message"]


def test_an_empty_version_row_is_nobodys_revision(known: KnownStage) -> None:
    newer(known)
    known.database.execute("UPDATE alembic_version SET version_num = ' '")
    assert known.run().exit_code == 23


def test_a_role_that_may_only_read_the_version_table_gets_the_same_answer(
    known: KnownStage,
) -> None:
    newer(known, COLUMN)
    with a_role(known.database, "app") as role:
        known.database.execute(f"GRANT SELECT ON alembic_version TO {role}")
        done = known.run("check", DATABASE_URL=known.database.url_of(role))
    assert done.verdict["outcome"] == "ahead_compatible", done.verdict


def test_a_sequence_that_the_apps_role_may_not_use_breaks_the_app(known: KnownStage) -> None:
    newer(known, "ALTER TABLE accounts ADD number serial")
    assert known.run("check").verdict["outcome"] == "ahead_compatible"
    with a_role(known.database, "app") as role:
        known.database.execute(f"GRANT SELECT ON alembic_version TO {role}")
        done = known.run("check", DATABASE_URL=known.database.url_of(role))
    assert done.verdict["outcome"] == "ahead_incompatible"
    assert "may not use the sequence of accounts.number" in done.verdict["error"]["message"]


def test_what_lies_in_other_schemas_is_harmless_unless_it_refers_to_ours(known: KnownStage) -> None:
    newer(known, "CREATE SCHEMA far", "CREATE TABLE far.away (id int)")
    assert known.run("check").verdict["outcome"] == "ahead_compatible"
    known.database.execute("ALTER TABLE far.away ADD FOREIGN KEY (id) REFERENCES accounts")
    assert known.run("check").verdict["outcome"] == "ahead_unproven"
    known.database.execute(
        "DROP TABLE far.away",
    )
    known.database.execute("CREATE TABLE far.child () INHERITS (public.accounts)")
    assert known.run("check").verdict["outcome"] == "ahead_incompatible"


def test_an_index_that_is_still_being_built_is_no_reason(known: KnownStage) -> None:
    newer(known, "CREATE INDEX new_one ON accounts (name)")
    known.database.execute(INVALID)
    for verb in ("run", "check"):
        assert known.run(verb).verdict["outcome"] == "ahead_compatible"


def test_plan_tells_the_same(known: KnownStage) -> None:
    newer(known, COLUMN)
    told = json.loads(known.run("plan", "--output", "json").stdout)
    assert (told["state"], told["plan"], told["proof"]) == ("ahead", "nothing_to_do", "fingerprint")


def test_there_is_no_sql_where_there_is_nothing_to_do(known: KnownStage) -> None:
    newer(known, COLUMN)
    done = known.run("plan", "--sql")
    assert (done.exit_code, done.stdout.strip()) == (0, ""), done.verdict
    told = json.loads(known.run("plan", "--sql", "--output", "json").stdout)
    assert (told["plan"], told["sql"]) == ("nothing_to_do", "")


@pytest.fixture
def one_branch_went_on(known: KnownStage) -> KnownStage:
    """Give two branches, of which a newer image has prolonged one, with that image's record."""
    known.project.add("0004", "0001", "op.execute('CREATE TABLE others (id int)')")
    rebuild(known)
    assert known.run(HEADSTART_TARGET="heads").exit_code == 0
    before = known.file.read_text()
    script = known.project.add("0005", "0003", "op.execute('CREATE TABLE more (id int)')")
    rebuild(known)
    assert known.run(HEADSTART_TARGET="heads").exit_code == 0
    script.unlink()
    known.file.write_text(before)
    assert known.rows() == ["0004", "0005"]
    return known


@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "not recorded"])
@pytest.mark.parametrize("ahead", ["prove", "allow", "auto"])
def test_one_of_two_branches_may_have_gone_on(
    one_branch_went_on: KnownStage, ahead: str, *, recorded: bool
) -> None:
    """Its row hides whether what stands before it is applied: schema or record show it."""
    stage = one_branch_went_on
    if not recorded:
        stage.database.execute("COMMENT ON TABLE alembic_version IS NULL")
    done = stage.run("check", HEADSTART_TARGET="heads", HEADSTART_AHEAD=ahead)
    assert (done.exit_code, done.verdict["outcome"]) == (0, "ahead_compatible"), done.verdict


def test_a_branch_that_is_not_there_is_seen(one_branch_went_on: KnownStage) -> None:
    stage = one_branch_went_on
    stage.database.execute("DROP TABLE invoices; COMMENT ON TABLE alembic_version IS NULL")
    done = stage.run("check", HEADSTART_TARGET="heads")
    assert (done.exit_code, done.verdict["outcome"]) == (23, "ahead_incompatible"), done.verdict
