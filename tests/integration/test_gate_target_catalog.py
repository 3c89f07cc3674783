"""After any change of an object of its own a target is not called proven, as with the gate."""

from contextlib import closing

import pytest

from headstart.decision.target_state import Proven
from headstart.facts.target import SchemaSeen, TargetPlace
from headstart.fingerprint.file.header import header_in
from headstart.postgres.connection import Connection, connect
from headstart.postgres.targets import Wanted, read_targets
from tests.integration.gate_objects import CHANGES, HARMLESS
from tests.integration.known_stage import KnownStage, rebuild
from tests.integration.recorded import record_of
from tests.integration.tenant_stage import HEAD, TABLE, Tenants, make_for_tenants
from tests.integration.test_gate_catalog import rich, rich_fingerprints

__all__ = ["rich", "rich_fingerprints"]

pytestmark = pytest.mark.parametrize("server", ["pg16", "pg18"], indirect=True, scope="session")
PLACE = TargetPlace("public", "public", TABLE)
ALONE = ("CONCURRENTLY", "VACUUM", "DATABASE", "ROLLBACK")
"""What no transaction may have around it."""


def schema_now(connection: Connection, wanted: Wanted) -> SchemaSeen | None:
    """What the target's schema is, in the transaction that goes on."""
    (seen,) = read_targets(connection, [PLACE], wanted)
    return seen.schema


def test_no_change_of_an_object_is_passed_over(rich: KnownStage) -> None:
    """Each in a transaction that is rolled back: a row that it changes has another xmin there."""
    assert rich.run(HEADSTART_VERSION_TABLE=f"public.{TABLE}").exit_code == 0
    tenants = Tenants(rich.project, rich.database)
    assert tenants.look([PLACE])["public"].standing == Proven()
    header = header_in(rich.file.read_bytes())
    assert header is not None
    wanted = Wanted(tuple(header.heads), tuple(header.objects))
    passed_over, disturbed = [], []
    with closing(connect(rich.database.parameters, "headstart:test")) as connection:
        before = schema_now(connection, wanted)
        assert before is not None
        for what, sql in CHANGES.items():
            if schema_after(connection, sql, wanted) == before:
                passed_over.append(what)
        for what, sql in HARMLESS.items():
            harmless = sql.format(rich.database.name)
            if not any(word in harmless.upper() for word in ALONE):
                after = schema_after(connection, harmless, wanted)
                if after is None or (after.sound, after.number) != (True, before.number):
                    disturbed.append(what)
        assert schema_now(connection, wanted) == before
    assert (passed_over, disturbed) == ([], [])


def schema_after(connection: Connection, sql: str, wanted: Wanted) -> SchemaSeen | None:
    """What the schema is once these statements are executed, which are taken back then."""
    begin = "BEGIN; SET LOCAL allow_system_table_mods = on"
    sql = sql.removeprefix("BEGIN; ").removesuffix("; COMMIT")
    connection.execute(f"{begin}; {sql}", pin=False, timeout_seconds=30)
    try:
        return schema_now(connection, wanted)
    finally:
        connection.execute("ROLLBACK")


def test_a_table_that_all_refer_to_does_not_tie_them_together(known: KnownStage) -> None:
    """A foreign key has triggers on the table that it refers to, too."""
    make_for_tenants(known.project)
    shared = "CREATE TABLE IF NOT EXISTS shared.users (id int PRIMARY KEY)"
    refers = "ALTER TABLE accounts ADD user_id int REFERENCES shared.users"
    making = f"CREATE SCHEMA IF NOT EXISTS shared; {shared}; {refers}"
    known.project.add("0005", "0004", f"op.execute({making!r})")
    rebuild(known, HEADSTART_X="tenant=public")
    tenants = Tenants(known.project, known.database)
    tenants.make("a", "b")
    for target in (HEAD, "0005"):  # a tenant with no row yet, and a table that is there, is refused
        for name in ("a", "b"):
            assert tenants.run_for(name, HEADSTART_TARGET=target).exit_code == 0
    assert tenants.told_of(["a", "b"]) == {"a": "proven", "b": "proven"}
    tenants.database.execute("ALTER TABLE b.accounts DISABLE TRIGGER ALL")
    assert tenants.told_of(["a", "b"]) == {"a": "proven", "b": "changed"}
    tenants.database.execute("ALTER TABLE shared.users ADD name text")
    assert tenants.told_of(["a", "b"]) == {"a": "changed", "b": "changed"}


def test_what_shows_the_name_of_another_schema_gets_no_mark(known: KnownStage) -> None:
    """The number does not stand for it; elsewhere than with the gate, whose has all schemas."""
    make_for_tenants(known.project)
    shown = "ALTER TABLE accounts ALTER name SET DEFAULT ('shared'::regnamespace)::text"
    making = f"CREATE SCHEMA IF NOT EXISTS shared; {shown}"
    known.project.add("0005", "0004", f"op.execute({making!r})")
    rebuild(known, HEADSTART_X="tenant=public")
    tenants = Tenants(known.project, known.database)
    tenants.make("a")
    done = tenants.run_for("a")
    assert (done.exit_code, done.verdict["proof"]) == (0, "fingerprint")
    assert tenants.told_of(["a"]) == {"a": "unproven"}
    assert "target" not in record_of(known.database, f"a.{TABLE}")
