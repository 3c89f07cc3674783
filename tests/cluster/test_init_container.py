"""k8s/init-container.yaml: each pod of a Deployment runs headstart first."""

import re
import shlex
from typing import Any

import yaml

from headstart import __version__
from tests.cluster.database import Postgres
from tests.cluster.images import APP, HEADSTART, WAITING, release_image
from tests.cluster.kube import Namespace, containers, eventually, verdict_of
from tests.harness.environment import ROOT

MANIFEST = (ROOT / "k8s" / "init-container.yaml").read_text()
MANIFEST = MANIFEST.replace(f"headstart:{__version__}", HEADSTART)
MANIFEST = MANIFEST.replace(f"minirag-app:{__version__}", APP)
PAGE = (ROOT / "docs" / "kubernetes.md").read_text()
SELECTOR = "app.kubernetes.io/name=minirag"


def deployment(release: str, replicas: int = 5) -> dict[str, Any]:
    """The Deployment for a release of the tests' project."""
    manifest: dict[str, Any] = yaml.safe_load(MANIFEST)
    manifest["spec"]["replicas"] = replicas
    pod = manifest["spec"]["template"]["spec"]
    for container in (*pod["initContainers"], *pod["containers"]):
        container["image"] = release_image(release)
    pod["containers"][0] |= {"command": WAITING, "readinessProbe": None}
    return manifest


def running(namespace: Namespace) -> set[str]:
    """The uids of the pods that are ready."""
    return {
        pod["metadata"]["uid"]
        for pod in namespace.pods(SELECTOR)
        if condition(pod, "Ready").get("status") == "True"
    }


def condition(pod: dict[str, Any], kind: str) -> dict[str, Any]:
    """One condition of a pod; empty where it has none of that type."""
    found = (each for each in pod["status"].get("conditions", ()) if each["type"] == kind)
    return next(found, {})


def failing(namespace: Namespace, restarts: int = 0) -> dict[str, Any]:
    """Wait for a pod whose headstart has failed so many times and once more; return it."""

    def failed() -> dict[str, Any] | None:
        for pod in namespace.pods(SELECTOR):
            (container,) = containers(pod) or ({},)
            verdict = verdict_of(pod) if container else None
            if verdict and verdict["exit_code"] and container["restartCount"] >= restarts:
                return pod
        return None

    return eventually(failed, f"a pod with {restarts} restarts")


def test_of_five_pods_on_an_empty_database_one_migrates_and_all_become_ready(
    namespace: Namespace, postgres: Postgres
) -> None:
    """The manifest as it is, with the example's app behind it."""
    namespace.kubectl("apply", "--filename=-", stdin=MANIFEST)
    namespace.rolled_out("minirag")
    verdicts = [verdict_of(pod) or {} for pod in namespace.pods(SELECTOR)]
    outcomes = sorted(verdict["outcome"] for verdict in verdicts)
    assert outcomes == ["nothing_to_do"] * 4 + ["upgraded"]
    assert {verdict["exit_code"] for verdict in verdicts} == {0}
    assert postgres.version() == verdicts[0]["to"]


def test_a_rolling_update_brings_a_new_revision_and_one_that_fails_replaces_nothing(
    namespace: Namespace, postgres: Postgres
) -> None:
    namespace.apply(deployment("one"))
    namespace.rolled_out("minirag")
    assert postgres.version() == ["0003"]
    namespace.apply(deployment("two"))
    namespace.rolled_out("minirag")
    assert postgres.version() == ["0004"]
    before = running(namespace)
    assert len(before) == 5

    namespace.apply(deployment("broken"))
    pod = failing(namespace, restarts=1)
    assert running(namespace) == before
    assert postgres.version() == ["0004"]
    told = namespace.kubectl("describe", "pod", pod["metadata"]["name"])
    assert "Exit Code:    21" in told
    assert '"outcome": "revision_failed"' in told
    assert "division by zero" in told
    eventually(lambda: namespace.events("minirag", "BackOff"), "an event that says so")


