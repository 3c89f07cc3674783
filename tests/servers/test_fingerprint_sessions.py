"""What a database or a pooler sets for its sessions changes no fingerprint, and is not changed."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest

from headstart.fingerprint.catalog.normal_form import Snapshot
from headstart.fingerprint.catalog.query import Reading, statements
from headstart.postgres.connection import connect
from tests.servers.containers import Container
from tests.servers.databases import Database, bouncer
from tests.servers.fingerprints import read, scripts
from tests.servers.other_clients import LOOK, clients_at_work

TENANT = Path(__file__).parent / "tenant.sql"
READS = 20
SETTINGS = {
    "search_path": '"Billing", archive, nowhere',
    "datestyle": "'SQL, DMY'",
    "intervalstyle": "'iso_8601'",
    "timezone": "'Asia/Kathmandu'",
    "quote_all_identifiers": "on",
    "standard_conforming_strings": "off",
    "escape_string_warning": "on",
    "backslash_quote": "off",
    "extra_float_digits": "-15",
    "bytea_output": "'escape'",
    "lc_monetary": "'C.UTF-8'",
    "lc_numeric": "'C.UTF-8'",
    "xmlbinary": "'hex'",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "enable_hashjoin": "off",
    "enable_seqscan": "off",
    "enable_material": "off",
    "enable_hashagg": "off",
    "jit_above_cost": "0",
    "statement_timeout": "'1s'",
    "lock_timeout": "'1ms'",
    "idle_in_transaction_session_timeout": "'5s'",
    "default_transaction_isolation": "'serializable'",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "row_security": "off",
    "work_mem": "'64kB'",
    "client_encoding": "'LATIN1'",
    "client_min_messages": "'debug5'",
}
"""What somebody may have set, and the values that are furthest from ours."""


@pytest.fixture(scope="module")
def schema(official: Database) -> Database:
    """A database with every kind of object that the server can have."""
    database = official.create()
    (version,) = database.query("SELECT current_setting('server_version_num')::int / 10000")[0]
    for script in scripts(int(str(version))):
        database.query(script.read_text())
    return database


@pytest.fixture(scope="module")
def expected(schema: Database) -> Snapshot:
    """What is read where nobody has set anything."""
    return read(schema, "public")


@contextmanager
def setting(official: Database, database: Database, **settings: str) -> Iterator[None]:
    """Set this for every session of the database, from another one, and take it back."""
    try:
        for name, value in settings.items():
            official.query(f"ALTER DATABASE {database.name} SET {name} TO {value}")
        yield
    finally:
        official.query(f"ALTER DATABASE {database.name} RESET ALL")


@pytest.fixture
def hostile(
    request: pytest.FixtureRequest, official: Database, schema: Database
) -> Iterator[Database]:
    """The database with some settings of its own."""
    with setting(official, schema, **{name: SETTINGS[name] for name in request.param}):
        yield schema


@pytest.fixture
def pool(hostile: Database) -> Iterator[Container]:
    """A pooler in transaction mode with one server connection, which has the settings, too."""
    with bouncer(hostile, default_pool_size=1, max_prepared_statements=100) as container:
        yield container


EACH = pytest.mark.parametrize(
    "hostile", [[name] for name in SETTINGS], ids=list(SETTINGS), indirect=True
)
ALL = pytest.mark.parametrize("hostile", [list(SETTINGS)], ids=["all"], indirect=True)


@EACH
def test_no_setting_of_a_database_changes_what_is_read(
    hostile: Database, expected: Snapshot
) -> None:
    assert read(hostile, "public") == expected


@ALL
def test_all_of_them_together_change_nothing_either(hostile: Database, expected: Snapshot) -> None:
    assert read(hostile, "public") == expected


@ALL
def test_behind_a_pooler_they_change_nothing_either(
    hostile: Database, pool: Container, expected: Snapshot
) -> None:
    assert read(hostile, "public", pool) == expected


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_names_that_the_sessions_encoding_does_not_have_are_read(
    official: Database, encoding: str
) -> None:
    database = official.create()
    database.query('CREATE TABLE "Ωmega" ("日" text CHECK ("日" <> \'ñ\'))')
    expected = read(database)
    assert 'table\t"Ωmega"\t\ttable' in expected.lines
    with setting(official, database, client_encoding=f"'{encoding}'"):
        assert read(database) == expected


def test_a_read_does_not_wait_for_anybodys_serializable_transaction(
    official: Database, schema: Database, expected: Snapshot
) -> None:
    """READ ONLY, SERIALIZABLE and DEFERRABLE does, for as long as that transaction is open."""
    with closing(psycopg2.connect(schema.url())) as other:
        other.set_session(isolation_level="SERIALIZABLE")
        other.cursor().execute("CREATE TEMP TABLE held ()")
        deferrable = {"default_transaction_deferrable": "on"}
        isolation = {"default_transaction_isolation": "'serializable'"}
        with setting(official, schema, **deferrable, **isolation):
            assert read(schema, "public") == expected


@pytest.mark.parametrize("hostile", [[]], ids=["none"], indirect=True)
def test_a_read_leaves_nothing_in_the_pool_and_keeps_its_connections(
    hostile: Database, pool: Container
) -> None:
    """Where it ended in the middle of a transaction, the pooler would close the connection."""
    url = hostile.url(pool)
    (before,) = look(url, "SELECT pg_backend_pid()")
    with clients_at_work(url) as others:
        for _ in range(READS):
            read(hostile, "public", pool)
    assert others.leftovers == set()
    assert look(url, LOOK) == ("",)
    (after,) = look(url, "SELECT pg_backend_pid()")
    # the other clients have some more; each that is closed would be a new process instead
    assert abs(int(str(after)) - int(str(before))) < READS


def test_every_setting_that_is_pinned_ends_with_the_transaction(schema: Database) -> None:
    """Looked at on the same connection: the pooler of the test above hides a closed one."""
    with connect(schema.through().parameters, "headstart's tests") as connection:
        every = "SELECT name, setting FROM pg_settings WHERE name NOT LIKE 'transaction%'"
        before = connection.execute(every)
        (version,) = connection.execute("SHOW server_version_num")[0]
        pins, path, _ = statements(Reading("public", "alembic_version"), int(str(version)))
        connection.execute(f"BEGIN; {pins}; {path}")
        assert connection.execute(every) != before
        connection.execute("COMMIT")
        assert connection.execute(every) == before


def look(url: str, sql: str) -> tuple[object, ...]:
    """One row, as a client of the pooler sees it."""
    connection = psycopg2.connect(url)
    cursor = connection.cursor()
    cursor.execute(sql)
    row = cursor.fetchone()
    connection.close()
    assert row is not None
    return tuple(row)


def test_the_same_tables_in_another_schema_give_the_same_lines(official: Database) -> None:
    alone, beside = official.create(), official.create()
    for database, schema in ((alone, "one"), (beside, "one"), (beside, "Two!"), (beside, "public")):
        database.query(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        database.query(f'SET search_path TO "{schema}"; {TENANT.read_text()}')
    expected = read(alone, "one").lines
    assert not [line for line in expected if "one" in line.split("\t")[1]]
    names = frozenset(line.split("\t")[1] for line in expected)
    for schema in ("one", "Two!", "public"):
        found = read(beside, schema, names=names).lines
        assert found ^ expected == frozenset(), schema


def test_a_type_that_is_named_like_one_of_the_servers_is_relative_too(official: Database) -> None:
    found = set()
    for schema in ("one", "two"):
        database = official.create()
        database.query(f"CREATE SCHEMA {schema}; CREATE TYPE {schema}.path AS ENUM ('a')")
        database.query(f"CREATE TABLE {schema}.t (p {schema}.path, ps {schema}.path[])")
        found.add(read(database, schema).lines)
    assert len(found) == 1
