"""Twelve revisions that are dangerous on a table in use, and twelve that are not.

docs/lint.md shows what `plan --lint` says of each. accounts has rows, orders and invoices have
none; LIVE makes the other tables.
"""

from dataclasses import dataclass

LIVE = """
    CREATE SCHEMA "Sales";
    CREATE TABLE "Sales"."Order Lines" (id serial PRIMARY KEY, note text, account_id int);
    CREATE TABLE "Sales"."Empty One" (id int);
    CREATE TABLE readings (at date, value int) PARTITION BY RANGE (at);
    CREATE TABLE readings_2026 PARTITION OF readings
      FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE TABLE readings_2027 PARTITION OF readings
      FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
    CREATE INDEX accounts_name ON accounts (name);
    CREATE TYPE mood AS ENUM ('sad', 'glad');
    INSERT INTO accounts (name) SELECT 'ann' FROM generate_series(1, 5000);
    INSERT INTO "Sales"."Order Lines" (note) SELECT 'a note' FROM generate_series(1, 3000);
    INSERT INTO readings SELECT '2026-05-01', n FROM generate_series(1, 2000) AS n;
    ALTER TABLE accounts ADD CONSTRAINT named CHECK (name <> '') NOT VALID
"""
"""The rows are what makes a table one in use."""

ACCOUNTS, LINES = "public.accounts", '"Sales"."Order Lines"'


