"""What the image weighs and what a start with it takes: layers, memory, time to a healthy app.

It needs a container engine and builds with it; the compose project and the containers that it
starts are its own and are removed. The figures of docs/image.md come from here.
"""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PROJECT = "headstart-bench"
PORT = "18080"
HARDENED = (
    "--rm", "--read-only", "--user=12345", "--cap-drop=ALL", "--security-opt=no-new-privileges",
)  # fmt: skip
MEASURED = """
import resource, subprocess, sys
command = ["/opt/headstart/bin/python", "-P", "-s", "/opt/minirag/entrypoint.py", *sys.argv[1:]]
done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Prints the largest resident set of the job, in KiB, libraries that others share included."""
STARTS = 3


def main() -> None:
    """Print a report in Markdown."""
    _docker("build", "--tag=headstart", ".")
    _print_layers()
    _print_starts()
    _print_memory()


def _print_layers() -> None:
    labels = _inspect("headstart")["Config"]["Labels"]
    base = labels["org.opencontainers.image.base.name"]
    ours, theirs = _inspect("headstart"), _inspect(base)
    print(f"Image: {_megabytes(ours['Size'])} MB, {_megabytes(ours['Size'] - theirs['Size'])} MB")
    print(f"of that on top of {base}.\n\n| MB | layer |\n|---|---|")
    inherited = len(_history(base))
    for size, made_by in _history("headstart")[:-inherited]:
        if size:
            print(f"| {_megabytes(size)} | `{made_by[:70]}` |")


def _print_starts() -> None:
    """From `up` to a healthy app: everything new; the images there; the database there too."""
    try:
        _compose("down", "--volumes")
        print("\n| from `docker compose up --wait` to a healthy app | seconds |\n|---|---|")
        cold = _seconds("build", "--no-cache") + _seconds("up", "--wait")
        print(f"| cold: nothing is built, the database is new | {cold:.1f} |")
        for situation, down in (
            ("the images are built, the database is new", ["down", "--volumes"]),
            ("warm: after `docker compose down`, volume kept", ["down"]),
        ):
            seconds = []
            for _ in range(STARTS):
                _compose(*down)
                seconds.append(_seconds("up", "--wait"))
            print(f"| {situation} | {', '.join(f'{each:.1f}' for each in sorted(seconds))} |")
    except BaseException:
        _compose("down", "--volumes")
        raise


def _print_memory() -> None:
    """The database of the stack is the one that the job runs on."""
    url = "postgresql://minirag:only-for-a-try@db:5432/memory"
    network = f"--network={PROJECT}_default"
    try:
        print("\n| peak memory (resident set) | MiB |\n|---|---|")
        _compose("exec", "-T", "db", "createdb", "--username=minirag", "memory")
        for what, verb in (("upgrade", "run"), ("nothing to do", "run"), ("check", "check")):
            peak = _docker(
                "run", *HARDENED, network, f"--env=DATABASE_URL={url}", "--entrypoint=python",
                "headstart", "-c", MEASURED, verb,
            )  # fmt: skip
            print(f"| {what} | {int(peak) / 1024:.0f} |")
    finally:
        _compose("down", "--volumes")


def _seconds(*arguments: str) -> float:
    started = time.monotonic()
    _compose(*arguments)
    return time.monotonic() - started


def _compose(*arguments: str) -> None:
    _docker("compose", f"--project-name={PROJECT}", *arguments)


def _docker(*arguments: str) -> str:
    done = subprocess.run(
        ["docker", *arguments],
        cwd=ROOT,
        env=os.environ | {"MINIRAG_PORT": PORT},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"docker {' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout.strip()


def _inspect(image: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_docker("image", "inspect", image))[0]
    return found


def _history(image: str) -> list[tuple[int, str]]:
    """Each step's size in bytes and what made it, the newest first."""
    shown = _docker("history", "--no-trunc", "--format={{json .}}", "--human=false", image)
    steps = [json.loads(line) for line in shown.splitlines()]
    return [(int(step["Size"]), step["CreatedBy"]) for step in steps]


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"


if __name__ == "__main__":
    main()
