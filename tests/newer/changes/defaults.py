"""New columns with a default, and new defaults of ours."""

from tests.newer.change import doubt, no, yes

_ADD = "ALTER TABLE log ADD x "
_SET = "ALTER TABLE log ALTER x SET DEFAULT "

DEFAULTS = (
    yes("a number", _ADD + "integer NOT NULL DEFAULT 0"),
    yes("a negative number", _ADD + "numeric(5, 2) NOT NULL DEFAULT -999.99"),
    yes("a text", _ADD + "varchar(3) NOT NULL DEFAULT 'new'"),
    yes("a boolean", _ADD + "boolean NOT NULL DEFAULT false"),
    yes("a label", _ADD + "mood NOT NULL DEFAULT 'sad'"),
    yes("an empty array", _ADD + "text[] NOT NULL DEFAULT '{}'"),
    yes("an empty object", _ADD + "jsonb NOT NULL DEFAULT '{}'"),
    yes("a day", _ADD + "date NOT NULL DEFAULT '2026-01-01'"),
    yes("now", _ADD + "timestamptz NOT NULL DEFAULT now()"),
    yes("now in UTC", _ADD + "timestamp NOT NULL DEFAULT timezone('utc', now())"),
    yes("CURRENT_TIMESTAMP", _ADD + "timestamp DEFAULT CURRENT_TIMESTAMP"),
    yes("a random UUID", _ADD + "uuid NOT NULL DEFAULT gen_random_uuid()"),
    yes("an identity", _ADD + "bigint GENERATED ALWAYS AS IDENTITY"),
    yes("a serial", _ADD + "serial"),
    no(
        "a serial whose sequence the app may not use",
        _ADD + "serial; REVOKE ALL ON SEQUENCE log_x_seq FROM newer_app",
        "may not use the sequence of log.x",
    ),
    doubt(
        "an identity that ends soon",
        _ADD + "integer GENERATED ALWAYS AS IDENTITY (MAXVALUE 2)",
        "log.x",
    ),
    doubt(
        "a small serial", _ADD + "smallserial", "log.x", rows="SELECT setval('log_x_seq', 32767)"
    ),
    doubt(
        "a number of a sequence",
        "CREATE SEQUENCE s; REVOKE ALL ON SEQUENCE s FROM newer_app;"
        + _ADD
        + "integer DEFAULT nextval('s')",
        "log.x needs USAGE on a sequence",
    ),
    doubt(
        "a function that raises",
        "CREATE FUNCTION give() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;"
        + _ADD
        + "integer;"
        + _SET
        + "give()",
        "the default of log.x may fail",
    ),
    doubt(
        "a function called like one of newer servers",
        "CREATE FUNCTION uuidv4_() RETURNS uuid LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;"
        + _ADD
        + "uuid;"
        + _SET
        + "uuidv4_()",
        "the default of log.x may fail",
    ),
    doubt(
        "a function called random, of our own",
        "CREATE FUNCTION random(a integer) RETURNS float LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE 'no'; END $$;" + _ADD + "float;" + _SET + "random(1)",
        "random",
    ),
    doubt(
        "a function called now, of our own",
        "CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE 'no'; END $$;" + _ADD + "timestamptz;" + _SET + "public.now()",
        "now",
    ),
    doubt("a text that is too long", _ADD + "varchar(3);" + _SET + "'abcdef'", "log.x"),
    doubt("a number that is too big", _ADD + "smallint;" + _SET + "70000", "log.x"),
    doubt("a number with too many digits", _ADD + "numeric(3, 1);" + _SET + "1000", "log.x"),
    doubt("a big number for an integer", _ADD + "integer;" + _SET + "3000000000", "log.x"),
    doubt("a text that is no number", _ADD + "integer;" + _SET + "('a'::text)::integer", "log.x"),
    doubt("a text that is no day", _ADD + "date;" + _SET + "('2026-02-31'::text)::date", "log.x"),
    doubt("a text that is no JSON", _ADD + "jsonb;" + _SET + "('{'::text)::jsonb", "log.x"),
    doubt("a text that is no label", _ADD + "mood;" + _SET + "('bad'::text)::mood", "log.x"),
    doubt("bits of another length", _ADD + "bit(3);" + _SET + "B'11'", "log.x"),
    doubt("a long element", _ADD + "varchar(2)[];" + _SET + "'{abc}'", "log.x"),
    doubt(
        "a domain over a narrow type",
        "CREATE DOMAIN short AS varchar(3);" + _ADD + "short;" + _SET + "'abcdef'",
        "log.x",
    ),
    doubt("a time in a narrow column", _ADD + "varchar(5);" + _SET + "now()", "log.x"),
    doubt("a role in a narrow column", _ADD + "varchar(2);" + _SET + "current_user", "log.x"),
    doubt(
        "a time zone that nobody knows",
        _ADD + "timestamp;" + _SET + "timezone('Nowhere', now())",
        "the default of log.x may fail",
    ),
    doubt("a division", _ADD + "integer;" + _SET + "(1 / 0)", "log.x"),
    doubt("a sum that is too big", _ADD + "integer;" + _SET + "- (-2147483648)", "log.x"),
    doubt("a subscript", _ADD + "integer NOT NULL DEFAULT 1;" + _SET + "(ARRAY[1])[2]", "log.x"),
    no(
        "a required column whose default is NULL",
        _ADD + "varchar(9) NOT NULL DEFAULT 'x'; " + _SET + "NULL::varchar",
        "log.x is NOT NULL",
    ),
    yes("a default of ours that was none", "ALTER TABLE settings ALTER value SET DEFAULT 'x'"),
    doubt(
        "a default of ours that is unique",
        "ALTER TABLE users ALTER nickname SET DEFAULT 'a'",
        "users.nickname",
        also=("INSERT INTO users (email, name) VALUES ('i@x', 'I')",),
    ),
    doubt(
        "a default of ours that refers to nothing",
        "ALTER TABLE users ALTER boss_id SET DEFAULT 99",
        "users.boss_id",
        also=("INSERT INTO users (email, name) VALUES ('i@x', 'I')",),
    ),
    doubt(
        "a default of ours that the check refuses",
        "ALTER TABLE users ALTER age SET DEFAULT 0",
        "users.age",
        also=("INSERT INTO users (email, name) VALUES ('i@x', 'I')",),
    ),
    doubt(
        "a default of ours that the domain refuses",
        "ALTER TABLE users ALTER contact SET DEFAULT 'nobody'",
        "users.contact",
        also=("INSERT INTO users (email, name) VALUES ('i@x', 'I')",),
    ),
    doubt(
        "a default of ours from which another column is generated",
        "ALTER TABLE settings ALTER rank SET DEFAULT 0",
        "settings.rank",
        given="ALTER TABLE settings ADD part integer GENERATED ALWAYS AS (8 / rank) STORED",
    ),
    doubt(
        "a default of ours in an index",
        "ALTER TABLE settings ALTER rank SET DEFAULT 0",
        "settings.rank",
        given="CREATE INDEX part ON settings ((8 / rank))",
    ),
    doubt(
        "a default of ours that a trigger looks at",
        "ALTER TABLE settings ALTER rank SET DEFAULT 0",
        "settings.rank",
        given="CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF NEW.rank = 0 THEN RAISE 'no'; END IF; RETURN NEW; END $$;"
        "CREATE TRIGGER t BEFORE INSERT ON settings FOR EACH ROW EXECUTE FUNCTION look()",
    ),
    doubt(
        "a default of ours that a view refuses",
        "ALTER TABLE settings ALTER value SET DEFAULT 'x'",
        "which the view empty may refuse",
        given="CREATE VIEW empty AS SELECT key, value FROM settings WHERE value IS NULL"
        " WITH CHECK OPTION",
        also=("INSERT INTO empty (key) VALUES ('i')",),
    ),
    doubt(
        "a default of ours that a view of a view refuses",
        "ALTER TABLE settings ALTER value SET DEFAULT 'x'",
        "which the view keys may refuse",
        given="CREATE VIEW empty AS SELECT key AS k FROM settings WHERE value IS NULL;"
        "CREATE VIEW keys AS SELECT k FROM empty WITH CHECK OPTION",
        also=("INSERT INTO keys (k) VALUES ('i')",),
    ),
    doubt(
        "a default of ours that a view's function refuses",
        "ALTER TABLE settings ALTER value SET DEFAULT 'x'",
        "which the view empty may refuse",
        given="CREATE FUNCTION is_empty(settings) RETURNS boolean LANGUAGE sql IMMUTABLE AS"
        " 'SELECT $1.value IS NULL'; CREATE VIEW empty AS SELECT key FROM settings"
        " WHERE is_empty(settings) WITH LOCAL CHECK OPTION",
        also=("INSERT INTO empty (key) VALUES ('i')",),
    ),
    yes(
        "a default of ours and a view that refuses nothing",
        "ALTER TABLE settings ALTER value SET DEFAULT 'x'",
        given="CREATE VIEW empty AS SELECT key, value FROM settings WHERE value IS NULL",
        also=("INSERT INTO empty (key) VALUES ('i')",),
    ),
    yes("an array of texts", _ADD + "text[] NOT NULL DEFAULT '{a,b}'"),
    doubt(
        "an array with nothing between commas",
        _ADD + "text[];" + _SET + "('{a,,b}'::text)::text[]",
        "log.x",
    ),
    doubt(
        "an array with nothing behind the comma",
        _ADD + "text[];" + _SET + "('{a, }'::text)::text[]",
        "log.x",
    ),
    doubt(
        "a moment that is none",
        _ADD + "timestamp;" + _SET + "('2026-01-01x10:00'::text)::timestamp",
        "log.x",
    ),
    doubt(
        "an interval with a unit twice",
        _ADD + "interval;" + _SET + "('1 day 1 day'::text)::interval",
        "log.x",
    ),
    doubt(
        "an interval with too many minutes",
        _ADD + "interval;" + _SET + "('1:99'::text)::interval",
        "log.x",
    ),
    doubt(
        "JSON that is too deep to be read",
        "DO $$ BEGIN EXECUTE format('ALTER TABLE log ADD x json DEFAULT %L',"
        " repeat('[', 3000) || repeat(']', 3000)); END $$",
        "the default of log.x may fail",
    ),
    doubt(
        "a serial's sequence that is small now",
        "ALTER SEQUENCE users_id_seq AS smallint",
        "the sequence of users.id ends",
        rows="SELECT setval('users_id_seq', 32767)",
    ),
    doubt(
        "an identity's sequence that is small now",
        "ALTER SEQUENCE orders_id_seq AS smallint",
        "the sequence of orders.id ends",
        rows="SELECT setval('orders_id_seq', 32767)",
    ),
    doubt("another default", "ALTER TABLE orders ALTER total SET DEFAULT 1", "orders.total get 1"),
    no(
        "a default that is gone",
        "ALTER TABLE users ALTER mood DROP DEFAULT",
        "has lost its default",
    ),
)
