"""What a target gets: {target} is replaced, and quoted as the place needs it."""

import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from headstart.facts.qualified import as_part, qualified
from headstart.fleet.substitution import table_of, url_of
from headstart.fleet.templates import Templates, templates_of
from headstart.postgres.target import Target
from headstart.settings.database_url import parse_database_url
from headstart.settings.fleet import FLEET_NAMES
from headstart.settings.kinds import LogLevel, version_table
from headstart.settings.read import Settings, Values, read_settings
from headstart.verdict.errors import InvalidSettings

BY_X: dict[str, Any] = {"target_version_table": "{target}.v", "target_x": ("t={target}",)}
NAMES = ("acme", "a b", "a.b", 'we"ird', "o'k", "50%", "%41", "é", "a/b@c?d#e&f=g:h", "-x", "a+b")


def settings(url: str = "postgresql://app@db/app", **changed: Any) -> Settings:
    """The settings of a fleet in which nothing is said but this."""
    environ = {"DATABASE_URL": url}
    return replace(read_settings({}, environ, lambda _: ""), **changed)


def templates(
    arguments: Values | None = None, environ: Mapping[str, str] | None = None, **changed: Any
) -> Templates:
    """The templates of these settings."""
    return templates_of(settings(**changed), arguments or {}, environ or {})


@pytest.mark.parametrize("name", NAMES)
def test_in_a_url_a_name_is_percent_encoded(name: str) -> None:
    url = url_of("postgresql://app@db/x_{target}?application_name={target}", name)
    parsed = parse_database_url(url, "u").parameters
    assert (parsed["dbname"], parsed["application_name"]) == (f"x_{name}", name)


@pytest.mark.parametrize("name", NAMES)
def test_in_a_version_table_a_name_is_an_identifier(name: str) -> None:
    for template, expected in (
        ("{target}.alembic_version", (name, "alembic_version")),
        ("ops.{target}", ("ops", name)),
        ("t_{target}_x.v", (f"t_{name}_x", "v")),
        ("{target}", (None, name)),
    ):
        assert qualified(version_table(table_of(template, name))) == expected
    assert qualified(as_part(name)) == (None, name)


@pytest.mark.parametrize("name", NAMES)
def test_in_an_argument_or_a_variable_a_name_is_as_it_is(name: str) -> None:
    made = templates(x=("dry=1",), target_env=("T={target}", "U=1"), **BY_X)
    found = made.of(name)
    assert shlex.split(str(found["HEADSTART_X"])) == ["dry=1", f"t={name}"]
    assert (found["T"], found["U"]) == (name, "1")


def test_the_options_of_a_fleet_are_variables_of_its_targets_and_its_own_are_none() -> None:
    arguments: Values = {"LOCK_SECONDS": "9", "X": ("a=1", "b=2 3"), "TARGET_X": ("t={target}",)}
    found = templates(arguments, **BY_X).common
    assert (found["HEADSTART_LOCK_SECONDS"], found["HEADSTART_X"]) == ("9", "a=1 'b=2 3'")
    assert {found[f"HEADSTART_{name}"] for name in FLEET_NAMES} == {None}
    assert found["HEADSTART_TERMINATION_LOG"] == "/dev/null"


@pytest.mark.parametrize(
    ("level", "of_targets"),
    [("debug", "debug"), ("info", "warning"), ("warning", "warning"), ("error", "error")],
)
def test_of_a_target_only_warnings_are_heard_at_the_usual_level(
    level: str, of_targets: str
) -> None:
    found = templates(log_level=LogLevel(level), **BY_X).common
    assert found["HEADSTART_LOG_LEVEL"] == of_targets


