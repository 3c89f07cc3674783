"""Schemas on servers of every version, and the fingerprints that headstart makes of them."""

import shutil
from pathlib import Path

from headstart.fingerprint.catalog.normal_form import Snapshot
from headstart.fingerprint.catalog.query import Reading
from headstart.postgres.catalog import Catalog
from headstart.postgres.connection import connect
from tests.harness.environment import ROOT
from tests.harness.project import ProjectCopy
from tests.harness.result import Result
from tests.harness.slow import start
from tests.servers.containers import Container
from tests.servers.databases import PASSWORD, Database

VERSIONS = (13, 14, 15, 16, 17, 18)
EVERY_KIND = Path(__file__).parent / "every_kind"
"""Scripts by the first version that they work on; a later one builds on the earlier ones."""
SECONDS = 120

_EXECUTE = """\
import pathlib
text = pathlib.Path({path!r}).read_text()
op.get_bind().exec_driver_sql(text.replace("%", "%%"))
"""


def read(
    database: Database,
    schema: str | None = None,
    pool: Container | None = None,
    names: frozenset[str] | None = None,
) -> Snapshot:
    """Read a database, relative to a schema of it: these objects, or all."""
    with (
        connect(database.through(pool).parameters, "headstart's tests") as connection,
        Catalog(connection) as catalog,
    ):
        return catalog.read(Reading(schema, "alembic_version", names=names))


def scripts(version: int) -> list[Path]:
    """The scripts for every kind of object that a server of this version has."""
    found = {int(path.stem): path for path in EVERY_KIND.glob("*.sql")}
    return [found[first] for first in sorted(found) if first <= version]


def as_history(project: ProjectCopy, paths: list[Path]) -> ProjectCopy:
    """Make the project one of these scripts, a revision for each."""
    shutil.rmtree(project.versions)
    project.versions.mkdir()
    parent = None
    for path in paths:
        project.add(path.stem, parent, _EXECUTE.format(path=str(path)))
        parent = path.stem
    return project


def fingerprint(word: str, url: str, ini: str | Path, file: Path, *options: str) -> Result:
    """Run `headstart fingerprint` on a database that is given for it."""
    environ = {
        "HEADSTART_ALEMBIC_INI": str(ini),
        "HEADSTART_FINGERPRINTS": str(file),
    }
    plain = url.replace(f":{PASSWORD}@", "@")  # an argument must not hold a password
    environ["PGPASSWORD"] = PASSWORD
    with start(url, "fingerprint", word, "--url", plain, *options, **environ) as run:
        return run.end(SECONDS)


def own_ini() -> Path:
    """This repository's own alembic.ini, as everybody gets it."""
    return ROOT / "alembic.ini.example"


def restore(source: Database, target: Database) -> None:
    """Copy a schema by pg_dump and psql, those of 18, which work with every older server."""
    dumped = source.through().client("pg_dump", "--schema-only")
    # what older servers do not know, and a person ignores
    known = dumped.replace("SET transaction_timeout = 0;\n", "")
    options = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1")
    target.through().client("psql", *options, stdin=known)
