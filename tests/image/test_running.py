"""The image alone, as `docker run` starts it: hardened, as any user, stopped and killed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.harness.environment import ROOT
from tests.harness.killed_runs import SLEEPERS
from tests.harness.program import until
from tests.image.conftest import BUILD_SECONDS
from tests.image.jobs import HARDENED, Job, job, run_job
from tests.servers.containers import docker
from tests.servers.databases import Database

MINIRAG = ["e4a9c8f3c28f", "05572d91c071", "152ce5a49348"]
VERSIONS = "/opt/minirag/alembic/versions"
LONG = "op.execute('SELECT pg_sleep(60)')"


def revision(folder: Path, body: str, identifier: str = "f00d", parent: str = MINIRAG[-1]) -> Path:
    """Write this repository's revisions and one more into a folder; it is to be mounted."""
    folder.mkdir(exist_ok=True)
    own = ROOT / "alembic" / "versions"
    for script in own.glob("*.py"):
        (folder / script.name).write_text(script.read_text())
    (folder / f"{identifier}.py").write_text(
        f"revision, down_revision = {identifier!r}, {parent!r}\n"
        f"from alembic import op\n\n\ndef upgrade():\n    {body}\n"
    )
    folder.chmod(0o755)
    return folder


@contextmanager
def long_statement(image: str, url: str, database: Database, versions: Path) -> Iterator[Job]:
    """A run that is in the middle of a statement of a minute."""
    options = [*HARDENED, f"--volume={versions}:{VERSIONS}:ro"]
    with job(image, options=options, environment={"DATABASE_URL": url}) as started:
        started.start()
        until(lambda: database.query(SLEEPERS) == [(1,)], "the long statement")
        yield started


def test_the_whole_job_runs_hardened_as_any_user_in_64_megabytes(image: str, url: str) -> None:
    options = [*HARDENED, "--memory=64m", "--memory-swap=64m"]
    ends = [run_job(image, options=options, environment={"DATABASE_URL": url}) for _ in range(2)]
    assert [end.outcome for end in ends] == ["upgraded", "nothing_to_do"]
    assert [step["revision"] for step in ends[0].verdict["applied"]] == MINIRAG


def test_it_runs_with_the_engines_defaults_too(image: str, url: str) -> None:
    assert run_job(image, options=(), environment={"DATABASE_URL": url}).outcome == "upgraded"


def test_the_command_headstart_is_the_entrypoint(image: str, url: str) -> None:
    """As in `command: [headstart, check]`, which replaces the ENTRYPOINT in Kubernetes."""
    options = [*HARDENED, "--entrypoint=headstart"]
    ended = run_job(image, "check", options=options, environment={"DATABASE_URL": url})
    assert ended.outcome == "not_ready"


def test_the_python_is_safe_and_honors_pythonpath(image: str, url: str, tmp_path: Path) -> None:
    """-P and -s, which a script can see; PYTHONPATH, which -E or -I would have ignored."""
    body = "import sys, lent; assert sys.flags.safe_path and sys.flags.no_user_site; lent.here()"
    versions = revision(tmp_path / "versions", body)
    (tmp_path / "lent.py").write_text("def here():\n    pass\n")
    tmp_path.chmod(0o755)
    options = [*HARDENED, f"--volume={versions}:{VERSIONS}:ro", f"--volume={tmp_path}:/lent:ro"]
    environment = {"DATABASE_URL": url, "PYTHONPATH": "/lent"}
    ended = run_job(image, options=options, environment=environment)
    assert ended.outcome == "upgraded", ended
    assert ended.verdict["to"] == ["f00d"]


def test_revisions_that_are_mounted_over_are_those_that_run(
    image: str, url: str, database: Database, tmp_path: Path
) -> None:
    versions = revision(tmp_path / "versions", "op.execute('CREATE TABLE mounted (id int)')")
    options = [*HARDENED, f"--volume={versions}:{VERSIONS}:ro"]
    ended = run_job(image, options=options, environment={"DATABASE_URL": url})
    assert ended.outcome == "upgraded"
    assert ended.verdict["to"] == ["f00d"]
    assert database.query("SELECT to_regclass('mounted') IS NOT NULL") == [(True,)]
    # the image without the mount now meets a database that is ahead of it, by a table of its own
    ahead = run_job(image, environment={"DATABASE_URL": url})
    assert (ahead.outcome, ahead.verdict["newer"][-1]) == ("ahead_compatible", "+ table mounted")


