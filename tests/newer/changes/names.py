"""New objects that are found in place of another one, by their name or by where they are."""

from tests.newer.change import doubt, no, yes

_OWN = "CREATE SCHEMA newer_app; GRANT USAGE ON SCHEMA newer_app TO newer_app;"

NAMES = (
    doubt(
        "a schema that is called as the app's role",
        _OWN + "CREATE TABLE newer_app.settings (); GRANT ALL ON newer_app.settings TO newer_app",
        "the schema newer_app is called as a role is",
    ),
    doubt(
        "a table in a schema that is called as the app's role",
        "CREATE TABLE newer_app.settings (x integer); GRANT ALL ON newer_app.settings TO newer_app",
        "newer_app.settings",
        given=_OWN,
    ),
    doubt(
        "a view in a schema that is called as the app's role",
        "CREATE VIEW newer_app.adults AS SELECT 1 AS id, 'x' AS name;"
        "GRANT SELECT ON newer_app.adults TO newer_app",
        "newer_app.adults",
        given=_OWN,
    ),
    no(
        "a function in a schema that is called as the app's role",
        "CREATE FUNCTION newer_app.slug(title text) RETURNS text LANGUAGE sql AS 'SELECT title'",
        "another function slug",
        given=_OWN,
    ),
    doubt(
        "a type in a schema that is called as the app's role",
        "CREATE TYPE newer_app.mood AS ENUM ('x')",
        "newer_app.mood",
        given=_OWN,
    ),
    yes(
        "a table of another name in a schema that is called as the app's role",
        "CREATE TABLE newer_app.other (x integer)",
        given=_OWN,
    ),
    doubt(
        "a table before one of ours in another schema",
        "CREATE TABLE bills (x integer)",
        "bills",
        given="CREATE SCHEMA far; CREATE TABLE far.bills (id integer);"
        "GRANT USAGE ON SCHEMA far TO newer_app; GRANT ALL ON far.bills TO newer_app;"
        "DO $$ BEGIN EXECUTE 'ALTER ROLE newer_app IN DATABASE ' || current_database()"
        " || ' SET search_path = public, far'; END $$",
        also=("SELECT id FROM bills",),
    ),
    no(
        "a domain that is called as our function",
        "CREATE DOMAIN slug AS text",
        "slug",
    ),
    doubt(
        "a domain that is called as one of the server's functions",
        "CREATE DOMAIN lower AS text",
        "lower",
    ),
    doubt(
        "an enum that is called as one of the server's functions",
        "CREATE TYPE lower AS ENUM ('x')",
        "lower",
    ),
    doubt(
        "a function that is called as our type",
        "CREATE FUNCTION mood(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$",
        "mood(...) may be a call of the function",
        also=("SELECT mood('ok'::text)::text",),
    ),
    no(
        "a range that is called as our function",
        "CREATE TYPE points AS RANGE (subtype = bigint)",
        "points",
        also=("SELECT points(1::bigint, 2::smallint)",),
        given="CREATE FUNCTION points(a bigint, b numeric) RETURNS integer LANGUAGE sql AS"
        " 'SELECT 7'",
    ),
    doubt(
        "an operator for types that the server has one for",
        "CREATE FUNCTION never(varchar, varchar) RETURNS boolean LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE 'no'; END $$;"
        "CREATE OPERATOR = (leftarg = varchar, rightarg = varchar, function = never)",
        'operator "="',
    ),
    doubt(
        "a cast that happens by itself",
        "CREATE FUNCTION no_mood(mood) RETURNS text LANGUAGE plpgsql"
        " AS $$ BEGIN RAISE 'no'; END $$;"
        "CREATE CAST (mood AS text) WITH FUNCTION no_mood(mood) AS IMPLICIT",
        "mood AS text",
    ),
    no(
        "an operator class that is the default",
        "CREATE OPERATOR CLASS moods_too DEFAULT FOR TYPE mood USING btree AS"
        " OPERATOR 1 < (anyenum, anyenum), OPERATOR 3 = (anyenum, anyenum), FUNCTION 1"
        " enum_cmp(anyenum, anyenum)",
        "index moods.moods_mood",
        unshown="the server prints an index of ours otherwise now",
    ),
    yes(
        "a table like ours in another schema",
        "CREATE SCHEMA far; CREATE TABLE far.users (LIKE users INCLUDING ALL)",
    ),
)
