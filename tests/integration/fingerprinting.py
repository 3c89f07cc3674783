"""The verb fingerprint on a project, in a scratch database of the test's own."""

from dataclasses import dataclass, replace
from pathlib import Path

from headstart.fingerprint.file.states import Fingerprints
from headstart.fingerprint.file.text import read_file
from tests.harness.program import run_headstart
from tests.harness.project import ProjectCopy
from tests.harness.result import Result
from tests.harness.server import Database, empty_database

METADATA = """
import sqlalchemy as sa
meta = sa.MetaData()
sa.Table("accounts", meta, sa.Column("id", sa.Integer, primary_key=True),
         sa.Column("name", sa.Text, nullable=False))
sa.Table("orders", meta, sa.Column("id", sa.Integer, primary_key=True),
         sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False))
sa.Table("invoices", meta, sa.Column("id", sa.Integer, primary_key=True),
         sa.Column("order_id", sa.ForeignKey("orders.id", name="of_order"), nullable=False))
target_metadata = meta
"""
"""The models of the plain project; one constraint has another name than the revisions give it."""
GATE = "gate\t"
ASYNC = "async_template_asyncpg"
BRANCHES = "branches_and_merge"
SCHEMAS = "include_schemas"


@dataclass(frozen=True)
class Fingerprinter:
    """A project, and a scratch database to replay its revisions in."""

    project: ProjectCopy
    scratch: Database

    @property
    def file(self) -> Path:
        """Where the fingerprints are."""
        return self.project.path / "alembic" / "fingerprints.txt"

    @property
    def text(self) -> str:
        """What the file says, byte for byte."""
        return self.file.read_bytes().decode()

    @property
    def gates_lines(self) -> list[str]:
        """The lines that the gate reads, which stand before the states."""
        return [line for line in self.text.split("\n") if line.startswith(GATE)]

    @property
    def others_lines(self) -> list[str]:
        """All other lines."""
        return [line for line in self.text.split("\n") if not line.startswith(GATE)]

    @property
    def states(self) -> Fingerprints:
        """What the file knows."""
        return read_file(self.text)

    def __call__(self, verb: str, *argv: str, **environ: str) -> Result:
        """Run `headstart fingerprint` on the scratch database; an URL may hold no password.

        build goes on where an earlier one left it, check gets an empty one.
        """
        if verb == "check":
            with empty_database(self.scratch.server) as other:
                return replace(self, scratch=other).run(verb, *argv, **environ)
        # a second replay would double the time of nearly every test
        going_on = ["--continue", "--once"] if verb == "build" else []
        return self.run(verb, *going_on, *argv, **environ)

    def run(self, verb: str, *argv: str, **environ: str) -> Result:
        """Run `headstart fingerprint` as it is said, on the scratch database."""
        ini = {"HEADSTART_ALEMBIC_INI": self.project.ini}
        url = ["--url", passwordless(self.scratch)]
        env = ini | password_of(self.scratch) | environ
        return run_headstart("fingerprint", verb, *url, *argv, env=env)

    def build(self, *argv: str, **environ: str) -> Result:
        """Build the file; that has to succeed."""
        done = self("build", *argv, **environ)
        assert done.exit_code == 0, done.stderr
        return done

    def build_anew(self, *argv: str, **environ: str) -> Result:
        """Build in another, empty scratch database, as after a checkout elsewhere."""
        with empty_database(self.scratch.server) as other:
            return Fingerprinter(self.project, other)("build", *argv, **environ)


def replayed(done: Result) -> list[str]:
    """The revisions that were run, in this order."""
    return [e["revision"] for e in done.events if e["event"] == "revision_started"]


def passwordless(database: Database) -> str:
    """The URL without a password, as an argument may be given."""
    return database.server.url(dbname=database.name, password="")


def password_of(database: Database) -> dict[str, str]:
    """The password, where there is one, as the environment has it."""
    password = database.parameters.get("password")
    return {"PGPASSWORD": password} if password else {}


def with_models(project: ProjectCopy, models: str = METADATA) -> None:
    """Give the plain project its models."""
    project.edit_env("target_metadata = None", models)


def edit(project: ProjectCopy, old: str, new: str, revision: str = "0002") -> None:
    """Replace a text of a revision that must be there."""
    (file,) = project.versions.glob(f"{revision}*.py")
    text = file.read_text()
    assert old in text, old
    file.write_text(text.replace(old, new))
