"""Many tenants of one database, ten of them broken in ten ways, and how each is repaired.

All are at 0003 of the plain project, with three revisions pending; the role is one that owns them.
A tenant that is being moved is read-only: so env.py makes its session, by a comment
on the schema.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

import psycopg2

from headstart.facts.sql import identifier
from tests.harness.project import ProjectCopy
from tests.harness.server import Database, a_role
from tests.integration.fleets import SchemaFleet, proving_fleet

MADE = """
    CREATE SCHEMA {s} AUTHORIZATION {role}; SET search_path TO {s}; SET ROLE {role};
    CREATE TABLE accounts (id serial PRIMARY KEY, name text NOT NULL);
    CREATE TABLE orders (
        id serial PRIMARY KEY, account_id int NOT NULL REFERENCES accounts);
    CREATE TABLE invoices (
        id serial PRIMARY KEY, order_id int NOT NULL REFERENCES orders);
    CREATE TABLE alembic_version (
        version_num varchar(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY);
    INSERT INTO alembic_version VALUES ('0003'); RESET ROLE;
"""
"""A tenant at 0003, as the alembic command leaves it."""
AT_ONCE = 50
"""Tenants that are made in a message: each of their tables is a lock until its end."""
HEAD = "0006"
PENDING = {
    "0004": "op.execute('SELECT pg_sleep(600) FROM accounts WHERE name = $$Croesus$$')\n"
    "op.add_column('accounts', sa.Column('note', sa.Text))",
    "0005": "op.create_check_constraint('positive', 'orders', 'id > 0')",
    "0006": "with op.get_context().autocommit_block():\n"
    "    op.create_index('by_name', 'accounts', ['name'], postgresql_concurrently=True)",
}
IS_MOVING = (
    "        connection.commit()\n",
    (
        '        moving = "SELECT FROM pg_namespace WHERE nspname = %s"\n'
        "        moving += \" AND obj_description(oid, 'pg_namespace') = 'moving'\"\n"
        "        if connection.exec_driver_sql(moving, (tenant,)).rowcount:\n"
        "            connection.exec_driver_sql('SET default_transaction_read_only = on')\n"
        "        connection.commit()\n"
    ),
)
NO_PATIENCE = {"HEADSTART_DDL_RETRY_SECONDS": "1", "HEADSTART_STATEMENT_TIMEOUT_SECONDS": "8"}
"""With the locked one, and with the slow one."""


@dataclass(frozen=True)
class Broken:
    """A tenant, what is wrong with it, and how that is cured; `said` is in the fleet's message."""

    suffix: str
    spoil: str
    repair: str
    outcome: str
    said: str


WAYS = (
    Broken("locked", "", "", "blocked", "accounts"),
    Broken(
        "drifted",
        "ALTER TABLE {s}.invoices ALTER order_id DROP NOT NULL",
        "ALTER TABLE {s}.invoices ALTER order_id SET NOT NULL",
        "drifted",
        "order_id",
    ),
    Broken(
        "another's",
        "ALTER TABLE {s}.accounts OWNER TO postgres",
        "ALTER TABLE {s}.accounts OWNER TO {role}",
        "access_refused",
        "permission denied for table accounts",
    ),
    Broken(
        "ahead",
        "UPDATE {s}.alembic_version SET version_num = '0099'",
        "UPDATE {s}.alembic_version SET version_num = '0003'",
        "ahead_incompatible",
        "the database is at 0099",
    ),
    Broken(
        "half",
        "ALTER TABLE {s}.accounts ADD note text",
        "ALTER TABLE {s}.accounts DROP note",
        "revision_failed",
        'column "note" of relation "accounts" already exists',
    ),
    Broken(
        "gone",
        "DROP SCHEMA {s} CASCADE",
        MADE,
        "access_refused",
        "no schema of the search_path exists",
    ),
    Broken(
        "moving",
        "COMMENT ON SCHEMA {s} IS 'moving'",
        "COMMENT ON SCHEMA {s} IS NULL",
        "server_failed",
        "read-only transaction",
    ),
    Broken(
        "odd rows",
        "INSERT INTO {s}.accounts (name) VALUES ('ada'); INSERT INTO {s}.orders VALUES (-1, 1)",
        "DELETE FROM {s}.orders",
        "revision_failed",
        'check constraint "positive"',
    ),
    Broken(
        "slow",
        "INSERT INTO {s}.accounts (name) VALUES ('Croesus')",
        "DELETE FROM {s}.accounts",
        "server_failed",
        "statement timeout",
    ),
    Broken(
        """o'k "x";--""",
        "DROP TABLE {s}.alembic_version; ALTER TABLE {s}.accounts ADD odd int",
        "DROP SCHEMA {s} CASCADE; " + MADE,
        "unproven",
        "nearest is 0003",
    ),
)


@dataclass(frozen=True)
class Tenants:
    """The fleet, and the name of each broken one with what is wrong with it."""

    fleet: SchemaFleet
    broken: dict[str, Broken]
    role: str

    @contextmanager
    def spoiled(self) -> Iterator[None]:
        """Break them; all but the locked one stay so."""
        for name, way in self.broken.items():
            self._execute(way.spoil, name)
        (locked,) = (name for name, way in self.broken.items() if way.suffix == "locked")
        with closing(psycopg2.connect(self.fleet.database.url)) as holder:
            holder.cursor().execute(f"LOCK TABLE {identifier(locked)}.accounts")
            yield

    def repair(self) -> None:
        """Cure them."""
        for name, way in self.broken.items():
            self._execute(way.repair, name)

    def _execute(self, sql: str, name: str) -> None:
        if sql:
            self.fleet.database.execute(sql.format(s=identifier(name), role=self.role))


@contextmanager
def tenants(project: ProjectCopy, database: Database, number: int) -> Iterator[Tenants]:
    """So many tenants, each at 0003, of a role that may do what a tenant needs."""
    names = [f"t{each:04}" for each in range(number)]
    broken = {}
    for each, way in enumerate(WAYS):
        index = (2 * each + 1) * number // (2 * len(WAYS))
        names[index] += f"_{way.suffix}"
        broken[names[index]] = way
    parent = "0003"
    for revision, body in PENDING.items():
        project.add(revision, parent, body)
        parent = revision
    with a_role(database, "app") as role:
        fleet = proving_fleet(project, database, [], IS_MOVING)
        fleet.settings["DATABASE_URL"] = database.url_of(role)
        for part in _parts(names):
            made = (MADE.format(s=identifier(name), role=role) for name in part)
            database.execute("".join(made))
        yield Tenants(SchemaFleet(project, names, fleet.settings, database), broken, role)


def _parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), AT_ONCE):
        yield names[start : start + AT_ONCE]
