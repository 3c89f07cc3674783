"""Build all that a release consists of, in build/release; docs/releasing.md says how it goes on.

    $ python docs/release.py [--dirty] [--platform linux/amd64 ...]

Wheel and sdist, an OCI archive for each platform that the container engine can build for, the
chart, the bill of materials, and the checksums of all of them. Nothing is published.
"""

import argparse
import hashlib
import json
import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from headstart import __version__

ROOT = Path(__file__).resolve().parents[1]
RELEASE = ROOT / "build" / "release"
REPOSITORY = "registry.example.com/headstart"
"""A placeholder: whoever publishes an image gives it a name of theirs."""
PROGRAMS = ("git", "docker", "helm")
PLATFORMS = ("linux/amd64", "linux/arm64")
_ENGINE = {"x86_64": "linux/amd64", "aarch64": "linux/arm64", "arm64": "linux/arm64"}


class NotBuilt(Exception):
    """The engine cannot build this; the message is its last line."""


def main() -> int:
    """Build it all; 1 where something is missing that has to be there."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--dirty", action="store_true", help="release what is not committed, too")
    parser.add_argument("--platform", action="append", help="of the images; may be repeated")
    parser.add_argument("--base", help="the base of the image, best with its digest")
    asked = parser.parse_args()
    if absent := absent_programs():
        print(f"not in PATH, and a release needs it: {', '.join(absent)}", file=sys.stderr)
        return 1
    revision = run("git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty")
    if revision.endswith("-dirty") and not asked.dirty:
        print("there are changes that are not committed: commit them, or --dirty", file=sys.stderr)
        return 1
    shutil.rmtree(RELEASE, ignore_errors=True)
    RELEASE.mkdir(parents=True)
    build_packages()
    told = [f"VERSION={__version__}", f"REVISION={revision}"]
    told += [f"BASE={asked.base}"] if asked.base else []
    missing = build_images(tuple(asked.platform or PLATFORMS), told)
    run("helm", "package", "k8s/chart", f"--destination={RELEASE}")
    bill = run(sys.executable, "docs/sbom.py")
    (RELEASE / f"headstart-{__version__}.cdx.json").write_text(f"{bill}\n", encoding="utf-8")
    print(checksums(), end="")
    for name, cause in missing.items():
        print(f"no image for {name}: {cause}", file=sys.stderr)
    native = _ENGINE.get(platform.machine())
    return 1 if missing.keys() & {*(asked.platform or ()), native} else 0


def absent_programs() -> list[str]:
    """Those of the needed programs that nobody has installed."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


def run(*command: str) -> str:
    """What a program prints; its failure is ours."""
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def build_packages() -> None:
    """Build the sdist, and the wheel from the sdist, so that nothing can be missing in there."""
    shutil.rmtree(ROOT / "build" / "lib", ignore_errors=True)  # of an earlier build
    uv = str(Path(sys.executable).with_name("uv"))
    where = (f"--out-dir={RELEASE}", f"--python={sys.executable}")
    run(uv, "build", "--quiet", "--no-build-isolation", "--offline", *where)
    (RELEASE / ".gitignore").unlink(missing_ok=True)


def build_images(platforms: tuple[str, ...], told: list[str]) -> dict[str, str]:
    """Build an archive for each platform; gives those for which there is none, and why."""
    missing = {}
    for name in platforms:
        try:
            build_image(name, told)
        except NotBuilt as error:
            missing[name] = str(error)
    return missing


def build_image(name: str, told: list[str]) -> None:
    """Build and save the image for one platform. Raises NotBuilt."""
    architecture = name.partition("/")[2]
    tag = f"{REPOSITORY}:{__version__}-{architecture}"
    arguments = [f"--build-arg={each}" for each in told]
    command = ["docker", "build", f"--platform={name}", f"--tag={tag}", *arguments, "."]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotBuilt((done.stderr.strip().splitlines() or ["docker build failed"])[-1])
    made = run("docker", "image", "inspect", "--format={{.Os}}/{{.Architecture}}", tag)
    if made != name:
        raise NotBuilt(f"the engine has built one for {made}")
    archive = RELEASE / f"headstart-{__version__}-{name.replace('/', '-')}.oci.tar"
    run("docker", "save", f"--output={archive}", tag)
    archive.chmod(0o644)  # docker writes it for its user alone
    require_layout(archive)


def require_layout(archive: Path) -> None:
    """An OCI image layout, as `docker save` has written it since Docker 25. Raises NotBuilt."""
    with tarfile.open(archive) as layout:
        if not {"oci-layout", "index.json"} <= set(layout.getnames()):
            archive.unlink()
            raise NotBuilt("docker save wrote no OCI layout: Docker 25 or newer is needed")
        index = layout.extractfile("index.json")
        assert index is not None
        assert len(json.load(index)["manifests"]) == 1


def checksums() -> str:
    """Write SHA256SUMS; gives its text. `sha256sum --check SHA256SUMS` compares."""
    text = "".join(
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"
        for file in sorted(RELEASE.iterdir())
    )
    (RELEASE / "SHA256SUMS").write_text(text, encoding="utf-8")
    return text


if __name__ == "__main__":
    sys.exit(main())
