"""k8s/job.yaml, as it is, and what Kubernetes makes of headstart's ends."""

import json
from typing import Any

import pytest
import yaml

from headstart import __version__
from tests.cluster.database import MANIFEST, Postgres
from tests.cluster.images import HEADSTART, release_image
from tests.cluster.kube import Namespace, containers, eventually, verdict_of
from tests.harness.environment import ROOT

JOB = (ROOT / "k8s" / "job.yaml").read_text().replace(f"headstart:{__version__}", HEADSTART)
SELECTOR = "job-name=headstart"


def job(release: str, **settings: str) -> dict[str, Any]:
    """The Job for a release of the tests' project, with more settings."""
    manifest: dict[str, Any] = yaml.safe_load(JOB)
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    container["image"] = release_image(release)
    given = {each["name"]: each for each in container["env"]}
    given |= {name: {"name": name, "value": value} for name, value in settings.items()}
    container["env"] = list(given.values())
    return manifest


@pytest.mark.usefixtures("secret")
def test_a_job_waits_for_a_database_that_comes_later_and_says_so(namespace: Namespace) -> None:
    """The first pod gives up (10) at its own limit, a later one succeeds."""
    manifest = yaml.safe_load(JOB)
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    container["env"].append({"name": "HEADSTART_WAIT_SECONDS", "value": "2"})
    namespace.apply(manifest)
    eventually(
        lambda: [pod for pod in namespace.pods(SELECTOR) if verdict_of(pod)],
        "a first attempt that gave up",
    )
    namespace.apply(MANIFEST.read_text())
    assert namespace.job_ends("headstart") == ("Complete", "CompletionsReached")
    first, *_, last = map(verdict_of, namespace.pods(SELECTOR))
    assert first is not None
    assert last is not None
    assert (first["outcome"], first["exit_code"]) == ("unreachable", 10)
    assert (last["outcome"], last["exit_code"]) == ("upgraded", 0)


def test_a_job_upgrades_and_is_complete(namespace: Namespace, postgres: Postgres) -> None:
    namespace.kubectl("apply", "--filename=-", stdin=JOB)
    assert namespace.job_ends("headstart")[0] == "Complete"
    (pod,) = namespace.pods(SELECTOR)
    verdict = verdict_of(pod)
    assert verdict is not None
    assert verdict["outcome"] == "upgraded"
    assert postgres.version() == verdict["to"]


def test_a_permanent_failure_ends_the_job_at_once(namespace: Namespace, postgres: Postgres) -> None:
    namespace.apply(job("broken"))
    assert namespace.job_ends("headstart") == ("Failed", "PodFailurePolicy")
    (pod,) = namespace.pods(SELECTOR)
    verdict = verdict_of(pod)
    assert verdict is not None
    assert (verdict["outcome"], verdict["exit_code"]) == ("revision_failed", 21)
    assert [step["revision"] for step in verdict["applied"]] == ["0001", "0002", "0003", "0004"]
    assert postgres.version() == ["0004"]
    (event, *_) = eventually(lambda: namespace.events("headstart", "PodFailurePolicy"), "an event")
    assert "exit code 21" in event
    assert "division by zero" in namespace.kubectl("describe", "pod", pod["metadata"]["name"])


def test_the_deadline_ends_a_run_with_a_verdict_before_kubernetes_does(
    namespace: Namespace, postgres: Postgres
) -> None:
    namespace.apply(job("endless", HEADSTART_DEADLINE_SECONDS="5"))
    assert namespace.job_ends("headstart") == ("Failed", "PodFailurePolicy")
    (pod,) = namespace.pods(SELECTOR)
    verdict = verdict_of(pod)
    assert verdict is not None
    assert verdict["exit_code"] == 21
    assert "HEADSTART_DEADLINE_SECONDS" in verdict["error"]["message"]
    assert postgres.version() == ["0003"]


def test_a_pod_that_kubernetes_ends_at_its_deadline_still_says_so(
    namespace: Namespace, postgres: Postgres
) -> None:
    """Where headstart's own deadline is set too long: SIGTERM, rolled back, and a verdict."""
    manifest = job("endless")
    manifest["spec"]["backoffLimit"] = 0
    manifest["spec"]["template"]["spec"]["activeDeadlineSeconds"] = 15
    namespace.apply(manifest)
    assert namespace.job_ends("headstart")[0] == "Failed"
    (pod,) = namespace.pods(SELECTOR)
    assert pod["status"]["reason"] == "DeadlineExceeded"
    verdict = eventually(lambda: verdict_of(namespace.pods(SELECTOR)[0]), "a verdict")
    assert (verdict["outcome"], verdict["exit_code"]) == ("sigterm", 143)
    assert postgres.lock_holders() == []
    assert postgres.version() == ["0003"]


@pytest.mark.parametrize("end", ["delete", "evict"])
def test_a_pod_that_goes_away_in_mid_run_frees_the_lock_and_the_next_one_finishes(
    namespace: Namespace, postgres: Postgres, end: str
) -> None:
    """An eviction, as by a drain, does not count against backoffLimit; a deletion does, once."""
    manifest = job("slow")
    manifest["spec"]["backoffLimit"] = 0 if end == "evict" else 1
    namespace.apply(manifest)
    (holder,) = eventually(postgres.lock_holders, "a run that holds the lock")
    (pod,) = namespace.pods(SELECTOR)
    name = pod["metadata"]["name"]
    assert holder.endswith(f":{name}")
    eventually(lambda: postgres.version() == ["0003"], "the slow revision")
    if end == "delete":
        namespace.kubectl("delete", "pod", name)
    else:
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": namespace.name},
        }
        path = f"/api/v1/namespaces/{namespace.name}/pods/{name}/eviction"
        namespace.kubectl("create", f"--raw={path}", "--filename=-", stdin=json.dumps(eviction))
    assert namespace.job_ends("headstart")[0] == "Complete"
    verdict = verdict_of(namespace.pods(SELECTOR)[-1])
    assert verdict is not None
    assert [step["revision"] for step in verdict["applied"]] == ["0004"]
    assert verdict["lock_wait_seconds"] < 5
    assert postgres.version() == ["0004"]


def test_nothing_of_the_cluster_is_asked_or_needed(
    namespace: Namespace, postgres: Postgres
) -> None:
    """No token and no role; and the variables of a Service called headstart disturb nothing."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "headstart"},
        "spec": {"selector": {"a": "b"}, "ports": [{"port": 80}]},
    }
    manifest = job("one", HEADSTART_LOG_LEVEL="debug")
    manifest["spec"]["template"]["spec"]["enableServiceLinks"] = True
    namespace.apply(service)
    namespace.apply(manifest)
    assert namespace.job_ends("headstart")[0] == "Complete"
    (pod,) = namespace.pods(SELECTOR)
    assert "settings_warned" not in namespace.kubectl("logs", pod["metadata"]["name"])
    (container,) = pod["spec"]["containers"]
    mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
    assert mounts == ["/run/secrets/headstart"]
    assert containers(pod)[0]["restartCount"] == 0
    assert postgres.version() == ["0003"]
