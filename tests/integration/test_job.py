"""What a run decides about each state of a database, and what it has done there afterwards."""

import pytest

from tests.harness.project import REVISIONS, TABLES
from tests.integration.stage import Stage


def test_an_empty_database_is_upgraded_then_there_is_nothing_to_do(stage: Stage) -> None:
    first, second = stage.run(), stage.run()
    assert first.exit_code == second.exit_code == 0
    assert (first.verdict["outcome"], first.verdict["state"]) == ("upgraded", "empty")
    assert [step["revision"] for step in first.verdict["applied"]] == REVISIONS
    assert (first.verdict["from"], first.verdict["to"]) == ([], ["0003"])
    assert (second.verdict["outcome"], second.verdict["state"]) == ("nothing_to_do", "at_head")
    assert second.verdict["applied"] == []
    assert stage.rows() == ["0003"]
    assert stage.tables() == TABLES | {"alembic_version"}


def test_an_empty_version_table_without_our_tables_is_empty(stage: Stage) -> None:
    stage.make_version_table()
    ended = stage.run()
    assert (ended.verdict["outcome"], ended.verdict["state"]) == ("upgraded", "empty")
    assert stage.rows() == ["0003"]


def test_an_empty_version_table_beside_our_tables_is_unversioned(stage: Stage) -> None:
    stage.make_version_table()
    stage.database.execute("CREATE TABLE accounts (id int)")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["state"]) == (22, "unversioned")
    assert stage.rows() == []


def test_tables_without_a_version_row_are_refused_and_listed(stage: Stage) -> None:
    stage.database.execute("CREATE TABLE accounts (id int); CREATE TABLE orders (id int)")
    before = stage.catalog()
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (22, "unproven")
    message = ended.verdict["error"]["message"]
    assert "present: public.accounts, public.orders; missing: public.invoices" in message
    assert "HEADSTART_BASELINE" in ended.verdict["next_step"]
    assert stage.catalog() == before


def test_a_baseline_stamps_its_revision_and_runs_the_rest(stage: Stage) -> None:
    stage.make_by_hand("0002")
    ended = stage.run(HEADSTART_BASELINE="0002")
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "baselined")
    assert (ended.verdict["state"], ended.verdict["proof"]) == ("unversioned", "operator")
    assert [step["revision"] for step in ended.verdict["applied"]] == ["0003"]
    assert stage.rows() == ["0003"]
    assert stage.tables() == TABLES | {"alembic_version"}


def test_a_baseline_at_head_stamps_only(stage: Stage) -> None:
    stage.database.execute("CREATE TABLE accounts (by_hand int)")
    ended = stage.run(HEADSTART_BASELINE="head")
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "baselined")
    assert ended.verdict["applied"] == []
    assert stage.rows() == ["0003"]
    assert stage.tables() == {"accounts", "alembic_version"}


def test_a_baseline_at_base_stamps_nothing_and_runs_everything(stage: Stage) -> None:
    """A table from the time before there were revisions, which one of them makes anew."""
    body = 'op.drop_table("archive"); op.create_table("archive", sa.Column("id", sa.Integer))'
    stage.project.add("0004", "0003", body)
    stage.database.execute("CREATE TABLE archive (old int)")
    assert stage.run().verdict["outcome"] == "unproven"
    ended = stage.run(HEADSTART_BASELINE="base")
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "baselined")
    assert (ended.verdict["from"], ended.verdict["proof"]) == ([], "operator")
    assert [step["revision"] for step in ended.verdict["applied"]] == [*REVISIONS, "0004"]
    assert stage.rows() == ["0004"]
    assert stage.tables() == TABLES | {"archive", "alembic_version"}


def test_a_baseline_is_ignored_on_an_empty_database(stage: Stage) -> None:
    ended = stage.run(HEADSTART_BASELINE="head")
    assert ended.verdict["outcome"] == "upgraded"
    assert [step["revision"] for step in ended.verdict["applied"]] == REVISIONS
    assert stage.tables() == TABLES | {"alembic_version"}


def test_a_baseline_never_stamps_a_database_with_a_version_row(stage: Stage) -> None:
    stage.run(HEADSTART_TARGET="0001")
    ended = stage.run(HEADSTART_BASELINE="head")
    assert (ended.verdict["outcome"], ended.verdict["state"]) == ("upgraded", "behind")
    assert [step["revision"] for step in ended.verdict["applied"]] == ["0002", "0003"]
    assert stage.tables() == TABLES | {"alembic_version"}


