"""Every kind of object that pg_dump knows: how to make one, and whether it is a fact.

The kinds are those of DumpableObjectType in PostgreSQL's pg_dump.h, 13 to 18, and what pg_dump
writes beside objects: owners, privileges, comments, labels, parameters.
"""

from dataclasses import dataclass

BEGIN = """
CREATE TABLE t (id int PRIMARY KEY, a int, b int, words text);
CREATE TABLE parent (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE part (id int, at date);
CREATE INDEX parent_id ON parent (id);
CREATE INDEX part_id ON part (id);
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE FUNCTION half(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 / 2';
CREATE FUNCTION less(mood, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION number_of(mood) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION told() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE SEQUENCE numbers;
CREATE MATERIALIZED VIEW seen AS SELECT id FROM t WITH NO DATA;
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER far FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE remote (id int) SERVER far;
CREATE PUBLICATION empty;
"""
"""What the objects are made of."""


@dataclass(frozen=True)
class Dumped:
    """A kind of pg_dump, as docs/fingerprints.md calls it, and a statement that makes one.

    `dumped`: how pg_dump calls it in the list of what it has written, empty if it stands within
    something else.
    """

    kind: str
    make: str
    fact: bool
    dumped: str = ""
    since: int = 13


FACTS = [
    Dumped("schema", "CREATE SCHEMA apart", True, "SCHEMA"),
    Dumped("extension", "CREATE EXTENSION vector", True, "EXTENSION"),
    Dumped("table", "CREATE TABLE more (id int)", True, "TABLE"),
    Dumped("column and default", "ALTER TABLE t ADD c int DEFAULT 3", True),
    Dumped("serial", "CREATE TABLE s (id serial)", True, "SEQUENCE OWNED BY"),
    Dumped("sequence", "CREATE SEQUENCE more_numbers", True, "SEQUENCE"),
    Dumped("sequence's owner", "ALTER SEQUENCE numbers OWNED BY t.a", True, "SEQUENCE OWNED BY"),
    Dumped("check", "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)", True),
    Dumped("key", "ALTER TABLE t ADD CONSTRAINT u UNIQUE (b)", True, "CONSTRAINT"),
    Dumped("foreign key", "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES t", True, "FK CONSTRAINT"),
    Dumped("index", "CREATE INDEX i ON t (a)", True, "INDEX"),
    Dumped(
        "partition",
        "ALTER TABLE parent ATTACH PARTITION part FOR VALUES FROM ('2025-01-01') TO (MAXVALUE)",
        True,
        "TABLE ATTACH",
    ),
    Dumped("inheritance", "CREATE TABLE child () INHERITS (t)", True, "TABLE"),
    Dumped("row security", "ALTER TABLE t ENABLE ROW LEVEL SECURITY", True, "ROW SECURITY"),
    Dumped("policy", "CREATE POLICY p ON t USING (a > 0)", True, "POLICY"),
    Dumped(
        "trigger",
        "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch()",
        True,
        "TRIGGER",
    ),
    Dumped("rule", "CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING", True, "RULE"),
    Dumped("extended statistics", "CREATE STATISTICS st ON a, b FROM t", True, "STATISTICS"),
    Dumped("replica identity", "ALTER TABLE t REPLICA IDENTITY FULL", True),
    Dumped("view", "CREATE VIEW v AS SELECT id FROM t", True, "VIEW"),
    Dumped(
        "materialized view",
        "CREATE MATERIALIZED VIEW m AS SELECT id FROM t",
        True,
        "MATERIALIZED VIEW",
    ),
    Dumped("foreign table", "CREATE FOREIGN TABLE f (x int) SERVER far", True, "FOREIGN TABLE"),
    Dumped("enum", "CREATE TYPE color AS ENUM ('red')", True, "TYPE"),
    Dumped("composite type", "CREATE TYPE pair AS (x int, y int)", True, "TYPE"),
    Dumped("range type", "CREATE TYPE span AS RANGE (subtype = time)", True, "TYPE"),
    Dumped("domain", "CREATE DOMAIN positive AS int CHECK (VALUE > 0)", True, "DOMAIN"),
    Dumped("base type", "CREATE TYPE announced", True, "TYPE"),
    Dumped(
        "function",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        True,
        "FUNCTION",
    ),
    Dumped("procedure", "CREATE PROCEDURE pr() LANGUAGE sql AS ''", True, "PROCEDURE"),
    Dumped(
        "aggregate", "CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int)", True, "AGGREGATE"
    ),
    Dumped(
        "operator",
        "CREATE OPERATOR <<< (LEFTARG = mood, RIGHTARG = int, FUNCTION = less)",
        True,
        "OPERATOR",
    ),
    Dumped(
        "operator class",
        "CREATE OPERATOR CLASS by_hash FOR TYPE money USING hash AS FUNCTION 1 hashint8(bigint)",
        True,
        "OPERATOR CLASS",
    ),
    Dumped(
        "operator family",
        "CREATE OPERATOR FAMILY fam USING btree",
        True,
        "OPERATOR FAMILY",
    ),
    Dumped(
        "cast", "CREATE CAST (mood AS int) WITH FUNCTION number_of(mood) AS IMPLICIT", True, "CAST"
    ),
    Dumped("collation", "CREATE COLLATION plain (locale = 'C')", True, "COLLATION"),
    Dumped(
        "conversion",
        "CREATE CONVERSION conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
        True,
        "CONVERSION",
    ),
    Dumped(
        "text search parser",
        "CREATE TEXT SEARCH PARSER tp (START = prsd_start, GETTOKEN = prsd_nexttoken,"
        " END = prsd_end, LEXTYPES = prsd_lextype)",
        True,
        "TEXT SEARCH PARSER",
    ),
    Dumped(
        "text search template",
        "CREATE TEXT SEARCH TEMPLATE tt (LEXIZE = dsimple_lexize)",
        True,
        "TEXT SEARCH TEMPLATE",
    ),
    Dumped(
        "text search dictionary",
        "CREATE TEXT SEARCH DICTIONARY td (TEMPLATE = simple, ACCEPT = false)",
        True,
        "TEXT SEARCH DICTIONARY",
    ),
    Dumped(
        "text search configuration",
        "CREATE TEXT SEARCH CONFIGURATION tc (COPY = english)",
        True,
        "TEXT SEARCH CONFIGURATION",
    ),
    Dumped(
        "language",
        "CREATE LANGUAGE pl HANDLER plpgsql_call_handler",
        True,
        "PROCEDURAL LANGUAGE",
    ),
    Dumped(
        "transform",
        "CREATE TRANSFORM FOR int LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal),"
        " TO SQL WITH FUNCTION int4recv(internal))",
        True,
        "TRANSFORM",
    ),
    Dumped(
        "access method",
        "CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler",
        True,
        "ACCESS METHOD",
    ),
    Dumped(
        "foreign data wrapper", "CREATE FOREIGN DATA WRAPPER w", True, "FOREIGN DATA WRAPPER"
    ),
    Dumped("foreign server", "CREATE SERVER s FOREIGN DATA WRAPPER nothing", True, "SERVER"),
    Dumped(
        "event trigger",
        "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION told()",
        True,
        "EVENT TRIGGER",
    ),
    Dumped("publication", "CREATE PUBLICATION pub", True, "PUBLICATION"),
    Dumped("table of a publication", "ALTER PUBLICATION empty ADD TABLE t", True,
           "PUBLICATION TABLE"),
    Dumped("schema of a publication", "ALTER PUBLICATION empty ADD TABLES IN SCHEMA public", True,
           "PUBLICATION TABLES IN SCHEMA", since=15),
]  # fmt: skip

