"""Keep the embedded Postgres up for other programs: `make db` and `make db-stop`.

A process in the background is one more of its users, until somebody stops it: psql, the alembic
command and an app can connect meanwhile. It must not be imported where the image runs.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from headstart.dev.embedded import start_embedded
from headstart.settings.driver_url import built_url
from headstart.settings.read import readable_settings
from headstart.verdict.errors import InvalidSettings

USAGE = "usage: python -m headstart.dev.keeper start|stop [DIRECTORY]"
STOP_SECONDS = 60
_KEEPER = "keeper"
"""The file that the keeper holds locked, with its process id in it."""
_LOG = "keeper.log"


def start(directory: str) -> str:
    """Start the keeper, where there is none, and give the URL of its server."""
    if _pid(directory) is not None:
        return _url(directory)
    command = [sys.executable, "-m", "headstart.dev.keeper", "keep", directory]
    Path(directory).mkdir(parents=True, exist_ok=True)
    log = Path(directory) / _LOG
    with log.open("w") as said:  # whoever reads our stderr must not wait for the keeper's end
        # a session of its own: a Ctrl-C in the terminal is not for it
        keeper = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            start_new_session=True,
        )
    assert keeper.stdout is not None  # it is a pipe
    url = keeper.stdout.readline().strip()
    if not url:
        *_, last = ["", *log.read_text(encoding="utf-8", errors="replace").splitlines()]
        raise InvalidSettings(f"the embedded Postgres did not start: {last or directory} ({log})")
    return url


def keep(directory: str) -> None:
    """Be a user of the server until a signal ends this process."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: sys.exit(0))
    Path(directory).mkdir(parents=True, exist_ok=True)
    with (Path(directory) / _KEEPER).open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        print(_url(directory), flush=True)  # noqa: T201  its answer
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        while True:
            signal.pause()


def stop(directory: str) -> bool:
    """End the keeper, and with it the server where nobody else uses that; whether there was one."""
    pid = _pid(directory)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + STOP_SECONDS
    with suppress(ProcessLookupError):
        while time.monotonic() < until:
            os.kill(pid, 0)
            time.sleep(0.05)
        raise InvalidSettings(f"process {pid} keeps the server in {directory}, and does not end")
    return True


def _pid(directory: str) -> int | None:
    """The process id of the keeper; None where there is none."""
    with suppress(FileNotFoundError), (Path(directory) / _KEEPER).open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(file.read())
    return None


def _url(directory: str) -> str:
    return built_url(start_embedded(directory))


def _here(program: str) -> str:
    """A program of this environment, as it can be typed."""
    path = Path(sys.executable).parent / program
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def main(arguments: Sequence[str]) -> None:
    """Do what the command line says."""
    match [*arguments, readable_settings({}, os.environ).embedded_dir][:2]:
        case ["start", directory]:
            url = start(directory)
            print(f"DATABASE_URL='{url}'")  # noqa: T201
            print(f"export it, or: psql '{url}'. make db-stop ends the server", file=sys.stderr)  # noqa: T201
            then = f"then: {_here('python')} -m headstart plan, or {_here('alembic')} current"
            print(then, file=sys.stderr)  # noqa: T201
        case ["stop", directory]:
            was_there = stop(directory)
            print("stopped" if was_there else "it was not running", file=sys.stderr)  # noqa: T201
        case ["keep", directory]:
            keep(directory)
        case _:
            raise InvalidSettings(USAGE)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except InvalidSettings as error:
        sys.exit(str(error))
