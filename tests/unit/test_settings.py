"""Settings: one table, one reading, every mistake at once, and no secret in any of it."""

import re

import pytest

from headstart.settings.declared import SETTINGS
from headstart.settings.kinds import Ahead, LogFormat, LogLevel, Verify
from headstart.settings.read import readable_settings
from headstart.settings.setting import Setting
from tests.unit.reading import URL, mistakes, read

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
    assert mistake == "HEADSTART_AHEAD='yes' is invalid: expected prove, auto, allow or refuse"


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


# Names that nobody knows


TYPOS = {
    "HEADSTART_WAIT_SECOND": "HEADSTART_WAIT_SECONDS",
    "HEADSTART_TARGE": "HEADSTART_TARGET",
    "HEADSTART_BASLINE": "HEADSTART_BASELINE",
    "HEADSTART_LOGLEVEL": "HEADSTART_LOG_LEVEL",
    "HEADSTART_DATABASE_URL": "DATABASE_URL",
    "HEADSTART_DATABASE_URL_FILE": "DATABASE_URL_FILE",
}


@pytest.mark.parametrize("name", TYPOS)
def test_a_name_near_a_setting_is_a_mistake_that_names_the_setting(name: str) -> None:
    assert mistakes(URL | {name: "1"}) == (f"{name} is not a setting; did you mean {TYPOS[name]}?",)


@pytest.mark.parametrize("name", ["HEADSTART_POOL_RECYCLE", "HEADSTART_COLOR"])
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
