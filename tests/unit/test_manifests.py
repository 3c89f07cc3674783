"""The plain manifests, and what they and the chart have to say alike."""

import math
import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from headstart import __version__
from headstart.verdict.outcome import Outcome
from tests.harness.environment import ROOT

CHART = ROOT / "k8s" / "chart"


def objects(file: Path) -> list[Any]:
    """The objects of a file of YAML."""
    return list(yaml.safe_load_all(file.read_text()))


def template(name: str) -> str:
    """The text of a template of the chart."""
    return (CHART / "templates" / name).read_text()


def variable(container: Any, name: str) -> Any:
    """The value of an environment variable."""
    return next(entry["value"] for entry in container["env"] if entry["name"] == name)


FILES = [
    ROOT / "k8s" / "job.yaml",
    ROOT / "k8s" / "init-container.yaml",
    ROOT / "k8s" / "fleet-job.yaml",
    *sorted((ROOT / "examples" / "kubernetes").glob("*.yaml")),
]
(JOB,), (DEPLOYMENT,), (TARGETS, FLEET) = map(objects, FILES[:3])
JOB_POD, INIT_POD, FLEET_POD = (
    workload["spec"]["template"]["spec"] for workload in (JOB, DEPLOYMENT, FLEET)
)
(JOB_CONTAINER,), (INIT_CONTAINER,) = JOB_POD["containers"], INIT_POD["initContainers"]
(FLEET_CONTAINER,) = FLEET_POD["containers"]
(ABOUT,), (VALUES,) = objects(CHART / "Chart.yaml"), objects(CHART / "values.yaml")
(OLDEST,) = re.findall(r">=(\d+\.\d+)", ABOUT["kubeVersion"])

IDS = ["job", "init-container", "fleet-job"]
CONTAINERS = pytest.mark.parametrize(
    "container", [JOB_CONTAINER, INIT_CONTAINER, FLEET_CONTAINER], ids=IDS
)
PODS = pytest.mark.parametrize("pod", [JOB_POD, INIT_POD, FLEET_POD], ids=IDS)


@pytest.mark.parametrize("version", [OLDEST, kubernetes_validate.latest_version()])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_manifest_is_valid_by_the_oldest_and_the_newest_kubernetes(
    file: Path, version: str
) -> None:
    for manifest in objects(file):
        kubernetes_validate.validate(manifest, version, strict=True)


NAMED = '{{ include "headstart.containerName" $chart }}'
"""The name of the container, in a template."""
ACTION = '{{ ternary "FailIndex" "FailJob" $isIndexed }}'
"""What the policy does about who needs a person."""


def policy_of_the_chart(action: str) -> Any:
    """The policy as the template has it: as plain text, up to the pod's template."""
    (text,) = re.findall(
        r"^podFailurePolicy:\n.*?(?=^\S)", template("_pod.tpl"), re.MULTILINE | re.DOTALL
    )
    text = text.replace(NAMED, "headstart").replace(ACTION, action)
    return yaml.safe_load(text)["podFailurePolicy"]


POLICIES = pytest.mark.parametrize(
    ("policy", "action"),
    [
        (JOB["spec"]["podFailurePolicy"], "FailJob"),
        (FLEET["spec"]["podFailurePolicy"], "FailIndex"),
        (policy_of_the_chart("FailJob"), "FailJob"),
        (policy_of_the_chart("FailIndex"), "FailIndex"),
    ],
    ids=["job", "fleet-job", "chart", "chart's fleet"],
)


@POLICIES
def test_a_drain_is_nobodys_failure_before_any_exit_code_is_looked_at(
    policy: Any, action: str
) -> None:
    assert action in {rule["action"] for rule in policy["rules"]}
    first = policy["rules"][0]
    assert first["action"] == "Ignore"
    assert [condition["type"] for condition in first["onPodConditions"]] == ["DisruptionTarget"]


@POLICIES
def test_a_job_gives_up_at_exactly_the_exit_codes_that_need_a_person(
    policy: Any, action: str
) -> None:
    """The Job of a fleet gives up a shard, and goes on with the others."""
    needs_a_person = {end.code for end in Outcome if not end.retry} - {0}
    _, *others = policy["rules"]
    assert others == [
        {
            "action": action,
            "onExitCodes": {
                "containerName": "headstart",
                "operator": "In",
                "values": sorted(needs_a_person),
            },
        }
    ]


def test_the_container_has_the_name_by_which_the_policy_knows_it() -> None:
    names = {JOB_CONTAINER["name"], INIT_CONTAINER["name"], FLEET_CONTAINER["name"]}
    assert names == {"headstart"}
    assert f"- name: {NAMED}\n" in template("_containers.tpl")
    assert f"containerName: {NAMED}\n" in template("_pod.tpl")


