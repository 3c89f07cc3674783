"""The limit of an attempt costs nothing where nobody is in the way. Counts, not seconds."""

from pathlib import Path

from tests.harness.embedded import PostgresServer
from tests.harness.project import copy_plain
from tests.harness.server import empty_database
from tests.integration.stage import Stage

LOG = ["log_statement = all", "log_line_prefix = 'app=%a '"]
WORKS = "app=headstart:work:"
STATEMENTS = 6
"""BEGIN and COMMIT, what begins a transaction, the revision's own, its fate, its version row."""


def statements(server: PostgresServer, project: Path, revisions: int) -> int:
    """How many statements env.py's connection sends in a run with so many more revisions."""
    with empty_database(server) as database:
        stage = Stage(copy_plain(project), database)
        for number in range(4, 4 + revisions):
            stage.project.add(f"{number:04}", f"{number - 1:04}", "op.execute('SELECT 1')")
        before = server.log.read_text().count(WORKS)
        assert stage.run(HEADSTART_RECORD="off").exit_code == 0
        return server.log.read_text().count(WORKS) - before


def test_a_revision_sends_no_statement_for_its_limit(tmp_path: Path) -> None:
    with PostgresServer(18, conf=LOG) as server:
        few, many = (statements(server, tmp_path / str(count), count) for count in (3, 9))
    assert (many - few) / 6 == STATEMENTS
