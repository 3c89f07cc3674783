"""Expand now, contract later: what a release holds back while old and new pods run."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.database import Postgres
from tests.cluster.kube import HELM, command, verdict_of
from tests.cluster.releases import APP, Make, Release

PHASES = {"phases": True}
CHECKING = {
    "httpGet": None,
    "exec": {"command": ["headstart", "check"]},
    "periodSeconds": 3,
    "timeoutSeconds": 10,
}
"""A readiness probe in place of the chart's, with the settings of the app's container."""


def held_in(manifest: dict[str, Any]) -> list[str | None]:
    """HEADSTART_HOLD of each container of a workload; None where it has none."""
    pod = manifest["spec"].get("template", manifest)["spec"]
    every = [*pod.get("initContainers", ()), *pod["containers"]]
    given = [{each["name"]: each.get("value") for each in one["env"]} for one in every]
    return [each.get("HEADSTART_HOLD") for each in given]


def workloads(chart: Path, tmp_path: Path, **headstart: Any) -> dict[str, list[str | None]]:
    """HEADSTART_HOLD in each workload of a release of the app's chart, by name."""
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump({"headstart": headstart}))
    told = (f"--values={file}", "--kube-version=1.37")
    made = yaml.safe_load_all(command(HELM, "template", "shop", str(chart), *told))
    return {
        each["metadata"]["name"]: held_in(each)
        for each in made
        if each and each["kind"] in {"Deployment", "Job", "Pod"}
    }


def test_with_phases_all_hold_back_but_the_job_after_the_rollout_and_the_test(
    chart: Path, tmp_path: Path
) -> None:
    """Whatever asks without it would wait for that Job, which waits for the pods."""
    assert workloads(chart, tmp_path, hook=PHASES) == {
        "shop": ["contract", "contract"],
        "shop-headstart": ["contract"],
        "shop-headstart-rollback-check": ["contract"],
        "shop-headstart-contract": [None],
        "shop-headstart-test": [None],
    }


@pytest.mark.parametrize("mode", ["hook", "job", "init"])
@pytest.mark.parametrize("word", [None, "none", "contract"])
def test_without_phases_the_setting_rules_every_container(
    chart: Path, tmp_path: Path, mode: str, word: str | None
) -> None:
    settings = {"hold": word} if word else {}
    found = workloads(chart, tmp_path, mode=mode, settings=settings)
    assert {each for held in found.values() for each in held} == {word}
    assert not any("contract" in name for name in found)


def test_contract_revisions_run_after_the_rollout_which_does_not_wait_for_them(
    release: Make, postgres: Postgres
) -> None:
    """On an empty database nothing is held; then the pods come up, and its probes are green."""
    shop = release("hook", readiness_probe=CHECKING)
    shop.install("two", hook=PHASES)
    assert postgres.version() == ["0004"]
    shop.upgrade("phased", hook=PHASES)
    assert shop.statuses() == ["superseded", "deployed"]
    assert shop.app_versions() == {"phased"}
    assert postgres.version() == ["0006"]
    before, after = (end_of(shop, name) for name in ("shop-headstart", "shop-headstart-contract"))
    assert (before["outcome"], before["held"], before["to"]) == ("held", ["0006"], ["0005"])
    assert (after["outcome"], [each["revision"] for each in after["applied"]]) == (
        "upgraded",
        ["0006"],
    )
    # each of the pods has started while it was held back
    assert {(each["outcome"], *each["to"]) for each in shop.app_verdicts()} == {("held", "0005")}
    job = shop.namespace.get("job", "shop-headstart-contract")
    assert max(ready_since(pod) for pod in shop.namespace.pods(APP)) <= job["status"]["startTime"]


def end_of(shop: Release, job: str) -> dict[str, Any]:
    """The verdict of the pod of a Job."""
    (pod,) = shop.namespace.pods(f"job-name={job}")
    return verdict_of(pod) or {}


def ready_since(pod: dict[str, Any]) -> str:
    """When a pod became ready, as the server writes it."""
    (ready,) = (each for each in pod["status"]["conditions"] if each["type"] == "Ready")
    assert ready["status"] == "True"
    return str(ready["lastTransitionTime"])


def test_in_mode_init_one_release_holds_back_and_the_next_one_runs_the_rest(
    release: Make, postgres: Postgres
) -> None:
    """Until then the way back is open."""
    shop, held = release("init"), {"hold": "contract"}
    shop.install("two", settings=held)
    shop.upgrade("phased", settings=held)
    assert postgres.version() == ["0005"]
    assert {each["outcome"] for each in shop.app_verdicts()} == {"held"}
    shop.rollback(1)
    assert shop.app_versions() == {"two"}
    assert {each["outcome"] for each in shop.app_verdicts()} == {"ahead_compatible"}
    shop.upgrade("phased")
    assert postgres.version() == ["0006"]
    assert shop.app_versions() == {"phased"}
