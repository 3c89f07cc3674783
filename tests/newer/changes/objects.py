"""Whole new objects."""

from tests.newer.change import doubt, no, yes

_REFUSE = "CREATE FUNCTION refuse() RETURNS {} LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;"

OBJECTS = (
    yes("nothing at all", "SELECT 1"),
    yes("a table", "CREATE TABLE stock (id serial PRIMARY KEY, sku text NOT NULL UNIQUE)"),
    yes("a view of our table", "CREATE VIEW minors AS SELECT id, name FROM users WHERE age < 18"),
    yes(
        "a materialized view with a unique index",
        "CREATE MATERIALIZED VIEW names AS SELECT id, name FROM users;"
        " CREATE UNIQUE INDEX ON names (id)",
    ),
    yes("a sequence", "CREATE SEQUENCE invoice_numbers"),
    yes("an enum", "CREATE TYPE size AS ENUM ('s', 'm')"),
    yes("a composite type", "CREATE TYPE money_pair AS (low numeric, high numeric)"),
    yes("a range type", "CREATE TYPE ages AS RANGE (subtype = integer)"),
    yes("a domain of nobody", "CREATE DOMAIN small AS integer NOT NULL CHECK (VALUE > 9)"),
    yes("an extension", "CREATE EXTENSION vector"),
    yes("a schema and a table in it", "CREATE SCHEMA far; CREATE TABLE far.away (id integer)"),
    yes(
        "a trigger on a new table",
        _REFUSE.format("trigger") + "CREATE TABLE stock (id integer);"
        " CREATE TRIGGER t BEFORE INSERT ON stock FOR EACH ROW EXECUTE FUNCTION refuse()",
    ),
    yes("statistics", "CREATE STATISTICS together ON name, age FROM users"),
    yes("a new table with a child", "CREATE TABLE a (id integer); CREATE TABLE b () INHERITS (a)"),
    yes("storage parameters", "ALTER TABLE users SET (fillfactor = 70)"),
    yes("a comment", "COMMENT ON TABLE users IS 'people'"),
    yes(
        "a column dropped that only N+1 had made",
        "ALTER TABLE users ADD x integer; ALTER TABLE users DROP x",
    ),
    no(
        "a child of our table",
        "CREATE TABLE cats () INHERITS (animals)",
        "cats is a part of animals",
        rows="INSERT INTO cats (name) VALUES ('Mia')",
    ),
    no(
        "a child of a table that has a keyword's name",
        'CREATE TABLE teams () INHERITS ("group")',
        "teams is a part of group",
        rows="INSERT INTO teams (title) VALUES ('guests')",
    ),
    no(
        "a child in another schema",
        "CREATE SCHEMA far; CREATE TABLE far.cats () INHERITS (animals); GRANT USAGE ON SCHEMA far"
        " TO newer_app",
        "far.cats is a part of animals",
        rows="INSERT INTO far.cats (name) VALUES ('Mia')",
    ),
    no(
        "a partition of our table with a check",
        "CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO"
        " ('2025-01-01')",
        "events_2024 is a part of events",
        rows="INSERT INTO events VALUES ('2024-05-05', 'old', 1)",
    ),
    no(
        "a trigger that refuses each row",
        _REFUSE.format("trigger")
        + "CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION refuse()",
        "trigger",
    ),
    no(
        "a constraint trigger at the end of the transaction",
        _REFUSE.format("trigger")
        + "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION refuse()",
        "trigger",
    ),
    no(
        "a trigger on a partition",
        _REFUSE.format("trigger")
        + "CREATE TRIGGER t BEFORE INSERT ON events_2026 FOR EACH ROW EXECUTE FUNCTION refuse()",
        "trigger",
    ),
    no("a rule", "CREATE RULE r AS ON INSERT TO settings DO INSTEAD NOTHING", "rule"),
    no("row security without a policy", "ALTER TABLE users ENABLE ROW LEVEL SECURITY", "row level"),
    no(
        "a policy",
        "CREATE POLICY p ON users USING (id > 1); ALTER TABLE users ENABLE ROW LEVEL SECURITY",
        "policy",
    ),
    no(
        "a policy that is not in force",
        "CREATE POLICY p ON users USING (id > 1)",
        "policy",
        unshown="it is one ALTER TABLE away from being in force",
    ),
    doubt(
        "our table without a key is published",
        "CREATE PUBLICATION p FOR TABLE log",
        "log is published (p): UPDATE and DELETE may be refused",
    ),
    yes("our table with a key is published", "CREATE PUBLICATION p FOR TABLE users"),
    yes("a publication of inserts", "CREATE PUBLICATION p FOR TABLE log WITH (publish = 'insert')"),
    yes("a publication of a new table", "CREATE TABLE x (); CREATE PUBLICATION p FOR TABLE x"),
    doubt("all tables are published", "CREATE PUBLICATION p FOR ALL TABLES", "is published (p)"),
    doubt(
        "all tables of the schema are published",
        "CREATE PUBLICATION p FOR TABLES IN SCHEMA public",
        "is published (p)",
    ),
    doubt(
        "rows of our table are published",
        "CREATE PUBLICATION p FOR TABLE users WHERE (age > 17)",
        "users is published (p)",
    ),
    doubt(
        "our publication publishes one more",
        "ALTER PUBLICATION of_orders ADD TABLE log",
        "log is published (of_orders)",
    ),
    no(
        "no row of ours has an identity for replicas any more",
        "ALTER TABLE orders REPLICA IDENTITY NOTHING",
        "replica identity nothing",
    ),
    doubt(
        "an event trigger",
        _REFUSE.format("event_trigger")
        + "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION refuse();"
        " ALTER EVENT TRIGGER e DISABLE",
        "event_trigger e",
    ),
)
