"""Where the settings find the database: sources, secrets, alembic.ini, the embedded server."""

from pathlib import Path

import pytest

from headstart.settings import database
from headstart.settings.database_url import DatabaseUrl, parse_database_url
from headstart.settings.read import read_settings
from headstart.verdict.errors import InvalidSettings
from tests.unit.random_secrets import random_secrets
from tests.unit.reading import INI, URL, mistakes, parameters, read

SOURCES = [
    ("--database-url", "argument"),
    ("DATABASE_URL", "environment"),
    ("DATABASE_URL_FILE", "file"),
    ("sqlalchemy.url in alembic.ini", "ini"),
    ("PG*", None),
]
"""Each source and the host that it names, the strongest first."""


@pytest.mark.parametrize("first", range(len(SOURCES)))
def test_of_the_sources_of_the_database_the_first_wins(first: int) -> None:
    origin, host = SOURCES[first]
    present = {name for name, _ in SOURCES[first:]}
    if "DATABASE_URL" in present:
        present -= {"DATABASE_URL_FILE"}  # both are refused
    files = {"/url": "postgresql://file"}
    if "sqlalchemy.url in alembic.ini" in present:
        files["alembic.ini"] = INI + "sqlalchemy.url = postgresql://ini\n"
    every = {
        "DATABASE_URL": "postgresql://environment",
        "DATABASE_URL_FILE": "/url",
        "PGHOST": "pg",
    }
    environ = {name: every[name] for name in every if name in present} | {"PGHOST": "pg"}
    arguments = {"DATABASE_URL": "postgresql://argument"} if "--database-url" in present else {}
    settings = read(environ, arguments, files)
    assert settings.database.origin == origin
    assert parameters(settings, files).get("host") == host


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PGHOST", "x"),
        ("PGHOSTADDR", "10.0.0.1"),
        ("PGPORT", "5432"),
        ("PGDATABASE", "x"),
        ("PGUSER", "x"),
        ("PGSERVICE", "x"),
    ],
)
def test_one_variable_of_libpqs_names_a_database(name: str, value: str) -> None:
    settings = read({name: value})
    assert settings.database.origin == "PG*"
    assert parameters(settings) == {}


def test_no_source_at_all_is_refused_with_the_ways_there_are() -> None:
    (mistake,) = mistakes({"PGPASSWORD": "pw"})
    for way in ("DATABASE_URL", "DATABASE_URL_FILE", "sqlalchemy.url in alembic.ini", "PGHOST"):
        assert way in mistake


PLACEHOLDER = INI + "sqlalchemy.url = postgresql+psycopg2://user:pass$@host:port/database_name\n"


def test_the_placeholder_of_the_template_is_said() -> None:
    (mistake,) = mistakes({}, files={"alembic.ini": PLACEHOLDER})
    assert mistake.startswith("sqlalchemy.url in alembic.ini is still the placeholder")


def test_the_placeholder_does_not_stand_in_the_way_of_libpqs_environment() -> None:
    assert read({"PGHOST": "h"}, files={"alembic.ini": PLACEHOLDER}).database.origin == "PG*"


@pytest.mark.parametrize("name", ["DATABASE_URL", "PGPASSWORD"])
def test_a_secret_that_is_set_both_ways_is_refused(name: str) -> None:
    environ = URL | {name: URL["DATABASE_URL"], f"{name}_FILE": "/secret"}
    found = mistakes(environ, files={"/secret": "postgresql://u@h/db"})
    assert found == (f"{name} and {name}_FILE are both set: remove one",)


# Secrets


def test_a_password_in_an_argument_is_refused_and_not_repeated() -> None:
    for url in ("postgresql://u:s3cret@h/db", "postgresql://u@h/db?password=s3cret"):
        (mistake,) = mistakes({}, {"DATABASE_URL": url})
        assert "process list" in mistake
        assert "s3cret" not in mistake


def test_a_url_in_an_argument_may_take_its_password_from_a_file() -> None:
    files = {"/password": "pw\n"}
    settings = read({"PGPASSWORD_FILE": "/password"}, {"DATABASE_URL": "postgresql://u@h"}, files)
    assert parameters(settings, files)["password"] == "pw"