@pytest.mark.parametrize(
    ("changed", "is_open"),
    [
        ({"target_url": "postgresql://db/{target}"}, True),
        ({"target_url": "postgresql://db/{target}", "target_env": ("A={target}",)}, False),
        ({"target_url": "postgresql://db/{target}", "target_x": ("a",)}, False),
        ({"target_version_table": "{target}.v"}, True),
        ({"target_version_table": "ops.{target}", "target_x": ("t={target}",)}, True),
        ({"target_url": "postgresql://db/{target}", "target_version_table": "ops.v"}, False),
    ],
)
def test_the_gate_is_open_only_where_a_proof_is_the_targets_own(
    changed: dict[str, Any], *, is_open: bool
) -> None:
    assert ("HEADSTART_GATE" not in templates(**changed).common) is is_open


def test_the_url_of_a_target_takes_the_place_of_every_other_one() -> None:
    found = templates(target_url="postgresql://u:pw@db/{target}").of("a%")
    assert found["DATABASE_URL"] == "postgresql://u:pw@db/a%25"
    assert "DATABASE_URL_FILE" in found
    assert found["DATABASE_URL_FILE"] is None


def test_the_secrets_of_a_targets_url_are_known() -> None:
    made = templates(target_url="postgresql://u:p_{target}@db/{target}")
    assert [*made.secrets("a%")] == ["p_a%"]


def test_a_url_that_a_name_spoils_is_a_mistake() -> None:
    made = templates(target_url="postgresql://u@db:54{target}/app")
    made.check("32")
    with pytest.raises(InvalidSettings, match="HEADSTART_TARGET_URL: the port is invalid"):
        made.check("acme")


@pytest.mark.parametrize(
    ("template", "own"),
    [
        ("{target}.v", Target("a.b", "v", is_home=True)),
        ("t_{target}.v", Target("t_a.b", "v", is_home=True)),
        ("ops.{target}", Target("ops", "a.b")),
    ],
)
def test_a_version_table_of_its_own_is_one_with_its_schema(
    template: str, own: Target | None
) -> None:
    made = templates(target_version_table=template, target_x=("t={target}",))
    assert made.own_table("a.b") == own


@pytest.mark.parametrize(
    ("template", "are_at_home"), [("{target}.v", True), ("ops.{target}", False)]
)
def test_targets_are_at_home_where_their_version_tables_are_in_their_own_schemas(
    template: str, *, are_at_home: bool
) -> None:
    made = templates(target_version_table=template, target_x=("t={target}",))
    assert made.are_at_home is are_at_home


@pytest.mark.parametrize(
    ("changed", "is_one"),
    [
        ({}, True),
        ({"target_url": "postgresql://app@db/app"}, True),
        ({"target_url": "postgresql://app@db/{target}"}, False),
        ({"url": "postgresql://app@db", "target_env": ("PGDATABASE={target}",)}, False),
        ({"target_env": ("TENANT={target}",)}, True),
    ],
)
def test_targets_share_a_database_where_nothing_leads_elsewhere(
    changed: dict[str, Any], *, is_one: bool
) -> None:
    assert templates(**BY_X | changed).share_a_database is is_one


def test_a_version_table_that_the_server_would_cut_is_a_mistake() -> None:
    made = templates(target_version_table="tenant_{target}.v")
    with pytest.raises(InvalidSettings, match="HEADSTART_TARGET_VERSION_TABLE"):
        made.own_table("x" * 60)


UNTOLD: dict[str, dict[str, Any]] = {
    "an argument": {"target_x": ("t={target}",)},
    "a variable": {"target_env": ("TENANT={target}",)},
    "one table for all": {"target_x": ("t={target}",), "target_version_table": "ops.v"},
    "a table without its schema": {"target_version_table": "v_{target}"},
    "a user": {"target_url": "postgresql://{target}@db/app"},
    "a search_path": {"target_url": "postgresql://app@db/app?options=-csearch_path%3D{target}"},
    "a user's variable": {"url": "postgresql://db/app", "target_env": ("PGUSER={target}",)},
}


@pytest.mark.parametrize("case", UNTOLD)
def test_what_does_not_say_where_its_version_table_is_makes_no_target(case: str) -> None:
    with pytest.raises(InvalidSettings, match="nothing says where the version table"):
        templates(**UNTOLD[case])


