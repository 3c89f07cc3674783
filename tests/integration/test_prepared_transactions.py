"""A revision that prepares its transaction has not committed its work."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tests.harness.embedded import PostgresServer
from tests.harness.environment import ROOT
from tests.harness.program import until
from tests.harness.project import REVISIONS, copy_plain
from tests.harness.server import empty_database
from tests.integration.stage import Stage


@pytest.fixture(scope="module")
def preparing() -> Iterator[PostgresServer]:
    with PostgresServer(18, conf=["max_prepared_transactions = 5"]) as server:
        yield server


@pytest.fixture
def prepared(preparing: PostgresServer, tmp_path: Path) -> Iterator[Stage]:
    project = copy_plain(tmp_path / "project")
    with empty_database(preparing) as database:
        yield Stage(project, database)
        for (gid,) in database.query("SELECT quote_literal(gid) FROM pg_prepared_xacts"):
            database.execute(f"ROLLBACK PREPARED {gid}")


MADE = "op.execute('CREATE TABLE gone (id int)')\n"
RAW = "raw = op.get_bind().connection.driver_connection\n"
HOW = {
    "a statement": f"{MADE}op.execute(\"PREPARE TRANSACTION 'x1'\")",
    "in small letters, commented": f"{MADE}op.execute(\"/* so */ prepare  transaction 'x1'\")",
    "the driver": f"{MADE}{RAW}raw.cursor().execute(\"PREPARE TRANSACTION 'x1'\")",
    "one of several statements": (
        "op.execute(\"CREATE TABLE gone (id int); PREPARE TRANSACTION 'x1'\")"
    ),
}


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_a_revision_that_prepares_its_transaction_is_refused(
    prepared: Stage, how: str, last: bool
) -> None:
    prepared.project.add("0004", "0003", how)
    if not last:
        prepared.project.add("0005", "0004", "op.execute('CREATE TABLE five (id int)')")
    ended = prepared.run()
    assert (ended.exit_code, ended.outcome) == (21, "revision_failed"), ended.verdict
    assert "PREPARE TRANSACTION" in ended.verdict["error"]["message"]
    assert "ROLLBACK PREPARED" in ended.verdict["error"]["message"]
    assert prepared.rows() == REVISIONS[-1:]
    assert "gone" not in prepared.tables()


def test_what_another_session_has_prepared_is_nobodys_business(prepared: Stage) -> None:
    prepared.database.execute("CREATE TABLE others (id int)")
    assert prepared.run(HEADSTART_TARGET="0001", HEADSTART_BASELINE="base").exit_code == 0
    prepared.database.query("BEGIN; INSERT INTO others VALUES (1); PREPARE TRANSACTION 'theirs'")
    assert prepared.run().exit_code == 0


BLOCKED = {
    "a table": "op.execute('ALTER TABLE accounts ADD note text')",
    "an advisory lock": "op.execute('SELECT pg_advisory_xact_lock(7)')",
}


def test_one_that_holds_the_version_table_is_named_with_its_end(prepared: Stage) -> None:
    assert prepared.run().exit_code == 0
    with closing(psycopg2.connect(prepared.database.url)) as other:
        other.cursor().execute("LOCK TABLE alembic_version; PREPARE TRANSACTION 'left'")
    ended = prepared.run("check")
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert "prepared transaction 'left'" in ended.verdict["error"]["message"]
    assert "ROLLBACK PREPARED 'left'" in ended.verdict["next_step"]


@pytest.mark.parametrize("body", BLOCKED.values(), ids=BLOCKED)
def test_one_that_keeps_a_revision_from_its_lock_is_named_with_its_end(
    prepared: Stage, body: str
) -> None:
    """No session has it: whoever asks for sessions finds nobody."""
    assert prepared.run().exit_code == 0
    prepared.project.add("0004", "0003", body)
    with closing(psycopg2.connect(prepared.database.url)) as other:
        other.cursor().execute(
            "LOCK TABLE accounts; SELECT pg_advisory_xact_lock(7); PREPARE TRANSACTION 'le''ft'"
        )
    ended = prepared.run(HEADSTART_DDL_RETRY_SECONDS="1")
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    message = ended.verdict["error"]["message"]
    assert "waits for prepared transaction 'le''ft' of role postgres in database" in message
    assert "COMMIT PREPARED 'le''ft' or ROLLBACK PREPARED 'le''ft'" in ended.verdict["next_step"]


def test_one_that_has_made_the_version_table_is_named_too(prepared: Stage) -> None:
    prepared.database.query(
        "BEGIN; CREATE TABLE alembic_version (version_num text); PREPARE TRANSACTION 'left'"
    )
    ended = prepared.run()
    assert (ended.exit_code, ended.outcome) == (12, "blocked"), ended.verdict
    assert "prepared transaction 'left'" in ended.verdict["error"]["message"]
    assert "ROLLBACK PREPARED 'left'" in ended.verdict["next_step"]


QUERY = re.compile(
    r"^To see what blocks a revision:\n\n```sql\n(.*?)^```$", re.DOTALL | re.MULTILINE
)


def test_the_runbooks_query_for_what_blocks_finds_it(prepared: Stage) -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    (query,) = QUERY.findall(runbook)
    assert prepared.run().exit_code == 0
    with closing(psycopg2.connect(prepared.database.url)) as other:
        other.cursor().execute("LOCK TABLE accounts; PREPARE TRANSACTION 'left'")
    prepared.project.add("0004", "0003", BLOCKED["a table"])
    with prepared.start(HEADSTART_DDL_RETRY_SECONDS="0") as run:
        until(lambda: prepared.database.query(query), "somebody is found", 30)
        found = prepared.database.query(query)
        run.end()
    assert any("left" in map(str, row) for row in found), found
