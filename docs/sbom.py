"""The software bill of materials: CycloneDX JSON of the pinned requirements, with their hashes.

    $ python docs/sbom.py > build/headstart.cdx.json

The same input gives the same output: no clock, no random number. What a wheel brings along
(psycopg2-binary has its own libpq, OpenSSL, Kerberos and LDAP) is below its component, as far as
the pinned version is installed where this runs.
"""

import json
import re
import sys
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from headstart import __version__

ROOT = Path(__file__).parent.parent
REQUIREMENTS = ROOT / "requirements.txt"
OURSELVES = f"pkg:pypi/headstart@{__version__}"
_PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"#(?: via)?\s*([A-Za-z0-9._-]+)?")


@dataclass(frozen=True)
class Pinned:
    """One line of the requirements: a package, the hashes of its files, and what asks for it."""

    name: str
    version: str
    hashes: tuple[str, ...]
    needed_by: tuple[str, ...]

    @property
    def purl(self) -> str:
        """Its package URL, which is its reference here, too."""
        return f"pkg:pypi/{self.name}@{self.version}"


def pinned(text: str) -> tuple[Pinned, ...]:
    """What a requirements file pins, as uv writes it."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", "\n" + text)
    return tuple(_pinned(block) for block in blocks if _PIN.match(block.strip()))


def _pinned(block: str) -> Pinned:
    found = _PIN.match(block.strip())
    assert found is not None
    comments = (line.strip() for line in block.splitlines() if line.strip().startswith("#"))
    via = (_VIA.match(line) for line in comments)
    names = tuple(each[1] for each in via if each is not None and each[1])
    return Pinned(found[1].lower(), found[2], tuple(_HASH.findall(block)), names)


def bill(packages: tuple[Pinned, ...]) -> dict[str, Any]:
    """The bill of these packages."""
    body = {
        "metadata": {"component": {"type": "application", "name": "headstart",
                                   "version": __version__, "bom-ref": OURSELVES,
                                   "purl": OURSELVES}},
        "components": [_component(package) for package in packages],
        "dependencies": list(_dependencies(packages)),
    }  # fmt: skip
    serial = uuid5(NAMESPACE_URL, json.dumps(body, sort_keys=True))
    head = {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{serial}"}
    return head | {"version": 1} | body


def _component(package: Pinned) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
        "externalReferences": [
            {
                "type": "distribution",
                "url": package.purl,  # wherever somebody's index is
                "hashes": [_sha256(digest) for digest in package.hashes],
            }
        ],
    }
    bundled = list(_bundled(package))
    return component | ({"components": bundled} if bundled else {})


def _bundled(package: Pinned) -> Iterator[dict[str, Any]]:
    """The shared libraries that the installed wheel holds; none where another version is there."""
    try:
        installed = metadata.distribution(package.name)
    except metadata.PackageNotFoundError:
        return
    if installed.version != package.version:
        return
    for file in sorted(installed.files or (), key=str):
        if file.parts[0].endswith(".libs") and file.hash is not None:
            digest = urlsafe_b64decode(f"{file.hash.value}==").hex()
            yield {"type": "file", "name": file.name, "hashes": [_sha256(digest)]}


def _sha256(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest}


def _dependencies(packages: tuple[Pinned, ...]) -> Iterator[dict[str, Any]]:
    for name, purl in [("headstart", OURSELVES), *((p.name, p.purl) for p in packages)]:
        needed = [each.purl for each in packages if name in each.needed_by]
        yield {"ref": purl, "dependsOn": needed}


if __name__ == "__main__":
    json.dump(bill(pinned(REQUIREMENTS.read_text())), sys.stdout, indent=1)
    print()