def test_an_empty_folder_mounted_over_the_revisions_is_refused(image: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    options = [*HARDENED, f"--volume={tmp_path}:{VERSIONS}:ro"]
    ended = run_job(image, options=options, environment={"DATABASE_URL": "postgresql://a@b/c"})
    assert ended.outcome == "broken_history"
    assert "there is no revision in" in ended.verdict["error"]["message"]


def test_a_folder_of_revisions_that_this_user_may_not_read_is_said_to_be_one(
    image: str, tmp_path: Path
) -> None:
    tmp_path.chmod(0o700)
    options = [*HARDENED, f"--volume={tmp_path}:{VERSIONS}:ro"]
    ended = run_job(image, options=options, environment={"DATABASE_URL": "postgresql://a@b/c"})
    assert ended.outcome == "broken_history"
    assert "cannot be read by user 12345" in ended.verdict["error"]["message"]


def test_the_images_own_project_runs_where_nobody_has_another(image: str, url: str) -> None:
    ended = run_job(image, environment={"DATABASE_URL": url})
    assert ended.verdict["alembic_ini"] == "/opt/minirag/alembic.ini"


NOT_OURS = {
    "a folder is mounted, and empty": ("--volume={empty}:/app:ro",),
    "a folder is mounted that this user may not read": ("--volume={closed}:/app:ro",),
    "a project is mounted, without its alembic.ini": ("--volume={part}:/app:ro",),
    "another one is named": ("--env=HEADSTART_ALEMBIC_INI=alembic.ini",),
    "the working directory is another": ("--workdir=/srv",),
}


@pytest.mark.parametrize("options", NOT_OURS.values(), ids=NOT_OURS)
def test_the_images_own_project_never_runs_in_place_of_somebodys(
    image: str, url: str, database: Database, tmp_path: Path, options: tuple[str, ...]
) -> None:
    folders = {name: tmp_path / name for name in ("empty", "closed", "part")}
    (folders["part"] / "alembic").mkdir(parents=True)
    folders["empty"].mkdir()
    folders["closed"].mkdir(mode=0o700)
    given = [option.format(**folders) for option in options]
    ended = run_job(image, options=[*HARDENED, *given], environment={"DATABASE_URL": url})
    assert ended.outcome == "invalid_settings"
    assert "alembic.ini" in ended.verdict["error"]["message"]
    assert database.query("SELECT to_regclass('projects')") == [(None,)]


def test_an_image_built_on_it_never_runs_the_images_own_project(
    image: str, url: str, database: Database, tmp_path: Path
) -> None:
    """Even where its maker put the project somewhere else, and said so to nobody."""
    (tmp_path / "Dockerfile").write_text(f"FROM {image}\nCOPY Dockerfile /srv/\n")
    docker("build", "--tag=headstart-tests/derived", str(tmp_path))
    ended = run_job("headstart-tests/derived", environment={"DATABASE_URL": url})
    docker("rmi", "headstart-tests/derived")
    assert ended.outcome == "invalid_settings"
    assert "/app/alembic.ini does not exist" in ended.verdict["error"]["message"]
    assert database.query("SELECT to_regclass('projects')") == [(None,)]


def test_a_library_that_is_too_old_is_named(own_project: str, url: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        f"FROM {own_project}\nUSER root\nRUN pip install 'alembic==1.14.*'\nUSER 65532\n"
    )
    docker("build", "--tag=headstart-tests/old", str(tmp_path), timeout_seconds=BUILD_SECONDS)
    ended = run_job("headstart-tests/old", environment={"DATABASE_URL": url})
    docker("rmi", "headstart-tests/old")
    assert ended.outcome == "invalid_settings"
    assert "alembic 1.14" in ended.verdict["error"]["message"]


def test_a_signal_that_comes_during_the_imports_is_not_lost(image: str, tmp_path: Path) -> None:
    """Process 1 has no default action: nothing would have happened, and the run gone on."""
    slow = tmp_path / "argparse.py"
    slow.write_text("import time\nprint('importing', flush=True)\ntime.sleep(60)\n")
    tmp_path.chmod(0o755)
    options = [*HARDENED, f"--volume={tmp_path}:/slow:ro", "--env=PYTHONPATH=/slow"]
    with job(image, options=options) as starting:
        starting.start()
        until(lambda: "importing" in starting.log(), "an import that takes a minute")
        docker("kill", "--signal=TERM", starting.identifier)
        assert starting.end().exit_code == 143


def test_docker_stop_ends_the_wait_at_once(image: str) -> None:
    """headstart is process 1, for which a signal without a handler does nothing."""
    environment = {"DATABASE_URL": "postgresql://a@no-such-host.invalid/c"}
    with job(image, environment=environment) as waiting:
        waiting.start()
        waiting.await_event("connection_failed")
        docker("stop", "--time=20", waiting.identifier)  # after that it would be 137
        ended = waiting.end()
    assert (ended.exit_code, ended.outcome) == (143, "sigterm")
    assert "run again" in ended.verdict["next_step"]


def test_docker_stop_in_a_long_statement_rolls_it_back(
    image: str, url: str, database: Database, tmp_path: Path
) -> None:
    versions = revision(tmp_path / "versions", LONG)
    with long_statement(image, url, database, versions) as running:
        docker("stop", "--time=20", running.identifier)
        ended = running.end()
    assert ended.exit_code == 143
    assert database.query(SLEEPERS) == [(0,)]
    assert ended.applied == MINIRAG
    assert database.query("SELECT version_num FROM alembic_version") == [(MINIRAG[-1],)]


def test_docker_stop_is_obeyed_though_the_server_does_not_answer(
    image: str, url: str, database: Database, tmp_path: Path
) -> None:
    versions = revision(tmp_path / "versions", LONG)
    with long_statement(image, url, database, versions) as running:
        docker("pause", database.container.identifier)
        try:
            docker("stop", "--time=20", running.identifier)
        finally:
            docker("unpause", database.container.identifier)
        ended = running.end()
    assert (ended.exit_code, ended.outcome) == (143, "sigterm")
    until(lambda: database.query(SLEEPERS) == [(0,)], "a server that has noticed")


def test_a_killed_container_that_is_started_again_goes_on(
    image: str, url: str, database: Database, tmp_path: Path
) -> None:
    versions = revision(tmp_path / "versions", LONG)
    with long_statement(image, url, database, versions) as killed:
        docker("kill", killed.identifier)
        assert killed.end().exit_code == 137
        revision(tmp_path / "versions", "op.execute('CREATE TABLE after_all (id int)')")
        killed.start()
        ended = killed.end()
    assert (ended.exit_code, ended.outcome) == (0, "upgraded")
    assert ended.applied == ["f00d"]
    assert database.query(SLEEPERS) == [(0,)]
