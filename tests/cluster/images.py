"""The images of the tests: this checkout's, and releases of a small project that are built on it.

The cluster has to be able to start them. HEADSTART_TEST_PUBLISH is the command that brings an
image there, and gets its name as last argument, such as `kind load docker-image`, `minikube image
load` or `docker push`; HEADSTART_TEST_REPOSITORY begins their names where that is a registry
(registry.example.com/team/).
"""

import os
import shlex
from pathlib import Path
from tempfile import TemporaryDirectory

from tenacity import retry, stop_after_attempt, wait_fixed

from headstart import __version__
from tests.cluster.kube import command
from tests.harness.embedded import PostgresServer
from tests.harness.environment import ROOT
from tests.harness.project import ProjectCopy, copy_plain
from tests.harness.server import empty_database
from tests.image.settings_class import make_context
from tests.integration.fingerprinting import Fingerprinter
from tests.integration.fleets import CHOOSES_SCHEMA

BUILD_SECONDS = 900
PUBLISH_ATTEMPTS = 5
"""Registries hiccup, and so do loaders."""
PREFIX = os.environ.get("HEADSTART_TEST_REPOSITORY", "")
HEADSTART = f"{PREFIX}headstart:{__version__}"
APP = f"{PREFIX}minirag-app:{__version__}"
POSTGRES = "postgres:16"
PGBOUNCER = os.environ.get("HEADSTART_TEST_PGBOUNCER_IMAGE", "edoburu/pgbouncer")
PROJECT = f"{PREFIX}headstart-test"
"""A project of somebody's own; its tags are the releases below."""

SETTINGS_CLASS = "settings-class"
"""One of them is no release of the small project, but an app of another shape."""

TENANTS = "tenants"
"""One of them has an env.py that takes -x tenant=NAME."""
HELD = "op.execute(\"SELECT pg_sleep(10) WHERE current_schema() LIKE '%held'\")\n"
"""What it does with a tenant whose name ends so."""

WAITING = ["python", "-c", "import signal; signal.sigwait([signal.SIGTERM])"]
"""The command of an app that only waits for its end, in the image of a release."""

NOTE = {"0004": "op.add_column('invoices', sa.Column('note', sa.Text))"}
TOTAL = {"0005": "op.add_column('invoices', sa.Column('total', sa.Numeric))"}
RELEASES: dict[str, dict[str, str]] = {
    "one": {},
    "bare": {},
    "two": NOTE,
    "broken": NOTE | {"0005": "op.execute('SELECT 1 / 0')"},
    "repaired": NOTE | TOTAL,
    "renamed": NOTE | {"0005": "op.alter_column('accounts', 'name', new_column_name='title')"},
    "phased": NOTE | TOTAL | {"0006": "op.drop_column('invoices', 'note')"},
    TENANTS: {"0004": HELD + NOTE["0004"]},
    "slow": {"0004": "op.execute('CREATE TABLE slow (id int)')\nop.execute('SELECT pg_sleep(8)')"},
    "endless": {"0004": "op.execute('SELECT pg_sleep(600)')"},
}
"""The revisions of each release beside 0001, 0002 and 0003 of tests/projects/plain."""
PROVING = {"one", "two", "repaired", "phased", TENANTS}
"""The releases that have fingerprints."""
CONTRACT = "0006"
"""A revision of the phase contract."""


def build_and_publish() -> None:
    """Build every image and bring it to the cluster; what has not changed takes no time."""
    build(HEADSTART, str(ROOT))
    build(APP, str(ROOT), f"--file={ROOT / 'examples' / 'minirag-app' / 'Dockerfile'}")
    with TemporaryDirectory() as folder, PostgresServer() as server:
        for release, revisions in RELEASES.items():
            project = write_release(revisions, Path(folder) / release)
            if release == TENANTS:
                project.edit_env(*CHOOSES_SCHEMA)
            if release in PROVING:
                with empty_database(server) as scratch:
                    Fingerprinter(project, scratch).build(HEADSTART_X="tenant=public")
            build(release_image(release), str(project.path))
        context = make_context(Path(folder) / SETTINGS_CLASS)
        build(release_image(SETTINGS_CLASS), str(context), f"--build-arg=BASE={HEADSTART}")
    for image in (HEADSTART, APP, *map(release_image, (*RELEASES, SETTINGS_CLASS))):
        publish(image)
    if not PREFIX:  # no registry: the cluster may not reach the public one either
        publish(POSTGRES)
        publish(PGBOUNCER)


def build(image: str, context: str, *options: str) -> None:
    """Build one image."""
    command("docker", "build", f"--tag={image}", *options, context, timeout_seconds=BUILD_SECONDS)


def write_release(revisions: dict[str, str], folder: Path) -> ProjectCopy:
    """Write one release of the project, to be built on the image."""
    project = copy_plain(folder)
    parent = "0003"
    for revision, body in revisions.items():
        top = 'headstart_phase = "contract"' if revision == CONTRACT else ""
        project.add(revision, parent, body, top=top)
        parent = revision
    ini = Path(project.ini)
    lines = ini.read_text().splitlines(keepends=True)
    ini.write_text("".join(line for line in lines if not line.startswith("sqlalchemy.url")))
    (folder / "Dockerfile").write_text(f"FROM {HEADSTART}\nCOPY --chmod=755 . ./\n")
    # what the replay has compiled is another file each time
    (folder / ".dockerignore").write_text("**/__pycache__\n")
    return project


def release_image(release: str) -> str:
    """The name of a release's image."""
    return f"{PROJECT}:{release}"


@retry(stop=stop_after_attempt(PUBLISH_ATTEMPTS), wait=wait_fixed(1), reraise=True)
def publish(image: str) -> None:
    """Bring an image to the cluster."""
    told = shlex.split(os.environ.get("HEADSTART_TEST_PUBLISH", ""))
    if told:
        command(*told, image, timeout_seconds=BUILD_SECONDS)