NOTHING = [
    Dumped("rows", "INSERT INTO part VALUES (1, '2025-02-01')", False, "TABLE DATA"),
    Dumped("value of a sequence", "SELECT setval('numbers', 7)", False, "SEQUENCE SET"),
    Dumped("rows of a materialized view", "REFRESH MATERIALIZED VIEW seen", False,
           "MATERIALIZED VIEW DATA"),
    Dumped("large object", "SELECT lo_create(4711)", False, "BLOB METADATA"),
    Dumped("comment", "COMMENT ON TABLE t IS 'ours'", False, "COMMENT"),
    Dumped("privileges", "GRANT SELECT ON t TO PUBLIC", False, "ACL"),
    Dumped("default privileges", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC", False,
           "DEFAULT ACL"),
    Dumped("owner", "ALTER TABLE t OWNER TO pg_monitor", False),
    Dumped("user mapping", "CREATE USER MAPPING FOR PUBLIC SERVER far", False, "USER MAPPING"),
    Dumped("options of foreign objects", "ALTER SERVER far OPTIONS (ADD host 'db.example')", False),
    Dumped("storage parameters", "ALTER TABLE t SET (fillfactor = 70)", False),
    Dumped("storage of a column", "ALTER TABLE t ALTER words SET STORAGE EXTERNAL", False),
    Dumped("statistics targets", "ALTER TABLE t ALTER a SET STATISTICS 500", False),
    Dumped("table access method", "ALTER TABLE t SET ACCESS METHOD heap2", False, since=15),
    Dumped("tablespace", "ALTER TABLE t SET TABLESPACE pg_default", False),
    Dumped("clustering", "ALTER TABLE t CLUSTER ON t_pkey", False),
    Dumped("planner's estimates of a function", "ALTER FUNCTION half(int) COST 3", False),
    Dumped(
        "subscription",
        "CREATE SUBSCRIPTION sub CONNECTION 'dbname=none' PUBLICATION pub"
        " WITH (connect = false, enabled = false, slot_name = NONE)",
        False,
        "SUBSCRIPTION",
    ),
]  # fmt: skip

EVERY = [*FACTS, *NOTHING]
END = "ALTER SUBSCRIPTION sub SET (slot_name = NONE); DROP SUBSCRIPTION sub"
"""Without it the database cannot be dropped."""
