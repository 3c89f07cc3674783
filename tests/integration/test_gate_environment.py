"""Settings that change what nothing-to-do means are the flow's, with its errors."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.gate_stage import assert_closed, assert_open, opened
from tests.integration.known_stage import KnownStage

pytestmark = ON_ONE_SERVER

MISTAKES = [
    {"HEADSTART_WAIT_SECONDS": "abc"},
    {"HEADSTART_WAIT_SECONDS": "0.0001"},
    {"HEADSTART_TARGET": "+1"},
    {"HEADSTART_GATE": "yes"},
    {"HEADSTART_AHEAD": "maybe"},
    {"HEADSTART_URL_VARIABLES": "DATABASE_URL"},
    {"HEADSTART_EMBEDDED": "perhaps"},
    {"DATABASE_URL": "mysql://u@h/d"},
    {"DATABASE_URL": ""},
    {"PGPASSWORD": "a", "PGPASSWORD_FILE": "b"},
]
OTHERS = [
    {"HEADSTART_X": "tenant=b"},
    {"HEADSTART_TARGET": "0003"},
    {"HEADSTART_TARGET": "0002"},
    {"HEADSTART_BASELINE": "0003"},
    {"HEADSTART_VERIFY": "strict"},
    {"HEADSTART_VERIFY": "off"},
    {"HEADSTART_VERSION_TABLE": "versions"},
    {"HEADSTART_VERSION_TABLE": "public.alembic_version"},
    {"HEADSTART_FINGERPRINTS": "other.txt"},
    {"HEADSTART_GATE": "off"},
    {"HEADSTART_LOG_FORMAT": "json", "HEADSTART_LOG_LEVEL": "debug"},
    {"HEADSTART_SPELLED_WRONG": "1"},
    {"HEADSTART_URL_VARIABLES": "APP_URL"},
    {"PGOPTIONS": "-c search_path=other"},
    {"PGSERVICE": "other", "HEADSTART_WAIT_SECONDS": "1"},
]


@pytest.fixture
def stage(known: KnownStage) -> KnownStage:
    """The gate has answered."""
    return opened(known)


def test_a_mistaken_value_is_told_as_ever(stage: KnownStage) -> None:
    for environ in MISTAKES:
        for verb in ("check", "run"):
            assert assert_closed(stage, verb, **environ).exit_code == 2, environ
    assert_open(stage)


def test_a_value_that_asks_for_something_else_is_not_passed_over(stage: KnownStage) -> None:
    for environ in OTHERS:
        assert_closed(stage, "check", **environ)
    assert_open(stage)


def test_an_option_of_the_command_line_is_the_flows(stage: KnownStage) -> None:
    for argv in (["check", "--target", "head"], ["run", "--verify", "auto"], ["--gate", "on"]):
        assert "gate" not in stage.run(*argv).verdict


PATHS = {
    "a schema of the role's name": ('CREATE SCHEMA "postgres"', "check", "wait"),
    "another one in front": (
        "CREATE SCHEMA other; ALTER DATABASE {0} SET search_path = other, public",
        "check",
        "wait",
    ),
    "a schema in front of pg_catalog": (
        "ALTER DATABASE {0} SET search_path = public, pg_catalog",
        "check",
    ),
    "the role's, in this database": (
        "CREATE SCHEMA other; ALTER ROLE postgres IN DATABASE {0} SET search_path = other",
        "check",
    ),
    "none at all": ("ALTER DATABASE {0} SET search_path = ''", "check"),
    "the role's role": (
        "CREATE ROLE {0}_r; ALTER ROLE postgres IN DATABASE {0} SET role = {0}_r",
        "check",
    ),
}


@pytest.mark.parametrize("path", list(PATHS))
def test_another_search_path_is_another_place(stage: KnownStage, path: str) -> None:
    sql, *verbs = PATHS[path]
    for statement in sql.split("; "):
        stage.database.execute(statement.format(stage.database.name))
    try:
        assert_closed(stage, *verbs)
    finally:
        stage.database.server.execute(f"DROP ROLE IF EXISTS {stage.database.name}_r")


def test_each_tenants_schema_is_proven_by_itself(stage: KnownStage) -> None:
    name = stage.database.name
    stage.database.execute("CREATE SCHEMA b")
    stage.database.execute(f"ALTER DATABASE {name} SET search_path = b")
    opened(stage)
    stage.database.execute("ALTER TABLE public.accounts ADD c int")
    assert_open(stage, "check")
    stage.database.execute("ALTER TABLE b.accounts ADD c int")
    assert_closed(stage, "check")
    stage.database.execute("ALTER TABLE b.accounts DROP c")
    stage.database.execute(f"ALTER DATABASE {name} SET search_path = public")
    assert_closed(stage, "check")
