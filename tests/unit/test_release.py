"""What make release checks of what it has built."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

import release


def archive(folder: Path, **files: str) -> Path:
    """An archive with these files."""
    path = folder / "image.oci.tar"
    with tarfile.open(path, "w") as made:
        for name, text in files.items():
            member = tarfile.TarInfo(name.replace("__", "-").replace("_json", ".json"))
            member.size = len(text)
            made.addfile(member, io.BytesIO(text.encode()))
    return path


def test_an_image_is_an_oci_layout_with_one_manifest(tmp_path: Path) -> None:
    release.require_layout(archive(tmp_path, oci__layout="{}", index_json='{"manifests": [{}]}'))
    with pytest.raises(AssertionError):
        release.require_layout(archive(tmp_path, oci__layout="{}", index_json='{"manifests": []}'))


def test_what_an_older_engine_saves_is_no_part_of_a_release(tmp_path: Path) -> None:
    old = archive(tmp_path, manifest_json="[]")
    with pytest.raises(release.NotBuilt, match="Docker 25"):
        release.require_layout(old)
    assert not old.exists()


def test_every_file_has_its_checksum_as_sha256sum_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "RELEASE", tmp_path)
    for name in ("b.whl", "a.tgz"):
        (tmp_path / name).write_text(name)
    digests = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("a.tgz", "b.whl")}
    text = release.checksums()
    assert text == "".join(f"{digest}  {name}\n" for name, digest in digests.items())
    assert (tmp_path / "SHA256SUMS").read_text() == text


@pytest.mark.parametrize("absent", release.PROGRAMS)
def test_a_program_that_is_not_there_is_one_line_before_anything_is_built(
    absent: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in release.PROGRAMS:
        (tmp_path / name).touch(mode=0o755)
    (tmp_path / absent).unlink()
    earlier = tmp_path / "release" / "of-an-earlier-build.whl"
    earlier.parent.mkdir()
    earlier.touch()
    monkeypatch.setattr(release, "RELEASE", earlier.parent)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["release.py", "--dirty"])
    assert release.main() == 1
    assert capsys.readouterr().err == f"not in PATH, and a release needs it: {absent}\n"
    assert earlier.exists()


def test_an_engine_that_builds_for_another_platform_has_built_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def build(name: str, _: list[str]) -> None:
        if name != "linux/amd64":
            raise release.NotBuilt("no emulator")

    monkeypatch.setattr(release, "build_image", build)
    assert release.build_images(release.PLATFORMS, []) == {"linux/arm64": "no emulator"}
