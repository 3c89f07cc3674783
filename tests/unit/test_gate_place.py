"""A place is read as the flow reads it, or not at all."""

import random
from pathlib import Path

import pytest

from headstart.gate.doubt import Doubt
from headstart.gate.place import Place, parsed, place_of
from headstart.process.files import read_text
from headstart.settings.database_url import InvalidUrl, parse_database_url
from headstart.settings.read import read_settings
from headstart.verdict.errors import InvalidSettings
from tests.unit.test_database_url import ACCEPTED

TRUE = [
    "postgresql://u:p@h/d", "postgres://u:p@h/d", "postgresql://u@h/d", "postgresql://u:p@h:5432/d",
    "postgresql+psycopg2://u:p@h/d", "postgresql+asyncpg://u:p@h/d",
    "postgresql+psycopg://u:p@h/d", "postgresql://u:p@h/d?sslmode=disable",
    "postgresql://u:p@h/d?sslmode=verify-full", "postgresql://u:p%40%3A%2F@h/d",
    "postgresql://u:p@/d?host=/run/pg", "postgresql://u:p@/d?host=%2Frun%2Fpg",
    "postgresql://u:p@10.0.0.7:6000/d-1", "postgresql://u%20v:p@h/d%20e",
    "postgresql://%C3%A9:%E2%82%AC@h/d", "postgresql://u:p%25@h/d", "postgresql://u:p~._-@h/d",
    "postgresql://u:p@h.svc.cluster.local:05432/d", "postgresql://u:p@h/d?",
]  # fmt: skip
"""The usual ones: these are understood."""
OTHERS = [
    "", "x", "postgresql:", "postgresql://", "POSTGRESQL://u:p@h/d", "postgresql+://u:p@h/d",
    "postgresql+psycopg2x://u:p@h/d", "mysql://u:p@h/d", "postgresql://u:p@h", "postgresql://h/d",
    "postgresql://u:p@h/", "postgresql://u:@h/d", "postgresql://:p@h/d", "postgresql://u:p@/d",
    "postgresql://u:p@h:/d", "postgresql://u:p@h:0/d", "postgresql://u:p@h:65536/d",
    "postgresql://u:p@h:x/d", "postgresql://u:p@h:5432,g:5433/d", "postgresql://u:p@h,g/d",
    "postgresql://u:p@[::1]/d", "postgresql://u:p@[::1]:5432/d", "postgresql://u:p@h/d/e",
    "postgresql://u:p@h/d#x", "postgresql://u:p@w@h/d", "postgresql://u:p:w@h/d",
    "postgresql://u:p/w@h/d", "postgresql://u:p?w@h/d", "postgresql://u:p%zz@h/d",
    "postgresql://u:p%@h/d", "postgresql://u:p%4@h/d", "postgresql://u:p%ff@h/d",
    "postgresql://u:p%00@h/d", "postgresql://u:p%0A@h/d", "postgresql://u:p@h/d?sslmode=x",
    "postgresql://u:p@h/d?sslmode=", "postgresql://u:p@h/d?ssl=true",
    "postgresql://u:p@h/d?sslmode=require&sslmode=disable",
    "postgresql://u:p@h/d?sslmode=require&sslmode=require",
    "postgresql://u:p@h/d?options=-csearch_path%3Db", "postgresql://u:p@h/d?search_path=b",
    "postgresql://u:p@h/d?host=/run/pg", "postgresql://u:p@/d?host=/a&host=/b",
    "postgresql://u:p@/d?host=h", "postgresql://u:p@/d?host=/a,/b", "postgresql://u:p@/d?host=/a%00",
    "postgresql://u:p@/d?host=/run/p+g", "postgresql://u:p@/d?host=@abstract",
    "postgresql://u:p@h/d?port=5433", "postgresql://u:p@h/d?user=w", "postgresql://u:p@h/d?dbname=e",
    "postgresql://u:p@h/d?password=w", "postgresql://u:p@h/d?service=s", "postgresql://u:p@h/d?x=1",
    "postgresql://u:p@h/d?target_session_attrs=any", "postgresql://u:p@h/d?connect_timeout=3",
    "postgresql://u:p@h/d?sslmode=require&", "postgresql://u:p@h/d?&", "postgresql://u:p@h/d?sslmode",
    " postgresql://u:p@h/d", "postgresql://u:p@h/d\n", "'postgresql://u:p@h/d'", "postgresql:///d",
    "postgresql://u:p@h%2Fx/d", "postgresql://u:p@h_1/d", "postgresql://u:p+q@h/d",
    "postgresql://u:p@h:٥٤٣٢/d", "postgresql://ü:p@h/d", "\ufeffpostgresql://u:p@h/d",
    "driver://user:pass@localhost/dbname", "postgresql://u:p%E2%80%A8@h/d", "postgresql://u:$p!@h/d",
]  # fmt: skip


