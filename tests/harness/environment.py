"""Where a started process stands: the checkout, its programs, and the variables that it sees."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The repository."""
PROGRAMS = Path(sys.executable).parent
"""Where `alembic`, `headstart` and `uvicorn` are, of the environment that runs the tests."""
KEPT = ("HOME", "PATH", "TMPDIR")


def clean_environ(**more: str) -> dict[str, str]:
    """Return all that a started program sees: no PG*, no setting of ours gets in, unless given."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    path = os.pathsep.join([str(PROGRAMS), kept.get("PATH", os.defpath)])
    return {**kept, "PATH": path, "LC_ALL": "C.UTF-8", **more}
