"""One version, in one place; where nobody can ask for it, it is written and compared."""

import shutil
import tomllib
from pathlib import Path

import pytest

import versions
from headstart import __version__
from tests.harness.environment import ROOT


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the files that name the version."""
    for name in versions.PLACES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_every_place_names_the_version_of_the_package() -> None:
    assert list(versions.stale_versions(ROOT, write=False)) == []
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dynamic"] == ["version"]


def test_a_new_version_is_compared_and_written_everywhere(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "__version__", "9.8.7rc1")
    assert len(list(versions.stale_versions(copied, write=False))) == len(versions.PLACES)
    assert list(versions.stale_versions(copied, write=True)) == []
    assert list(versions.stale_versions(copied, write=False)) == []
    for name in versions.PLACES:
        before, after = (root / name for root in (ROOT, copied))
        assert "9.8.7rc1" in after.read_text()
        assert after.read_text().replace("9.8.7rc1", __version__) == before.read_text()


def test_a_place_that_is_gone_is_named(copied: Path) -> None:
    (copied / "Dockerfile").write_text("FROM scratch\n")
    (mistake,) = versions.stale_versions(copied, write=True)
    assert mistake.startswith("Dockerfile: nothing is like ")
