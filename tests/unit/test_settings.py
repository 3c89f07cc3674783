"""Settings: one table, one reading, every mistake at once, and no secret in any of it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from headstart.settings import database
from headstart.settings.database_url import DatabaseUrl, parse_database_url
from headstart.settings.declared import SETTINGS
from headstart.settings.kinds import Ahead, LogFormat, LogLevel, Verify
from headstart.settings.read import Settings, read_settings, readable_settings
from headstart.settings.setting import Setting
from headstart.verdict.errors import InvalidSettings
from tests.unit.random_secrets import random_secrets

INI = "[alembic]\nscript_location = alembic\n"
INI_URL = INI + "sqlalchemy.url = postgresql://ini@ini/ini\n"
URL = {"DATABASE_URL": "postgresql://u@h/db"}
Arguments = Mapping[str, str | tuple[str, ...]]


def read(
    environ: Mapping[str, str] = URL,
    arguments: Arguments | None = None,
    files: Mapping[str, str] | None = None,
) -> Settings:
    """Read settings where these files exist."""
    return read_settings(arguments or {}, environ, reader({"alembic.ini": INI} | dict(files or {})))


def reader(files: Mapping[str, str]) -> Any:
    """A read_text for these files."""

    def read_text(path: str) -> str:
        if path not in files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return files[path]

    return read_text


def mistakes(
    environ: Mapping[str, str],
    arguments: Arguments | None = None,
    files: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """The mistakes of settings that are refused."""
    with pytest.raises(InvalidSettings) as caught:
        read(environ, arguments, files)
    return caught.value.mistakes


def parameters(settings: Settings, files: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """The parameters that the database's source gives now."""
    return settings.database.resolve(reader(files or {})).parameters


# The table and the values


def test_without_any_setting_every_default_holds() -> None:
    settings = read()
    for row in SETTINGS[1:]:
        assert getattr(settings, row.field) == row.default
    assert settings.warnings == ()


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.name)
def test_a_row_names_its_unit_and_a_duration_says_so_in_its_name(row: Setting) -> None:
    assert row.unit
    assert (row.unit == "SECONDS") == row.name.endswith("_SECONDS")


@pytest.mark.parametrize("row", SETTINGS[1:], ids=lambda row: row.name)
def test_a_default_can_be_written_out(row: Setting) -> None:
    if row.default not in (None, ()):
        assert row.parse(row.default_text) == row.default


VALUES: list[tuple[str, str, object]] = [
    ("ALEMBIC_INI", " alembic.ini ", "alembic.ini"),
    ("TARGET", "heads", "heads"),
    ("TARGET", "feature@head", "feature@head"),
    ("TARGET", "152ce5a49348", "152ce5a49348"),
    ("WAIT_SECONDS", "0", 0.0),
    ("WAIT_SECONDS", "1.5", 1.5),
    ("DEADLINE_SECONDS", "90", 90.0),
    ("BASELINE", "head", "head"),
    ("BASELINE", "proof", "proof"),
    ("AHEAD", "Allow", Ahead.ALLOW),
    ("VERIFY", "Warn", Verify.WARN),
    ("FINGERPRINTS", "/app/fingerprints.txt", "/app/fingerprints.txt"),
    ("FINGERPRINTS", "", None),
    ("REPLAY_SQL", "base.sql", "base.sql"),
    ("VERSION_TABLE", "audit.versions", "audit.versions"),
    ("X", "", ()),
    ("X", "tenant=a mode='b c'", ("tenant=a", "mode=b c")),
    ("LOG_FORMAT", "console", LogFormat.CONSOLE),
    ("LOG_LEVEL", "DEBUG", LogLevel.DEBUG),
    ("EMBEDDED", "no", False),
    ("EMBEDDED_DIR", "/var/tmp/pg", "/var/tmp/pg"),
]


@pytest.mark.parametrize(("name", "text", "value"), VALUES)
def test_a_text_becomes_its_value(name: str, text: str, value: object) -> None:
    assert getattr(read(URL | {f"HEADSTART_{name}": text}), name.lower()) == value


NOT_ALLOWED = [
    ("ALEMBIC_INI", " "),
    ("TARGET", ""),
    *(("TARGET", text) for text in ("+1", "-1", "head-1", "ae10+2", "feature@head-2", "b@+1")),
    *(
        ("WAIT_SECONDS", text)
        for text in ("", "soon", "nan", "inf", "-inf", "-1", "0.0001", "1e9", "1m", "1,5")
    ),
    ("DEADLINE_SECONDS", "0"),
    ("HEARTBEAT_SECONDS", "0"),
    ("AHEAD", "yes"),
    ("VERIFY", "1"),
    ("VERSION_TABLE", "a.b.c"),
    ("VERSION_TABLE", ".b"),
    ("X", "tenant='a"),
    ("LOG_FORMAT", "xml"),
    ("LOG_LEVEL", "loud"),
    ("EMBEDDED", "maybe"),
]


@pytest.mark.parametrize(("name", "text"), NOT_ALLOWED)
def test_a_value_that_is_not_allowed_is_refused_with_what_is(name: str, text: str) -> None:
    (mistake,) = mistakes(URL | {f"HEADSTART_{name}": text})
    assert mistake.startswith(f"HEADSTART_{name}")
    assert " is invalid: expected " in mistake


def test_a_choice_is_refused_with_all_choices() -> None:
    (mistake,) = mistakes(URL | {"HEADSTART_AHEAD": "yes"})
    assert mistake == "HEADSTART_AHEAD='yes' is invalid: expected prove, allow or refuse"


