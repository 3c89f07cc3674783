"""Tables without a version row: the schema proves which revision they are, or nothing happens."""

import json
from pathlib import Path

import pytest

from tests.harness.project import REVISIONS, TABLES
from tests.integration.known_stage import KnownStage, rebuild, refused


@pytest.mark.parametrize("revision", REVISIONS)
def test_tables_are_adopted_at_the_revision_that_they_are(known: KnownStage, revision: str) -> None:
    known.make_exactly(revision)
    done = known.run()
    assert (done.exit_code, done.verdict["outcome"]) == (0, "baselined"), done.verdict
    assert (done.verdict["proof"], done.verdict["to"]) == ("fingerprint", ["0003"])
    applied = [step["revision"] for step in done.verdict["applied"]]
    assert applied == REVISIONS[REVISIONS.index(revision) + 1 :]
    stamped = [e["revisions"] for e in done.events if e["event"] == "baseline_stamped"]
    assert stamped == [[revision]]
    assert known.rows() == ["0003"]
    assert known.tables() == TABLES | {"alembic_version"}
    assert known.database.query("SELECT name FROM accounts") == [("somebody",)]
    again = known.run()
    assert (again.verdict["outcome"], again.verdict["proof"]) == ("nothing_to_do", "fingerprint")


def test_an_empty_version_table_is_as_none(known: KnownStage) -> None:
    known.make_exactly("0002")
    known.make_version_table()
    assert known.run().verdict["outcome"] == "baselined"
    assert known.rows() == ["0003"]


def test_an_empty_database_is_upgraded_and_proven(known: KnownStage) -> None:
    done = known.run()
    assert (done.verdict["outcome"], done.verdict["proof"]) == ("upgraded", "fingerprint")


def test_questions_say_what_a_run_would_do(known: KnownStage) -> None:
    known.make_exactly("0002")
    before = known.catalog()
    checked, planned = known.run("check"), known.run("plan")
    assert checked.exit_code == 14
    assert "would baseline them at 0002" in checked.stdout
    assert "stamp:  0002\nrun:    0003" in planned.stdout
    assert known.catalog() == before


def test_a_schema_that_no_revision_builds_is_refused_with_the_nearest(known: KnownStage) -> None:
    known.make_exactly("0002", "ALTER TABLE accounts ADD note text")
    done = refused(known, 22, "unproven")
    assert done.verdict["nearest"] == ["0002"]
    assert done.verdict["extra"] == ["column accounts.note text"]
    assert done.verdict["missing"] == []
    assert "nearest is 0002" in done.verdict["error"]["message"]
    assert "  + extra   column note text" in known.run("check").stdout


def test_a_half_applied_revision_is_refused_with_what_is_left(known: KnownStage) -> None:
    known.make_exactly("0001", "CREATE TABLE orders (id serial PRIMARY KEY)")
    done = refused(known, 26, "interrupted")
    assert done.verdict["half_applied"] == "0002"
    assert any("orders.account_id" in line for line in done.verdict["todo"])
    assert "0002 is half applied on top of 0001" in done.verdict["error"]["message"]


def with_rows(stage: KnownStage) -> None:
    """One more revision, which changes rows only."""
    insert = "INSERT INTO accounts (name) VALUES ('admin')"
    stage.project.add("0004", "0003", f'op.execute("{insert}")')
    rebuild(stage)


def test_rows_that_may_have_been_changed_are_asked_about(known: KnownStage) -> None:
    with_rows(known)
    known.make_exactly("0003")
    done = refused(known, 22, "ambiguous")
    assert done.verdict["candidates"] == ["0003", "0004"]
    assert done.verdict["undecided"] == ["0004"]
    for revision in ("0003", "0004"):
        assert revision in done.verdict["error"]["message"]
        assert revision not in done.verdict["next_step"]
    assert "which of the candidates ran last" in done.verdict["next_step"]


