"""New foreign keys, which decide whether a row of ours may still go."""

from tests.newer.change import doubt, no, yes

_PRIZES = "CREATE TABLE prizes (id serial PRIMARY KEY, user_id integer {});"
_REFERS = "REFERENCES users"
_WON = "INSERT INTO prizes (user_id) VALUES (2)"
_REFUSED = "DELETE on users may be refused by prizes"
_CASCADING = _PRIZES.format(_REFERS + " ON DELETE CASCADE")
_NULLING = _PRIZES.format(_REFERS + " ON DELETE SET NULL")
_RAISE = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;"
_FAR = "CREATE SCHEMA far; GRANT USAGE ON SCHEMA far TO newer_app;"
_PARTED = (
    "CREATE TABLE prizes (id serial, user_id integer REFERENCES users ON DELETE CASCADE,"
    " PRIMARY KEY (id)) PARTITION BY RANGE (id);"
    "CREATE TABLE prizes_1 PARTITION OF prizes FOR VALUES FROM (0) TO (99);"
)

FOREIGN_KEYS = (
    doubt("a table that refers to ours", _PRIZES.format(_REFERS), _REFUSED, rows=_WON),
    doubt(
        "a table that refers to ours, at the end of the transaction",
        _PRIZES.format(_REFERS + " DEFERRABLE INITIALLY DEFERRED"),
        _REFUSED,
        rows=_WON,
    ),
    doubt("RESTRICT", _PRIZES.format(_REFERS + " ON DELETE RESTRICT"), _REFUSED, rows=_WON),
    yes("ON DELETE CASCADE", _CASCADING, rows=_WON),
    yes("ON DELETE SET NULL", _NULLING, rows=_WON),
    doubt(
        "ON DELETE SET DEFAULT",
        _PRIZES.format("DEFAULT 99 " + _REFERS + " ON DELETE SET DEFAULT"),
        _REFUSED,
        rows=_WON,
    ),
    yes(
        "ON DELETE CASCADE along a chain",
        _CASCADING + "CREATE TABLE cups (prize_id integer REFERENCES prizes ON DELETE CASCADE)",
        rows=_WON + "; INSERT INTO cups VALUES (1)",
    ),
    yes(
        "ON DELETE CASCADE, and a table that refers to itself",
        _CASCADING + "ALTER TABLE prizes ADD next integer REFERENCES prizes ON DELETE CASCADE",
        rows=_WON + "; UPDATE prizes SET next = id",
    ),
    doubt(
        "a chain that ends in a plain key",
        _CASCADING + "CREATE TABLE cups (prize_id integer REFERENCES prizes)",
        "may be refused by cups",
        rows=_WON + "; INSERT INTO cups VALUES (1)",
    ),
    doubt(
        "a trigger on the way",
        _CASCADING
        + _RAISE
        + "CREATE TRIGGER t BEFORE DELETE ON prizes FOR EACH ROW EXECUTE FUNCTION refuse()",
        _REFUSED,
        rows=_WON,
    ),
    doubt(
        "a rule on the way",
        _CASCADING + "CREATE RULE r AS ON DELETE TO prizes DO INSTEAD NOTHING",
        _REFUSED,
        rows=_WON,
    ),
    yes("ON DELETE CASCADE to a partitioned table", _PARTED, rows=_WON),
    doubt(
        "a trigger on a partition on the way",
        _PARTED
        + _RAISE
        + "CREATE TRIGGER t BEFORE DELETE ON prizes_1 FOR EACH ROW EXECUTE FUNCTION refuse()",
        "may be refused by prizes",
        rows=_WON,
    ),
    doubt(
        "a key to a partition on the way",
        _PARTED + "CREATE TABLE cups (prize_id integer REFERENCES prizes_1)",
        "may be refused by cups",
        rows=_WON + "; INSERT INTO cups VALUES (1)",
    ),
    doubt(
        "SET NULL of a partition's key",
        "CREATE TABLE prizes (user_id integer REFERENCES users ON DELETE SET NULL)"
        " PARTITION BY RANGE (user_id);"
        "CREATE TABLE prizes_1 PARTITION OF prizes FOR VALUES FROM (0) TO (99);",
        _REFUSED,
        rows="INSERT INTO prizes VALUES (2)",
    ),
    doubt(
        "SET NULL in a partition of another table",
        "CREATE TABLE lots (user_id integer) PARTITION BY RANGE (user_id);"
        "CREATE TABLE prizes PARTITION OF lots FOR VALUES FROM (0) TO (99);"
        "ALTER TABLE prizes ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE SET NULL",
        _REFUSED,
        rows="INSERT INTO prizes VALUES (2)",
    ),
    doubt(
        "SET NULL of a required column",
        _PRIZES.format("NOT NULL " + _REFERS + " ON DELETE SET NULL"),
        _REFUSED,
        rows=_WON,
    ),
    doubt(
        "SET NULL that a check refuses",
        _NULLING + "ALTER TABLE prizes ADD CHECK (user_id IS NOT NULL)",
        _REFUSED,
        rows=_WON,
    ),
    doubt(
        "SET NULL in an index that fails",
        _NULLING + "CREATE INDEX i ON prizes ((1 / coalesce(user_id, 0)))",
        _REFUSED,
        rows=_WON,
    ),
    yes("SET NULL in a plain index", _NULLING + "CREATE INDEX i ON prizes (user_id)", rows=_WON),
    doubt(
        "SET NULL in a unique index to which NULLs are equal",
        _NULLING + "CREATE UNIQUE INDEX i ON prizes (user_id) NULLS NOT DISTINCT",
        _REFUSED,
        rows=_WON + ", (NULL)",
    ),
    doubt(
        "SET NULL in a generated column",
        _NULLING + "ALTER TABLE prizes ADD x integer NOT NULL GENERATED ALWAYS AS (user_id) STORED",
        _REFUSED,
        rows=_WON,
    ),
    doubt(
        "SET NULL of a domain that is NOT NULL",
        "CREATE DOMAIN filled AS integer NOT NULL;"
        "CREATE TABLE prizes (user_id filled REFERENCES users ON DELETE SET NULL)",
        _REFUSED,
        rows="INSERT INTO prizes VALUES (2)",
    ),
    doubt(
        "SET NULL of a part of another key that wants all or none",
        "CREATE TABLE rooms (a integer, b integer, PRIMARY KEY (a, b));"
        "CREATE TABLE prizes (user_id integer REFERENCES users ON DELETE SET NULL, b integer,"
        " FOREIGN KEY (user_id, b) REFERENCES rooms MATCH FULL)",
        _REFUSED,
        rows="INSERT INTO rooms VALUES (2, 2); INSERT INTO prizes VALUES (2, 2)",
    ),
    doubt(
        "CASCADE into a published table without a key",
        "CREATE TABLE prizes (user_id integer REFERENCES users ON DELETE CASCADE);"
        "CREATE PUBLICATION p FOR TABLE prizes",
        _REFUSED,
        rows="INSERT INTO prizes VALUES (2)",
    ),
    doubt(
        "CASCADE where all tables are published already",
        "CREATE TABLE prizes (user_id integer REFERENCES users ON DELETE CASCADE)",
        _REFUSED,
        rows="INSERT INTO prizes VALUES (2)",
        given="ALTER TABLE log REPLICA IDENTITY FULL; ALTER TABLE events REPLICA IDENTITY FULL;"
        "ALTER TABLE notes_history REPLICA IDENTITY FULL;"
        "ALTER TABLE events_2025 REPLICA IDENTITY FULL;"
        "ALTER TABLE events_2026 REPLICA IDENTITY FULL; ALTER TABLE dogs REPLICA IDENTITY FULL;"
        "CREATE PUBLICATION p FOR ALL TABLES",
    ),
    doubt(
        "a key to what an app may change",
        "CREATE TABLE prizes (email varchar REFERENCES users (email) ON DELETE CASCADE)",
        "users.email",
        rows="INSERT INTO prizes VALUES ('bob@x')",
    ),
    doubt(
        "a key to what an app may change, of a table with a keyword's name",
        'CREATE TABLE prizes (title text REFERENCES "group" (title) ON DELETE CASCADE)',
        "group.title",
        rows="INSERT INTO prizes VALUES ('staff')",
    ),
    yes(
        "a key to what an app may change, with both CASCADEs",
        "CREATE TABLE prizes (email varchar(100) REFERENCES users (email)"
        " ON DELETE CASCADE ON UPDATE CASCADE)",
        rows="INSERT INTO prizes VALUES ('bob@x')",
    ),
    doubt(
        "ON UPDATE CASCADE that a check refuses",
        "CREATE TABLE prizes (email varchar(100) CHECK (email <> 'robert@x')"
        " REFERENCES users (email) ON DELETE CASCADE ON UPDATE CASCADE)",
        "users.email",
        rows="INSERT INTO prizes VALUES ('bob@x')",
    ),
    doubt(
        "a table that refers to one with a keyword's name",
        'CREATE TABLE prizes (g integer REFERENCES "group"); INSERT INTO prizes VALUES (2)',
        "DELETE on group may be refused by prizes",
    ),
    doubt(
        "a table of another schema that refers to ours",
        _FAR + "CREATE TABLE far.prizes (user_id integer REFERENCES users)",
        "may be refused by far.prizes",
        rows="INSERT INTO far.prizes VALUES (2)",
    ),
    doubt(
        "a table that refers to a child of a CASCADE of ours",
        "CREATE TABLE parcels (item_id integer REFERENCES items)",
        "DELETE on items may be refused by parcels",
        rows="INSERT INTO parcels VALUES (1)",
    ),
    yes(
        "a new column that refers to ours",
        "ALTER TABLE items ADD giver integer REFERENCES users ON DELETE SET NULL",
        rows="UPDATE items SET giver = 2",
    ),
    yes(
        "a new column that refers to a new table",
        "CREATE TABLE brands (id integer PRIMARY KEY);"
        "ALTER TABLE items ADD brand integer REFERENCES brands",
    ),
    doubt(
        "a new column that refers to ours without CASCADE",
        "ALTER TABLE items ADD giver integer REFERENCES users",
        "DELETE on users may be refused by items",
        rows="UPDATE items SET giver = 2",
    ),
    doubt(
        "a new column that refers to ours with CASCADE",
        "ALTER TABLE items ADD giver integer REFERENCES users ON DELETE CASCADE",
        "DELETE on users takes rows of items with it",
        rows="UPDATE items SET giver = 2",
        unshown="nothing is refused, but rows that the old code knows are gone",
    ),
    doubt(
        "a new column that refers with CASCADE to a new table that goes with ours",
        "CREATE TABLE prizes (id integer PRIMARY KEY, user_id integer REFERENCES users"
        " ON DELETE CASCADE); ALTER TABLE items ADD prize integer REFERENCES prizes"
        " ON DELETE CASCADE",
        "DELETE on prizes takes rows of items with it",
        unshown="nothing is refused, but rows that the old code knows are gone",
    ),
    no(
        "a new key of our column",
        "CREATE TABLE skus (sku text PRIMARY KEY);"
        "ALTER TABLE items ADD FOREIGN KEY (sku) REFERENCES skus NOT VALID",
        "may refuse a row",
    ),
    yes(
        "a key has another name",
        "ALTER TABLE payments RENAME CONSTRAINT payments_user_id_fkey TO other",
    ),
    no(
        "a key that may wait has another name",
        "ALTER TABLE payments RENAME CONSTRAINT payments_order TO other",
        "payments_order",
    ),
    doubt(
        "a plain key is gone",
        "ALTER TABLE payments DROP CONSTRAINT payments_user_id_fkey",
        "rows may refer to nothing",
    ),
    no(
        "a CASCADE is gone",
        "ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey,"
        " ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users",
        "orders_user_id_fkey",
    ),
    no(
        "a key with a CASCADE is gone",
        "ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey",
        "is gone",
    ),
)
