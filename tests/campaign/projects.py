"""The projects that a campaign runs on, and what each of their revisions makes.

`careful`: what leaves its transaction may be repeated; `careless`: it may not, so that a run that
is broken off there needs a person. Both with and without fingerprints.
"""

from dataclasses import dataclass
from pathlib import Path

from tests.harness.embedded import PASSWORD, PostgresServer
from tests.harness.environment import PROGRAMS
from tests.harness.program import run_headstart, run_program
from tests.harness.project import ProjectCopy, copy_project
from tests.harness.server import Database, Rows, empty_database

REVISIONS = ("0001", "0002", "0003", "0004")
LEAVING = "0003"
"""The one that leaves its transaction."""
_PAUSE = "op.execute('SELECT pg_sleep(0.08)')\n"
_BODIES = {
    "0001": "op.create_table('accounts', sa.Column('id', sa.Integer, primary_key=True),"
    f" sa.Column('name', sa.Text))\n{_PAUSE}",
    "0002": "op.execute(\"INSERT INTO accounts SELECT n, 'a' FROM generate_series(1, 50) n\")\n"
    f"{_PAUSE}",
    "0004": f"{_PAUSE}op.create_table('orders', sa.Column('id', sa.Integer, primary_key=True))\n",
}
_LEAVING = {
    "careful": "with op.get_context().autocommit_block():\n"
    "    op.execute('DROP INDEX CONCURRENTLY IF EXISTS by_name')\n"
    "    op.execute('SELECT pg_sleep(0.1)')\n"
    "    op.execute('CREATE INDEX CONCURRENTLY by_name ON accounts (name)')\n",
    "careless": "with op.get_context().autocommit_block():\n"
    "    op.execute('CREATE TABLE notes (id int, text text)')\n"
    "    op.execute('SELECT pg_sleep(0.1)')\n"
    "    op.execute('CREATE INDEX CONCURRENTLY by_text ON notes (text)')\n",
}
UNDO = "DROP TABLE IF EXISTS notes"
"""What a person does who is told to undo what the careless revision has left."""

STATE = """
    SELECT c.relkind::text, c.relname::text, a.attname::text,
           pg_catalog.format_type(a.atttypid, a.atttypmod), i.indisvalid
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_index i ON i.indexrelid = c.oid
    WHERE n.nspname = 'public' AND c.relname NOT LIKE 'alembic_version%'
    ORDER BY 1, 2, 3
"""


@dataclass(frozen=True)
class Project:
    """One of them; `states` is what the alembic command alone makes of each revision."""

    name: str
    ini: Path
    states: dict[str | None, Rows]

    @property
    def careful(self) -> bool:
        """Whether what it left half done may simply be repeated."""
        return "careful" in self.name


def state_of(database: Database) -> Rows:
    """The schema, and how many rows the revisions have inserted."""
    made = database.query(STATE)
    rows = [(0,)]
    if any(row[1] == "accounts" for row in made):
        rows = database.query("SELECT count(*) FROM accounts")
    return [*made, ("rows", *rows[0])]


def make_projects(server: PostgresServer, folder: Path) -> tuple[Project, ...]:
    """Write them, with the states that their revisions lead to."""
    made = []
    for name in _LEAVING:
        plain = _write(folder / name, name)
        states = _states(server, plain)
        made.append(Project(name, Path(plain.ini), states))
        known = _write(folder / f"{name}-known", name)
        with empty_database(server) as scratch:
            url = server.url(dbname=scratch.name, password="")
            environ = {"HEADSTART_ALEMBIC_INI": known.ini, "PGPASSWORD": PASSWORD}
            built = run_headstart("fingerprint", "build", "--url", url, env=environ)
            assert built.exit_code == 0, built.verdict
        made.append(Project(f"{name}, with fingerprints", Path(known.ini), states))
    return tuple(made)


def _write(folder: Path, name: str) -> ProjectCopy:
    project = ProjectCopy(copy_project("plain", folder))
    project.remove("0001", "0002", "0003")
    bodies = {**_BODIES, LEAVING: _LEAVING[name]}
    for parent, revision in zip((None, *REVISIONS), REVISIONS, strict=False):
        project.add(revision, parent, bodies[revision])
    return project


def _states(server: PostgresServer, project: ProjectCopy) -> dict[str | None, Rows]:
    with empty_database(server) as database:
        states: dict[str | None, Rows] = {None: state_of(database)}
        ini = Path(project.ini)
        text = ini.read_text()
        url = database.driver_url().replace("%", "%%")
        place = f"script_location = {project.path}/alembic\nsqlalchemy.url = {url}\n"
        ini.write_text(f"{text}\n[reference]\n{place}")
        for revision in REVISIONS:
            done = run_program(
                *(PROGRAMS / "alembic", "-n", "reference", "upgrade", revision), cwd=project.path
            )
            assert done.exit_code == 0, done.stderr
            states[revision] = state_of(database)
        ini.write_text(text)
    return states
