"""What `check --image` says of a project that a test has spoiled."""

import json
from typing import Any

from tests.harness.program import run_headstart
from tests.harness.project import ProjectCopy
from tests.harness.result import Result

CONTRACT = "headstart_phase = 'contract'"
LONG = "0004_add_a_display_name_to_the_accounts_table"


def checked(project: ProjectCopy, *argv: str, **environ: str) -> Result:
    """Check the image; there is no database, unless one is named."""
    return run_headstart(
        "check", "--image", *argv, env={"HEADSTART_ALEMBIC_INI": project.ini} | environ
    )


def problems(project: ProjectCopy, *argv: str, **environ: str) -> dict[str, str]:
    """Return what is wrong, with the cures; the exit code must be 24 then, else 0."""
    done = checked(project, "--output", "json", *argv, **environ)
    answer: dict[str, Any] = json.loads(done.stdout)
    every = answer["problems"]
    assert done.exit_code == (24 if every else 0), answer
    outcomes = {each["outcome"] for each in every}
    worst = "broken_history" if "broken_history" in outcomes else "stale_fingerprints"
    assert answer["outcome"] == (worst if every else "image_usable")
    told = {each["message"]: each["next_step"] for each in every}
    assert len(told) == len(every), "something is told twice"
    return told


def the_problem(project: ProjectCopy, *argv: str, **environ: str) -> tuple[str, str]:
    """Return the one thing that is wrong, and its cure: they are the verdict's own, too."""
    ((message, cure),) = problems(project, *argv, **environ).items()
    done = checked(project, *argv, **environ)
    assert done.stdout.splitlines()[0].endswith(f": {message}")
    assert done.stdout.splitlines()[-1] == f"next: {cure}"
    return message, cure
