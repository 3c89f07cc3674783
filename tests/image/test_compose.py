"""compose.yaml as it is: one command, and an app that starts after the job has succeeded."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.stack import Stack, stack
from tests.servers.containers import docker

TEXT = b"A trigram is three characters. <script>document.title = 'broken'</script> "
BOUNDARY = b"7a1e"
SHORT = 100

pytestmark = pytest.mark.usefixtures("image", "app_image")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Stack]:
    """A stack that is up."""
    with stack(tmp_path) as started:
        up = started.up()
        assert up.exit_code == 0, up.stdout
        yield started


def upload(stack: Stack, project: int) -> int:
    """Upload a text and cut it; the asset's id."""
    part = b'Content-Disposition: form-data; name="file"; filename="notes.txt"\r\n'
    body = b"--%b\r\n%bContent-Type: text/plain\r\n\r\n%b\r\n--%b--\r\n"
    body %= BOUNDARY, part, TEXT * 20, BOUNDARY
    kind = f"multipart/form-data; boundary={BOUNDARY.decode()}"
    asset: int = stack.post(f"/projects/{project}/assets", body, kind)["asset_id"]
    stack.post(f"/projects/{project}/assets/{asset}/chunks?size={SHORT}&overlap=0")
    return asset


def fill(stack: Stack) -> int:
    """Make a project with an asset that is cut; the project's id."""
    project: int = stack.post("/projects")["project_id"]
    upload(stack, project)
    return project


def hits(stack: Stack, project: int) -> list[object]:
    found: list[object] = stack.get(f"/projects/{project}/search?q=trigram")["hits"]
    return found


def test_the_app_starts_after_the_job_and_answers_through_asyncpg(made: Stack) -> None:
    verdict = made.verdict()
    project = fill(made)
    app, job = (made.container(service).identifier for service in ("app", "headstart"))
    finished = docker("inspect", "--format={{.State.FinishedAt}}", job)
    started = docker("inspect", "--format={{.State.StartedAt}}", app)
    assert (verdict["outcome"], verdict["exit_code"]) == ("upgraded", 0)
    assert finished < started
    assert hits(made, project)
    assert made.get("/health/ready")["revisions"] == verdict["to"]
    # the app imports no other driver for this: see its settings
    assert made.psql("SELECT count(*) FROM chunks") != "0"


def test_it_comes_up_again_and_keeps_the_data(made: Stack) -> None:
    """The second time, and after `down` with the volume kept, with tables of the app's own."""
    project = fill(made)
    again = made.up()
    made.must("down")
    after_down = made.up()
    assert (again.exit_code, after_down.exit_code) == (0, 0), again.stdout + after_down.stdout
    assert made.verdict()["outcome"] == "nothing_to_do"
    assert hits(made, project)
    assert made.psql(f"SELECT to_regclass('collection_{project}') IS NOT NULL") == "t"


def test_through_pgbouncer_with_a_password_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("""it's "50%" $HOME \\n\n""")
    environ = {"POSTGRES_PASSWORD_FILE": str(tmp_path / "password"), "PGHOST": "pgbouncer"}
    with stack(tmp_path, COMPOSE_PROFILES="pgbouncer", **environ) as made:
        up = made.up()
        assert up.exit_code == 0, up.stdout
        assert made.verdict()["database"]["host"] == "pgbouncer"
        assert hits(made, fill(made))
        pool = made.container("pgbouncer").identifier
        form = "--format={{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        address = docker("inspect", form, pool)
        clients = made.psql(
            "SELECT DISTINCT client_addr FROM pg_stat_activity WHERE client_addr IS NOT NULL"
        )
    assert clients == address


def test_the_page_shows_projects_assets_chunks_and_the_revision(
    made: Stack, browser: str, tmp_path: Path
) -> None:
    """In a real browser, in which a script that somebody uploaded does not run."""
    project = fill(made)
    app = made.container("app").identifier
    form = "--format={{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    # by address: browsers take every host in the top-level domain .app for an HTTPS one
    url = f"http://{docker('inspect', form, app)}:8000/?project={project}&q=trigram"
    network = f"--network={made.name}_default"
    shown = docker("run", "--rm", network, browser, "--virtual-time-budget=3000", "--dump-dom", url)
    assert "<title>minirag</title>" in shown
    assert f"Project {project}" in shown
    assert "notes.txt" in shown
    assert "A <mark>trigram</mark> is three characters" in shown
    assert made.verdict()["to"][0] in shown
    assert "&lt;script&gt;" in shown
    picture = docker(
        "create", network, browser, "--window-size=1000,700", "--screenshot=/tmp/page.png", url
    )
    docker("start", "--attach", picture)
    docker("cp", f"{picture}:/tmp/page.png", str(tmp_path))
    docker("rm", picture)
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
