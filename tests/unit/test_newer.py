"""What each kind of difference does to code that does not know it, by the lines alone.

tests/newer has the proof of these rules: an app's statements on real servers.
"""

from dataclasses import replace

import pytest

from headstart.fingerprint.newer.judge import judge
from headstart.fingerprint.newer.ruling import Judgement
from headstart.fingerprint.newer.schema import Surroundings

BEFORE = (
    "table|users||table",
    "column|users|id|integer not null serial",
    "column|users|name|character varying(50) not null",
    "column|users|age|smallint",
    "column|users|mood|mood",
    "column|users|size|integer",
    "pk|users|users_pkey|(id)",
    "unique|users|users_name_key|(name)",
    "check|users|users_age|age > 0",
    "index|users|ix_age|btree(age)",
    "enum|mood||'sad', 'ok'",
    "table|orders||table",
    "column|orders|user_id|integer",
    "fk|orders|orders_user|(user_id) REFERENCES users(id)",
    "view|active||SELECT id FROM users",
    "function|full_name|(bigint)|(u bigint) returns text language sql body 0123456789abcdef",
)
NEW_TABLE = ("table|inv||table", "column|inv|user_id|integer")
NOTE = "column|users|note|text"
TO_USERS = "fk|inv|f|(user_id) REFERENCES users(id)"
BOSS = "column|users|boss|integer"
OF_INV = ("table|sub||table", "fk|sub|s|(x) REFERENCES inv(user_id)")
FIRES = "trigger|inv|t|BEFORE DELETE EXECUTE FUNCTION f()"
READ = Surroundings({"full_name": "SELECT 'x'"})
HARMLESS, DOUBTFUL, BREAKING = "harmless", "doubtful", "breaking"


def tabbed(*lines: str) -> frozenset[str]:
    return frozenset(line.replace("|", "\t") for line in lines)


def judged(*after: str, around: Surroundings | None = None) -> Judgement:
    return judge(tabbed(*BEFORE), tabbed(*after), around or READ)


def effect(judgement: Judgement) -> str:
    return BREAKING if judgement.breaks else DOUBTFUL if judgement.doubts else HARMLESS


