"""What `plan --lint` adds: squawk's findings about the pending SQL, beside the live tables."""

from headstart.decision.lint import Lint, judged, names_in
from headstart.facts.live_tables import LiveTables
from headstart.postgres.table_use import read_live_tables
from headstart.process.squawk import Squawk
from headstart.revisions.rendered import Watch
from headstart.verbs.inspection import connected
from headstart.verbs.task import Task


def lint_of(task: Task, squawk: str, watch: Watch) -> Lint:
    """Lint what was rendered. Raises InvalidSettings where squawk fails, and as a read does."""
    live, version = _live(task, watch)
    linter = Squawk(squawk, version)
    remarks = {
        each.revision: tuple(linter.remarks(each.sql, in_transaction=watch.in_transaction))
        for each in watch.revisions
        if each.sql
    }
    return judged(watch.revisions, remarks, live)


def _live(task: Task, watch: Watch) -> tuple[LiveTables, int]:
    names = names_in(watch.revisions)
    with connected(task) as connection:
        return read_live_tables(connection, names), connection.server_version