SECRET = {
    "X": "password='s3cret",  # what env.py is given may be one
    "URL_VARIABLES": "postgresql://u:s3cret@h/db",  # somebody writes the URL for its name
}


@pytest.mark.parametrize("name", SECRET)
def test_a_mistaken_value_that_may_be_secret_is_not_repeated(name: str) -> None:
    for environ, arguments in (
        ({f"HEADSTART_{name}": SECRET[name]}, {}),
        ({}, {name: SECRET[name]}),
    ):
        (mistake,) = mistakes(URL | environ, arguments)
        assert " is invalid: expected " in mistake
        assert "s3cret" not in mistake


def test_a_repr_does_not_hold_what_env_py_is_given() -> None:
    assert "s3cret" not in repr(read(URL | {"HEADSTART_X": "password=s3cret"}))


def test_a_mistake_is_reported_in_the_form_and_at_the_place_that_the_environment_says() -> None:
    """Whatever else is mistaken there; a mistaken one of these has its default."""
    early = readable_settings(
        {},
        {
            "HEADSTART_WAIT_SECONDS": "soon",
            "HEADSTART_LOG_FORMAT": "xml",
            "HEADSTART_TERMINATION_LOG": "/log",
            "HEADSTART_IMAGE_REVISION": "ae10",
        },
    )
    assert (early.termination_log, early.image_revision) == ("/log", "ae10")
    assert (early.wait_seconds, early.log_format) == (60, LogFormat.AUTO)


def test_a_mistake_in_an_argument_names_the_option() -> None:
    (mistake,) = mistakes(URL, {"WAIT_SECONDS": "soon"})
    assert mistake.startswith("--wait-seconds='soon' is invalid: expected a number of seconds")


# Precedence


def test_an_argument_wins_over_the_environment_and_that_over_the_default() -> None:
    environ = URL | {"HEADSTART_WAIT_SECONDS": "5", "HEADSTART_LOCK_SECONDS": "6"}
    settings = read(environ, {"WAIT_SECONDS": "4"})
    assert (settings.wait_seconds, settings.lock_seconds) == (4, 6)


def test_several_x_of_the_command_line_win_over_the_words_of_the_environment() -> None:
    assert read(URL | {"HEADSTART_X": "c=3"}, {"X": ("a=1 2", "b=2")}).x == ("a=1 2", "b=2")


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
    "name", ["PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE"]
)
def test_one_variable_of_libpqs_names_a_database(name: str) -> None:
    settings = read({name: "x"})
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
    assert mistake.startswith("app/alembic.ini does not exist: cp alembic.ini.example alembic.ini")


def test_an_alembic_ini_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="cannot be read: Is a directory"):
        read_settings({"ALEMBIC_INI": str(tmp_path)}, URL, lambda path: Path(path).read_text())


# Names that nobody knows


TYPOS = {
    "HEADSTART_WAIT_SECOND": "HEADSTART_WAIT_SECONDS",
    "HEADSTART_TARGETS": "HEADSTART_TARGET",
    "HEADSTART_BASLINE": "HEADSTART_BASELINE",
    "HEADSTART_LOGLEVEL": "HEADSTART_LOG_LEVEL",
    "HEADSTART_DATABASE_URL": "DATABASE_URL",
    "HEADSTART_DATABASE_URL_FILE": "DATABASE_URL_FILE",
}


@pytest.mark.parametrize("name", TYPOS)
def test_a_name_near_a_setting_is_a_mistake_that_names_the_setting(name: str) -> None:
    assert mistakes(URL | {name: "1"}) == (f"{name} is not a setting; did you mean {TYPOS[name]}?",)


@pytest.mark.parametrize("name", ["HEADSTART_DDL_RETRY_SECONDS", "HEADSTART_COLOR"])
def test_a_name_far_from_every_setting_is_a_warning(name: str) -> None:
    assert read(URL | {name: "1"}).warnings == (
        f"{name} is not a setting of this version; it was ignored",
    )


@pytest.mark.parametrize(
    "name",
    [
        "HEADSTART_SERVICE_HOST",
        "HEADSTART_SERVICE_PORT",
        "HEADSTART_SERVICE_PORT_HTTP",
        "HEADSTART_PORT",
        "HEADSTART_PORT_80_TCP",
        "HEADSTART_PORT_80_TCP_ADDR",
        "HEADSTART_PORT_80_TCP_PROTO",
        "HEADSTART_TEST_DATABASE_URL",
        "OTHER_WAIT_SECOND",
    ],
)
def test_what_is_not_ours_is_ignored(name: str) -> None:
    assert read(URL | {name: "tcp://10.0.0.1:80"}).warnings == ()


# Together


def test_every_mistake_is_reported_at_once() -> None:
    found = mistakes(
        {
            "HEADSTART_WAIT_SECONDS": "soon",
            "HEADSTART_LOCK_SECOND": "5",
            "HEADSTART_TARGET": "-1",
            "HEADSTART_ALEMBIC_INI": "none.ini",
            "DATABASE_URL": "mysql://h",
            "PGPASSWORD": "a",
            "PGPASSWORD_FILE": "/a",
        },
        {"AHEAD": "perhaps"},
        {"/a": "a"},
    )
    beginnings = [re.split(r"[ =]", mistake)[0] for mistake in found]
    assert sorted(beginnings) == [
        "--ahead",
        "DATABASE_URL",
        "HEADSTART_LOCK_SECOND",
        "HEADSTART_TARGET",
        "HEADSTART_WAIT_SECONDS",
        "PGPASSWORD",
        "none.ini",
    ]


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
