"""The unit tests and a run with the embedded Postgres, under each Python that headstart supports.

    $ python docs/pythons.py [VERSION ...]

An interpreter is one of PYTHONS (paths, separated by blanks), of PATH, of pyenv, or of uv, whatever
is found first. Nothing is downloaded but packages: a version that is not there is named, and left
out.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
FOLDER = ROOT / "build" / "pythons"
UV = str(Path(sys.executable).with_name("uv"))
PROCESSES = os.environ.get("TEST_PROCESSES", "3")


def main(*asked: str) -> int:
    """Try each version; 1 where one failed, or none was found."""
    ends = {version: attempt(version) for version in asked or VERSIONS}
    for version, end in ends.items():
        print(f"Python {version}: {end}")
    tried = [end for end in ends.values() if end != NOT_FOUND]
    return 0 if tried and all(end.startswith("passed") for end in tried) else 1


NOT_FOUND = "not found, and not tried"


def attempt(version: str) -> str:
    """How it went under one version."""
    interpreter = next(found(version), None)
    if interpreter is None:
        return NOT_FOUND
    began = time.monotonic()
    for what, command, environ in steps(version, interpreter):
        print(f"-- {version}, {what}", flush=True)
        if subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode:
            return f"FAILED: {what} ({interpreter})"
    return f"passed in {time.monotonic() - began:.0f} s ({full_version(interpreter)})"


def found(version: str) -> Iterator[str]:
    """The interpreters of a version, the first choice first."""
    given = os.environ.get("PYTHONS", "").split()
    folders = [Path(each) for each in os.environ.get("PATH", "").split(os.pathsep)]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    folders += [each / "bin" for each in sorted(pyenv.glob(f"{version}.*"), reverse=True)]
    candidates = [*given, *(str(each / f"python{version}") for each in folders)]
    told = (UV, "python", "find", "--no-python-downloads", version)
    by_uv = subprocess.run(told, capture_output=True, text=True, check=False).stdout.strip()
    for each in (*candidates, by_uv):
        if each and full_version(each).startswith(f"{version}."):
            yield each


def full_version(interpreter: str) -> str:
    """Its version; nothing where it does not start, as a shim of pyenv for another one."""
    code = "import platform; print(platform.python_version())"
    try:
        done = subprocess.run(
            (interpreter, "-c", code), capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip()


def steps(
    version: str, interpreter: str
) -> Iterator[tuple[str, tuple[str, ...], Mapping[str, str]]]:
    """What is done, by which command, in which environment."""
    place = FOLDER / version
    python = str(place / "bin" / "python")
    tools = {**os.environ, "VIRTUAL_ENV": str(place)}
    requirements = ("--require-hashes", "--only-binary=:all:", "-r", "requirements-dev.txt")
    pip = (UV, "pip", "install", "--quiet", f"--python={python}")
    venv = (UV, "venv", "--quiet", "--clear", f"--python={interpreter}", str(place))
    yield "environment", venv, tools
    yield "packages", (*pip, "--no-deps", *requirements), tools
    yield "headstart", (*pip, "--no-deps", "--no-build-isolation", "-e", "."), tools
    pytest = ("-m", "pytest", "-q", f"--numprocesses={PROCESSES}", "--dist=worksteal")
    yield "unit tests", (python, *pytest, "tests/unit"), tools
    names = {
        "HEADSTART_EMBEDDED": "1",
        "HEADSTART_EMBEDDED_DIR": str(place / "database"),
        "HEADSTART_ALEMBIC_INI": str(ROOT / "alembic.ini"),
    }
    others = ("DATABASE_URL", "HEADSTART_", "PG", "OTEL_")
    kept = {name: value for name, value in tools.items() if not name.startswith(others)}
    for verb in ("run", "run", "check"):
        yield f"headstart {verb}", (python, "entrypoint.py", verb), kept | names


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
