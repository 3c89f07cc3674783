"""A Postgres in a namespace: the example's manifest, as it is."""

from dataclasses import dataclass
from typing import Any

from tests.cluster.kube import CommandFailed, Namespace, eventually
from tests.harness.environment import ROOT

MANIFEST = ROOT / "examples" / "kubernetes" / "postgres.yaml"
PASSWORD = "pa$%w@rd/:"
URL = "postgresql://minirag@postgres:5432/minirag"
SECRET: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "minirag-database"},
    "stringData": {"password": PASSWORD},
}


@dataclass(frozen=True)
class Postgres:
    """The database `minirag` of a Postgres in a namespace."""

    namespace: Namespace

    def query(self, sql: str) -> list[str]:
        """One line for each row, as psql prints them without alignment."""
        psql = ("psql", "--no-psqlrc", "--tuples-only", "--no-align", "--username=minirag")
        inside = ("exec", "deployment/postgres", "--")
        return self.namespace.kubectl(*inside, *psql, f"--command={sql}").splitlines()

    def version(self) -> list[str]:
        """The version rows; none where there is no such table."""
        if self.query("SELECT to_regclass('alembic_version') IS NULL") == ["t"]:
            return []
        return self.query("SELECT version_num FROM alembic_version")

    def lock_holders(self) -> list[str]:
        """The application_name of whoever holds an advisory lock, each once."""
        return self.query(
            "SELECT DISTINCT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE locktype = 'advisory' AND granted"
        )


def start_postgres(namespace: Namespace) -> Postgres:
    """Start it and wait until it answers to the password."""
    namespace.apply(MANIFEST.read_text())
    namespace.rolled_out("postgres")
    postgres = Postgres(namespace)

    def answers() -> bool:
        try:
            return postgres.query("SELECT 1") == ["1"]
        except CommandFailed:  # the temporary server of the first start has gone away
            return False

    eventually(answers, "an answer of Postgres")
    return postgres