def test_an_unknown_revision_is_refused_unless_the_operator_allows_it(stage: Stage) -> None:
    stage.make_version_table("9999")
    refused = stage.run(HEADSTART_BASELINE="head")
    allowed = stage.run(HEADSTART_AHEAD="allow")
    assert (refused.exit_code, refused.verdict["outcome"]) == (23, "unknown_revision")
    assert "9999" in refused.verdict["error"]["message"]
    assert (allowed.exit_code, allowed.verdict["outcome"]) == (0, "ahead_compatible")
    assert allowed.verdict["proof"] == "operator"
    assert stage.rows() == ["9999"]
    assert stage.tables() == {"alembic_version"}


def test_overlapping_version_rows_are_diverged(stage: Stage) -> None:
    stage.make_version_table("0001", "0002")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (23, "diverged")
    assert "overlap" in ended.verdict["error"]["message"]
    assert stage.rows() == ["0001", "0002"]


def test_a_row_beside_the_target_is_diverged(stage: Stage) -> None:
    stage.project.add("0003b", "0002")
    stage.make_version_table("0003b")
    ended = stage.run(HEADSTART_TARGET="0003")
    assert (ended.exit_code, ended.verdict["outcome"]) == (23, "diverged")
    assert "HEADSTART_TARGET=heads" in ended.verdict["next_step"]
    assert stage.rows() == ["0003b"]


def test_with_the_target_heads_both_branches_are_upgraded(stage: Stage) -> None:
    stage.project.add("0003b", "0002", 'op.create_table("refunds", sa.Column("id", sa.Integer))')
    ended = stage.run(HEADSTART_TARGET="heads")
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "upgraded")
    assert ended.verdict["to"] == ["0003", "0003b"]
    assert stage.rows() == ["0003", "0003b"]
    assert stage.tables() == TABLES | {"refunds", "alembic_version"}


def test_the_tables_of_others_neither_count_nor_are_touched(stage: Stage) -> None:
    """An app's run-time tables, and tables of our names in another schema."""
    stage.database.execute(
        "CREATE TABLE app_cache (id int); INSERT INTO app_cache VALUES (7);"
        "CREATE SCHEMA other; CREATE TABLE other.accounts (id int)"
    )
    ended = stage.run()
    assert (ended.verdict["outcome"], ended.verdict["state"]) == ("upgraded", "empty")
    assert stage.database.query("TABLE app_cache") == [(7,)]
    assert stage.tables("other") == {"accounts"}
    assert stage.tables() == TABLES | {"alembic_version", "app_cache"}


def test_where_nothing_names_our_tables_any_table_counts(stage: Stage) -> None:
    """Revisions in raw SQL: refuse rather than call such a database empty."""
    stage.project.remove(*REVISIONS)
    stage.project.add("raw", None, 'op.execute("CREATE TABLE thing (id int)")')
    stage.database.execute("CREATE TABLE whose (id int)")
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["state"]) == (22, "unversioned")
    assert stage.tables() == {"whose"}


@pytest.mark.parametrize("verb", ["run", "check", "plan", "wait"])
def test_detection_writes_nothing(stage: Stage, verb: str) -> None:
    """Not even a version table or a sequence: the catalog is the same afterwards."""
    stage.database.execute("CREATE TABLE accounts (id int)")
    before = stage.catalog()
    stage.run(verb, HEADSTART_WAIT_SECONDS="0")
    assert stage.catalog() == before


def test_a_role_that_may_not_create_is_refused_before_any_ddl(stage: Stage) -> None:
    """Since PostgreSQL 15 that is every ordinary role; the refusal says what to grant."""
    with stage.login() as role:
        ended = stage.run(DATABASE_URL=stage.url_of(role))
        allowed = ended.verdict["next_step"].removeprefix("as an administrator: ")
        assert (ended.exit_code, ended.verdict["outcome"]) == (20, "access_refused")
        assert ended.verdict["error"]["sqlstate"] == "42501"
        assert not [e for e in ended.events if e["event"] == "revision_started"]
        assert stage.tables() == set()
        stage.database.execute(allowed)
        assert stage.run(DATABASE_URL=stage.url_of(role)).verdict["outcome"] == "upgraded"


def test_a_target_below_the_version_row_leaves_nothing_to_do(stage: Stage) -> None:
    """headstart never downgrades; Alembic itself would call such a target invalid."""
    assert stage.run().exit_code == 0
    ended = stage.run(HEADSTART_TARGET="0001")
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "nothing_to_do")
    assert stage.rows() == ["0003"]
