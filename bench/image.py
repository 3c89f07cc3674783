"""What the image weighs, what a start with it takes, and what its jobs cost, gate and all.

It needs a container engine and builds with it; the compose project and the containers that it
starts are its own and are removed. The figures of docs/image.md come from here.
"""

import json
import os
import statistics
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
import os, sys, time
command = ["/opt/headstart/bin/python", "-P", "-s", "/opt/minirag/entrypoint.py", *sys.argv[1:]]
began = time.monotonic()
child = os.posix_spawn(command[0], command, os.environ)
_, status, used = os.wait4(child, 0)
print(used.ru_maxrss, used.ru_utime + used.ru_stime, time.monotonic() - began)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Prints the largest resident set of the job, in KiB, shared libraries included, and its seconds
of CPU and of the wall clock; started by a small process, whose memory it does not inherit."""
STARTS, JOBS = 3, 7


def main() -> None:
    """Print a report in Markdown."""
    _docker("build", "--tag=headstart", ".")
    _print_layers()
    _print_starts()
    _print_jobs()


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


def _print_jobs() -> None:
    """The database of the stack is the one that the job runs on."""
    try:
        print("\n| job in a container | peak MiB | CPU ms | wall ms | `docker run`, ms |")
        print("|---|---|---|---|---|")
        _compose("exec", "-T", "db", "createdb", "--username=minirag", "jobs")
        off = "--env=HEADSTART_GATE=off"
        print(_row("upgrade", [_job("run")]))
        _job("run")  # leaves the proof mark
        for what, arguments in (
            ("nothing to do, the whole way", ("run", off)),
            ("nothing to do, by the gate", ("run",)),
            ("check, the whole way", ("check", off)),
            ("check, by the gate", ("check",)),
        ):
            print(_row(what, [_job(*arguments) for _ in range(JOBS)]))
    finally:
        _compose("down", "--volumes")


def _job(verb: str, *options: str) -> tuple[float, ...]:
    """MiB, milliseconds of CPU and wall in the container, and of `docker run` itself."""
    url = "postgresql://minirag:only-for-a-try@db:5432/jobs"
    began = time.monotonic()
    said = _docker(
        "run", *HARDENED, f"--network={PROJECT}_default", f"--env=DATABASE_URL={url}", *options,
        "--entrypoint=python", "headstart", "-I", "-S", "-c", MEASURED, verb,
    )  # fmt: skip
    peak, cpu, wall = map(float, said.splitlines()[-1].split())
    return peak / 1024, cpu * 1000, wall * 1000, (time.monotonic() - began) * 1000


def _row(what: str, jobs: list[tuple[float, ...]]) -> str:
    figures = (f"{statistics.median(each):.0f}" for each in zip(*jobs, strict=True))
    return f"| {what} | {' | '.join(figures)} |"


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
