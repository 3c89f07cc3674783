"""What the chart's values.yaml says: its schema, and the table for its README.

The file is YAML with two kinds of comments above a value: `# --` explains it, `# @schema` adds to
the type that its default has, as a YAML mapping of JSON Schema keywords, or is the word `settings`
or `fleet`: a group that takes headstart's settings, too, those of a fleet or all others. A mapping
that is explained is one value; one that is not is a group of values.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from headstart.settings import kinds
from headstart.settings.declared import SETTINGS
from headstart.settings.fleet import FLEET_NAMES
from headstart.settings.setting import Setting

_OF_THE_CHART = {"DATABASE_URL", "POD_NAME"}
"""Settings for which the chart has values of its own."""
_FOR_DEVELOPMENT = {"EMBEDDED", "EMBEDDED_DIR", "REPLAY_SQL"}
"""Settings that have no use in a cluster."""
_OF_THE_FLEET = {"TARGETS", "SHARD", "SHARDS", "REPORT"}
"""Those that the chart has values of its own for, or Kubernetes says, or nobody could read."""
_GROUPS = ("settings", "fleet")
"""The words of a `# @schema` that stand for settings of headstart."""

_TYPES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "seq": "array",
    "map": "object",
    "null": "null",
}


@dataclass(frozen=True)
class Value:
    """One value or group of values; `group` is None for a value.

    `settings` is the word for those of headstart that the group takes, too.
    """

    name: str
    default: Any
    type: str
    meaning: str = ""
    keywords: Mapping[str, Any] = field(default_factory=dict)
    settings: str = ""
    group: tuple["Value", ...] | None = None


def read_values(text: str) -> tuple[Value, ...]:
    """The values of a values.yaml. Raises ValueError for a comment that is none of ours."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(node, yaml.MappingNode)
    return tuple(_values(node, yaml.safe_load(text), text.splitlines()))


def _values(node: yaml.MappingNode, data: Any, lines: list[str]) -> Iterator[Value]:
    for key, value in node.value:
        meaning, keywords, settings = _comments(lines, key.start_mark.line)
        default = data[key.value]
        grouped = isinstance(default, dict) and (settings or (default and not meaning))
        yield Value(
            key.value,
            default,
            _TYPES[value.tag.rpartition(":")[2]],
            meaning,
            keywords,
            settings,
            tuple(_values(value, default, lines)) if grouped else None,
        )


def _comments(lines: list[str], line: int) -> tuple[str, Mapping[str, Any], str]:
    meaning, schema = "", None
    while line and (comment := lines[line - 1].strip()).startswith("#"):
        if comment.startswith("# -- ") and not meaning:
            meaning = comment.removeprefix("# -- ")
        elif comment.startswith("# @schema ") and schema is None:
            schema = _schema_comment(comment.removeprefix("# @schema "), line)
        else:
            raise ValueError(f"values.yaml:{line}: neither one `# --` nor one `# @schema`")
        line -= 1
    return (meaning, {}, schema) if isinstance(schema, str) else (meaning, schema or {}, "")


def _schema_comment(text: str, line: int) -> Any:
    said = yaml.safe_load(text)
    if said not in _GROUPS and not isinstance(said, dict):
        words = " or ".join(f"`{word}`" for word in _GROUPS)
        raise ValueError(f"values.yaml:{line}: `# @schema` takes a YAML mapping, or {words}")
    return said


def schema_text(values: tuple[Value, ...]) -> str:
    """values.schema.json: Helm refuses other values with their path."""
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", **_object(values)}
    # Helm hands what the chart above has below `global` to each chart in it
    schema["properties"]["global"] = {"type": "object"}
    # what the chart above says in `condition` of its dependency
    schema["properties"]["enabled"] = {"type": "boolean"}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _object(values: tuple[Value, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        # a null in someone's values deletes a default; a template takes what is not there for 0
        "required": [value.name for value in values if value.default],
        "properties": {value.name: _schema(value) for value in values},
    }


def _schema(value: Value) -> dict[str, Any]:
    told = {"description": value.meaning} if value.meaning else {}
    shape: dict[str, Any] = {"type": value.type}
    if value.group is not None:
        shape = _object(value.group)
    if value.settings:
        shape["properties"] |= {
            camel_case(row.name): _setting_schema(row) for row in _settings(value.settings)
        }
    return told | shape | dict(value.keywords)


def _settings(group: str) -> list[Setting]:
    if group == "fleet":
        names = FLEET_NAMES - _OF_THE_FLEET
        return [row for row in SETTINGS if row.name in names]
    others = _OF_THE_CHART | _FOR_DEVELOPMENT | FLEET_NAMES
    return [row for row in SETTINGS if row.name not in others]


def camel_case(name: str) -> str:
    """WAIT_SECONDS as waitSeconds."""
    first, *rest = name.lower().split("_")
    return first + "".join(word.capitalize() for word in rest)


def _setting_schema(row: Setting) -> dict[str, Any]:
    told = {"description": f"{row.environment}: {row.meaning}"}
    if row.several:
        return told | {"type": "array", "items": {"type": "string"}}
    if "|" in row.unit:
        return told | {"enum": row.unit.split("|")}
    if row.unit == "SECONDS":
        least: dict[str, Any] = {"minimum": 0}
        if row.parse is kinds.positive_seconds:
            least = {"exclusiveMinimum": 0}
        return told | {"type": "number", **least, "maximum": kinds.LONGEST_SECONDS}
    if row.unit.startswith("NUMBER or "):
        return told | {"type": ["integer", "string"]}
    if isinstance(row.default, int | float) and not isinstance(row.default, bool):
        return told | {"type": "number"}
    return told | {"type": "string", "minLength": 1}


def table_rows(values: tuple[Value, ...], before: str = "") -> Iterator[tuple[str, str, str]]:
    """Name, default and meaning of each value."""
    for value in values:
        name = before + value.name
        if value.group is None or value.meaning:
            shown = "" if value.group is not None else f"`{json.dumps(value.default)}`"
            yield f"`{name}`", shown, value.meaning
        yield from table_rows(value.group or (), f"{name}.")


def read_chart(root: Path) -> tuple[Value, ...]:
    """The values of the chart of a repository."""
    return read_values((root / "k8s" / "chart" / "values.yaml").read_text(encoding="utf-8"))