@pytest.mark.parametrize(
    ("rows", "applied", "admins"),
    [
        pytest.param("DELETE FROM accounts", ["0004"], 1, id="an empty table: it has not run"),
        pytest.param("INSERT INTO accounts (name) VALUES ('admin')", [], 1, id="it has run"),
    ],
)
def test_rows_decide_where_they_can(
    known: KnownStage, rows: str, applied: list[str], admins: int
) -> None:
    with_rows(known)
    known.make_exactly("0003", rows)
    done = known.run()
    assert done.verdict["outcome"] == "baselined", done.verdict
    assert [step["revision"] for step in done.verdict["applied"]] == applied
    assert known.database.query("SELECT count(*) FROM accounts WHERE name = 'admin'") == [(admins,)]


def test_a_revision_without_effect_is_taken_as_applied(known: KnownStage) -> None:
    known.project.add("0004", "0003")
    rebuild(known)
    known.make_exactly("0003")
    done = known.run()
    assert (done.verdict["outcome"], done.verdict["applied"]) == ("baselined", [])
    assert known.rows() == ["0004"]


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(
            "op.drop_table('invoices'); op.execute('CREATE TABLE invoices (id serial PRIMARY KEY,"
            " order_id int NOT NULL REFERENCES orders)')",
            id="a table",
        ),
        pytest.param(
            "op.drop_column('accounts', 'name');"
            " op.execute(\"ALTER TABLE accounts ADD name text NOT NULL DEFAULT ''\");"
            " op.execute('ALTER TABLE accounts ALTER name DROP DEFAULT')",
            id="a column",
        ),
        pytest.param("op.execute('TRUNCATE accounts CASCADE')", id="all rows"),
        pytest.param(
            "op.execute('ALTER TABLE accounts RENAME name TO x');"
            " op.execute('ALTER TABLE accounts RENAME x TO name')",
            id="the name of a column",
        ),
        pytest.param(
            "op.execute('ALTER SEQUENCE accounts_id_seq RESTART WITH 5000')", id="a sequence"
        ),
        pytest.param(
            "op.get_bind().connection.cursor().execute(\"UPDATE accounts SET name = 'raw'\")",
            id="by the driver itself",
        ),
        pytest.param(
            "if 'legacy' in sa.inspect(op.get_bind()).get_table_names():"
            " op.execute('DELETE FROM accounts')",
            id="where there is a table of others",
        ),
        pytest.param(
            "import os; os.environ.get('TENANT') and op.execute('DELETE FROM accounts')",
            id="where its environment says so",
        ),
    ],
)
def test_rows_are_never_lost_to_a_revision_that_may_have_run(known: KnownStage, again: str) -> None:
    """It drops something and makes it again: the schema is as before, the rows are not."""
    known.project.add("0004", "0003", again)
    rebuild(known)
    known.make_exactly(
        "0003",
        "INSERT INTO orders (account_id) SELECT id FROM accounts",
        "INSERT INTO invoices (order_id) SELECT id FROM orders",
    )
    done = refused(known, 22, "ambiguous")
    assert done.verdict["candidates"] == ["0003", "0004"]
    assert known.database.query("SELECT name FROM accounts") == [("somebody",)]
    assert known.database.query("SELECT count(*) FROM invoices") == [(1,)]


def test_the_word_of_an_operator_overrules_the_proof(known: KnownStage) -> None:
    with_rows(known)
    known.make_exactly("0003")
    done = known.run(HEADSTART_BASELINE="0004")
    assert (done.verdict["outcome"], done.verdict["proof"]) == ("baselined", "operator")
    assert (known.rows(), done.verdict["applied"]) == (["0004"], [])


def test_tables_of_others_and_what_a_dba_may_add_are_named(known: KnownStage) -> None:
    """So is a table of a newer release, which this image does not know."""
    known.make_exactly(
        "0002",
        "CREATE SCHEMA ops",
        "CREATE TABLE ops.jobs (x int)",
        "CREATE TABLE run_time_cache (x int)",
        "CREATE INDEX dba ON accounts (name)",
    )
    done = known.run()
    assert (done.verdict["outcome"], done.verdict["proof"]) == ("baselined", "fingerprint")
    checked = known.run("check")
    assert checked.verdict["ignored"] == ["ops.jobs", "run_time_cache"]
    assert checked.verdict["tolerated"] == ["index accounts.dba btree(name)"]
    assert "ignored: 2 relations outside this history: ops.jobs, run_time_cache" in checked.stdout