def test_each_limit_of_the_job_comes_later_than_the_one_before() -> None:
    """So that headstart ends a run itself, and neither log nor verdict is lost."""
    own = float(variable(JOB_CONTAINER, "HEADSTART_DEADLINE_SECONDS"))
    retries = JOB["spec"]["backoffLimit"]
    pauses = sum(min(10 * 2**number, 600) for number in range(retries))
    assert own < JOB_POD["activeDeadlineSeconds"]
    every_attempt = (retries + 1) * JOB_POD["activeDeadlineSeconds"] + pauses
    assert every_attempt < JOB["spec"]["activeDeadlineSeconds"]


def test_a_fleet_ends_by_itself_before_kubernetes_ends_it() -> None:
    """The same limits, in as many waves as all shards take; a wait for canaries has one, too."""
    spec = FLEET["spec"]
    pod = FLEET_POD["activeDeadlineSeconds"]
    for name in ("HEADSTART_DEADLINE_SECONDS", "HEADSTART_LOCK_SECONDS"):
        assert float(variable(FLEET_CONTAINER, name)) < pod
    retries = spec["backoffLimitPerIndex"]
    pauses = sum(min(10 * 2**number, 600) for number in range(retries))
    waves = math.ceil(spec["completions"] / spec["parallelism"])
    assert waves * ((retries + 1) * pod + pauses) < spec["activeDeadlineSeconds"]


def test_a_fleet_has_as_many_shards_as_it_is_told_and_the_names_of_its_targets() -> None:
    assert FLEET["spec"]["completionMode"] == "Indexed"
    assert int(variable(FLEET_CONTAINER, "HEADSTART_SHARDS")) == FLEET["spec"]["completions"]
    (volume,) = [each for each in FLEET_POD["volumes"] if "configMap" in each]
    assert volume["configMap"]["name"] == TARGETS["metadata"]["name"]
    (mount,) = [each for each in FLEET_CONTAINER["volumeMounts"] if each["name"] == volume["name"]]
    (key,) = TARGETS["data"]
    assert variable(FLEET_CONTAINER, "HEADSTART_TARGETS") == f"{mount['mountPath']}/{key}"


def test_a_rollout_waits_longer_than_a_run_may_take() -> None:
    own = float(variable(INIT_CONTAINER, "HEADSTART_DEADLINE_SECONDS"))
    assert own < DEPLOYMENT["spec"]["progressDeadlineSeconds"]


def test_a_newer_database_is_judged_when_a_pod_starts_and_by_a_job_and_not_while_it_runs() -> None:
    """Without fingerprints no old pod would start again. The app's probe asks headstart, too."""
    (app,) = INIT_POD["containers"]
    told = [variable(each, "HEADSTART_AHEAD") for each in (INIT_CONTAINER, app)]
    assert told == ["auto", "allow"]
    for job in (JOB_CONTAINER, FLEET_CONTAINER):
        assert "HEADSTART_AHEAD" not in {each["name"] for each in job["env"]}


@PODS
def test_a_pod_gets_nothing_that_it_does_not_need(pod: Any) -> None:
    assert pod["securityContext"] == VALUES["podSecurityContext"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False


@CONTAINERS
def test_a_container_is_confined_as_the_charts_is(container: Any) -> None:
    assert container["securityContext"] == VALUES["securityContext"]
    assert container["resources"] == VALUES["resources"]


@CONTAINERS
def test_the_end_of_the_log_stands_in_for_a_verdict_that_is_missing(container: Any) -> None:
    assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"


def test_the_chart_is_what_podsecurity_calls_restricted_with_a_root_that_is_read_only() -> None:
    assert VALUES["podSecurityContext"] == {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert VALUES["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_image_chart_and_package_have_one_version() -> None:
    (app,) = objects(ROOT / "examples" / "app-chart" / "Chart.yaml")
    (dependency,) = app["dependencies"]
    said = {
        "k8s/job.yaml": JOB_CONTAINER["image"].rpartition(":")[2],
        "k8s/fleet-job.yaml": FLEET_CONTAINER["image"].rpartition(":")[2],
        "k8s/init-container.yaml": INIT_CONTAINER["image"].rpartition(":")[2],
        "k8s/chart/Chart.yaml, version": ABOUT["version"],
        "k8s/chart/Chart.yaml, appVersion": ABOUT["appVersion"],
        "examples/app-chart/Chart.yaml": dependency["version"],
    }
    assert said == dict.fromkeys(said, __version__)