def same(place: Place, parameters: dict[str, str]) -> bool:
    """Whether these are the same parameters of libpq."""
    own = dict(place.parameters)
    return own | ({} if place.password is None else {"password": place.password}) == parameters


@pytest.mark.parametrize("url", TRUE)
def test_a_usual_url_is_read_as_the_flow_reads_it(url: str) -> None:
    assert same(parsed(url), dict(parse_database_url(url, "DATABASE_URL").parameters))


@pytest.mark.parametrize("url", [*OTHERS, *ACCEPTED])
def test_any_other_is_a_doubt_or_the_same(url: str) -> None:
    try:
        place = parsed(url)
    except Doubt:
        return
    assert same(place, dict(parse_database_url(url, "DATABASE_URL").parameters)), vars(place)


def test_whatever_is_written_it_is_never_read_otherwise() -> None:
    dice, understood = random.Random(7), 0
    whole = "postgresql://us:pa@ho:51/na?sslmode=require"
    pieces = [
        "u",
        ":",
        "@",
        "/",
        "?",
        "%40",
        "%",
        "host=",
        "&",
        "5",
        ",",
        "[",
        "=",
        "#",
        "+",
        "é",
        "",
    ]
    for _ in range(20_000):
        url = whole
        for _ in range(dice.randrange(1, 4)):
            place = dice.randrange(len(url))
            url = url[:place] + dice.choice(pieces) + url[place + dice.randrange(3) :]
        try:
            found = parsed(url)
        except Doubt:
            continue
        understood += 1
        assert same(found, dict(parse_database_url(url, "DATABASE_URL").parameters)), url
    assert understood > 100


URL = "postgresql://u:p@h/d"
SET = [
    {"DATABASE_URL": URL},
    {"DATABASE_URL": "postgresql://u@h/d", "PGPASSWORD": "pw"},
    {"DATABASE_URL": URL, "PGPASSWORD": "pw"},
    {"DATABASE_URL": URL, "PGHOST": "other"},
    {"DATABASE_URL": URL, "PGSSLMODE": "require"},
    {"PGHOST": "h"},
    {"PGHOST": "/run/pg", "PGPORT": "5433", "PGUSER": "u", "PGDATABASE": "d", "PGPASSWORD": "p"},
    {"PGHOST": "h", "PGAPPNAME": "app"},
]
LEFT = [
    {},
    {"PGUSER": "u"},
    {"DATABASE_URL": ""},
    {"PGHOST": ""},
    {"PGHOST": "a,b"},
    {"PGHOST": "h", "PGPORT": "x"},
    {"PGHOST": "h", "PGPORT": "0"},
    {"PGHOST": "h", "PGSSLMODE": "no"},
    {"PGHOST": "h", "PGOPTIONS": "-c search_path=b"},
    {"PGHOST": "h", "PGSERVICE": "s"},
    {"PGHOST": "h", "PGHOSTADDR": "10.0.0.1"},
    {"PGHOST": "h", "PGTARGETSESSIONATTRS": "any"},
    {"PGHOST": "h", "PGCLIENTENCODING": "latin1"},
    {"PGHOST": "h", "PGTZ": "UTC"},
    {"PGHOST": "h", "PGPASSFILE": "f"},
    {"DATABASE_URL": URL, "DATABASE_URL_FILE": "f"},
    {"DATABASE_URL": URL, "PGPASSWORD": "a", "PGPASSWORD_FILE": "f"},
    {"DATABASE_URL_FILE": "not-there"},
    {"DATABASE_URL": URL, "PGPASSWORD_FILE": "not-there"},
]


