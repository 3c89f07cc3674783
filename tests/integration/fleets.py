"""Fleets of a test's own: a project, and a server with many databases, or a database of schemas."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

from headstart.facts.sql import identifier
from tests.harness.program import HEADSTART, TIMEOUT_SECONDS, Run, run_program, start_headstart
from tests.harness.project import ProjectCopy
from tests.harness.result import Event, Result
from tests.harness.server import Database, Server, empty_database
from tests.integration.fingerprinting import Fingerprinter

CHOOSES_SCHEMA = (
    (
        "    with connectable.connect() as connection:\n        context.configure(\n"
        "            connection=connection, target_metadata=target_metadata\n        )\n"
    ),
    (
        "    tenant = context.get_x_argument(as_dictionary=True)['tenant']\n"
        "    with connectable.connect() as connection:\n"
        "        quoted = connection.dialect.identifier_preparer.quote_identifier(tenant)\n"
        "        connection.exec_driver_sql(f'SET search_path TO {quoted}')\n"
        "        connection.commit()\n"
        "        connection.dialect.default_schema_name = tenant\n"
        "        context.configure(\n"
        "            connection=connection, target_metadata=target_metadata,\n"
        "            version_table_schema=tenant\n        )\n"
    ),
)
"""What an env.py of a schema per tenant has in place of the template's lines."""
ODD_NAMES = ('we"ird', "a b", "50%", "é.x", "o'k", "x:y", "a/b@c?d#e&f")
SECONDS_EACH = 5
"""What a target may take more, on a machine with other work; most take a twentieth."""
SLEEPS = 'op.execute("SELECT pg_sleep(60)")'
SLEEPING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


@dataclass(frozen=True)
class Fleet:
    """What is started: a project, and the settings of a fleet over the targets of these names."""

    project: ProjectCopy
    names: Sequence[str]
    settings: dict[str, str]

    def run(self, *argv: str, stdin: str = "", **environ: str) -> Result:
        """Run the fleet to its end."""
        return self.ask("run", *argv, stdin=stdin, **environ)

    def ask(self, verb: str, *argv: str, stdin: str = "", **environ: str) -> Result:
        """Execute a verb of the fleet to its end."""
        command, env = (*HEADSTART, "fleet", verb, *argv), self._environ() | environ
        patience = TIMEOUT_SECONDS + SECONDS_EACH * len(self.names)
        return run_program(*command, env=env, stdin=stdin, timeout=patience)

    def start(self, *argv: str, **environ: str) -> Run:
        """Start it; use it as a context, which ends it."""
        return start_headstart("fleet", "run", *argv, env=self._environ() | environ)

    def _environ(self) -> dict[str, str]:
        path = self.project.path / "targets"
        path.write_text("".join(f"{name}\n" for name in self.names))
        message = self.project.path / "message"
        message.touch()
        return {
            "HEADSTART_ALEMBIC_INI": self.project.ini,
            "HEADSTART_TARGETS": str(path),
            "HEADSTART_TERMINATION_LOG": str(message),
            **self.settings,
        }


@dataclass(frozen=True)
class SchemaFleet(Fleet):
    """A schema for each target, in one database."""

    database: Database

    def revisions(self) -> dict[str, str | None]:
        """The version row of each target; None where it has none."""
        found = self.database.version_rows()
        return {
            name: ",".join(found.get(f"{name}.alembic_version", [])) or None for name in self.names
        }


@dataclass(frozen=True)
class DatabaseFleet(Fleet):
    """A database for each target, on one server."""

    server: Server
    prefix: str

    def database(self, name: str) -> Database:
        """The database of a target."""
        return Database(self.server, f"{self.prefix}{name}")

    def revisions(self) -> dict[str, str | None]:
        """The version row of each target; None where it has none."""
        found = {name: self.database(name).version_rows() for name in self.names}
        return {
            name: ",".join(rows.get("public.alembic_version", [])) or None
            for name, rows in found.items()
        }


def schema_fleet(project: ProjectCopy, database: Database, names: Sequence[str]) -> SchemaFleet:
    """Make the schemas, and an env.py that takes -x tenant=NAME."""
    project.edit_env(*CHOOSES_SCHEMA)
    for name in names:
        database.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(name)}")
    settings = {
        "DATABASE_URL": database.url,
        "HEADSTART_TARGET_X": "'tenant={target}'",
        "HEADSTART_TARGET_VERSION_TABLE": "{target}.alembic_version",
    }
    return SchemaFleet(project, names, settings, database)


def proving_fleet(
    project: ProjectCopy, database: Database, names: Sequence[str], *edits: tuple[str, str]
) -> SchemaFleet:
    """The same with edits of env.py, and the fingerprints by which a run proves a schema."""
    fleet = schema_fleet(project, database, names)
    for edit in edits:
        project.edit_env(*edit)
    with empty_database(database.server) as scratch:
        Fingerprinter(project, scratch).build(HEADSTART_X="tenant=public")
    return fleet


@contextmanager
def database_fleet(
    project: ProjectCopy, server: Server, names: Sequence[str]
) -> Iterator[DatabaseFleet]:
    """Make the databases, dropped at the end."""
    prefix = f"fleet_{uuid4().hex[:8]}_"
    url = server.url(dbname="PLACE").replace("PLACE", f"{prefix}{{target}}")
    databases = [identifier(f"{prefix}{name}") for name in names]
    try:
        for each in databases:
            server.execute(f"CREATE DATABASE {each} TEMPLATE template0{server.copying}")
        yield DatabaseFleet(project, names, {"HEADSTART_TARGET_URL": url}, server, prefix)
    finally:
        for each in databases:
            server.execute(f"DROP DATABASE IF EXISTS {each} WITH (FORCE)")


def finished(result: Result) -> dict[str, Event]:
    """The verdict of each target in the log."""
    return {
        event["target"]: event for event in result.events if event["event"] == "target_finished"
    }


def gated(result: Result) -> set[str]:
    """The targets for which the question has answered, in place of a process."""
    return {name for name, event in finished(result).items() if event.get("gate")}


def outcomes(result: Result) -> dict[str, str]:
    """The outcome of each target in the log."""
    return {name: event["outcome"] for name, event in finished(result).items()}


def summary(result: Result) -> Event:
    """The last line, which is the fleet's verdict, after a look at whether all say the same."""
    last = result.events[-1]
    assert last["event"] == "fleet_finished", last
    assert last["exit_code"] == result.exit_code, last
    assert result.told["outcome"] == last["outcome"]
    return last
