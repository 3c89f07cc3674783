"""A fleet and the gate: what was proven of a target is said again of that one, and of no other."""

from pathlib import Path

from tests.harness.project import REVISIONS, ProjectCopy
from tests.harness.server import Database, Server
from tests.integration.fleets import database_fleet, finished, outcomes, schema_fleet

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


def test_a_schema_never_passes_it_for_another_one(
    project: ProjectCopy, database: Database, plain_fingerprints: str
) -> None:
    """The proof of the tables in public, which an ordinary run has noted, is nobody else's."""
    with_fingerprints(project, plain_fingerprints)
    project.edit_env("target_metadata = None", "target_metadata = None\nimport os")
    fleet = schema_fleet(project, database, (*NAMES, "public"))
    get = "context.get_x_argument(as_dictionary=True)['tenant']"
    project.edit_env(get, "os.environ['TENANT']")
    del fleet.settings["HEADSTART_TARGET_X"], fleet.settings["HEADSTART_TARGET_VERSION_TABLE"]
    fleet.settings["HEADSTART_TARGET_ENV"] = "TENANT={target}"
    only_public = fleet.run("--targets-sql", "SELECT 'public'", HEADSTART_TARGETS="")
    assert outcomes(only_public) == {"public": "upgraded"}, only_public.stderr
    done = fleet.run()
    assert outcomes(done) == dict.fromkeys(NAMES, "upgraded") | {"public": "nothing_to_do"}
    assert not any("gate" in told for told in finished(done).values())
    assert fleet.revisions() == dict.fromkeys((*NAMES, "public"), REVISIONS[-1])
