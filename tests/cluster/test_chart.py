"""What the chart renders, refuses and says."""

import shlex
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.cluster.images import HEADSTART
from tests.cluster.kube import HELM, ROOT, Namespace, command
from tests.cluster.releases import CHART, Release, app_chart, failure

SCENARIOS = sorted((CHART / "ci").glob("*-values.yaml"))
URL = {"database": {"url": "postgresql://minirag@db/minirag"}}
REPOSITORY, _, TAG = HEADSTART.rpartition(":")


def rendered(tmp_path: Path, values: dict[str, Any]) -> list[dict[str, Any]]:
    """The objects of a release called shop. Raises CommandFailed with what Helm said."""
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    return objects(file)


def objects(values: Path) -> list[dict[str, Any]]:
    """The objects of a release with the values of a file."""
    text = command(
        HELM, "template", "shop", str(CHART), f"--values={values}", "--kube-version=1.37"
    )
    return [each for each in yaml.safe_load_all(text) if each]


@pytest.mark.parametrize("values", SCENARIOS, ids=lambda path: path.name)
def test_each_scenario_is_clean_valid_and_accepted_by_the_server(
    namespace: Namespace, values: Path
) -> None:
    command(HELM, "lint", "--strict", str(CHART), f"--values={values}")
    found = objects(values)
    for each in found:
        kubernetes_validate.validate(each, "1.37", strict=True)
    if found:
        namespace.kubectl("create", "serviceaccount", "minirag-database")
        namespace.kubectl("apply", "--dry-run=server", "--filename=-", stdin=yaml.dump_all(found))
    assert bool(found) == (values.name != "init-values.yaml")


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"mode": "cronjob"}, "/mode"),
        ({"image": {"tag": 2}}, "/image/tag"),
        ({"image": {"digest": "sha256:123"}}, "/image/digest"),
        ({"image": {"name": "headstart"}}, "/image"),
        ({"settings": {"deadlineSeconds": 0}}, "/settings/deadlineSeconds"),
        ({"settings": {"deadline": 270}}, "/settings"),
        ({"settings": {"ahead": "yes"}}, "/settings/ahead"),
        ({"settings": {"embedded": True}}, "/settings"),
        ({"job": {"backoffLimit": 11}}, "/job/backoffLimit"),
        ({"tolerations": {"key": "a"}}, "/tolerations"),
        ({"secret": "minirag"}, "secret"),
    ],
)
def test_the_schema_names_the_path_of_a_bad_value(
    tmp_path: Path, values: dict[str, Any], path: str
) -> None:
    said = failure(rendered, tmp_path, URL | values)
    assert "don't meet the specifications of the schema" in said
    assert path in said


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"database": {}}, "one has to say where the database is"),
        ({"database": {"url": "postgresql://a:b@db/c"}}, "database.url holds a password"),
        (
            {"database": {"url": "postgresql://db/c", "urlKey": "url", "secret": "s"}},
            "both name the database",
        ),
        ({"database": {"urlKey": "url"}}, "a key of the Secret that database.secret names"),
        (
            {"database": {"url": "postgresql://db/c", "secretData": {"password": "b"}}},
            "create the Secret outside of the release",
        ),
        (
            {"mode": "job", "database": {"urlKey": "u", "secret": "s", "secretData": {"u": "b"}}},
            "database.secretData makes one",
        ),
        (
            URL | {"env": [{"name": "HEADSTART_WAIT_SECONDS", "value": "5"}]},
            "HEADSTART_WAIT_SECONDS belongs into settings, as waitSeconds",
        ),
        (
            URL | {"settings": {"deadlineSeconds": 1800}},
            "say `helm --timeout 1825s` and hook.timeoutSeconds=1825",
        ),
        (URL | {"job": {"backoffLimit": 1}}, "make a hook of up to 590 s"),
        (URL | {"mode": "init", "networkPolicy": {"enabled": True}}, "makes no pods of its own"),
        (URL | {"mode": "init", "sidecars": [{"name": "proxy"}]}, "makes no pods of its own"),
    ],
)
def test_values_that_contradict_each_other_are_refused_with_the_cure(
    tmp_path: Path, values: dict[str, Any], message: str
) -> None:
    assert message in failure(rendered, tmp_path, values)


