"""Histories to measure with: the statements of each revision, and the file of fingerprints.

A real one is replayed once by `headstart fingerprint build` in its app's environment. The server
logs what it executes: that can be repeated at will, up to any statement.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from headstart.facts.state import History
from headstart.fingerprint.catalog.query import Reading
from headstart.fingerprint.file.states import BASE, Fingerprints
from headstart.fingerprint.file.text import read_file
from tests.harness.embedded import PostgresServer
from tests.histories.app import App

LOG = ("logging_collector = on", "log_destination = 'jsonlog'", "log_filename = 'statements'")
"""What the server needs in its configuration."""

MIGRATIONS = "mlflow/store/db_migrations"
MLFLOW = App("mlflow", f"{MIGRATIONS}/alembic.ini", f"{MIGRATIONS}/versions")
MLFLOW_BASE = Path(__file__).parents[1] / "tests" / "histories" / "mlflow_base.sql"
ARGILLA = App("argilla", "argilla_server/alembic.ini", "argilla_server/alembic/versions")
ROLE, PASSWORD = "app", "plain"
"""argilla's env.py gives the URL to the ini parser as it is: no `%`."""

READING = Reading(None, "alembic_version")
_WITHOUT_EFFECT = re.compile(
    r"(?:SELECT|SHOW|SET|BEGIN|START|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|LOCK)\b"
    r"|WITH wanted AS|DEALLOCATE\b|CREATE TABLE (?:public\.)?alembic_version",
    re.IGNORECASE,
)
_VERSION_ROW = re.compile(
    r"(?:INSERT INTO|UPDATE) (?:public\.)?alembic_version\b.*?'(\w+)'", re.DOTALL
)


@dataclass(frozen=True)
class Replayable:
    """A history; `steps` are the statements that lead to each state of the file, in its order."""

    name: str
    known: Fingerprints
    history: History
    steps: tuple[tuple[str, tuple[str, ...]], ...]
    file: str
    """The text of the file."""


def linear(revisions: list[str]) -> History:
    """A history without branches."""
    before = [frozenset[str](), *(frozenset([each]) for each in revisions)]
    edges = dict(zip(revisions, before, strict=False))
    return History(edges, frozenset(revisions[-1:]))


def real_histories(server: PostgresServer, folder: Path) -> Iterator[Replayable]:
    """Build the fingerprints of both apps."""
    server.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'")
    base = ("base", (MLFLOW_BASE.read_text(),))
    yield _built(server, folder, MLFLOW, {"HEADSTART_REPLAY_SQL": str(MLFLOW_BASE)}, [base])
    url = f"postgresql+asyncpg://{ROLE}:{PASSWORD}@127.0.0.1:{server.port}/argilla"
    home = {"ARGILLA_HOME_PATH": str(folder), "HOME": str(folder)}
    yield _built(server, folder, ARGILLA, {"ARGILLA_DATABASE_URL": url, **home}, [])


def _built(
    server: PostgresServer,
    folder: Path,
    app: App,
    environ: dict[str, str],
    base: list[tuple[str, tuple[str, ...]]],
) -> Replayable:
    server.execute(f"CREATE DATABASE {app.name} OWNER {ROLE}")
    server.execute(f"ALTER DATABASE {app.name} SET log_statement = 'all'")
    file = folder / f"{app.name}.txt"
    url = f"postgresql://{ROLE}@127.0.0.1:{server.port}/{app.name}"
    done = app.program(
        *("headstart", "fingerprint", "build", "--url", url),
        PGPASSWORD=PASSWORD,
        HEADSTART_ALEMBIC_INI=app.ini,
        HEADSTART_FINGERPRINTS=str(file),
        **environ,
    )
    if done.exit_code:
        raise SystemExit(f"{app.name}: {done.stdout}\n{done.stderr}")
    text = file.read_text()
    known = read_file(text)
    steps = [*base, *_steps(server.data / "log" / "statements.json", app.name)]
    names = [state.name for state in known.states]
    if [name for name, _ in steps] != names or [n for n in names if n != BASE] != app.history:
        raise SystemExit(f"{app.name}: the server's log does not have the revisions of the file")
    return Replayable(app.name, known, linear(app.history), tuple(steps), text)


def _steps(log: Path, database: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The statements of each revision, in order; its version row comes last."""
    statements: list[str] = []
    for line in log.read_text().splitlines():
        entry = json.loads(line)
        kind, _, sql = entry["message"].partition(": ")
        # psycopg 3 prepares what it executes often
        if not kind.startswith(("statement", "execute")) or entry["dbname"] != database:
            continue
        if revision := _VERSION_ROW.match(sql.strip()):
            yield revision[1], tuple(statements)
            statements = []
        elif not _WITHOUT_EFFECT.match(sql.strip()) and sql != MLFLOW_BASE.read_text():
            statements.append(sql)
