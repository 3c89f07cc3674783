"""New indexes, unique and other constraints and checks, and what is gone of them."""

from tests.newer.change import doubt, no, yes

_NEW = "ALTER TABLE users ADD x text, ADD y text;"
_NUMBERS = "ALTER TABLE users ADD x integer, ADD y integer;"
_CHECK = "ALTER TABLE users ADD CONSTRAINT c CHECK "

CONSTRAINTS = (
    yes("an index", "CREATE INDEX i ON users (age DESC NULLS LAST, name) INCLUDE (email)"),
    yes("an index of another kind", "CREATE INDEX i ON users USING gin (details jsonb_path_ops)"),
    yes("an index of an expression", "CREATE INDEX i ON users (lower(name), (age IS NULL))"),
    yes("an index of some rows", "CREATE INDEX i ON users (name) WHERE age IS NOT NULL"),
    yes("an index of a new view", "CREATE INDEX i ON moods (number)"),
    doubt("an index of a division", "CREATE INDEX i ON users ((100 / (age - 4)))", "may fail"),
    doubt(
        "an index of a function that is called as a column",
        "CREATE INDEX i ON settings (log(log))",
        "may fail for a row: log(log)",
        given="ALTER TABLE settings ADD log numeric",
        also=("INSERT INTO settings (key, log) VALUES ('i', 0)",),
    ),
    doubt(
        "an index with a condition by a function that is called as a column",
        "CREATE INDEX i ON settings (key) WHERE sqrt(sqrt) > 2",
        "may fail",
        given="ALTER TABLE settings ADD sqrt float8",
        also=("INSERT INTO settings (key, sqrt) VALUES ('i', -1)",),
    ),
    doubt(
        "an index with a condition that fails",
        "CREATE INDEX i ON users (name) WHERE 100 / (age - 4) > 1",
        "may fail",
    ),
    doubt(
        "an index whose text looks like its end",
        "CREATE INDEX i ON users ((('0) WHERE ' || name)::integer)) WHERE name = 'x'",
        "may fail",
        also=("INSERT INTO users (email, name) VALUES ('i@x', 'x')",),
    ),
    doubt(
        "an index with a condition on values without equality",
        "CREATE INDEX i ON settings (key) WHERE parts = '{}'",
        "may fail",
        given="ALTER TABLE settings ADD parts json[]",
        also=("INSERT INTO settings (key, parts) VALUES ('i', ARRAY['1'::json])",),
    ),
    doubt(
        "an index with an operator class of another schema",
        "CREATE SCHEMA far; CREATE FUNCTION far.compare(a int2, b int2) RETURNS int"
        " LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN IF a = 33 THEN RAISE 'no'; END IF;"
        " RETURN a - b; END $$; GRANT USAGE ON SCHEMA far TO newer_app;"
        "CREATE OPERATOR CLASS far.odd FOR TYPE int2 USING btree AS OPERATOR 1 <, OPERATOR 2 <=,"
        " OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 far.compare(int2, int2);"
        "CREATE INDEX i ON users (age far.odd)",
        "compares by far.odd",
    ),
    doubt(
        "an index with an operator class of its own",
        "CREATE FUNCTION compare(a int2, b int2) RETURNS int LANGUAGE plpgsql IMMUTABLE AS"
        " $$ BEGIN IF a = 33 THEN RAISE 'no'; END IF; RETURN a - b; END $$;"
        "CREATE OPERATOR CLASS odd FOR TYPE int2 USING btree AS OPERATOR 1 <, OPERATOR 2 <=,"
        " OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 compare(int2, int2);"
        "CREATE INDEX i ON users (age odd)",
        "odd",
    ),
    no(
        "a unique index",
        "CREATE UNIQUE INDEX i ON users (name, age)",
        "i on users may refuse",
        also=("INSERT INTO users (email, name, age) VALUES ('i@x', 'Ann', 30)",),
    ),
    no(
        "a unique index of some rows",
        "CREATE UNIQUE INDEX i ON users (mood) WHERE age = 30",
        "i on users may refuse",
        also=("INSERT INTO users (email, name, mood, age) VALUES ('i@x', 'I', 'happy', 30)",),
    ),
    yes("a unique index of a new column", _NEW + "CREATE UNIQUE INDEX i ON users (x, y)"),
    yes(
        "a unique constraint of a new column", _NEW + "ALTER TABLE users ADD UNIQUE (x) INCLUDE (y)"
    ),
    doubt(
        "a unique constraint of a new column that may wait",
        _NEW + "ALTER TABLE users ADD UNIQUE (x) DEFERRABLE",
        "ON CONFLICT",
        also=("INSERT INTO users (email, name) VALUES ('i@x', 'I') ON CONFLICT DO NOTHING",),
    ),
    doubt(
        "a unique index of a new column with a condition that fails",
        _NEW + "CREATE UNIQUE INDEX i ON users (x) WHERE 100 / (age - 4) > 1",
        "may fail",
    ),
    no(
        "a unique constraint to which NULLs are equal",
        "DELETE FROM log; ALTER TABLE log ADD x text, ADD UNIQUE NULLS NOT DISTINCT (x)",
        "may refuse a row",
    ),
    no(
        "a unique index to which NULLs are equal",
        "DELETE FROM log; ALTER TABLE log ADD x text;"
        "CREATE UNIQUE INDEX i ON log (x) NULLS NOT DISTINCT",
        "may refuse a row",
    ),
    no(
        "a unique index of an expression of a new column",
        "DELETE FROM log; ALTER TABLE log ADD x text;"
        "CREATE UNIQUE INDEX i ON log (coalesce(x, ''))",
        "may refuse a row",
    ),
    no(
        "a unique column with a default",
        "DELETE FROM log; ALTER TABLE log ADD x integer DEFAULT 0, ADD UNIQUE (x)",
        "may refuse a row",
    ),
    no(
        "a key of a table that had none",
        "DELETE FROM log; ALTER TABLE log ADD PRIMARY KEY (what)",
        "pk",
        also=("INSERT INTO log (what) VALUES ('x'), ('x')",),
    ),
    no(
        "an exclusion",
        "ALTER TABLE users ADD EXCLUDE USING gist (int4range(age, age, '[]') WITH &&)"
        " WHERE (age = 33)",
        "exclude",
    ),
    doubt(
        "a unique index of a materialized view, of what is unique and more",
        "CREATE UNIQUE INDEX i ON moods (mood, number)",
        "one of two upserts",
    ),
    yes("a check of a new column", _NEW + _CHECK + "(x <> '' AND length(x) < 9)"),
    yes("a check of a new column's values", _NEW + _CHECK + "(x IN ('a', 'b'))"),
    yes("a check between new columns", _NUMBERS + _CHECK + "(x < y OR x > 7)"),
    no("a check of ours", _CHECK + "(age < 33) NOT VALID", "check c on users may refuse"),
    no("a check that NULL does not pass", _NEW + _CHECK + "(x IS NOT NULL) NOT VALID", "check c"),
    no(
        "a check of a number of NULLs",
        _NEW + _CHECK + "(num_nonnulls(x, y) = 1) NOT VALID",
        "check c",
    ),
    no(
        "a check by a function that is called as the new column",
        "ALTER TABLE users ADD num_nonnulls text;" + _CHECK + "(num_nonnulls(num_nonnulls) = 1)"
        " NOT VALID",
        "check c",
    ),
    no("a check that is false", _NEW + _CHECK + "(x = 'a' AND 1 > 2) NOT VALID", "check c"),
    no(
        "a check of an array of NULL",
        _NEW + _CHECK + "(ARRAY[x] = ARRAY['a']) NOT VALID",
        "check c",
    ),
    no(
        "a check of an array with NULL behind it",
        "ALTER TABLE users ADD x text[];" + _CHECK + "(x || ARRAY['a'] <> ARRAY['a']) NOT VALID",
        "check c",
    ),
    no("a check of none", _NEW + _CHECK + "(x = ANY ('{}'::text[])) NOT VALID", "check c"),
    no(
        "a check of ours and new ones",
        _NEW + _CHECK + "(x IS NULL OR age > 1) NOT VALID",
        "check c",
        unshown="it holds wherever x is NULL, which no rule tells",
    ),
    no(
        "a check with a cast to a domain",
        "CREATE DOMAIN filled AS text NOT NULL;" + _NEW + _CHECK + "(x::filled <> '') NOT VALID",
        "check c",
    ),
    no(
        "a check with a cast to a domain of another schema",
        "CREATE SCHEMA far; GRANT USAGE ON SCHEMA far TO newer_app;"
        "CREATE DOMAIN far.filled AS text NOT NULL;"
        + _NEW
        + _CHECK
        + "(x::far.filled <> '') NOT VALID",
        "check c",
    ),
    no(
        "a check with a function called like the server's",
        "CREATE FUNCTION length(mood) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 99';"
        "ALTER TABLE users ADD x mood;" + _CHECK + "(length(x) < 9) NOT VALID",
        "check c",
    ),
    no(
        "a check with an operator of its own",
        "CREATE FUNCTION nay(mood, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS"
        " 'SELECT false'; CREATE OPERATOR <> (leftarg = mood, rightarg = integer, function = nay);"
        "ALTER TABLE users ADD x mood;" + _CHECK + "(x <> 3) NOT VALID",
        "check c",
    ),
    no(
        "a check of a type of ours",
        "ALTER DOMAIN address ADD CHECK (VALUE LIKE '%.%') NOT VALID",
        "the domain address",
        also=("INSERT INTO users (email, name, contact) VALUES ('i@x', 'I', 'i@x')",),
    ),
    doubt(
        "a row that has to be whole, and a new column",
        "ALTER TABLE settings ADD x text",
        "settings",
        given="ALTER TABLE settings ADD CHECK (settings IS NOT NULL) NOT VALID;"
        "ALTER TABLE settings ALTER rank SET DEFAULT 1",
        also=("INSERT INTO settings (key, value) VALUES ('i', 'i')",),
    ),
    yes("an index is gone", "DROP INDEX users_name"),
    yes("an index has another name", "ALTER INDEX users_name RENAME TO by_name"),
    yes("an index is another one", "DROP INDEX users_name; CREATE INDEX users_name ON users (age)"),
    no("a unique index is gone", "DROP INDEX users_nickname_live", "is gone"),
    no(
        "a unique constraint is an index now",
        "ALTER TABLE orders DROP CONSTRAINT orders_user_code;"
        "CREATE UNIQUE INDEX orders_user_code ON orders (user_id, code)",
        "orders_user_code",
    ),
    no(
        "a unique constraint has another name",
        "ALTER TABLE orders RENAME CONSTRAINT orders_user_code TO other",
        "is gone",
    ),
    no(
        "a unique constraint may wait now",
        "ALTER TABLE users DROP CONSTRAINT users_email_key,"
        " ADD CONSTRAINT users_email_key UNIQUE (email) DEFERRABLE",
        "users_email_key",
    ),
    no(
        "a unique index is of fewer rows",
        "DROP INDEX users_nickname_live;"
        "CREATE UNIQUE INDEX users_nickname_live ON users (nickname) WHERE age > 1",
        "users_nickname_live",
    ),
    yes("a check has another name", "ALTER TABLE users RENAME CONSTRAINT users_age_check TO c"),
    doubt("a check is gone", "ALTER TABLE users DROP CONSTRAINT users_age_check", "is gone"),
    no(
        "a check is stricter",
        "ALTER TABLE users DROP CONSTRAINT users_age_check,"
        " ADD CONSTRAINT users_age_check CHECK (age > 4) NOT VALID",
        "users_age_check",
    ),
)
