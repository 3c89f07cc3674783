"""After any change of an object of ours the gate does not answer: the flow looks, and says so."""

from collections.abc import Callable

import pytest

from tests.conftest import ON_ONE_SERVER, SERVERS
from tests.harness.project import ProjectCopy, copy_plain
from tests.harness.server import Database, Server, empty_database
from tests.integration.fingerprinting import Fingerprinter
from tests.integration.gate_objects import CHANGES, HARMLESS, MADE
from tests.integration.gate_stage import assert_closed, assert_open, opened
from tests.integration.known_stage import KnownStage

# a row of the catalog that changes is a new one in every version
pytestmark = ON_ONE_SERVER
AS_SUPERUSER = "SET allow_system_table_mods = on"


def with_objects(project: ProjectCopy) -> ProjectCopy:
    """The plain project, and a revision that makes an object of each kind."""
    project.add("0004", "0003", f"op.execute({MADE!r})")
    return project


@pytest.fixture(scope="session")
def rich_fingerprints(
    servers: Callable[[str], Server], tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The fingerprints of that project, for the servers of every version."""
    project = with_objects(copy_plain(tmp_path_factory.mktemp("rich") / "project"))
    with empty_database(servers(SERVERS[0])) as scratch:
        fingerprint = Fingerprinter(project, scratch)
        fingerprint.build()
    return fingerprint.text


@pytest.fixture
def rich(project: ProjectCopy, database: Database, rich_fingerprints: str) -> KnownStage:
    """A database with an object of each kind, at which the gate has answered."""
    stage = KnownStage(with_objects(project), database)
    stage.file.write_text(rich_fingerprints)
    return opened(stage)


@pytest.mark.parametrize("change", list(CHANGES))
def test_no_change_of_an_object_is_passed_over(rich: KnownStage, change: str) -> None:
    rich.database.execute(f"{AS_SUPERUSER}; {CHANGES[change]}")
    assert_closed(rich, "check")


@pytest.mark.parametrize("change", list(HARMLESS))
def test_what_changes_nothing_of_ours_keeps_it_open(rich: KnownStage, change: str) -> None:
    rich.database.execute(HARMLESS[change].format(rich.database.name))
    assert_open(rich, "check")
