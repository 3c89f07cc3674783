"""The stamp: what decides is read again in its transaction, whatever env.py is like."""

from pathlib import Path

import pytest
from psycopg2.extensions import make_dsn

from tests.harness.project import REVISIONS, copied
from tests.harness.server import Database
from tests.integration.fingerprinting import ASYNC, SCHEMAS
from tests.integration.in_between import change_in_between
from tests.integration.known_stage import KnownStage, rebuild

SOMEBODY_ELSE = """
    import os, psycopg2
    other = psycopg2.connect(os.environ["OTHER"])
    other.autocommit = True
    other.cursor().execute(os.environ["CHANGE"])
    other.close()
    """


@pytest.mark.parametrize(
    "change", ["ALTER TABLE accounts ADD note text", "CREATE TABLE invoices (id int)"]
)
def test_a_schema_that_changes_before_the_stamp_is_not_stamped(
    known: KnownStage, change: str
) -> None:
    """What decides is read again in the transaction that stamps."""
    change_in_between(known.project, SOMEBODY_ELSE)
    known.make_exactly("0002")
    done = known.run(OTHER=make_dsn(**known.database.parameters), CHANGE=change)
    assert (done.exit_code, done.verdict["outcome"]) == (22, "unproven"), done.verdict
    assert "changed while it was being compared" in done.verdict["error"]["message"]
    assert done.verdict["applied"] == []
    assert not known.rows()
    assert "order_id" not in (known.columns("invoices") if "invoices" in known.tables() else ())


def test_a_table_that_is_locked_before_the_stamp_blocks_it_and_is_no_bug_of_ours(
    known: KnownStage,
) -> None:
    """The driver's error arises in code of ours, called by Alembic: it is the database's answer."""
    kept = SOMEBODY_ELSE.replace("autocommit = True", "autocommit = False")
    change_in_between(known.project, kept.replace("other.close()", "act.holder = other"))
    known.make_exactly("0002")
    other = make_dsn(**known.database.parameters)
    done = known.run(OTHER=other, CHANGE="LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE")
    assert (done.exit_code, done.verdict["outcome"]) == (12, "blocked"), done.verdict
    assert not known.rows()


def test_a_change_that_does_not_count_may_come_in_between(known: KnownStage) -> None:
    """The tables of others are none of ours: not any change is refused."""
    change_in_between(known.project, SOMEBODY_ELSE)
    known.make_exactly("0002")
    change = "CREATE TABLE somebodys (x int)"
    done = known.run(OTHER=make_dsn(**known.database.parameters), CHANGE=change)
    assert done.verdict["outcome"] == "baselined", done.verdict


def test_an_env_with_one_transaction_for_all_is_adopted(known: KnownStage) -> None:
    known.project.edit_env("connectable.connect()", "connectable.begin()")
    known.make_exactly("0002")
    done = known.run()
    assert (done.verdict["outcome"], done.verdict["proof"]) == ("baselined", "fingerprint")
    assert known.rows() == ["0003"]


def test_an_env_with_one_transaction_is_looked_at_before_the_stamp_too(known: KnownStage) -> None:
    known.project.edit_env("connectable.connect()", "connectable.begin()")
    change_in_between(known.project, SOMEBODY_ELSE)
    known.make_exactly("0002")
    change = "ALTER TABLE accounts ADD note text"
    done = known.run(OTHER=make_dsn(**known.database.parameters), CHANGE=change)
    assert (done.exit_code, known.rows()) == (22, None)


@pytest.fixture(params=[ASYNC, SCHEMAS], ids=["async", "several schemas"])
def other(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> KnownStage:
    """Give another project with its fingerprints, and an empty database."""
    stage = KnownStage(copied(request.param, tmp_path), database)
    rebuild(stage, **own_models(stage))
    return stage


def own_models(stage: KnownStage) -> dict[str, str]:
    """Where env.py finds what it imports."""
    return {"PYTHONPATH": str(stage.project.path)}


@pytest.mark.parametrize("revision", REVISIONS)
def test_other_projects_are_adopted_too(other: KnownStage, revision: str) -> None:
    assert other.run(HEADSTART_TARGET=revision, **own_models(other)).exit_code == 0
    other.database.execute("DROP TABLE alembic_version")
    done = other.run(**own_models(other))
    if not other.database.query("SELECT 1 FROM pg_tables WHERE tablename IN ('orders', 'books')"):
        assert done.exit_code == 21, done.verdict  # two schemas alone are no tables of ours
        return
    assert (done.exit_code, done.verdict["outcome"]) == (0, "baselined"), done.verdict
    assert done.verdict["proof"] == "fingerprint"
    assert [e["revisions"] for e in done.events if e["event"] == "baseline_stamped"] == [[revision]]
    assert other.rows() == ["0003"]
