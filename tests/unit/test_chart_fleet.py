"""What the chart's schema takes for a fleet."""

import json
from typing import Any

import pytest

import chart
from tests.unit.test_chart import FOLDER, OF_A_FLEET, accepts

FLEET = json.loads((FOLDER / "values.schema.json").read_text())["properties"]["fleet"]
LEAST = {"hook": True, "shards": 1, "parallelism": 1, "shardSeconds": 30, "backoffLimitPerIndex": 0}


def test_each_setting_of_a_fleet_has_its_value() -> None:
    described = {name: value["description"] for name, value in FLEET["properties"].items()}
    for row in OF_A_FLEET:
        said = described[chart.camel_case(row.name)]
        assert said == f"{row.environment}: {row.meaning}"


@pytest.mark.parametrize(
    ("fleet", "accepted"),
    [
        ({}, True),
        ({"targets": ["acme", "a b", "é.x", "o'k"]}, True),
        ({"targets": "acme\n# gone\nglobex\n"}, True),
        ({"targets": [1]}, False),
        ({"targets": ["# a comment line"]}, False),
        ({"targets": ["acme "]}, False),
        ({"targets": ["acme\nglobex"]}, False),
        ({"targets": [""]}, False),
        ({"canary": 2}, True),
        ({"canary": "acme,globex"}, True),
        ({"maxFailures": "5%"}, True),
        ({"maxFailures": 0}, True),
        ({"maxFailures": ["5%"]}, False),
        ({"targetX": ["tenant={target}"]}, True),
        ({"targetX": "tenant={target}"}, False),
        ({"targetVersionTable": ["target"]}, False),
        ({"shards": 0}, False),
        ({"shards": 100_001}, False),
        ({"parallelism": 0}, False),
        ({"maxFailedIndexes": None}, True),
        ({"maxFailedIndexes": 0}, True),
        ({"report": "/tmp/report"}, False),
        ({"shard": "0/8"}, False),
    ],
    ids=str,
)
def test_a_fleets_value_takes_what_its_setting_takes(
    fleet: dict[str, Any], *, accepted: bool
) -> None:
    """A list that `--set` has made of braces is refused, and a name that no file could hold."""
    assert accepts(FLEET, LEAST | fleet) == accepted