@pytest.mark.parametrize("environ", SET)
def test_the_environment_names_the_flows_place(environ: dict[str, str]) -> None:
    database = read_settings({}, environ, lambda _: "").database.resolve(read_text)
    assert same(place_of(environ, ""), dict(database.parameters))


@pytest.mark.parametrize("environ", LEFT)
def test_an_unusual_environment_is_a_doubt(environ: dict[str, str]) -> None:
    with pytest.raises(Doubt):
        place_of(environ, "")


def test_a_url_in_alembic_ini_is_a_doubt_unless_the_environment_has_one() -> None:
    ini = "[alembic]\nsqlalchemy.url = postgresql://u@h/d\n"
    with pytest.raises(Doubt):
        place_of({"PGHOST": "h"}, ini)
    assert same(place_of({"DATABASE_URL": URL}, ini), dict(parse_database_url(URL, "").parameters))


INIS = {
    "sqlalchemy.url = driver://user:pass@localhost/dbname\n": True,
    "sqlalchemy.url=driver://user:pass@localhost/dbname \n": True,
    "sqlalchemy.url = driver://user:pass@localhost/other\n": False,
    "sqlalchemy.url: driver://user:pass@localhost/dbname\n": False,
    "sqlalchemy.url = driver://user:pass@localhost/dbname\n  more\n": True,
    "sqlalchemy.url =\n": False,
}


@pytest.mark.parametrize("line", list(INIS))
def test_the_placeholder_of_a_template_is_no_url(line: str) -> None:
    """Which lines follow it the digest of alembic.ini tells."""
    ini = f"[alembic]\nscript_location = alembic\n{line}"
    if not INIS[line]:
        with pytest.raises(Doubt):
            place_of({"PGHOST": "h"}, ini)
    else:
        assert same(place_of({"PGHOST": "h"}, ini), {})


CONTENTS = [
    b"secret", b"secret\n", b"secret\r\n", b"secret\n\n", b" secret", b"secret ", b"a b\n",
    b"a\nb\n", b"", b"\n", b" \n", b"\xff\n", b"\xef\xbb\xbfsecret", b"\xc3\xa9\n", b"a\tb",
    b"a\x00b", b"a\rb", b"secret\r", b"'secret'", b"x" * 20_000,
]  # fmt: skip


@pytest.mark.parametrize("content", CONTENTS)
def test_a_password_file_is_read_as_the_flow_reads_it(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    environ = {"DATABASE_URL": "postgresql://u@h/d", "PGPASSWORD_FILE": str(file)}
    try:
        place = place_of(environ, "")
    except Doubt:
        return
    assert same(place, dict(_of_flow(environ)))


@pytest.mark.parametrize(
    "around", ["{}", "{}\n", " {}", "{} ", "{}\r\n", "'{}'", "\ufeff{}", "{}\n\n"]
)
def test_a_url_file_too(tmp_path: Path, around: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(around.format(URL).encode())
    environ = {"DATABASE_URL_FILE": str(file)}
    try:
        place = place_of(environ, "")
    except Doubt:
        return
    assert same(place, dict(_of_flow(environ)))


def _of_flow(environ: dict[str, str]) -> dict[str, str]:
    def read(path: str) -> str:
        return read_text(path) if path in environ.values() else ""

    try:
        return dict(read_settings({}, environ, read).database.resolve(read).parameters)
    except (InvalidSettings, InvalidUrl) as error:
        return {"refused": str(error)}