ADDED: tuple[tuple[str, tuple[str, ...]], ...] = (
    (HARMLESS, (NOTE,)),
    (HARMLESS, ("column|users|level|integer not null default 0",)),
    (HARMLESS, ("column|users|at|timestamp with time zone not null default now()",)),
    (HARMLESS, ("column|users|no|bigint not null identity always",)),
    (HARMLESS, ("column|users|no|bigint not null serial",)),
    (HARMLESS, ("column|users|low|text generated (lower(name)) stored",)),
    (DOUBTFUL, ("column|users|twice|integer generated (age * 2) stored",)),
    (DOUBTFUL, ("column|users|level|integer default next_level()",)),
    (BREAKING, ("column|users|level|integer not null",)),
    (BREAKING, ("column|users|d|small", "domain|small||integer not null")),
    (BREAKING, ("column|users|d|small", "domain|small||integer", "check|small|c|VALUE > 0")),
    (BREAKING, ("column|users|d|small[]", "domain|small||integer", "check|small|c|VALUE > 0")),
    (HARMLESS, ("column|users|d|small", "domain|small||integer")),
    (HARMLESS, ("index|users|i|btree(name, age DESC NULLS LAST) INCLUDE(id)",)),
    (HARMLESS, ("index|users|i|gin(name gin_trgm_ops)",)),
    (HARMLESS, ("index|users|i|btree(lower((name)::text))",)),
    (HARMLESS, ("index|users|i|btree(name) WHERE age IS NULL",)),
    (DOUBTFUL, ("index|users|i|btree((100 / age))",)),
    (DOUBTFUL, ("index|users|i|btree(name) WHERE (name)::integer > 0",)),
    (BREAKING, ("index|users|i|unique btree(age)",)),
    (HARMLESS, (NOTE, "index|users|i|unique btree(note)")),
    (BREAKING, (NOTE, "index|users|i|unique btree(note) NULLS NOT DISTINCT")),
    (DOUBTFUL, (NOTE, "index|users|i|unique btree(note, name)")),
    (DOUBTFUL, (NOTE, "index|users|i|unique btree(note, age)")),
    (BREAKING, (NOTE, "index|users|i|unique btree(COALESCE(note, ''))")),
    (HARMLESS, (NOTE, "unique|users|u|(note)")),
    (BREAKING, (NOTE, "unique|users|u|NULLS NOT DISTINCT (note)")),
    (BREAKING, ("column|users|l|integer default 0", "unique|users|u|(l)")),
    (BREAKING, ("unique|users|u|(age)",)),
    (HARMLESS, (NOTE, "check|users|c|length(note) < 9")),
    (HARMLESS, (NOTE, "check|users|c|(note)::text = ANY(ARRAY['a'::text, 'b'::text])")),
    (BREAKING, (NOTE, "check|users|c|note IS NOT NULL")),
    (BREAKING, (NOTE, "check|users|c|COALESCE(note, '') <> ''")),
    (BREAKING, (NOTE, "check|users|c|note <> 'x' AND age > 5")),
    (BREAKING, (NOTE, "check|users|c|note <> 'x' AND 1 > 2")),
    (BREAKING, (NOTE, "check|users|c|note = ANY(ARRAY[]::text[])")),
    (BREAKING, ("check|users|c|age < 100",)),
    (HARMLESS, NEW_TABLE),
    (HARMLESS, (*NEW_TABLE, FIRES)),
    (DOUBTFUL, (*NEW_TABLE, TO_USERS)),
    (HARMLESS, (*NEW_TABLE, f"{TO_USERS} ON DELETE CASCADE")),
    (HARMLESS, (*NEW_TABLE, f"{TO_USERS} ON DELETE SET NULL")),
    (DOUBTFUL, (*NEW_TABLE, f"{TO_USERS} ON DELETE SET DEFAULT")),
    (DOUBTFUL, (*NEW_TABLE, "pk|inv|p|(user_id)", f"{TO_USERS} ON DELETE SET NULL")),
    (DOUBTFUL, (*NEW_TABLE, "check|inv|c|user_id > 0", f"{TO_USERS} ON DELETE SET NULL")),
    (DOUBTFUL, (*NEW_TABLE, FIRES, f"{TO_USERS} ON DELETE CASCADE")),
    (DOUBTFUL, (*NEW_TABLE, *OF_INV, f"{TO_USERS} ON DELETE CASCADE")),
    (HARMLESS, (BOSS, "fk|users|b|(boss) REFERENCES users(id) ON DELETE SET NULL")),
    (DOUBTFUL, (BOSS, "fk|users|b|(boss) REFERENCES users(id)")),
    (BREAKING, ("fk|users|f|(age) REFERENCES ages(id)",)),
    (BREAKING, ("trigger|users|t|BEFORE INSERT FOR EACH ROW EXECUTE FUNCTION f()",)),
    (BREAKING, ("policy|users|p|select to public using (true)",)),
    (BREAKING, ("rule|users|r|ON INSERT DO INSTEAD NOTHING",)),
    (BREAKING, ("exclude|users|x|USING gist(age WITH =)",)),
    (BREAKING, ("table|users_1||table, partition of users FOR VALUES IN(1)",)),
    (BREAKING, ("table|admins||table, inherits users",)),
    (HARMLESS, ("table|admins||table, inherits inv", *NEW_TABLE)),
    (HARMLESS, ("function|other|()|() returns text language sql body 0",)),
    (BREAKING, ("function|full_name|(integer)|(i integer) returns text language sql body 0",)),
    (HARMLESS, ("view|v||SELECT 1", "column|v|x|integer", "enum|e||'a'", "sequence|s||bigint")),
    (HARMLESS, ("extension|hstore||extension", "schema|other||schema")),
    (DOUBTFUL, ("operator|=|(text, mood)|function same",)),
    (DOUBTFUL, ('cast|"(text AS mood)"||with inout as implicit',)),
    (DOUBTFUL, ("something_new|x||y",)),
    (DOUBTFUL, ("something_new|users|x|y",)),
    (HARMLESS, ("statistics|users|s|on age, name", "published|p|users|all columns")),
    (DOUBTFUL, ("published|p|orders|all columns",)),
)


@pytest.mark.parametrize(("expected", "lines"), ADDED, ids=str)
def test_what_is_new(expected: str, lines: tuple[str, ...]) -> None:
    assert effect(judged(*BEFORE, *lines)) == expected


CHANGED = (
    (HARMLESS, "column|users|name|character varying(51) not null"),
    (HARMLESS, "column|users|name|text not null"),
    (BREAKING, "column|users|name|character varying(49) not null"),
    (BREAKING, "column|users|name|character(50) not null"),
    (BREAKING, 'column|users|name|character varying(50) collate "C" not null'),
    (DOUBTFUL, "column|users|name|character varying(50)"),
    (HARMLESS, "column|users|size|integer default 5"),
    (DOUBTFUL, "column|users|age|smallint default 5"),
    (DOUBTFUL, "column|users|age|smallint default f()"),
    (BREAKING, "column|users|age|smallint not null default 5"),
    (DOUBTFUL, "column|users|age|integer"),
    (DOUBTFUL, "column|users|age|bigint"),
    (BREAKING, "column|users|age|text"),
    (BREAKING, "column|users|id|integer not null identity by default"),
    (HARMLESS, "index|users|ix_age|btree(age, id)"),
    (DOUBTFUL, "enum|mood||'sad', 'so', 'ok'"),
    (BREAKING, "enum|mood||'ok', 'sad'"),
    (BREAKING, "check|users|users_age|age > 18"),
    (BREAKING, "unique|users|users_name_key|(name, age)"),
    (BREAKING, "table|users||table, row level security"),
    (BREAKING, "view|active||SELECT id FROM users WHERE age > 1"),
    (BREAKING, "fk|orders|orders_user|(user_id) REFERENCES users(id) ON DELETE CASCADE"),
)


