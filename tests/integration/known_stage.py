"""A stage whose project has its fingerprints, and tables that are made as its revisions do."""

from dataclasses import dataclass
from pathlib import Path

from tests.harness.project import REVISIONS
from tests.harness.result import Result
from tests.harness.server import empty_database
from tests.integration.fingerprinting import Fingerprinter
from tests.integration.stage import Stage

EXACT = {
    "0001": "CREATE TABLE accounts (id serial PRIMARY KEY, name text NOT NULL)",
    "0002": "CREATE TABLE orders (id serial PRIMARY KEY,"
    " account_id int NOT NULL REFERENCES accounts)",
    "0003": "CREATE TABLE invoices (id serial PRIMARY KEY,"
    " order_id int NOT NULL REFERENCES orders)",
}
"""What each revision of the plain project builds."""
FILE = "fingerprints.txt"


@dataclass(frozen=True)
class KnownStage(Stage):
    """A stage with a fingerprints file beside env.py."""

    @property
    def file(self) -> Path:
        """The fingerprints."""
        return self.project.path / "alembic" / FILE

    def make_exactly(self, last: str, *more: str) -> None:
        """Make the tables up to a revision, each with a row; then execute more."""
        for revision in REVISIONS:
            if revision <= last:
                self.database.execute(EXACT[revision])
        self.database.execute("INSERT INTO accounts (name) VALUES ('somebody')")
        for statement in more:
            self.database.execute(statement)

    def columns(self, table: str) -> set[str]:
        """The columns of a table."""
        rows = self.database.query(
            f"SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0"
            " AND NOT attisdropped"
        )
        return {row[0] for row in rows}


def rebuild(stage: KnownStage, **environ: str) -> None:
    """Build the fingerprints of what the test has made of the project."""
    with empty_database(stage.database.server) as scratch:
        Fingerprinter(stage.project, scratch).build(**environ)


def refused(stage: KnownStage, code: int, outcome: str, **environ: str) -> Result:
    """Run, and see that it was refused and changed nothing at all."""
    before = stage.catalog()
    done = stage.run(**environ)
    assert (done.exit_code, done.verdict["outcome"]) == (code, outcome), done.verdict
    assert stage.catalog() == before
    assert stage.rows() is None
    assert done.verdict["proof"] == "none"
    return done
