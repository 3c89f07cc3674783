"""What is asserted of a run: its verdict and its events against what a second connection sees."""

from tests.harness.result import Result
from tests.harness.server import Database
from tests.histories.app import App


def assert_upgraded(app: App, ended: Result, database: Database, start: str) -> None:
    """Fail where the verdict says anything else than that all behind `start` is committed."""
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "upgraded"), ended
    assert_applied(app, ended, database, start)


def assert_applied(app: App, ended: Result, database: Database, start: str) -> None:
    """Fail where verdict, events and the version row do not say the same."""
    (row,) = version_rows(database)
    pending = app.after(start)
    committed = pending[: pending.index(row) + 1]
    assert committed == pending, f"{row} is not the head"
    told = [step["revision"] for step in ended.verdict["applied"]]
    assert told == committed, f"the verdict says {told}, committed are {committed}"
    events = [e["revision"] for e in ended.events if e["event"] == "revision_applied"]
    assert events == committed, f"the events say {events}, committed are {committed}"


def assert_nothing_to_do(ended: Result) -> None:
    """Fail where a run did anything, or says that it did."""
    assert (ended.exit_code, ended.verdict["outcome"]) == (0, "nothing_to_do"), ended
    assert ended.verdict["applied"] == [], ended
    assert not [e for e in ended.events if e["event"].startswith("revision_")], ended


def version_rows(database: Database) -> list[str]:
    """What the version table holds."""
    return [str(row[0]) for row in database.query("SELECT version_num FROM alembic_version")]
