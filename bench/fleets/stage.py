"""Targets in plenty on one server: schemas of a database, or databases, at a revision of a history.

The history is that of bench/peers: a table, a column, an index and a default in turn. What is made
here is made by SQL, as the alembic command would have left it; only a run proves it.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from peers.tools import Tool, make_project
from peers.work import Step, steps, write_alembic

from tests.harness.program import run_headstart
from tests.harness.project import ProjectCopy
from tests.harness.server import Database, Server, empty_database
from tests.integration.fingerprinting import password_of, passwordless
from tests.integration.fleets import CHOOSES_SCHEMA

REVISIONS, PENDING = 12, 3
AT_ONCE = 50
"""Schemas that are made, or dropped, in a message: each of their tables is a lock until its end."""
BUILD_SECONDS = 600
VERSION_TABLE = (
    "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL,"
    " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));"
    " INSERT INTO alembic_version VALUES ('{}')"
)
_ALEMBIC = Tool("alembic", "alembic", write_alembic, "alembic/versions", lambda _: [])


@dataclass(frozen=True)
class Stage:
    """A project, and targets of one kind; `programs` is the folder of the measured programs."""

    project: ProjectCopy
    server: Server
    programs: Path

    kind = ""

    def make(self, names: Sequence[str]) -> None:
        """Make these targets, three revisions behind the head."""
        raise NotImplementedError

    def drop(self, names: Sequence[str]) -> None:
        """Drop these targets, whatever is in them."""
        raise NotImplementedError

    def settings(self) -> Mapping[str, str]:
        """What tells headstart of the targets, but for their names."""
        raise NotImplementedError

    def in_loop(self, names: Path) -> list[str]:
        """The alembic command, one target after the other."""
        raise NotImplementedError

    def in_xargs(self, names: Path, jobs: int) -> list[str]:
        """The alembic command for so many targets at once."""
        raise NotImplementedError

    @property
    def alembic(self) -> str:
        """The command."""
        return str(self.programs / "alembic")


class SchemaStage(Stage):
    """A schema for each target, in the database `tenants`."""

    kind = "schemas"

    def make(self, names: Sequence[str]) -> None:
        for part in _parts(names):
            made = (f"CREATE SCHEMA {name}; SET search_path TO {name}; {before()}" for name in part)
            self._database.execute("; ".join(made))

    def drop(self, names: Sequence[str]) -> None:
        for part in _parts(names):
            self._database.execute(f"DROP SCHEMA IF EXISTS {', '.join(part)} CASCADE")

    def settings(self) -> Mapping[str, str]:
        return {
            "DATABASE_URL": self._database.url,
            "HEADSTART_TARGET_X": "tenant={target}",
            "HEADSTART_TARGET_VERSION_TABLE": "{target}.alembic_version",
        }

    def in_loop(self, names: Path) -> list[str]:
        return _loop(names, f'{self.alembic} -x "tenant=$name" upgrade head')

    def in_xargs(self, names: Path, jobs: int) -> list[str]:
        return [*_xargs(names, jobs), self.alembic, "-x", "tenant={}", "upgrade", "head"]

    @property
    def _database(self) -> Database:
        return Database(self.server, "tenants")


class DatabaseStage(Stage):
    """A database for each target."""

    kind = "databases"

    def make(self, names: Sequence[str]) -> None:
        with empty_database(self.server) as template:
            template.execute(before())
            for name in names:
                self.server.execute(
                    f"CREATE DATABASE {name} TEMPLATE {template.name}{self.server.copying}"
                )

    def drop(self, names: Sequence[str]) -> None:
        for name in names:
            self.server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def settings(self) -> Mapping[str, str]:
        return {"HEADSTART_TARGET_URL": self._url("{target}")}

    def in_loop(self, names: Path) -> list[str]:
        return _loop(names, f'DATABASE_URL="{self._url("$name")}" {self.alembic} upgrade head')

    def in_xargs(self, names: Path, jobs: int) -> list[str]:
        url = f"DATABASE_URL={self._url('{}')}"
        return [*_xargs(names, jobs), "env", url, self.alembic, "upgrade", "head"]

    def _url(self, name: str) -> str:
        return self.server.url(dbname="PLACE").replace("PLACE", name)


def schema_stage(server: Server, folder: Path, programs: Path) -> SchemaStage:
    """A project whose env.py takes -x tenant=NAME, and the database for the schemas."""
    project = _project(folder, programs)
    project.edit_env(*CHOOSES_SCHEMA)
    _build_fingerprints(project, server, HEADSTART_X="tenant=public")
    server.execute("CREATE DATABASE tenants TEMPLATE template0")
    return SchemaStage(project, server, programs)


def database_stage(server: Server, folder: Path, programs: Path) -> DatabaseStage:
    """A project that knows nothing of tenants."""
    project = _project(folder, programs)
    _build_fingerprints(project, server)
    return DatabaseStage(project, server, programs)


def _project(folder: Path, programs: Path) -> ProjectCopy:
    make_project(folder, _ALEMBIC, steps(REVISIONS), programs)
    return ProjectCopy(folder)


def _build_fingerprints(project: ProjectCopy, server: Server, **environ: str) -> None:
    """In the folder of the project, as it is measured: the file names what is read there."""
    with empty_database(server) as scratch:
        url = ("--url", passwordless(scratch))
        env = password_of(scratch) | environ
        build = ("fingerprint", "build", "--once", *url)
        done = run_headstart(*build, env=env, cwd=project.path, timeout=BUILD_SECONDS)
        assert done.exit_code == 0, done.stderr


def before() -> str:
    """The statements that make what a target has before the pending revisions."""
    done: list[Step] = steps(REVISIONS)[:-PENDING]
    return "; ".join([*(step.up for step in done), VERSION_TABLE.format(done[-1].name)])


def _parts(names: Sequence[str]) -> list[list[str]]:
    remaining, parts = iter(names), []
    while part := list(islice(remaining, AT_ONCE)):
        parts.append(part)
    return parts


def _loop(names: Path, command: str) -> list[str]:
    file = shlex.quote(str(names))
    return ["sh", "-c", f"while read -r name; do {command} || exit 1; done < {file}"]


def _xargs(names: Path, jobs: int) -> list[str]:
    return ["xargs", "-a", str(names), "-P", str(jobs), "-I", "{}"]
