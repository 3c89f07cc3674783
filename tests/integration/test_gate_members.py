"""A definition shows the names of an extension's objects: they can be renamed and moved, too."""

from collections.abc import Callable

import pytest

from tests.conftest import ON_ONE_SERVER, SERVERS
from tests.harness.project import ProjectCopy, copy_plain
from tests.harness.server import Database, Server, empty_database
from tests.integration.fingerprinting import Fingerprinter
from tests.integration.gate_stage import assert_closed, assert_open, opened
from tests.integration.known_stage import KnownStage

pytestmark = ON_ONE_SERVER
MADE = (
    "CREATE EXTENSION vector",
    "CREATE TYPE member_kind AS ENUM ('a', 'b')",
    "CREATE TYPE member_pair AS (x int, y int)",
    "CREATE FUNCTION member_id() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE VIEW member_view AS SELECT 1 AS query",
    "CREATE COLLATION member_order (locale = 'C')",
    *(
        f"ALTER EXTENSION vector ADD {kind}"
        for kind in (
            *("TYPE member_kind", "TYPE member_pair", "FUNCTION member_id()"),
            *("VIEW member_view", "COLLATION member_order"),
        )
    ),
    (
        "CREATE TABLE docs (id int PRIMARY KEY DEFAULT member_id(),"
        " kind member_kind DEFAULT 'a', pair member_pair, name text COLLATE member_order)"
    ),
    "CREATE VIEW ours AS SELECT query, (pair).x FROM member_view, docs",
)
SHOWN = (
    "ALTER TYPE member_kind SET SCHEMA elsewhere",
    "ALTER TYPE member_kind RENAME VALUE 'a' TO 'c'",
    "ALTER TYPE member_pair RENAME ATTRIBUTE x TO z",
    "ALTER FUNCTION member_id() SET SCHEMA elsewhere",
    "ALTER FUNCTION member_id() RENAME TO other_id",
    "ALTER VIEW member_view SET SCHEMA elsewhere",
    "ALTER VIEW member_view RENAME COLUMN query TO q",
    "ALTER COLLATION member_order RENAME TO other_order",
    "ALTER COLLATION member_order SET SCHEMA elsewhere",
)


def with_members(project: ProjectCopy) -> ProjectCopy:
    """The plain project, and a revision whose objects refer to an extension's."""
    project.add("0004", "0003", "\n".join(f"op.execute({each!r})" for each in MADE))
    return project


@pytest.fixture(scope="session")
def members_fingerprints(
    servers: Callable[[str], Server], tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The fingerprints of that project."""
    project = with_members(copy_plain(tmp_path_factory.mktemp("members") / "project"))
    with empty_database(servers(SERVERS[0])) as scratch:
        fingerprint = Fingerprinter(project, scratch)
        fingerprint.build()
    return fingerprint.text


@pytest.fixture
def stage(project: ProjectCopy, database: Database, members_fingerprints: str) -> KnownStage:
    """A database with these objects, and another schema, at which the gate has answered."""
    stage = KnownStage(with_members(project), database)
    stage.file.write_text(members_fingerprints)
    database.execute("CREATE SCHEMA elsewhere")
    return opened(stage)


@pytest.mark.parametrize("change", SHOWN)
def test_what_is_shown_of_a_member_counts(stage: KnownStage, change: str) -> None:
    stage.database.execute(change)
    assert_closed(stage, "check")


def test_a_table_that_once_inherited_from_the_version_table_is_forgotten(
    stage: KnownStage,
) -> None:
    stage.database.execute("CREATE TABLE heir () INHERITS (alembic_version)")
    assert_closed(stage, "check")
    stage.database.execute("DROP TABLE heir")
    assert_open(stage, "check")