def test_the_password_file_serves_every_source_that_holds_no_password() -> None:
    files = {"/password": "p%40w \n", "/url": "postgresql://u@h"}
    environs = (URL, {"DATABASE_URL_FILE": "/url"}, {"PGHOST": "h"})
    for environ in environs:
        settings = read({**environ, "PGPASSWORD_FILE": "/password"}, files=files)
        assert parameters(settings, files)["password"] == "p%40w "


def test_a_password_in_the_url_wins_over_the_password_file() -> None:
    files = {"/password": "other"}
    environ = {"DATABASE_URL": "postgresql://u:pw@h", "PGPASSWORD_FILE": "/password"}
    assert parameters(read(environ, files=files), files)["password"] == "pw"


def test_secret_files_are_read_anew_each_time() -> None:
    files = {"/url": "postgresql://u@h", "/password": "old"}
    settings = read({"DATABASE_URL_FILE": "/url", "PGPASSWORD_FILE": "/password"}, files=files)
    assert parameters(settings, files) == {"user": "u", "host": "h", "password": "old"}
    files |= {"/url": "postgresql://u@new", "/password": "fresh"}
    assert parameters(settings, files) == {"user": "u", "host": "new", "password": "fresh"}


def test_a_url_is_parsed_again_only_when_its_text_has_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parsed = []

    def counting(text: str, where: str) -> DatabaseUrl:
        parsed.append(text)
        return parse_database_url(text, where)

    monkeypatch.setattr(database, "parse_database_url", counting)
    files = {"/url": "postgresql://u:old@h", "/password": "other"}
    settings = read({"DATABASE_URL_FILE": "/url", "PGPASSWORD_FILE": "/password"}, files=files)
    for _ in range(3):
        assert parameters(settings, files)["password"] == "old"
    assert parsed == ["postgresql://u:old@h"]
    files["/url"] = "postgresql://u:new@h"
    assert parameters(settings, files)["password"] == "new"
    assert parsed == ["postgresql://u:old@h", "postgresql://u:new@h"]


@pytest.mark.parametrize("name", ["DATABASE_URL_FILE", "PGPASSWORD_FILE"])
@pytest.mark.parametrize(
    ("files", "reason"),
    [({}, "cannot be read: No such file"), ({"/secret": "\n"}, "is empty")],
)
def test_a_secret_file_that_gives_nothing_is_named(
    name: str, files: dict[str, str], reason: str
) -> None:
    environ = {name: "/secret", "PGHOST": "h"}
    (mistake,) = mistakes(environ, files=files)
    assert mistake.startswith(f"{name}: /secret {reason}")
    assert ("check that it exists and has this key" in mistake) is (not files)


def test_a_secret_file_that_is_spoiled_later_ends_as_a_mistake_in_the_settings() -> None:
    files = {"/url": "postgresql://u@h"}
    settings = read({"DATABASE_URL_FILE": "/url"}, files=files)
    with pytest.raises(InvalidSettings, match="DATABASE_URL_FILE begins with 'mysql'"):
        parameters(settings, {"/url": "mysql://u@h"})


def test_no_mistake_and_no_repr_holds_a_password() -> None:
    for secret in random_secrets(200):
        url = f"postgresql://u:{secret}@h/db"
        good = {"DATABASE_URL": url.replace("%", "%25").replace("?", "%3F")}
        ini = {"alembic.ini": f"{INI}sqlalchemy.url = {url}x:y\n"}
        told = [
            repr(read(good)),
            *mistakes({"DATABASE_URL": url + "?nope=1", "HEADSTART_WAIT_SECOND": "1"}),
            *mistakes({"DATABASE_URL": "x" + url}),
            *mistakes({}, {"DATABASE_URL": url}),
            *mistakes({}, files=ini | {"alembic.ini": ini["alembic.ini"] + "spoiled"}),
            *mistakes({"DATABASE_URL_FILE": "/url"}, files={"/url": url + "/x"}),
        ]
        for text in told:
            assert secret not in text
            assert repr(secret)[1:-1] not in text


# alembic.ini


