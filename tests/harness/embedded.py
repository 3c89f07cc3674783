"""A real Postgres of a test's own, run from the wheel's binaries with full control.

It must not know what is tested; for what every server has, see server.py.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

from headstart.dev.embedded import programs, server_account
from tests.harness.environment import clean_environ
from tests.harness.server import Server, free_port

PASSWORD = "t0p$ecret%@/:"
"""The superuser's; it holds what an URL or an ini file could trip over."""
START_SECONDS = 60
CONF = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{directory}'
password_encryption = 'scram-sha-256'
fsync = off
full_page_writes = off
scram_iterations = {scram_iterations}
min_wal_size = 32MB
max_wal_size = 128MB
"""
HBA = """
local all all trust
local replication all trust
host all all 127.0.0.1/32 scram-sha-256
"""
STOP_AND_REMOVE = """
read -r never_given
"$0" -D "$1/data" stop -m immediate -w
exec rm -rf "$1"
"""
"""Waits until its input ends: at `remove`, or with the process that holds the pipe to it."""
SCRAM_ITERATIONS = 4096
"""PostgreSQL's default, for what is measured."""
_IN_MEMORY, _ROOM_BYTES = "/dev/shm", 6 << 30
StopMode = Literal["smart", "fast", "immediate"]


def _folder() -> str:
    """Where the files of a server go: in memory where there is room, which halves their CPU.

    Both names are short, since a socket's path has at most 107 characters.
    """
    if os.access(_IN_MEMORY, os.W_OK) and shutil.disk_usage(_IN_MEMORY).free > _ROOM_BYTES:
        return _IN_MEMORY
    return "/tmp"


class PostgresServer(Server):
    """A server of one's own, on a free TCP port and a Unix socket, stopped and removed at the end.

    A shell that outlives the tests does the last: also where they are killed nothing is left.
    `conf` and `hba` are lines that go before ours; with a primary it is a replica of that.
    `scram_iterations` is what a login costs: 5 ms of the client's CPU with SCRAM_ITERATIONS, the
    server's default, and a tenth of that here, where thousands of tests log in.
    """

    def __init__(
        self,
        major: int = 16,
        *,
        conf: Sequence[str] = (),
        hba: Sequence[str] = (),
        primary: "PostgresServer | None" = None,
        scram_iterations: int = 1,
    ) -> None:
        self.major, self._scram_iterations = major, scram_iterations
        if major >= 15:  # through the log costs three times the CPU; no disk is waited for here
            self.copying = " STRATEGY FILE_COPY"
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="headstart-pg-", dir=_folder()))
        self.data = self.directory / "data"
        self.log = self.directory / "log"
        self._account = server_account()
        self._running = False
        if self._account is not None:
            shutil.chown(self.directory, self._account)
        self._undertaker = self._start_undertaker()
        super().__init__(
            {
                "host": "127.0.0.1",
                "port": str(self.port),
                "user": "postgres",
                "password": PASSWORD,
                "dbname": "postgres",
            }
        )
        try:
            self._create(primary)
            self._configure(conf, hba)
        except BaseException:
            self.remove()
            raise

    @property
    def socket(self) -> dict[str, str]:
        """The parameters of the Unix socket, where nobody asks for a password."""
        return self.parameters(host=str(self.directory), password="")

    def start(self, *, wait: bool = True) -> None:
        """Start, and wait until it accepts connections."""
        self._running = True
        self._pg_ctl("start", "-l", str(self.log), "-w" if wait else "-W")

    def stop(self, mode: StopMode = "fast", *, wait: bool = True) -> None:
        """Stop where it runs; without `wait` it may go on until its last client leaves."""
        if self._running:
            self._pg_ctl("stop", "-m", mode, "-w" if wait else "-W")
            self._running = not wait

    def restart(self, mode: StopMode = "fast") -> None:
        """Stop and start on the same port."""
        self.stop(mode)
        self.start()

    def promote(self) -> None:
        """Make a replica a primary."""
        self._pg_ctl("promote", "-w")

    def replica(self, *, conf: Sequence[str] = (), hba: Sequence[str] = ()) -> "PostgresServer":
        """Make a streaming replica, not started."""
        return PostgresServer(self.major, conf=conf, hba=hba, primary=self)

    def remove(self) -> None:
        """Stop at once, whatever state it is in, and remove its files."""
        self._undertaker.communicate(timeout=2 * START_SECONDS)
        assert not self.directory.exists(), f"{self.directory} is not removed"

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def _start_undertaker(self) -> "subprocess.Popen[bytes]":
        """In a session of its own, where Ctrl-C does not reach it."""
        pg_ctl = str(programs(self.major) / "pg_ctl")
        return subprocess.Popen(
            ["/bin/sh", "-c", STOP_AND_REMOVE, pg_ctl, str(self.directory)],
            cwd="/",
            stdin=subprocess.PIPE,
            start_new_session=True,
            **self._as_account(),
        )

    def _create(self, primary: "PostgresServer | None") -> None:
        self.directory.chmod(0o755)
        if primary is None:
            self._initdb()
        else:
            source = f"host={primary.directory} port={primary.port} user=postgres"
            self._program("pg_basebackup", "-R", "-c", "fast", "-d", source, "-D", str(self.data))

    def _initdb(self) -> None:
        secret = self.directory / "password"
        secret.write_text(PASSWORD)
        self._program(
            "initdb",
            "--no-sync",
            "--username=postgres",
            f"--pwfile={secret}",
            "-c",
            f"scram_iterations={self._scram_iterations}",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--auth=scram-sha-256",
            f"--pgdata={self.data}",
        )
        with (self.data / "postgresql.conf").open("a") as file:
            file.write("include 'test.conf'\n")

    def _configure(self, conf: Sequence[str], hba: Sequence[str]) -> None:
        ours = CONF.format(
            port=self.port,
            directory=self.directory,
            scram_iterations=self._scram_iterations,
        )
        (self.data / "test.conf").write_text(ours + "\n".join(conf) + "\n")
        (self.data / "pg_hba.conf").write_text("\n".join(hba) + HBA)
        (self.data / "test.conf").chmod(0o644)

    def _pg_ctl(self, *arguments: str) -> None:
        self._program("pg_ctl", "-D", str(self.data), "-t", str(START_SECONDS), *arguments)

    def _program(self, name: str, *arguments: str) -> None:
        code = self._call(name, *arguments)
        if code != 0:
            told = self.log.read_text() if self.log.exists() else "no server log"
            raise RuntimeError(f"{name} {' '.join(arguments)} ended with {code}\n{told}")

    def _call(self, name: str, *arguments: str) -> int:
        """Run one of the wheel's programs; what it prints is lost, lest it keep a pipe open."""
        return subprocess.run(
            [programs(self.major) / name, *arguments],
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            timeout=2 * START_SECONDS,
            check=False,
            **self._as_account(),
        ).returncode

    def _as_account(self) -> dict[str, Any]:
        """How each process is started: as an account that Postgres accepts, and silent."""
        return {
            "env": clean_environ(),
            "user": self._account,
            "group": self._account,
            "extra_groups": None if self._account is None else [],
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
        }