def test_the_chart_makes_the_job_of_the_plain_manifest(tmp_path: Path) -> None:
    """Labels, name and what the image is called aside."""
    plain = yaml.safe_load((ROOT / "k8s" / "job.yaml").read_text())
    values = {
        "mode": "job",
        "database": {
            "url": "postgresql://minirag@postgres:5432/minirag",
            "secret": "minirag-database",
        },
        "settings": {"deadlineSeconds": 600},
    }
    (made,) = (each for each in rendered(tmp_path, values) if is_job(each))
    for manifest in (plain, made):
        del manifest["metadata"], manifest["spec"]["template"]["metadata"]
    assert made == plain


def is_job(manifest: dict[str, Any]) -> bool:
    """Whether it is the Job that upgrades."""
    hook = manifest["metadata"].get("annotations", {}).get("helm.sh/hook")
    return bool(manifest["kind"] == "Job" and hook != "pre-rollback")


def test_a_hook_and_all_its_attempts_end_before_helm_gives_up(tmp_path: Path) -> None:
    (job,) = (each for each in rendered(tmp_path, URL) if is_job(each))
    container = job["spec"]["template"]["spec"]["containers"][0]
    environment = {each["name"]: each.get("value") for each in container["env"]}
    limits = [
        int(environment["HEADSTART_DEADLINE_SECONDS"] or 0),
        job["spec"]["template"]["spec"]["activeDeadlineSeconds"],
        job["spec"]["activeDeadlineSeconds"],
        300,
    ]
    assert limits == sorted(set(limits))
    assert job["spec"]["backoffLimit"] == 0


def test_settings_are_handed_on_as_headstart_reads_them(tmp_path: Path) -> None:
    settings = {
        "deadlineSeconds": 200,
        "ddlLockTimeoutSeconds": 2.5,
        "statementTimeoutSeconds": 2000000,
        "x": ["tenant=a", "note=it's two"],
        "ahead": "allow",
    }
    (job,) = (each for each in rendered(tmp_path, URL | {"settings": settings}) if is_job(each))
    container = job["spec"]["template"]["spec"]["containers"][0]
    environment = {each["name"]: each.get("value") for each in container["env"]}
    assert shlex.split(environment.pop("HEADSTART_X") or "") == settings["x"]
    assert environment == {
        "HEADSTART_POD_NAME": None,
        "HEADSTART_DEADLINE_SECONDS": "200",
        "HEADSTART_DDL_LOCK_TIMEOUT_SECONDS": "2.5",
        "HEADSTART_STATEMENT_TIMEOUT_SECONDS": "2000000",
        "HEADSTART_AHEAD": "allow",
        "DATABASE_URL": "postgresql://minirag@db/minirag",
    }


@pytest.mark.usefixtures("postgres")
@pytest.mark.parametrize("mode", ["hook", "job", "init"])
def test_the_commands_of_the_notes_show_the_verdict(
    namespace: Namespace, tmp_path: Path, mode: str
) -> None:
    shop = Release(namespace, app_chart(tmp_path), mode)
    shop.install("one")
    # notes of a chart in a chart are not shown: those of the chart by itself, with the same values
    said = command(
        HELM,
        "install",
        "shop",
        str(CHART),
        "--dry-run=client",
        f"--namespace={namespace.name}",
        f"--set=mode={mode},database.url=postgresql://db/x",
    )
    lines = [line.strip() for line in said.partition("NOTES:")[2].splitlines()]
    commands = [line for line in lines if line.startswith("kubectl")]
    assert commands
    for line in commands:
        done = subprocess.run(
            ["bash", "-c", line], capture_output=True, text=True, timeout=60, check=True
        )
        assert '"outcome": "upgraded"' in done.stdout, line
