"""What was decided is what is executed: other steps than those of the plan are refused."""

import pytest

from tests.integration.in_between import change_in_between
from tests.integration.stage import Stage


def change_rows(stage: Stage, statement: str) -> None:
    """Let somebody change the version rows just before the plan is applied."""
    change_in_between(
        stage.project,
        f"""
        import sqlalchemy
        with sqlalchemy.create_engine(config.get_main_option("sqlalchemy.url")).begin() as other:
            other.execute(sqlalchemy.text({statement!r}))
        """,
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alembic_version SET version_num = '0002'",
        "DELETE FROM alembic_version",
        "UPDATE alembic_version SET version_num = '0003'",
    ],
    ids=["somebody applied one", "somebody took the row", "somebody applied all"],
)
def test_version_rows_that_change_after_the_decision_end_the_run(
    stage: Stage, statement: str
) -> None:
    assert stage.run("--target", "0001").exit_code == 0
    change_rows(stage, statement)
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (14, "not_ready")
    assert "the plan was to run 0002, 0003" in ended.verdict["error"]["message"]
    assert "run again" in ended.verdict["next_step"]
    assert ended.verdict["applied"] == []
    assert "orders" not in stage.tables()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alembic_version SET version_num = 'zz'",
        "INSERT INTO alembic_version VALUES ('0002')",
    ],
    ids=["a revision of another image", "rows that overlap"],
)
def test_rows_from_which_alembic_cannot_upgrade_any_more_are_not_env_pys_fault(
    stage: Stage, statement: str
) -> None:
    assert stage.run("--target", "0001").exit_code == 0
    change_rows(stage, statement)
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (14, "not_ready")
    assert ended.verdict["error"]["message"].startswith("the version rows are ")
    assert "run again" in ended.verdict["next_step"]
    assert ended.verdict["applied"] == []


@pytest.mark.parametrize(
    "statement",
    ["UPDATE alembic_version SET version_num = '0002'", "DELETE FROM alembic_version"],
    ids=["somebody went back", "somebody took the row"],
)
def test_nothing_to_do_holds_only_for_the_rows_on_which_it_was_decided(
    stage: Stage, statement: str
) -> None:
    assert stage.run().exit_code == 0
    change_rows(stage, statement)
    ended = stage.run()
    assert (ended.exit_code, ended.verdict["outcome"]) == (14, "not_ready")
    assert "no longer 0003" in ended.verdict["error"]["message"]