INI_PASSWORDS = {
    "p%%40w": "p@w",  # as ConfigParser wants it
    "p%40w": "p@w",  # as people write it
    "p$w": "p$w",
    "p%w": "p%w",
    "p@w;x#y": "p@w;x#y",
    "'pw": "'pw",
}


@pytest.mark.parametrize("written", INI_PASSWORDS)
def test_a_password_in_alembic_ini_may_hold_special_characters(written: str) -> None:
    ini = f"{INI}sqlalchemy.url = postgresql://u:{written}@h/db\n"
    found = parameters(read({}, files={"alembic.ini": ini}))
    assert found["password"] == INI_PASSWORDS[written]


def test_quotes_in_alembic_ini_are_stripped_with_a_warning() -> None:
    ini = f"{INI}sqlalchemy.url = 'postgresql://u@h/db'\n"
    settings = read({}, files={"alembic.ini": ini})
    assert parameters(settings)["host"] == "h"
    (warning,) = settings.warnings
    assert warning.startswith("sqlalchemy.url in alembic.ini is wrapped in quotes")


def test_a_missing_alembic_ini_says_what_to_copy() -> None:
    (mistake,) = mistakes(URL | {"HEADSTART_ALEMBIC_INI": "app/alembic.ini"})
    assert mistake == (
        "app/alembic.ini does not exist: run where alembic.ini is, or set HEADSTART_ALEMBIC_INI; in"
        " an image COPY yours"
    )
    example = {"alembic.ini.example": INI}
    (mistake,) = mistakes(URL | {"HEADSTART_ALEMBIC_INI": "app/alembic.ini"}, files=example)
    assert mistake.endswith("; here: cp alembic.ini.example alembic.ini")


def test_an_alembic_ini_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="cannot be read: Is a directory"):
        read_settings({"ALEMBIC_INI": str(tmp_path)}, URL, lambda path: Path(path).read_text())


@pytest.mark.parametrize(
    ("environ", "arguments", "given"),
    [
        (URL, {}, "DATABASE_URL"),
        ({"DATABASE_URL_FILE": "/url"}, {}, "DATABASE_URL_FILE"),
        ({}, {"DATABASE_URL": "postgresql://h"}, "--database-url"),
    ],
)
def test_the_embedded_server_and_a_database_of_ones_own_exclude_each_other(
    environ: dict[str, str], arguments: dict[str, str], given: str
) -> None:
    (mistake,) = mistakes(environ | {"HEADSTART_EMBEDDED": "1"}, arguments)
    assert mistake == f"HEADSTART_EMBEDDED and {given} exclude each other: remove one"


def test_the_embedded_server_needs_no_database() -> None:
    assert read({"HEADSTART_EMBEDDED": "1"}).database.origin == "HEADSTART_EMBEDDED"


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        pytest.param({"DATABASE_URL_FILE": "/bom"}, "DATABASE_URL_FILE: /bom", id="a URL's file"),
        pytest.param(URL | {"PGPASSWORD_FILE": "/bom"}, "PGPASSWORD_FILE: /bom", id="a password's"),
        pytest.param({"DATABASE_URL": "\ufeffpostgresql://h/db"}, "DATABASE_URL", id="a variable"),
    ],
)
def test_a_byte_order_mark_is_named(environ: dict[str, str], named: str) -> None:
    """Some editors of Windows write one; it would be a part of the password."""
    (mistake,) = mistakes(environ, files={"/bom": "\ufeffpostgresql://h/db"})
    assert mistake.startswith(f"{named} begins with a byte order mark (BOM)")


@pytest.mark.parametrize("name", ["PGPASSWORD_FILE", "DATABASE_URL_FILE"])
@pytest.mark.parametrize("secret", ["hunter2", "aGVs/bG8=", "postgresql://u:hunter2@h/d", "a b"])
def test_a_secret_in_the_place_of_its_files_name_is_not_shown(name: str, secret: str) -> None:
    environ = {name: secret} | (URL if name == "PGPASSWORD_FILE" else {})
    (told,) = mistakes(environ, files={})
    assert secret not in told
    assert told.startswith(f"{name}: what it says is no file")
