"""What functions, triggers and views of version N make of new columns; and new functions."""

from tests.newer.change import Change, doubt, no, yes

_NEW = "ALTER TABLE settings ADD x text"
_RECORD = " RETURNS TABLE (k text, v text, r integer) LANGUAGE {} AS $$ {} $$;"
_CALL = ("SELECT k FROM every() WHERE k = 'theme'",)


def _whole(name: str, kind: str, body: str, **more: str) -> Change:
    return doubt(
        name,
        _NEW,
        "the function every",
        given="CREATE FUNCTION every()" + _RECORD.format(kind, body),
        also=_CALL,
        **more,
    )


def _watched(name: str, body: str, sql: str = _NEW, when: str = "") -> Change:
    return doubt(
        name,
        sql,
        "settings",
        given="CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {body} RETURN NEW; END $$;"
        f"CREATE TRIGGER w BEFORE UPDATE ON settings FOR EACH ROW {when} EXECUTE FUNCTION watch()",
        also=("UPDATE settings SET value = value WHERE key = 'size'",),
    )


FUNCTIONS = (
    doubt(
        "a column of a table whose rows a function returns",
        "ALTER TABLE notes ADD x text",
        "notes",
    ),
    doubt(
        "a column of a table whose trigger copies rows", "ALTER TABLE notes ADD x text", "keep_note"
    ),
    doubt(
        "a column that is called as a variable",
        "ALTER TABLE orders ADD amount numeric",
        "the function large uses the name amount",
        given="CREATE FUNCTION large() RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE amount numeric"
        " := 7; BEGIN RETURN (SELECT count(*) FROM orders WHERE total > amount); END $$",
        also=("SELECT large()",),
    ),
    doubt(
        "a column that is called as an argument",
        'ALTER TABLE "group" ADD word text',
        "uses the name word",
        given="CREATE FUNCTION groups(word text) RETURNS bigint LANGUAGE sql AS"
        ' $$ SELECT count(*) FROM "group" WHERE title = word $$',
        also=("SELECT groups('staff')",),
    ),
    doubt(
        "a column that is called as a column of a function's answer",
        'ALTER TABLE "group" ADD caption text',
        "the function captions uses the name caption",
        given="CREATE FUNCTION captions() RETURNS TABLE (caption text) LANGUAGE plpgsql AS"
        " $$ BEGIN caption := 'x'; RETURN QUERY SELECT caption FROM \"group\" g; END $$",
        also=("SELECT caption FROM captions()",),
    ),
    yes(
        "a column that only a new function uses",
        "ALTER TABLE orders ADD note text; CREATE FUNCTION noted() RETURNS bigint LANGUAGE sql AS"
        " 'SELECT count(note) FROM orders'",
    ),
    yes(
        "a column of a table whose rows a function counts",
        _NEW,
        given="CREATE FUNCTION number() RETURNS bigint LANGUAGE sql AS"
        " 'SELECT count(*) FROM settings'",
        also=("SELECT number()",),
    ),
    _whole("a function that returns whole rows", "sql", "SELECT * FROM settings"),
    _whole("a function that returns a TABLE", "plpgsql", "BEGIN RETURN QUERY TABLE settings; END"),
    _whole(
        "a function that makes rows",
        "sql",
        "SELECT k.* FROM (SELECT (ROW('theme', 'b', 3)::settings).*) k (k, v, r)",
    ),
    _whole(
        "a function that makes rows without a star",
        "plpgsql",
        "DECLARE s settings; BEGIN s := ROW('theme', 'b', 3)::settings; k := s.key; v := 'x'; r :="
        " 1; RETURN NEXT; END",
    ),
    _whole(
        "a function that puts SQL together",
        "plpgsql",
        "DECLARE t text := 'set' || 'tings'; BEGIN RETURN QUERY EXECUTE 'SELECT * FROM ' || t; END",
    ),
    doubt(
        "a function that joins by whatever is called alike",
        'ALTER TABLE settings ADD word text; ALTER TABLE "group" ADD word text',
        "the function joined",
        given="CREATE FUNCTION joined() RETURNS bigint LANGUAGE sql AS"
        ' $$ SELECT count(s.key) FROM settings s NATURAL JOIN "group" g $$',
        also=("SELECT joined() > 0",),
    ),
    _watched(
        "a trigger that compares rows, and a column without equality",
        "IF NEW IS DISTINCT FROM OLD THEN NEW.rank := 1; END IF;",
        "ALTER TABLE settings ADD x json",
    ),
    _watched(
        "a trigger with a condition on rows, and a column without equality",
        "",
        "ALTER TABLE settings ADD x json",
        "WHEN (OLD.* IS DISTINCT FROM NEW.*)",
    ),
    yes(
        "a trigger that compares rows, and a text",
        _NEW,
        given="CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF NEW IS DISTINCT FROM OLD THEN NEW.rank := 1; END IF; RETURN NEW; END $$;"
        "CREATE TRIGGER w BEFORE UPDATE ON settings FOR EACH ROW"
        " WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION watch()",
        also=("UPDATE settings SET value = 'w' WHERE key = 'size'",),
    ),
    doubt(
        "a view that compares rows, and a column without equality",
        "ALTER TABLE settings ADD x json",
        "the view kinds",
        given="CREATE VIEW kinds AS SELECT count(*) AS number FROM settings s"
        " JOIN settings t ON s = t;"
        "GRANT SELECT ON kinds TO newer_app",
        also=("SELECT number FROM kinds",),
    ),
    doubt(
        "a column of a table whose rows another table holds",
        _NEW,
        "holds rows of settings",
        given="CREATE TABLE old_settings (kept settings)",
        also=("INSERT INTO old_settings (kept) VALUES (ROW('a', 'b', 1))",),
    ),
    doubt(
        "a trigger that copies into a narrower column",
        "ALTER TABLE settings ALTER value TYPE text",
        "settings.value is text",
        given="ALTER TABLE settings ALTER value TYPE varchar(40); CREATE FUNCTION watch() RETURNS"
        " trigger LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO notes_history (title) VALUES (NEW.value);"
        " RETURN NEW; END $$;"
        "CREATE TRIGGER w AFTER UPDATE ON settings FOR EACH ROW EXECUTE FUNCTION watch()",
        rows="INSERT INTO settings VALUES ('long', repeat('x', 60), 3)",
        also=("UPDATE settings SET rank = 9",),
    ),
    yes(
        "a function", "CREATE FUNCTION twice(a integer) RETURNS integer LANGUAGE sql AS 'SELECT 2'"
    ),
    no(
        "a function with our function's name",
        "CREATE FUNCTION points(a numeric, b numeric, c numeric DEFAULT 0) RETURNS numeric"
        " LANGUAGE sql AS 'SELECT a'; CREATE FUNCTION points(a bigint, b integer) RETURNS integer"
        " LANGUAGE sql AS 'SELECT 3'; CREATE FUNCTION slug(a varchar) RETURNS text LANGUAGE sql AS"
        " 'SELECT a'; CREATE FUNCTION slug(a json) RETURNS text LANGUAGE sql AS 'SELECT 3::text'",
        "another function points",
        also=("SELECT points(1::bigint, 2::smallint)",),
        given="CREATE FUNCTION points(a bigint, b bigint) RETURNS integer LANGUAGE sql AS"
        " 'SELECT 7'",
    ),
    doubt(
        "a function with the name of one of the server's",
        "CREATE FUNCTION upper(a varchar) RETURNS text LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE 'no'; END $$",
        "the function upper may be called",
    ),
    doubt(
        "an aggregate with the name of one of the server's",
        "CREATE FUNCTION last(text, varchar) RETURNS text LANGUAGE sql AS 'SELECT NULL::text';"
        "CREATE AGGREGATE max(varchar) (sfunc = last, stype = text)",
        "the function max may be called",
        also=("SELECT max(name) FROM users WHERE id = 1",),
    ),
    no(
        "our function has another body",
        "CREATE OR REPLACE FUNCTION slug(title text) RETURNS text LANGUAGE sql AS 'SELECT title'",
        "slug",
    ),
    no("our function is gone", "DROP FUNCTION spent(integer)", "spent"),
    no(
        "our function has another argument",
        "DROP FUNCTION spent(integer); CREATE FUNCTION spent(buyer integer, at date)"
        " RETURNS numeric LANGUAGE sql AS 'SELECT 1'",
        "spent",
    ),
    no(
        "our view is another one",
        "CREATE OR REPLACE VIEW adults AS SELECT id, name FROM users WHERE age > 40",
        "adults",
    ),
    no("our view is gone", "DROP VIEW adults", "view adults is gone"),
    no("our trigger is gone", "DROP TRIGGER tell ON payments", "tell"),
    no("our trigger is off", "ALTER TABLE payments DISABLE TRIGGER tell", "tell"),
)
