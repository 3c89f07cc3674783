"""What headstart says of libraries that are too old is what its package asks for."""

import re
import tomllib

from headstart.command.cause import LEAST_VERSIONS, PACKAGES
from tests.harness.environment import ROOT

PYPROJECT = ROOT / "pyproject.toml"


def test_the_least_versions_are_those_of_the_package() -> None:
    asked = "\n".join(tomllib.loads(PYPROJECT.read_text())["project"]["dependencies"])
    for name, least in LEAST_VERSIONS.items():
        found = re.search(rf"^{name}>=([\d.]+)$", asked, re.MULTILINE)
        assert found is not None, name
        assert tuple(map(int, found[1].split("."))) == least


def test_every_package_that_it_asks_for_is_named_where_it_is_missing() -> None:
    asked = tomllib.loads(PYPROJECT.read_text())["project"]["dependencies"]
    assert {re.split("[>=<]", each)[0] for each in asked} == set(PACKAGES.values())
