"""What is made of the chart's values.yaml, and the rules that the real one keeps."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

import chart
from headstart.settings.database_url import InvalidUrl, parse_database_url
from headstart.settings.declared import SETTINGS
from headstart.settings.fleet import FLEET_NAMES
from headstart.settings.setting import Setting
from tests.harness.environment import ROOT

FOLDER = ROOT / "k8s" / "chart"
VALUES = chart.read_chart(ROOT)
IN_A_CLUSTER = [
    row
    for row in SETTINGS
    if row.name
    not in {"DATABASE_URL", "POD_NAME", "EMBEDDED", "EMBEDDED_DIR", "REPLAY_SQL"} | FLEET_NAMES
]
"""All but what the chart has values of its own for, what belongs on a developer's machine, and what
belongs to a fleet."""
OF_A_FLEET = [
    row for row in SETTINGS if row.name in FLEET_NAMES - {"TARGETS", "SHARD", "SHARDS", "REPORT"}
]
"""All but the names and the shards, for which the chart has values of its own, and a report, which
would go with its pod."""


def schema(text: str) -> Any:
    """The schema of a values.yaml."""
    return json.loads(chart.schema_text(chart.read_values(text)))


def accepts(schema: Any, values: Any) -> bool:
    """Whether a schema accepts values; Helm asks it the same."""
    jsonschema.Draft7Validator.check_schema(schema)
    return bool(jsonschema.Draft7Validator(schema).is_valid(values))


def single(values: tuple[chart.Value, ...]) -> Iterator[chart.Value]:
    """Each value that is no group."""
    for value in values:
        if value.group is None:
            yield value
        yield from single(value.group or ())


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("# -- of the pods\na: {b: 1}\n", None, id="explained: a value"),
        pytest.param("a: {b: 1, c: 2}\n", ["b", "c"], id="unexplained: a group"),
        pytest.param("a: {}\n", None, id="empty: a value"),
        pytest.param("# -- of the pods\na: {}\n", None, id="empty and explained: a value"),
        pytest.param("# -- all\n# @schema settings\na: {b: 1}\n", ["b"], id="settings: a group"),
        pytest.param("# -- all\n# @schema settings\na: {}\n", [], id="settings, empty: a group"),
        pytest.param("a: [{b: 1}]\n", None, id="a list: a value"),
    ],
)
def test_a_mapping_is_a_value_where_it_is_explained_and_else_a_group(
    text: str, names: list[str] | None
) -> None:
    (value,) = chart.read_values(text)
    assert (None if value.group is None else [inner.name for inner in value.group]) == names


@pytest.mark.parametrize(
    ("default", "kind"),
    [
        ("text", "string"),
        ('""', "string"),
        ("1", "integer"),
        ("1.5", "number"),
        ("true", "boolean"),
        ("[]", "array"),
        ("{}", "object"),
    ],
)
def test_the_default_tells_the_type(default: str, kind: str) -> None:
    assert schema(f"# -- A value\na: {default}\n")["properties"]["a"] == {
        "description": "A value",
        "type": kind,
    }


def test_a_comment_adds_to_what_the_default_tells_and_overrules_it() -> None:
    text = "# -- Retries\n# @schema {type: [integer, 'null'], maximum: 10}\nretries:\n"
    assert schema(text)["properties"]["retries"] == {
        "description": "Retries",
        "type": ["integer", "null"],
        "maximum": 10,
    }


def test_a_comment_belongs_to_the_value_right_below_it() -> None:
    text = "# of the file\n\n# -- Outer\na: 1\nb:\n  # -- Inner\n  c: 1\n# -- Last\nd: 1\n"
    assert list(chart.table_rows(chart.read_values(text))) == [
        ("`a`", "`1`", "Outer"),
        ("`b.c`", "`1`", "Inner"),
        ("`d`", "`1`", "Last"),
    ]


@pytest.mark.parametrize(
    "comment",
    [
        "# words",
        "#-- no blank",
        "# --no blank",
        "# @schema setting",
        "# @schema [enum]",
        "# -- Of two lines\n# -- the second",
        "# @schema {minimum: 1}\n# @schema {maximum: 2}",
    ],
)
def test_any_other_comment_above_a_value_is_refused_with_its_line(comment: str) -> None:
    text = f"a: 1\n\n{comment}\nb: 2\n"
    with pytest.raises(ValueError, match=r"^values\.yaml:3: "):
        chart.read_values(text)


GROUPS = schema(
    "a: {b: {c: 1}}\n# -- Of the pods\nlabels: {kept: x}\n# -- May be none\n"
    "# @schema {type: [integer, 'null']}\nnone:\n# -- Empty\nempty: ''\n"
)


@pytest.mark.parametrize(
    ("values", "accepted"),
    [
        ({}, True),
        ({"none": None}, True),
        ({"none": 1}, True),
        ({"empty": "x"}, True),
        ({"labels": {"kept": "x", "more": "y"}}, True),
        ({"global": {"of": "the chart above"}}, True),
        ({"a": {"b": {"c": 2}}}, True),
        ({"typo": 1}, False),
        ({"a": {"b": {"c": 1}, "typo": 1}}, False),
        ({"a": {"b": {"c": 1, "typo": 1}}}, False),
        ({"a": {"b": {"c": "1"}}}, False),
        ({"a": 1}, False),
    ],
)
def test_a_name_that_the_chart_does_not_know_is_refused_at_every_depth(
    values: dict[str, Any], *, accepted: bool
) -> None:
    defaults = {"a": {"b": {"c": 1}}, "labels": {"kept": "x"}}
    assert accepts(GROUPS, defaults | values) == accepted


@pytest.mark.parametrize("values", [{"labels": {}}, {"a": {}, "labels": {}}, {"a": {"b": {}}}])
def test_a_default_that_a_null_has_deleted_is_refused(values: dict[str, Any]) -> None:
    """A template would take it for 0: no time at all for a run, no grace, no log kept."""
    assert not accepts(GROUPS, values)


@pytest.mark.parametrize(
    ("name", "camel"),
    [("X", "x"), ("TARGET", "target"), ("DDL_LOCK_TIMEOUT_SECONDS", "ddlLockTimeoutSeconds")],
)
def test_a_settings_name_is_written_in_camel_case(name: str, camel: str) -> None:
    assert chart.camel_case(name) == camel


SETTINGS_GROUP = schema("# -- All\n# @schema settings\nsettings: {}\n")["properties"]["settings"]


def test_each_setting_that_makes_sense_in_a_cluster_has_its_value_and_no_other() -> None:
    described = {name: value["description"] for name, value in SETTINGS_GROUP["properties"].items()}
    assert described == {
        chart.camel_case(row.name): f"{row.environment}: {row.meaning}" for row in IN_A_CLUSTER
    }


@pytest.mark.parametrize("row", IN_A_CLUSTER, ids=lambda row: row.name)
def test_the_schema_accepts_each_settings_own_default(row: Setting) -> None:
    default = list(row.default) if row.several else row.default
    settings = {} if default in (None, ()) else {chart.camel_case(row.name): default}
    assert accepts(SETTINGS_GROUP, settings)


@pytest.mark.parametrize(
    ("settings", "accepted"),
    [
        ({}, True),
        ({"waitSeconds": 0}, True),
        ({"waitSeconds": 0.5}, True),
        ({"waitSeconds": 2147483}, True),
        ({"waitSeconds": 2147484}, False),
        ({"waitSeconds": -1}, False),
        ({"waitSeconds": "60"}, False),
        ({"deadlineSeconds": 0.5}, True),
        ({"deadlineSeconds": 0}, False),
        ({"logLevel": "debug"}, True),
        ({"logLevel": "loud"}, False),
        ({"verify": "off"}, True),
        ({"verify": False}, False),
        ({"target": "head"}, True),
        ({"target": ""}, False),
        ({"target": 20240101}, False),
        ({"x": ["tenant=a", "dry=1"]}, True),
        ({"x": "tenant=a"}, False),
        ({"x": [1]}, False),
        ({"waitSecond": 1}, False),
        ({"WAIT_SECONDS": 1}, False),
        ({"databaseUrl": "postgresql://db/app"}, False),
    ],
    ids=str,
)
def test_a_setting_takes_what_its_kind_takes(settings: dict[str, Any], *, accepted: bool) -> None:
    assert accepts(SETTINGS_GROUP, settings) == accepted


def snakecase(name: str) -> str:
    """As Helm's function does it: a word begins where a capital follows, or ends capitals."""
    return re.sub(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


@pytest.mark.parametrize("row", [*IN_A_CLUSTER, *OF_A_FLEET], ids=lambda row: row.name)
def test_the_template_turns_a_values_name_back_into_the_settings_variable(row: Setting) -> None:
    """_containers.tpl writes `HEADSTART_{{ snakecase $name | upper }}`."""
    assert f"HEADSTART_{snakecase(chart.camel_case(row.name)).upper()}" == row.environment


def test_every_value_is_explained() -> None:
    assert [value.name for value in single(VALUES) if not value.meaning] == []


def test_a_value_without_a_default_says_its_type() -> None:
    untold = [value for value in single(VALUES) if value.default is None]
    assert [value.name for value in untold if "type" not in value.keywords] == []


def test_the_values_fit_on_180_lines() -> None:
    assert len((FOLDER / "values.yaml").read_text().splitlines()) <= 180


def test_the_schema_on_disk_is_that_of_the_values() -> None:
    on_disk = (FOLDER / "values.schema.json").read_text()
    assert on_disk == chart.schema_text(VALUES), "make docs"


def test_the_schema_accepts_the_chart_as_it_is() -> None:
    values = yaml.safe_load((FOLDER / "values.yaml").read_text())
    assert accepts(json.loads(chart.schema_text(VALUES)), values)


@pytest.mark.parametrize(
    ("schedule", "accepted"),
    [
        ("", True),
        ("0 3 * * *", True),
        ("*/5 0-6 1,15 JAN-MAR mon,fri", True),
        ("30  2 ? * 0", True),
        ("@daily", True),
        ("@every 12h", True),
        ("every night", False),
        ("every night in the middle", False),
        ("@nightly", False),
        ("@every 1", False),
        ("0 3 * *", False),
        ("0 0 3 * * *", False),
        ("TZ=Europe/Berlin 0 3 * * *", False),
    ],
)
def test_a_schedule_that_kubernetes_would_refuse_is_refused_before_the_hook(
    schedule: str, *, accepted: bool
) -> None:
    values = yaml.safe_load((FOLDER / "values.yaml").read_text())
    values["driftCheck"]["schedule"] = schedule
    assert accepts(json.loads(chart.schema_text(VALUES)), values) is accepted


@pytest.mark.parametrize(
    ("zone", "accepted"),
    [
        ("", True),
        ("Europe/Berlin", True),
        ("America/Port-au-Prince", True),
        ("Etc/GMT+5", True),
        ("local", False),
        ("+02:00", False),
        ("../UTC", False),
        ("Europe / Berlin", False),
    ],
)
def test_a_time_zone_is_a_name(zone: str, *, accepted: bool) -> None:
    """Whether there is such a zone the template asks; tests/cluster has it rendered."""
    values = yaml.safe_load((FOLDER / "values.yaml").read_text())
    values["driftCheck"]["timeZone"] = zone
    assert accepts(json.loads(chart.schema_text(VALUES)), values) is accepted


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://app@db/app",
        "postgres://app@db/app",
        "POSTGRESQL+psycopg://app@db",
        "'postgresql://app@db'",
        "mysql://app@db/app",
        "db.example.com",
        "jdbc:postgresql://db/app",
    ],
)
def test_the_chart_takes_the_urls_that_headstart_takes(url: str) -> None:
    text = (FOLDER / "templates" / "_contradictions.tpl").read_text()
    (pattern,) = re.findall(r'regexMatch "([^"]+)" \.\)?', text)
    try:
        parse_database_url(url, "database.url")
        taken = True
    except InvalidUrl:
        taken = False
    assert (re.search(pattern.replace("\\\\", "\\"), url) is not None) is taken


