"""A fleet and the gate: what was proven of a target is said again of that one, and of no other."""

from pathlib import Path

from tests.harness.program import run_headstart
from tests.harness.project import REVISIONS, ProjectCopy
from tests.harness.result import Event
from tests.harness.server import Database, Server, empty_database
from tests.integration.fingerprinting import Fingerprinter
from tests.integration.fleets import (
    SchemaFleet,
    database_fleet,
    finished,
    outcomes,
    schema_fleet,
)

NAMES = ("ta", "tb", "tc")


def with_fingerprints(project: ProjectCopy, text: str) -> ProjectCopy:
    """The project with its fingerprints."""
    (Path(project.path) / "alembic" / "fingerprints.txt").write_text(text)
    return project


def test_a_database_that_is_proven_passes_the_gate(
    project: ProjectCopy, server: Server, plain_fingerprints: str
) -> None:
    with database_fleet(with_fingerprints(project, plain_fingerprints), server, NAMES) as fleet:
        first = fleet.run()
        assert {told["proof"] for told in finished(first).values()} == {"fingerprint"}
        fleet.database("tb").execute("ALTER TABLE accounts ADD note text")
        second = finished(fleet.run())
    assert {name: told.get("gate", False) for name, told in second.items()} == {
        "ta": True,
        "tb": False,
        "tc": True,
    }
    assert {told["outcome"] for told in second.values()} == {"nothing_to_do"}
    assert second["tb"]["extra"] == ["column accounts.note text"]


def test_a_schema_never_passes_it_for_another_one(project: ProjectCopy, database: Database) -> None:
    """The proof of the tables in public, which an ordinary run has noted, is nobody else's."""
    fleet = schema_fleet(project, database, (*NAMES, "public"))
    get = "context.get_x_argument(as_dictionary=True)['tenant']"
    project.edit_env(get, "__import__('os').environ.get('TENANT', 'public')")
    project.edit_env("            version_table_schema=tenant\n", "")
    with empty_database(database.server) as scratch:
        assert Fingerprinter(project, scratch)("build").exit_code == 0
    del fleet.settings["HEADSTART_TARGET_X"]
    fleet.settings.update(HEADSTART_TARGET_ENV="TENANT={target}", HEADSTART_GATE="on")
    assert [ordinary(fleet).get("gate") for _ in range(2)] == [None, True]
    done = fleet.run()
    assert outcomes(done) == dict.fromkeys(NAMES, "upgraded") | {"public": "nothing_to_do"}
    assert not any("gate" in told for told in finished(done).values())
    assert fleet.revisions() == dict.fromkeys((*NAMES, "public"), REVISIONS[-1])


def ordinary(fleet: SchemaFleet) -> Event:
    """The verdict of an ordinary run on the database of a fleet."""
    settings = {"HEADSTART_ALEMBIC_INI": fleet.project.ini, "HEADSTART_GATE": "on"}
    done = run_headstart(env=settings | {"DATABASE_URL": fleet.database.url})
    assert done.exit_code == 0, done.stderr
    return done.verdict