@pytest.mark.parametrize(("expected", "line"), CHANGED, ids=str)
def test_what_is_otherwise(expected: str, line: str) -> None:
    key = line.rpartition("|")[0]
    rest = [each for each in BEFORE if each.rpartition("|")[0] != key]
    assert len(rest) == len(BEFORE) - 1
    around = READ
    assert effect(judged(*rest, line, around=around)) == expected


GONE = (
    (HARMLESS, "index|users|ix_age"),
    (BREAKING, "column|users|age"),
    (BREAKING, "unique|users|users_name_key"),
    (BREAKING, "pk|users|users_pkey"),
    (DOUBTFUL, "check|users|users_age"),
    (DOUBTFUL, "fk|orders|orders_user"),
    (BREAKING, "view|active"),
    (BREAKING, "function|full_name"),
    (BREAKING, "enum|mood"),
    (BREAKING, "table|orders"),
)


@pytest.mark.parametrize(("expected", "start"), GONE, ids=str)
def test_what_is_gone(expected: str, start: str) -> None:
    rest = [each for each in BEFORE if not each.startswith(start)]
    assert len(rest) < len(BEFORE)
    assert effect(judged(*rest)) == expected


def test_a_table_that_is_gone_is_said_once() -> None:
    rest = [each for each in BEFORE if "orders" not in each]
    assert judged(*rest).breaks == ("table orders is gone",)


def test_a_constraint_by_another_name_is_the_same() -> None:
    # by itself it might refuse rows, or the deletion of others; these it has refused all along
    lines = [each.replace("|orders_user|", "|r|").replace("|users_age|", "|r|") for each in BEFORE]
    assert effect(judged(*lines)) == HARMLESS


def test_a_name_that_a_function_uses_may_mean_the_new_column() -> None:
    text = "DECLARE note text; BEGIN SELECT name INTO note FROM users; END"
    around = Surroundings({"full_name": text})
    assert "the function full_name" in judged(*BEFORE, NOTE, around=around).doubts[0]
    assert not judged(*BEFORE, NOTE.replace("note", "not"), around=around).doubts


@pytest.mark.parametrize("source", ["SELECT * FROM users", "u users%ROWTYPE"])
def test_a_function_that_takes_whole_rows_gets_longer_ones(source: str) -> None:
    around = Surroundings({"full_name": source})
    assert judged(*BEFORE, NOTE, around=around).doubts


def test_a_function_like_the_servers_own_may_be_called_in_its_place() -> None:
    line = "function|lower|(character varying)|(t character varying) returns text body 0"
    around = replace(READ, builtins=frozenset({"lower"}))
    assert effect(judged(*BEFORE, line, around=around)) == DOUBTFUL


def test_a_schema_called_as_a_role_comes_first_for_it() -> None:
    around = replace(READ, role_schemas=frozenset({"app"}))
    assert effect(judged(*BEFORE, "schema|app||schema", around=around)) == DOUBTFUL


def test_a_sequence_that_this_role_may_not_use_breaks_each_insert() -> None:
    line = "column|users|no|bigint not null serial"
    around = replace(READ, unusable=frozenset({"users.no"}))
    assert effect(judged(*BEFORE, line, around=around)) == BREAKING


def test_where_no_text_of_a_function_is_known_each_may_use_any_name() -> None:
    assert effect(judged(*BEFORE, NOTE, around=Surroundings(known=False))) == DOUBTFUL


@pytest.mark.parametrize("bodies", [None, frozenset({"0123456789abcdef"}), frozenset({"other"})])
def test_the_text_of_another_version_of_a_function_tells_nothing(
    bodies: frozenset[str] | None,
) -> None:
    around = replace(READ, bodies=bodies)
    doubted = effect(judged(*BEFORE, NOTE, around=around)) == DOUBTFUL
    assert doubted == (bodies is not None and "other" in bodies)


def test_a_function_whose_text_is_not_there_may_use_any_name() -> None:
    assert effect(judged(*BEFORE, NOTE, around=Surroundings())) == DOUBTFUL


def test_a_trigger_whose_function_nobody_can_read_may_copy_rows() -> None:
    line = "trigger|users|t|BEFORE UPDATE FOR EACH ROW EXECUTE FUNCTION versioning()"
    before = tabbed(*BEFORE, line)
    assert judge(before, before | tabbed(NOTE), READ).doubts == (
        "a trigger of users calls versioning, which nobody can read",
    )
