"""headstart on tests/projects/slow: three revisions, the second as slow as a test likes."""

from tests.harness.program import Run, run_headstart, start_headstart
from tests.harness.project import FOLDER
from tests.harness.result import Result

APPLIED = ["0001", "0002", "0003"]
"""Every revision of the project, in order."""
INI = str(FOLDER / "slow" / "alembic.ini")


def start(url: str, *argv: str, **environ: str) -> Run:
    """Start headstart on it; use it as a context, which ends it."""
    return start_headstart(*argv, env=given(url) | environ)


def run(url: str, *argv: str, **environ: str) -> Result:
    """Run headstart on it to its end."""
    return run_headstart(*argv, env=given(url) | environ)


def given(url: str) -> dict[str, str]:
    """Where the database and the project are."""
    return {"DATABASE_URL": url, "HEADSTART_ALEMBIC_INI": INI}