def test_on_a_newer_database_a_pod_that_starts_again_becomes_ready_and_changes_nothing(
    namespace: Namespace, postgres: Postgres
) -> None:
    """The manifest as it is, with the readiness probe of the example's app behind it."""
    manifest = yaml.safe_load(MANIFEST)
    manifest["spec"]["replicas"] = 1
    namespace.apply(manifest)
    namespace.rolled_out("minirag")
    postgres.query("UPDATE alembic_version SET version_num = 'newer'")
    namespace.kubectl("delete", "pods", f"--selector={SELECTOR}", "--wait=true")
    namespace.rolled_out("minirag")
    (verdict,) = [verdict_of(pod) or {} for pod in namespace.pods(SELECTOR)]
    assert (verdict["outcome"], verdict["applied"]) == ("ahead_compatible", [])
    assert verdict["proof"] == "fingerprint"
    assert postgres.version() == ["newer"]


def test_a_rollout_is_undone_though_the_new_image_has_migrated(
    namespace: Namespace, postgres: Postgres
) -> None:
    for release in ("one", "two"):
        namespace.apply(deployment(release, replicas=2))
        namespace.rolled_out("minirag")
    namespace.kubectl("rollout", "undo", "deployment/minirag")
    namespace.rolled_out("minirag")
    verdicts = [verdict_of(pod) or {} for pod in namespace.pods(SELECTOR)]
    ends = [(verdict["outcome"], verdict["proof"]) for verdict in verdicts]
    assert ends == [("ahead_compatible", "fingerprint")] * 2
    assert postgres.version() == ["0004"]


def test_a_pod_that_refuses_the_newer_database_starts_with_the_command_of_the_page(
    namespace: Namespace, postgres: Postgres
) -> None:
    """The manifest as it is, on a database that nothing proves to be ours."""
    manifest = yaml.safe_load(MANIFEST)
    manifest["spec"]["replicas"] = 1
    postgres.query("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    postgres.query("INSERT INTO alembic_version VALUES ('newer')")
    namespace.apply(manifest)
    refused = verdict_of(failing(namespace)) or {}
    assert (refused["outcome"], refused["exit_code"]) == ("unknown_revision", 23)
    (cure,) = re.findall(r"`kubectl (set env [^`]*)`", PAGE)
    namespace.kubectl(*shlex.split(cure))
    namespace.rolled_out("minirag")
    (verdict,) = [verdict_of(pod) or {} for pod in namespace.pods(SELECTOR)]
    assert verdict["outcome"] == "ahead_compatible"


def test_a_refusal_that_kubernetes_repeats_writes_nothing_and_says_the_same_again(
    namespace: Namespace, postgres: Postgres
) -> None:
    """podFailurePolicy is for Jobs: an init container is started again for ever."""
    postgres.query("CREATE TABLE accounts (id int)")
    postgres.query("ALTER SYSTEM SET autovacuum = off")  # it counts transactions, too
    postgres.query("SELECT pg_reload_conf()")
    next_transaction = "SELECT pg_snapshot_xmax(pg_current_snapshot())"
    before = postgres.query(next_transaction)
    namespace.apply(deployment("bare", replicas=1))
    first = verdict_of(failing(namespace))
    again = verdict_of(failing(namespace, restarts=2))
    assert first is not None
    assert again is not None
    assert (first["outcome"], first["exit_code"]) == ("unproven", 22)
    assert {name: again[name] for name in ("outcome", "error", "next_step")} == {
        name: first[name] for name in ("outcome", "error", "next_step")
    }
    assert first["run_id"] != again["run_id"]
    assert postgres.query(next_transaction) == before
    # a start in this very moment holds the lock
    eventually(lambda: not postgres.lock_holders(), "a lock that nobody holds")
