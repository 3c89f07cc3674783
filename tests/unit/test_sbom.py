"""The bill of materials names everything that the image installs, and nothing else."""

import json
import re

import sbom
from tests.harness.environment import ROOT

TEXT = (ROOT / "requirements.txt").read_text()
PACKAGES = sbom.pinned(TEXT)
BILL = sbom.bill(PACKAGES)


def test_every_pinned_package_and_every_hash_is_in_it() -> None:
    names = re.findall(r"^([a-z][\w.-]*)==(\S+)", TEXT, re.MULTILINE)
    assert [(each["name"], each["version"]) for each in BILL["components"]] == names
    hashes = [
        digest["content"]
        for component in BILL["components"]
        for reference in component["externalReferences"]
        for digest in reference["hashes"]
    ]
    assert hashes == re.findall(r"sha256:([0-9a-f]+)", TEXT)


def test_what_needs_what_is_in_it() -> None:
    needs = {
        each["ref"].split("/")[1].split("@")[0]: each["dependsOn"] for each in BILL["dependencies"]
    }
    assert set(needs) == {"headstart"} | {package.name for package in PACKAGES}
    reached, waiting = set[str](), [sbom.OURSELVES]
    while waiting:
        name = waiting.pop().split("/")[1].split("@")[0]
        reached.add(name)
        waiting += [each for each in needs[name] if each.split("/")[1].split("@")[0] not in reached]
    assert reached == set(needs)


def test_the_libraries_that_the_driver_brings_along_are_named() -> None:
    (driver,) = [each for each in BILL["components"] if each["name"] == "psycopg2-binary"]
    names = " ".join(each["name"] for each in driver["components"])
    assert all(name in names for name in ("libpq", "libssl", "libcrypto", "krb5", "libldap"))


def test_markers_and_extras_of_a_requirement_are_no_part_of_its_name() -> None:
    text = "a-b[x,y]==1.2 ; python_version < '3.13' \\\n    --hash=sha256:" + "0" * 64 + "\n"
    (found,) = sbom.pinned(text + "    # via\n    #   headstart (pyproject.toml)\n    #   c\n")
    assert (found.name, found.version, found.hashes) == ("a-b", "1.2", ("0" * 64,))
    assert found.needed_by == ("headstart", "c")


def test_it_is_the_same_each_time() -> None:
    assert json.dumps(sbom.bill(sbom.pinned(TEXT))) == json.dumps(BILL)
    assert BILL["bomFormat"] == "CycloneDX"
