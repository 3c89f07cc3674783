"""Somebody's own project: on the image as a base, and headstart in an image of their own."""

from pathlib import Path

import alembic

from tests.harness.environment import ROOT
from tests.image.jobs import run_job
from tests.servers.databases import Database

PROJECT = ROOT / "examples" / "own-project"
APPLIED = ["fb98fb6df3df", "46ffd3e92dd5"]


def test_the_env_of_the_example_is_that_of_alembics_async_template() -> None:
    template = Path(alembic.__file__).parent / "templates" / "async" / "env.py"
    assert (PROJECT / "alembic" / "env.py").read_text() == template.read_text()


def test_a_project_that_is_built_on_the_image_runs(
    own_project: str, url: str, database: Database
) -> None:
    ends = [run_job(own_project, environment={"DATABASE_URL": url}) for _ in range(2)]
    assert [end.outcome for end in ends] == ["upgraded", "nothing_to_do"]
    assert [step["revision"] for step in ends[0].verdict["applied"]] == APPLIED
    # it was not built from headstart's commit, and says none of its own
    assert "image_revision" not in ends[0].verdict
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    assert database.query(tables) == [("alembic_version",), ("books",)]


def test_headstart_runs_in_an_image_of_the_apps_own(
    app_image: str, url: str, database: Database
) -> None:
    """There it is a library that was installed, and a command."""
    environment = {"DATABASE_URL": url}
    before = run_job(app_image, "headstart", "check", environment=environment)
    ended = run_job(app_image, "headstart", "run", environment=environment)
    assert before.outcome == "not_ready"
    assert ended.outcome == "upgraded"
    assert database.query("SELECT count(*) FROM projects") == [(0,)]
