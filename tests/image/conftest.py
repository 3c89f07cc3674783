"""The image, the app's image and the example's, built once; a Postgres beside them."""

from collections.abc import Iterator

import pytest

from tests.harness.environment import ROOT
from tests.harness.program import run_tool
from tests.image.settings_class import make_context
from tests.servers.containers import docker, remove_leftovers, require_engine
from tests.servers.databases import Database, official_server

BUILD_SECONDS = 900


@pytest.fixture(scope="session", autouse=True)
def engine(worker_id: str) -> None:
    """A container engine; without one these tests fail, for a skip would look like a success."""
    require_engine()
    if worker_id in ("master", "gw0"):  # each container can be removed by one process only
        remove_leftovers()


@pytest.fixture(scope="session")
def source_revision() -> str:
    """The commit that the image is built from."""
    done = run_tool("git", "rev-parse", "HEAD")
    assert done.exit_code == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="session")
def image(source_revision: str) -> str:
    """The image of this checkout."""
    argument = f"--build-arg=REVISION={source_revision}"
    docker("build", "--tag=headstart", argument, str(ROOT), timeout_seconds=BUILD_SECONDS)
    return "headstart"


@pytest.fixture(scope="session")
def app_image() -> str:
    """The example app's own image; headstart is installed in it."""
    file = ROOT / "examples" / "minirag-app" / "Dockerfile"
    docker("build", "--tag=minirag-app", f"--file={file}", str(ROOT), timeout_seconds=BUILD_SECONDS)
    return "minirag-app"


@pytest.fixture(scope="session")
def own_project(image: str) -> str:
    """The example of a project of somebody's own, built on the image from its own folder."""
    folder = ROOT / "examples" / "own-project"
    assert image == "headstart", "the example says FROM headstart"
    docker("build", "--tag=own-project", str(folder), timeout_seconds=BUILD_SECONDS)
    return "own-project"


@pytest.fixture(scope="session")
def tenants_image(image: str) -> str:
    """The example of a schema for each tenant, built on the image from its own folder."""
    folder = ROOT / "examples" / "tenants"
    assert image == "headstart", "the example says FROM headstart"
    docker("build", "--tag=headstart-tenants", str(folder), timeout_seconds=BUILD_SECONDS)
    return "headstart-tenants"


@pytest.fixture(scope="session")
def settings_class(image: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An app on the image whose env.py has its URL from a settings class."""
    folder = make_context(tmp_path_factory.mktemp("settings_class") / "context")
    tag, base = "headstart-tests/settings-class", f"--build-arg=BASE={image}"
    docker("build", f"--tag={tag}", base, str(folder), timeout_seconds=BUILD_SECONDS)
    return tag


@pytest.fixture(scope="session")
def browser() -> str:
    """Chromium; the first time on a machine it is downloaded."""
    folder = ROOT / "tests" / "image" / "browser"
    docker("build", "--tag=headstart-tests/browser", str(folder), timeout_seconds=BUILD_SECONDS)
    return "headstart-tests/browser"


@pytest.fixture(scope="session")
def server() -> Iterator[Database]:
    """A PostgreSQL 16 of the official image, as compose.yaml has it."""
    with official_server(16) as started:
        yield started


@pytest.fixture
def database(server: Database) -> Database:
    """An empty database on it."""
    return server.create()


@pytest.fixture
def url(database: Database) -> str:
    """Its URL as other containers have it, and as an async app writes it."""
    host = database.container.address
    return f"postgresql+asyncpg://app:s3cret@{host}:5432/{database.name}"