def test_a_secrets_name_and_key_are_in_the_path_of_its_file() -> None:
    """So a message about a file that is not there names them."""
    text = (FOLDER / "templates" / "_containers.tpl").read_text()
    assert text.count("/run/secrets/headstart/{{") == 2
    assert text.count('include "headstart.secretPath"') == 3
    for file in ("job.yaml", "init-container.yaml", "fleet-job.yaml"):
        manifest = (ROOT / "k8s" / file).read_text()
        assert "path: minirag-database/password" in manifest
        assert set(re.findall(r"/run/secrets/headstart/(\S+)", manifest)) == {
            "minirag-database/password"
        }


@pytest.mark.parametrize(
    ("url", "holds"),
    [
        ("postgresql://app@db/app", False),
        ("postgresql://app@one:5432,two:5432/app?sslmode=require", False),
        ("postgresql://app@db/app?application_name=50%25", False),
        ("postgresql://app:secret@db/app", True),
        ("postgresql://db/app?password=secret", True),
        ("postgresql://db/app?sslmode=require&sslpassword=secret", True),
        ("postgresql://db/app?ssl%70assword=secret", True),
    ],
)
def test_the_chart_sees_a_password_in_a_plain_value(url: str, holds: bool) -> None:
    """tests/cluster asks Helm; the pattern is the same."""
    text = (FOLDER / "templates" / "_contradictions.tpl").read_text()
    (pattern,) = re.findall(r'regexMatch "([^"]+)" \(toString', text)
    assert (re.search(pattern, url) is not None) is holds
