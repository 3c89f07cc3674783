"""The fingerprints file of this repository fits a fresh clone, whatever a developer's ini says."""

import shutil
from pathlib import Path

from headstart.fingerprint.file.header import header_in
from headstart.gate.image import digest_of
from tests.harness.environment import ROOT


def test_the_gate_knows_the_ini_that_a_fresh_clone_gets(tmp_path: Path) -> None:
    header = header_in((ROOT / "alembic" / "fingerprints.txt").read_bytes())
    assert header is not None
    ini = shutil.copy(ROOT / "alembic.ini.example", tmp_path / "alembic.ini")
    assert header.files["../alembic.ini"] == digest_of(str(ini))
