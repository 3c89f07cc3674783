"""What the chart renders, refuses and says."""

import shlex
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.cluster.kube import HELM, Namespace, command
from tests.cluster.releases import CHART, Release, app_chart, failure
from tests.harness.environment import ROOT
from tests.harness.program import run_tool

SCENARIOS = sorted((CHART / "ci").glob("*-values.yaml"))
HOOK = {"database": {"url": "postgresql://minirag@db/minirag", "secret": "minirag-database"}}
URL = {"database": {"url": "postgresql://minirag@db/minirag"}}
PHASES = {"phases": True}
PRESYNC = {"argocd.argoproj.io/hook": "PreSync"}
SIDECAR = {"name": "proxy", "image": "proxy:1", "restartPolicy": "Always"}


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
        ({"sidecars": [{"name": "proxy", "image": "proxy"}]}, "/sidecars/0"),
        ({"sidecars": [SIDECAR | {"name": "headstart"}]}, "/sidecars/0/name"),
        ({"podLabels": {"inject": False}}, "/podLabels/inject"),
        ({"networkPolicy": {"ports": []}}, "/networkPolicy/ports"),
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
        ({"database": {"url": "mysql://db/c"}}, "database.url is no URL of Postgres"),
        ({"database": {"url": "postgresql://a:b@db/c"}}, "database.url holds a password"),
        ({"database": {"url": "postgresql://db/c?password=b"}}, "database.url holds a password"),
        ({"database": {"url": "postgresql://db/c?sslpassword=b"}}, "database.url holds a password"),
        ({"env": [{"name": "PGPASSWORD", "value": "b"}]}, "env: PGPASSWORD holds a password"),
        ({"env": [{"name": "U", "value": "postgres://a:b@db"}]}, "env: U holds a password"),
        (
            {"mode": "job", "database": {"url": "postgresql://db/c", "secretData": {"pw": "b"}}},
            "database.secretData has no key password",
        ),
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
        (URL | {"mode": "init", "sidecars": [SIDECAR]}, "makes no pods of its own"),
        (URL | {"mode": "init", "hook": PHASES}, "hook.phases: mode init has no Job that runs"),
        (URL | {"mode": "job", "hook": PHASES}, "hook.phases: mode job has no Job that runs"),
        (URL | {"hook": PHASES, "settings": {"hold": "contract"}}, "remove settings.hold"),
        (URL | {"hook": PHASES, "job": {"annotations": PRESYNC}}, "hook in job.annotations"),
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
    return manifest["kind"] == "Job" and hook in {None, "pre-install,pre-upgrade"}


def test_what_both_jobs_of_phases_need_is_there_for_each(tmp_path: Path) -> None:
    """A hook's own objects go with it; and pods ask only after the first Job has run."""
    values = URL | {"hook": PHASES, "networkPolicy": {"enabled": True}}
    values |= {"podDisruptionBudget": {"enabled": True}}
    hooks = {
        (each["kind"], each["metadata"]["name"]): each["metadata"]["annotations"]["helm.sh/hook"]
        for each in rendered(tmp_path, values)
    }
    before, after = "pre-install,pre-upgrade", "post-install,post-upgrade"
    assert hooks["Job", "shop-headstart"] == before
    assert hooks["Job", "shop-headstart-contract"] == after
    for kind in ("NetworkPolicy", "PodDisruptionBudget"):
        assert hooks[kind, "shop-headstart"] == f"{before},{after}"
    later = rendered(tmp_path, values | {"hook": PHASES | {"install": False}})
    found = {each["metadata"]["annotations"]["helm.sh/hook"] for each in later}
    assert {"pre-upgrade", "post-upgrade", "pre-upgrade,post-upgrade"} <= found


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({}, "shop-headstart"),
        ({"nameOverride": "My.Chart"}, "shop-my-chart"),
        ({"fullnameOverride": "Orders.Db-"}, "orders-db"),
        ({"fullnameOverride": "a" * 40}, "a" * 40),
        ({"fullnameOverride": "a" * 41}, "a" * 31 + "-c0f8bd4d"),
        ({"fullnameOverride": "a" * 30 + ".bbbbbbbbbb"}, "a" * 30 + "-16d7931d"),
    ],
)
def test_names_are_names_for_the_server_and_long_ones_stay_apart(
    tmp_path: Path, values: dict[str, Any], name: str
) -> None:
    (job,) = (each for each in rendered(tmp_path, URL | values) if is_job(each))
    assert job["metadata"]["name"] == name
    kubernetes_validate.validate(job, "1.37", strict=True)


def test_null_is_as_good_as_nothing_where_nothing_is_the_default(tmp_path: Path) -> None:
    empty = ("podLabels", "podAnnotations", "volumeMounts", "volumes", "sidecars", "env", "envFrom")
    nothing = dict.fromkeys((*empty, "nodeSelector", "tolerations", "affinity"))
    assert rendered(tmp_path, URL | nothing) == rendered(tmp_path, URL)


def test_an_app_with_two_databases_has_the_chart_twice(tmp_path: Path) -> None:
    """Container and volumes have the alias as their name."""
    chart = app_chart(tmp_path)
    definition = yaml.safe_load((chart / "Chart.yaml").read_text())
    (dependency,) = definition["dependencies"]
    definition["dependencies"] = [dependency | {"alias": each} for each in ("ordersDb", "stock")]
    (chart / "Chart.yaml").write_text(yaml.safe_dump(definition))
    pod = (
        "initContainers:{{ range tuple .Subcharts.ordersDb .Subcharts.stock }}"
        '{{ include "headstart.initContainer" . | nindent 2 }}{{ end }}\n'
        "volumes:{{ range tuple .Subcharts.ordersDb .Subcharts.stock }}"
        '{{ include "headstart.volumes" . | nindent 2 }}{{ end }}\n'
    )
    (chart / "templates" / "deployment.yaml").write_text(pod)
    values = dict.fromkeys(("ordersDb", "stock"), HOOK)
    file = tmp_path / "two.yaml"
    file.write_text(yaml.safe_dump(values))
    told = ("--show-only=templates/deployment.yaml", "--kube-version=1.37", f"--values={file}")
    command(HELM, "dependency", "update", str(chart))
    found = yaml.safe_load(command(HELM, "template", "shop", str(chart), *told))
    assert [each["name"] for each in found["initContainers"]] == ["ordersdb", "stock"]
    volumes = ["ordersdb-database", "stock-database"]
    assert [each["name"] for each in found["volumes"]] == volumes
    mounted = [each["volumeMounts"][0]["name"] for each in found["initContainers"]]
    assert mounted == volumes


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
        "urlVariables": "APP_DB_URL,OTHER_URL",
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
        "HEADSTART_URL_VARIABLES": "APP_DB_URL,OTHER_URL",
        "DATABASE_URL": "postgresql://minirag@db/minirag",
    }


@pytest.mark.usefixtures("postgres")
@pytest.mark.parametrize("mode", ["hook", "job", "init"])
def test_the_commands_of_the_notes_show_the_verdict(
    namespace: Namespace, tmp_path: Path, mode: str
) -> None:
    shop = Release(namespace, app_chart(tmp_path), mode)
    said = shop.install("one")
    lines = [line.strip() for line in said.partition("NOTES:")[2].splitlines()]
    commands = [line for line in lines if line.startswith("kubectl")]
    verdicts = [line for line in commands if not {"events", "wait"} & {*line.split()}]
    assert verdicts
    for line in commands:
        done = run_tool("bash", "-c", line)
        assert done.exit_code == 0, done.stderr
        assert ('"outcome": "upgraded"' in done.stdout) == (line in verdicts), line
