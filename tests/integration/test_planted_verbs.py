"""Nor is anything planted executed by what is sent in rarer situations, in any verb.

And by construction: whatever we send without the pinned search_path, the server's log is the
witness, leaves nothing to be looked up in it.
"""

from collections.abc import Callable

import pytest

from headstart.postgres.advisory_lock import RUN_LOCK_KEY
from headstart.postgres.connection import connect
from headstart.postgres.identity import Purpose
from tests.harness.server import Database
from tests.integration.broken_indexes import fail_to_build
from tests.integration.known_stage import EXACT, KnownStage
from tests.integration.planted import CallLog
from tests.integration.planted_stage import (
    AS_EVER,
    THEIRS_FIRST,
    bare,
    log,
    on_planted,
    own_server,
    planted,
)
from tests.integration.stage import VERSION_TABLE
from tests.integration.unpinned import looked_up, sent_unpinned

__all__ = ["bare", "log", "own_server", "planted"]

BRIEF = {"HEADSTART_WAIT_SECONDS": "1"}
Situation = Callable[[KnownStage], dict[tuple[str, ...], int]]
"""Makes it; gives the verbs that are asked, in this order, with their exit codes."""


def behind(stage: KnownStage) -> dict[tuple[str, ...], int]:
    stage.make_exactly("0002")
    stage.make_version_table("0002")
    return {("wait",): 14, ("check",): 14, ("diff",): 0, ("plan", "--sql"): 0, ("plan",): 0}


def drifted(stage: KnownStage) -> dict[tuple[str, ...], int]:
    stage.make_exactly("0003", "ALTER TABLE accounts ADD note text")
    stage.make_version_table("0003")
    return {("check",): 25, ("diff",): 25, ("plan",): 0, ("run",): 0}


def unversioned(stage: KnownStage) -> dict[tuple[str, ...], int]:
    stage.make_exactly("0002")
    return {("plan", "--sql"): 0, ("check",): 14, ("wait",): 14, ("run",): 0}


def said_by_an_operator(stage: KnownStage) -> dict[tuple[str, ...], int]:
    stage.make_exactly("0002", "ALTER TABLE accounts ADD note text")
    said = ("--baseline", "0002")
    return {("plan", *said): 0, ("check", *said): 14, ("run", *said, "--verify", "warn"): 0}


def from_another_image(stage: KnownStage) -> dict[tuple[str, ...], int]:
    stage.make_exactly("0003", "CREATE TABLE newer (id int)")
    stage.make_version_table("ffff")
    allow = ("--ahead", "allow")
    return {("check",): 23, ("check", *allow): 0, ("plan", *allow): 0, ("run", *allow): 0}


def an_invalid_index(stage: KnownStage) -> dict[tuple[str, ...], int]:
    stage.make_exactly("0003")
    stage.make_version_table("0003")
    fail_to_build(stage.database)
    return {("check",): 26, ("run",): 26, ("plan",): 26, ("diff",): 25}


def another_version_table(stage: KnownStage) -> dict[tuple[str, ...], int]:
    table = "ops.alembic_version"
    stage.database.execute(f"CREATE SCHEMA ops; {VERSION_TABLE.replace('alembic_version', table)}")
    stage.database.execute(f"INSERT INTO {table} VALUES ('0001')")
    stage.make_exactly("0001")
    stage.file.unlink()
    return {("check",): 22, ("plan",): 22, ("wait",): 22}


SITUATIONS: list[Situation] = [
    behind, drifted, unversioned, said_by_an_operator, from_another_image, an_invalid_index,
    another_version_table,
]  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("path", [AS_EVER, THEIRS_FIRST], ids=["as ever", "theirs first"])
def test_nothing_planted_is_called_in_any_situation(
    bare: KnownStage, planted: Database, log: CallLog, situation: Situation, path: str
) -> None:
    stage = on_planted(bare, planted, AS_EVER)
    asked = situation(stage)
    planted.server.execute(f"ALTER DATABASE {stage.database.name} SET search_path = {path}")
    log.calls()  # the test's own
    for argv, code in asked.items():
        done = stage.run(*argv, **BRIEF)
        expected = 20 if path == THEIRS_FIRST and argv[0] == "run" else code
        assert (done.exit_code, log.calls()) == (expected, []), (argv, done.verdict)


def test_nor_where_another_run_holds_the_lock_and_an_orphan_is_at_work(
    bare: KnownStage, planted: Database, log: CallLog
) -> None:
    stage = on_planted(bare, planted, AS_EVER)
    holder = connect(stage.database.parameters, "somebody")
    orphan = connect(stage.database.parameters, f"{Purpose.WORK.prefix}0123:elsewhere")
    with holder, orphan:
        orphan.execute("BEGIN; CREATE TABLE public.half_done (id int)")
        holder.execute(f"BEGIN; SELECT pg_catalog.pg_advisory_xact_lock({RUN_LOCK_KEY})")
        for argv, code in ((["run", "--lock-seconds", "1"], 11), (["check"], 14)):
            done = stage.run(*argv)
            assert (done.exit_code, log.calls()) == (code, []), (argv, done.verdict)
        holder.execute("ROLLBACK")
        done = stage.run()
    assert (done.exit_code, log.calls()) == (0, []), done.verdict
    assert "orphans_found" in [event["event"] for event in done.events]


@pytest.mark.parametrize("table", ["alembic version", "it's = odd", "100%"])
def test_nor_by_alembic_as_it_changes_the_row_of_a_table_of_any_name(
    bare: KnownStage, planted: Database, log: CallLog, table: str
) -> None:
    stage = on_planted(bare, planted, AS_EVER)
    stage.project.edit_env(
        "connection=connection, ", f"connection=connection, version_table={table!r}, "
    )
    done = stage.run()
    assert (done.exit_code, log.calls()) == (0, []), done.verdict


@pytest.mark.parametrize("known", [True, False], ids=["with fingerprints", "without"])
def test_what_is_sent_without_the_pin_leaves_nothing_to_be_looked_up(
    bare: KnownStage, log: CallLog, known: bool
) -> None:
    """Every operator, function and cast of it is pg_catalog's by name."""
    if not known:
        bare.file.unlink()
    bare.database.execute(EXACT["0001"])
    bare.make_version_table("0001")
    bare.database.server.execute(f"ALTER DATABASE {bare.database.name} SET log_statement = 'all'")
    for argv in (["check"], ["plan"], ["plan", "--sql"], ["run"], ["run"], ["wait"], ["diff"]):
        bare.run(*argv)
    messages = log.messages()
    assert any("headstart.path" in text for _, text in messages) == known
    unpinned = sent_unpinned(messages)
    assert any("pg_locks" in text for text in unpinned)  # the fence, on env.py's connection
    assert {text: found for text in unpinned if (found := looked_up(text))} == {}