TOLD: dict[str, dict[str, Any]] = {
    "a database": {"target_url": "postgresql://app@db/{target}"},
    "a host": {"target_url": "postgresql://app@{target}/app"},
    "a port": {"target_url": "postgresql://app@db:543{target}/app"},
    "the database that a user has": {"target_url": "postgresql://{target}@db"},
    "a database's variable": {"url": "postgresql://app@db", "target_env": ("PGDATABASE={target}",)},
    "a host's variable": {"url": "postgresql:///app", "target_env": ("PGHOST={target}.db",)},
    "a service": {"url": "postgresql:///app", "target_env": ("PGSERVICE={target}",)},
}


@pytest.mark.parametrize("case", TOLD)
def test_an_address_of_its_own_makes_a_target(case: str) -> None:
    assert templates(**TOLD[case]).have_databases


WITHOUT_EFFECT = {
    "PGDATABASE": "postgresql://db/app",
    "PGHOST": "postgresql://db/app",
    "PGHOSTADDR": "postgresql://db/app?hostaddr=127.0.0.1",
    "PGPORT": "postgresql://db:5432/app",
    "PGUSER": "postgresql://app@db/app",
    "PGPASSWORD": "postgresql://app:secret@db/app",
    "PGSERVICE": "postgresql://db/app",
}


@pytest.mark.parametrize("variable", WITHOUT_EFFECT)
def test_a_variable_that_the_url_overrides_is_a_mistake(variable: str) -> None:
    """All targets would be one."""
    url, own = WITHOUT_EFFECT[variable], (f"{variable}={{target}}",)
    with pytest.raises(InvalidSettings, match=f"{variable}, which has no effect"):
        templates(url=url, target_env=own)
    with pytest.raises(InvalidSettings, match=f"{variable}, which has no effect"):
        templates(target_url=url, target_env=own)


def test_a_service_may_override_it_too() -> None:
    made: dict[str, Any] = {"url": "postgresql://", "target_env": ("PGDATABASE={target}",)}
    assert templates(**made).have_databases
    with pytest.raises(InvalidSettings, match="unset PGSERVICE"):
        templates(environ={"PGSERVICE": "prod"}, **made)
    with pytest.raises(InvalidSettings, match="unset PGSERVICE"):
        templates(url="postgresql://", target_env=("PGDATABASE={target}", "PGSERVICE=prod"))


def test_an_address_leads_to_the_server_whatever_the_hosts_name_is() -> None:
    named: dict[str, Any] = {"target_env": ("PGHOST={target}.db",)}
    with pytest.raises(InvalidSettings, match="PGHOST, which has no effect where the URL"):
        templates(url="postgresql:///app?hostaddr=127.0.0.1", **named)
    with pytest.raises(InvalidSettings, match="no effect beside PGHOSTADDR"):
        templates(url="postgresql:///app", environ={"PGHOSTADDR": "127.0.0.1"}, **named)
    with pytest.raises(InvalidSettings, match="nothing says where the version table"):
        templates(target_url="postgresql://app@{target}/app?hostaddr=127.0.0.1")


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"target_url": "postgresql://app@db/app_{target}"}, "dbname"),
        ({"target_url": "postgresql://app_{target}@db/{target}"}, "user"),
        ({"url": "postgresql://app@db", "target_env": ("PGDATABASE=app_{target}",)}, "dbname"),
        ({"url": "postgresql://db/app", "target_env": ("PGUSER=app_{target}",), **BY_X}, "user"),
    ],
)
def test_a_name_that_the_server_would_cut_is_a_mistake(changed: dict[str, Any], part: str) -> None:
    made = templates(**changed)
    made.check("x" * 59)
    with pytest.raises(InvalidSettings, match=rf"the {part} of .* has 64 bytes"):
        made.check("x" * 60)
    with pytest.raises(InvalidSettings, match=rf"the {part} of .* has 65 bytes"):
        made.check("x" * 59 + "é")
