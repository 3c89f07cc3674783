"""The images, published once; a namespace for each test; a Postgres, a release in it."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.database import SECRET, Postgres, start_postgres
from tests.cluster.images import build_and_publish
from tests.cluster.kube import CommandFailed, Namespace, command, new_namespace
from tests.cluster.releases import Make, Release, app_chart


@pytest.fixture(scope="session", autouse=True)
def images(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The images in the cluster, published by the first worker that comes.

    Without a cluster these tests fail, for a skip would look like a success.
    """
    try:
        command("kubectl", "get", "nodes")
    except CommandFailed as error:
        pytest.fail(f"no cluster answers: {error}")
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    done = folder / "published"
    with (folder / "publishing").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            build_and_publish()
            done.touch()


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    """An empty namespace."""
    with new_namespace() as made:
        yield made


@pytest.fixture
def secret(namespace: Namespace) -> None:
    """The Secret with the password, as every manifest mounts it."""
    namespace.apply(SECRET)


@pytest.fixture
def postgres(namespace: Namespace) -> Postgres:
    """A Postgres that answers, in the namespace, and the Secret with its password."""
    namespace.apply(SECRET)
    return start_postgres(namespace)


@pytest.fixture(scope="session")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app's chart with its dependency."""
    return app_chart(tmp_path_factory.mktemp("charts"))


@pytest.fixture
def release(namespace: Namespace, chart: Path) -> Make:
    """A release that is not installed yet."""
    return lambda mode, **more: Release(namespace, chart, mode, **more)
