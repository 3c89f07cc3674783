"""What was there, and is otherwise or gone."""

from tests.newer.change import doubt, no, yes

OTHERWISE = (
    yes(
        "a longer varchar",
        "ALTER TABLE bookings ALTER label TYPE varchar(40)",
        given="ALTER TABLE bookings ADD label varchar(20)",
    ),
    yes(
        "a varchar that is a text",
        "ALTER TABLE bookings ALTER label TYPE text",
        given="ALTER TABLE bookings ADD label varchar(20)",
    ),
    doubt(
        "a longer varchar of a table that a function writes",
        "ALTER TABLE log ALTER what TYPE text",
        "the function tell_payment may take it for what it was",
    ),
    doubt(
        "a longer varchar of a table that a function reads",
        "ALTER TABLE users DROP CONSTRAINT users_email_key;"
        "ALTER TABLE users ALTER email TYPE text, ADD CONSTRAINT users_email_key UNIQUE (email)",
        "users.email is text",
        given="CREATE FUNCTION emails() RETURNS TABLE (e varchar) LANGUAGE plpgsql AS"
        " $$ BEGIN RETURN QUERY SELECT u.email FROM users u; END $$",
        also=("SELECT e FROM emails() WHERE e = 'ann@x'",),
    ),
    yes(
        "a numeric with more digits",
        "ALTER TABLE bookings ALTER price TYPE numeric(9, 2)",
        given="ALTER TABLE bookings ADD price numeric(5, 2) DEFAULT 1",
    ),
    doubt(
        "a numeric with more digits behind the point",
        "ALTER TABLE users ALTER balance TYPE numeric(14, 4)",
        "users.balance is numeric(14,4)",
    ),
    no(
        "a shorter varchar",
        "ALTER TABLE users ALTER nickname TYPE varchar(1)",
        "users.nickname is character varying(1)",
        also=("UPDATE users SET nickname = 'long' WHERE id = 1",),
    ),
    doubt(
        "an integer that is a bigint",
        "ALTER TABLE settings ALTER rank TYPE bigint",
        "settings.rank is bigint",
        rows="UPDATE settings SET rank = 5000000000 WHERE key = 'size'",
        also=("UPDATE settings SET rank = rank + 1 WHERE rank::integer > 0",),
    ),
    no(
        "an integer that is a text",
        "ALTER TABLE settings ALTER rank TYPE text",
        "settings.rank is text",
        also=("SELECT rank + 1 FROM settings WHERE key = 'theme'",),
    ),
    no(
        "a text that is an enum",
        "DROP VIEW adults; ALTER TABLE users ALTER name TYPE mood USING 'ok'",
        "users.name is mood",
    ),
    no(
        "jsonb that is json",
        "ALTER TABLE users ALTER details TYPE json",
        "users.details is json",
        also=("SELECT details @> '{}' FROM users WHERE id = 1",),
    ),
    no(
        "a time without its zone",
        "ALTER TABLE log ALTER at TYPE timestamp",
        "log.at is timestamp",
        also=("SELECT pg_typeof(coalesce(max(at), max(at)))::text FROM log",),
    ),
    no(
        "another collation",
        'ALTER TABLE users ALTER nickname TYPE text COLLATE "C"',
        "another collation",
        unshown="it sorts otherwise, which the app does not look at",
    ),
    no(
        "our column is required now",
        "UPDATE users SET nickname = id::text; ALTER TABLE users ALTER nickname SET NOT NULL",
        "users.nickname is NOT NULL now",
    ),
    no(
        "our column is required now, and has a default",
        "UPDATE users SET nickname = id::text; ALTER TABLE users ALTER nickname SET NOT NULL,"
        " ALTER nickname SET DEFAULT 'x'",
        "users.nickname is NOT NULL now",
    ),
    doubt(
        "our column may be NULL now",
        "ALTER TABLE users ALTER name DROP NOT NULL",
        "users.name may be NULL now",
        rows="INSERT INTO users (email) VALUES ('null@x')",
    ),
    doubt(
        "an enum has a label more",
        "ALTER TYPE mood ADD VALUE 'angry'",
        "the type mood has labels",
        rows="INSERT INTO users (email, name, mood) VALUES ('angry@x', 'A', 'angry')",
    ),
    no("a label has another name", "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'", "mood"),
    no("our column is gone", "ALTER TABLE users DROP tags", "column users.tags text[] is gone"),
    no(
        "our column has another name",
        "ALTER TABLE users RENAME nickname TO nick",
        "column users.nickname text is gone",
    ),
    no(
        "a partition is gone, which is not the oldest",
        "DROP TABLE events_2026",
        "table events_2026 is gone",
    ),
    no(
        "a partition of a list is gone",
        "DROP TABLE colours_b",
        "table colours_b is gone",
        given="CREATE TABLE colours (name text) PARTITION BY LIST (name);"
        "CREATE TABLE colours_a PARTITION OF colours FOR VALUES IN ('a');"
        "CREATE TABLE colours_b PARTITION OF colours FOR VALUES IN ('b');"
        "GRANT ALL ON colours TO newer_app",
        also=("INSERT INTO colours (name) VALUES ('b')",),
    ),
    no(
        "our materialized view is not filled",
        "REFRESH MATERIALIZED VIEW moods WITH NO DATA",
        "moods holds nothing yet",
    ),
    no("our child is a table of its own", "ALTER TABLE dogs NO INHERIT animals", "dogs"),
    no(
        "our column is required, but for the old rows",
        "ALTER TABLE users ADD CONSTRAINT filled NOT NULL nickname NOT VALID",
        "users.nickname is NOT NULL now",
        since=18,
    ),
    no("our table is gone", "DROP TABLE settings", "table settings is gone"),
    no(
        "our table has another name",
        "ALTER TABLE settings RENAME TO options",
        "table settings is gone",
    ),
    no(
        "our table is a view now",
        "ALTER TABLE settings RENAME TO options; CREATE VIEW settings AS SELECT DISTINCT key,"
        " value, rank FROM options; GRANT ALL ON settings TO newer_app",
        "settings is gone",
    ),
    no(
        "our table is in another schema",
        "CREATE SCHEMA far; ALTER TABLE settings SET SCHEMA far",
        "table settings is gone",
    ),
    no(
        "our type is gone",
        "ALTER TABLE users ALTER mood DROP DEFAULT; DROP MATERIALIZED VIEW moods;"
        "ALTER TABLE users ALTER mood TYPE text; DROP TYPE mood",
        "mood",
    ),
    no("our sequence is gone", "DROP SEQUENCE ticket_numbers", "sequence ticket_numbers"),
    no(
        "our sequence has an end",
        "ALTER SEQUENCE ticket_numbers MAXVALUE 9",
        "ticket_numbers",
        rows="SELECT setval('ticket_numbers', 9)",
    ),
    no(
        "an identity may be given now",
        "ALTER TABLE orders ALTER id SET GENERATED BY DEFAULT",
        "orders.id is filled by the server in another way",
        unshown="whoever gave none before gives none now",
    ),
    no("a serial is no default any more", "ALTER TABLE users ALTER id DROP DEFAULT", "users.id"),
    no(
        "a key is of other columns",
        "ALTER TABLE users DROP CONSTRAINT users_pkey CASCADE, ADD CONSTRAINT users_pkey"
        " PRIMARY KEY (id, email)",
        "users_pkey",
    ),
    no(
        "our table is unlogged",
        "ALTER TABLE settings SET UNLOGGED",
        "unlogged",
        unshown="its rows are lost when the server crashes",
    ),
    no(
        "our table is a child now",
        "CREATE TABLE base (key text); ALTER TABLE settings ALTER key SET NOT NULL;"
        "ALTER TABLE settings INHERIT base",
        "inherits base",
        unshown="what is done to the parent is done to it",
    ),
    no(
        "our domain takes no NULL",
        "ALTER TABLE users ALTER contact SET DEFAULT 'a@x';"
        "UPDATE users SET contact = 'a@x'; ALTER DOMAIN address SET NOT NULL",
        "address",
        also=("INSERT INTO users (email, name, contact) VALUES ('i@x', 'I', NULL)",),
    ),
)
