"""The pure core stays pure in a running interpreter, and the quick answers stay quick."""

import subprocess
import sys

PURE = (
    "advisory_lock", "arguments", "connect_failure", "database_source", "database_url", "deadline",
    "errors", "events", "identity", "plan", "redaction", "settings", "state", "termination",
    "verdict",
)  # fmt: skip
HEAVY = {"sqlalchemy", "alembic", "psycopg2", "structlog", "tenacity"}


def packages_loaded_with(*modules: str) -> set[str]:
    """The top-level packages in a fresh interpreter that imported these modules."""
    code = f"import sys; import {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_the_pure_core_loads_no_database_no_alembic_and_no_log() -> None:
    loaded = packages_loaded_with(*(f"headstart.{module}" for module in PURE))
    assert "headstart" in loaded
    assert loaded & HEAVY == set()
