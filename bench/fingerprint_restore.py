"""A schema read again after dump and restore must be the same, to the last line."""

import os
import subprocess

from headstart.dev.embedded import programs
from headstart.fingerprint.catalog.query import Reading
from headstart.postgres.catalog import Catalog
from headstart.postgres.connection import connect
from tests.harness.embedded import PostgresServer

TARGET = "restored"


def lines_of(server: PostgresServer, name: str, reading: Reading) -> frozenset[str]:
    """The normal form of a database."""
    with connect(server.parameters(dbname=name), "bench") as connection:
        return Catalog(connection).read(reading).lines


def difference_after_restore(server: PostgresServer, name: str, reading: Reading) -> list[str]:
    """Dump a database, restore it beside, and give the lines that differ, each with its sign."""
    server.execute(f"DROP DATABASE IF EXISTS {TARGET}")
    server.execute(f"CREATE DATABASE {TARGET} TEMPLATE template0")
    _program(server, "psql", "-Xq", "-v", "ON_ERROR_STOP=1", TARGET, given=_dump(server, name))
    before, after = (lines_of(server, each, reading) for each in (name, TARGET))
    return sorted([f"-{line}" for line in before - after] + [f"+{line}" for line in after - before])


def _dump(server: PostgresServer, name: str) -> str:
    return _program(server, "pg_dump", "--schema-only", "--no-owner", name)


def _program(server: PostgresServer, program: str, *arguments: str, given: str = "") -> str:
    done = subprocess.run(
        [programs(server.major) / program, *arguments],
        env={
            "PATH": os.environ["PATH"],
            "PGHOST": str(server.directory),
            "PGPORT": str(server.port),
            "PGUSER": "postgres",
        },
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{program} failed: {done.stderr}")
    return done.stdout