def test_what_an_adoption_rests_on_names_what_it_ignored_and_whose_rows_are_open(
    known: KnownStage,
) -> None:
    """The run that stamps is the one that has to be loud."""
    known.project.add("0004", "0003", 'op.execute("INSERT INTO accounts (name) VALUES (1)")')
    known.project.add("0005", "0004", 'op.execute("CREATE TABLE notes (x int)")')
    rebuild(known)
    known.make_exactly("0003", "CREATE TABLE notes (x int)", "CREATE TABLE run_time_cache (x int)")
    done = known.run()
    assert done.verdict["outcome"] == "baselined", done.verdict
    assert done.verdict["ignored"] == ["run_time_cache"]
    assert done.verdict["rows_unproven"] == ["0004"]


def test_an_enum_that_a_downgrade_left_behind_is_named(known: KnownStage) -> None:
    """The next upgrade would fail at it: it is half of that revision."""
    known.project.add(
        "0004",
        "0003",
        """
        op.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")
        op.execute("ALTER TABLE accounts ADD mood mood")
        """,
    )
    rebuild(known)
    known.make_exactly("0003", "CREATE TYPE mood AS ENUM ('sad', 'ok')")
    done = refused(known, 26, "interrupted")
    assert done.verdict["half_applied"] == "0004"


def test_a_revision_that_fails_as_somebody_did_half_of_it_says_what_is_left(
    known: KnownStage,
) -> None:
    """There is a version row, so nothing was proven before; HEADSTART_BASELINE would not help."""
    assert known.run(HEADSTART_TARGET="0001").exit_code == 0
    known.database.execute("CREATE TABLE orders (id serial PRIMARY KEY)")
    done = known.run()
    assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted")
    assert done.verdict["half_applied"] == "0002"
    assert done.verdict["error"]["sqlstate"] == "42P07"
    assert "stamp" not in done.verdict["next_step"]
    assert known.rows() == ["0001"]
    known.database.execute("DROP TABLE orders")  # what was there is undone, as told
    assert known.run().exit_code == 0


@pytest.mark.parametrize("rows", ["", "op.execute(\"UPDATE accounts SET name = 'x'\")"])
def test_only_where_all_of_a_revision_is_there_stamping_is_offered(
    known: KnownStage, rows: str
) -> None:
    """And of what it does beside the schema it is said first that nothing shows it."""
    known.project.add("0004", "0003", f'op.execute("ALTER TABLE orders ADD note text")\n{rows}')
    rebuild(known)
    assert known.run(HEADSTART_TARGET="0003").exit_code == 0
    known.database.execute("ALTER TABLE orders ADD note text")
    done = known.run()
    assert (done.exit_code, done.verdict["outcome"]) == (21, "revision_failed")
    assert "alembic stamp 0004, then run again" in done.verdict["next_step"]
    warned, _, stamp = done.verdict["next_step"].partition("look at the script")
    assert "what revision 0004 does to rows, or to anything else that no catalog shows" in warned
    assert "do by hand what is left, then alembic stamp" in stamp
    assert known.rows() == ["0003"]


def test_a_huge_difference_fits_into_the_termination_message(
    known: KnownStage, tmp_path: Path
) -> None:
    extra = ", ".join(f"ADD COLUMN somebodys_long_column_{n} text" for n in range(300))
    known.make_exactly("0002", f"ALTER TABLE accounts {extra}")
    log = tmp_path / "termination-log"
    log.touch()
    done = known.run(HEADSTART_TERMINATION_LOG=str(log))
    assert len(log.read_bytes()) <= 2048
    told = json.loads(log.read_text())
    assert (told["outcome"], told["exit_code"], told["nearest"]) == ("unproven", 22, ["0002"])
    assert told["facts_extra"] == len(done.verdict["extra"]) == 300
    assert told["error"]["message"]
    assert told["next_step"]
