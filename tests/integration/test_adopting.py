"""docs/adopting.md: each kind of database that somebody else has made is met, and is told.

HEADSTART_TEST_UPDATE_DOCS=1 writes what was printed into the document instead of comparing it.
"""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from headstart.dev.embedded import PROGRAMS, programs
from tests.conftest import ON_ONE_SERVER
from tests.harness.environment import ROOT, clean_environ
from tests.harness.page import Checkout, assert_document, copy_checkout, replay
from tests.harness.program import run_program
from tests.harness.server import Database
from tests.integration.runbook_page import verdict_lines

pytestmark = ON_ONE_SERVER

ADOPTING = ROOT / "docs" / "adopting.md"
PASSWORD = "pa$%w@rd"
NAMES = sorted(set(re.findall(r"localhost:5432/(\w+)", ADOPTING.read_text())))
"""The databases of the document that alembic.ini names in turn."""
NEWER, COPY = "newer_release", "kept_as_it_is"
"""The database of the newer release, and the one that the document itself makes."""
REVISIONS = {
    "create_tags": ("152ce5a49348", 'op.create_table("tags", sa.Column("name", sa.Text))'),
    "add_language": ("create_tags", 'op.add_column("assets", sa.Column("language", sa.Text))'),
}
"""What the newer release has beyond this one: revision, parent, and what it does."""
RUN = re.compile(r"^(?:[A-Z_]+=\S+ )*headstart$")
SECONDS = re.compile(r'seconds": [\d.]+')


@dataclass(frozen=True)
class Desk(Checkout):
    """A checkout, and the shell of somebody whose psql has the database of alembic.ini."""

    login: Mapping[str, str]
    at: dict[str, str] = field(default_factory=dict)

    def set_url(self, line: str) -> None:
        """Go to another database."""
        super().set_url(line)
        self.at["PGDATABASE"] = self.real_names[line.rpartition("/")[2]]

    def run(self, command: str, **environ: str) -> str:
        """Run a command line; of headstart only the answer is shown, of a run the verdict."""
        asked = re.search(r"\bheadstart\b", command)
        given = {**self.login, **self.at, **environ}
        done = run_program("bash", "-c", self._real(command), env=given, cwd=self.path)
        if RUN.match(command):
            lines = verdict_lines(done.verdict)
            return self.document_names("".join(f"{line}\n" for line in lines))
        return self.document_names(done.stdout if asked else done.stdout + done.stderr)

    def document_names(self, output: str) -> str:
        """Replace all that differs from run to run by the names that the document uses."""
        for documented, real in self.real_names.items():
            output = output.replace(real, documented)
        return SECONDS.sub('seconds": 0.01', output)

    def _real(self, command: str) -> str:
        """Say in a command what this test's databases are called."""
        return re.sub(r"\w+", lambda word: self.real_names.get(word[0], word[0]), command)


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    """Give a checkout, and empty databases of a role that may do nothing else."""
    role, path = f"{database.name}_role", tmp_path / "headstart"
    databases = {name: f"{database.name}_{name}" for name in (*NAMES, NEWER)}
    database.execute(f"CREATE ROLE {role} LOGIN CREATEDB PASSWORD '{PASSWORD}'")
    for name in databases.keys() - {COPY}:
        database.execute(f"CREATE DATABASE {databases[name]} OWNER {role}")
    address = {"//minirag@localhost:5432/": f"//{role}@127.0.0.1:{database.port}/"}
    path.mkdir()
    copy_checkout(path)
    yield Desk(path, address | databases, login(database, role))
    for name in databases.values():
        database.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    database.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


def login(database: Database, role: str) -> dict[str, str]:
    """Return what libpq's programs need, and the way to those of the server's version."""
    ((number,),) = database.query("SHOW server_version_num")
    major = int(number) // 10_000
    first = [str(programs(major))] if major in PROGRAMS else []
    return {
        "PATH": os.pathsep.join([*first, clean_environ()["PATH"]]),
        "PGHOST": "127.0.0.1",
        "PGPORT": str(database.port),
        "PGUSER": role,
        "PGPASSWORD": PASSWORD,
    }


def make_newer(desk: Desk) -> None:
    """Put a checkout of a newer release beside the one of this release."""
    newer = desk.path.parent / "newer"
    shutil.copytree(desk.path, newer)
    for revision, (parent, body) in REVISIONS.items():
        (newer / "alembic" / "versions" / f"{revision}.py").write_text(
            f"import sqlalchemy as sa\nfrom alembic import op\n\nrevision = {revision!r}\n"
            f"down_revision = {parent!r}\n\n\ndef upgrade() -> None:\n    {body}\n"
        )
    other = Desk(newer, desk.real_names, desk.login)
    other.set_url(f"sqlalchemy.url = postgresql+psycopg2://minirag@localhost:5432/{NEWER}")


def test_the_job_says_and_does_what_the_document_shows(desk: Desk) -> None:
    """Each command of docs/adopting.md, in order."""
    make_newer(desk)
    assert_document(ADOPTING, replay(ADOPTING.read_text(), desk))