@dataclass(frozen=True)
class Case:
    """A kind of change: the bodies of the pending revisions, and what is said of them.

    `found` are the rules that count, each with its table; `left_out` those that do not, with why.
    """

    title: str
    bodies: tuple[str, ...]
    found: tuple[tuple[str, str | None], ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()


DANGEROUS = (
    Case(
        "an index is built in the transaction",
        ('op.create_index("by_name", "accounts", ["name"])',),
        (("require-concurrent-index-creation", ACCOUNTS),),
    ),
    Case(
        "an index is to be built CONCURRENTLY, but no autocommit block is around it",
        ('op.create_index("by_name", "accounts", ["name"], postgresql_concurrently=True)',),
        (("ban-concurrent-index-creation-in-transaction", ACCOUNTS),),
    ),
    Case(
        "an index is dropped in the transaction: the finding names its table",
        ('op.drop_index("accounts_name")',),
        (("require-concurrent-index-deletion", ACCOUNTS),),
    ),
    Case(
        "a column gets another type, which rewrites the table",
        ('op.alter_column("accounts", "id", type_=sa.BigInteger)',),
        (("changing-column-type", ACCOUNTS),),
    ),
    Case(
        "a column becomes NOT NULL, in a table and a schema whose names need quotes",
        ('op.alter_column("Order Lines", "note", nullable=False, schema="Sales")',),
        (("adding-not-nullable-field", LINES),),
    ),
    Case(
        "a foreign key is validated at once",
        (
            (
                'op.create_foreign_key("to_accounts", "Order Lines", "accounts", ["account_id"],'
                ' ["id"], source_schema="Sales", referent_schema="public")'
            ),
        ),
        (("constraint-missing-not-valid", LINES), ("adding-foreign-key-constraint", LINES)),
    ),
    Case(
        "a unique constraint builds its index under a lock",
        ('op.create_unique_constraint("one_name", "accounts", ["name"])',),
        (("constraint-missing-not-valid", ACCOUNTS), ("disallowed-unique-constraint", ACCOUNTS)),
    ),
    Case(
        "a new column has a default that differs for each row",
        (
            (
                'op.add_column("accounts", sa.Column("token", sa.Uuid,'
                ' server_default=sa.text("gen_random_uuid()")))'
            ),
        ),
        (("adding-field-with-default", ACCOUNTS),),
    ),
    Case(
        "one of several statements in one op.execute, behind a % and a colon",
        (
            (
                "op.execute(\"UPDATE accounts SET name = '50% off' WHERE name LIKE 'a\\\\:%';"
                ' ALTER TABLE accounts DROP COLUMN name")'
            ),
        ),
        (("ban-drop-column", ACCOUNTS),),
    ),
    Case(
        "a table is renamed, and changed under its new name by the next revision",
        (
            'op.rename_table("accounts", "people")',
            'op.drop_column("people", "name")',
        ),
        (("renaming-table", ACCOUNTS), ("ban-drop-column", ACCOUNTS)),
    ),
    Case(
        "a table's indexes are built anew, in an autocommit block, but not CONCURRENTLY",
        ('with op.get_context().autocommit_block(): op.execute("REINDEX TABLE accounts")',),
        (("require-concurrent-reindex", ACCOUNTS),),
    ),
    Case(
        "a partition is detached: the finding has the rows of all partitions",
        ('op.execute("ALTER TABLE readings DETACH PARTITION readings_2027")',),
        (("require-concurrent-partition-detach", "public.readings"),),
    ),
)

HARMLESS = (
    Case(
        "a new table with an index and a foreign key, in one revision",
        (
            (
                'op.create_table("tags", sa.Column("id", sa.Integer, primary_key=True),'
                ' sa.Column("account", sa.Integer, sa.ForeignKey("accounts.id"), index=True))'
            ),
        ),
    ),
    Case(
        "an index on a table that an earlier pending revision makes",
        (
            'op.create_table("tags", sa.Column("id", sa.Integer))',
            'op.create_index("by_id", "tags", ["id"])',
        ),
        left_out=(("require-concurrent-index-creation", "new"),),
    ),
    Case(
        "a table that a pending revision makes, renamed, then changed",
        (
            'op.create_table("tags", sa.Column("id", sa.Integer), sa.Column("x", sa.Text))',
            'op.rename_table("tags", "labels")',
            'op.drop_column("labels", "x")',
        ),
        left_out=(("renaming-table", "new"), ("ban-drop-column", "new")),
    ),
    Case(
        "an index on a table that is empty",
        ('op.create_index("by_account", "orders", ["account_id"])',),
        left_out=(("require-concurrent-index-creation", "empty"),),
    ),
    Case(
        "a NOT NULL column without default, in an empty table whose name needs quotes",
        ('op.add_column("Empty One", sa.Column("kind", sa.Text, nullable=False), schema="Sales")',),
        left_out=(("adding-required-field", "empty"),),
    ),
    Case(
        "a new column that may be NULL",
        ('op.add_column("accounts", sa.Column("note", sa.Text))',),
    ),
    Case(
        "a new column with a constant default",
        (
            (
                'op.add_column("accounts", sa.Column("active", sa.Boolean, nullable=False,'
                " server_default=sa.true()))"
            ),
        ),
    ),
    Case(
        "an index that is built CONCURRENTLY, in an autocommit block",
        (
            (
                "with op.get_context().autocommit_block():"
                ' op.create_index("by_name", "accounts", ["name"], postgresql_concurrently=True)'
            ),
        ),
    ),
    Case(
        "a constraint that is NOT VALID for now",
        (
            (
                'op.create_check_constraint("short", "accounts", "length(name) < 80",'
                " postgresql_not_valid=True)"
            ),
        ),
    ),
    Case(
        "a constraint of an earlier release is validated",
        ('op.execute("ALTER TABLE accounts VALIDATE CONSTRAINT named")',),
    ),
    Case(
        "rows are changed, with a %, a colon and a cast in the text",
        (
            (
                "op.execute(\"UPDATE accounts SET name = 'a\\\\:b' WHERE name LIKE '50%'"
                " AND id::text <> '%s'\")"
            ),
        ),
    ),
    Case(
        "an enum gets a value, and a view, a comment and a grant follow in the same text",
        (
            (
                "op.execute(\"ALTER TYPE mood ADD VALUE 'calm'; CREATE VIEW names AS SELECT 1;"
                " COMMENT ON VIEW names IS 'a; b'; GRANT SELECT ON names TO PUBLIC\")"
            ),
        ),
    ),
)
CASES = (*DANGEROUS, *HARMLESS)
