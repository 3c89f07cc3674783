"""A fleet on the cluster: k8s/fleet-job.yaml, and the chart's mode fleet."""

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.database import URL, Postgres
from tests.cluster.images import PROJECT, TENANTS, release_image
from tests.cluster.kube import HELM, Namespace, command, eventually, verdict_of
from tests.cluster.releases import CHART, app_chart, failure
from tests.cluster.test_chart import rendered
from tests.harness.environment import ROOT
from tests.harness.program import run_tool

MANIFEST = ROOT / "k8s" / "fleet-job.yaml"
JOB = "headstart-fleet"
INDEX = "batch.kubernetes.io/job-completion-index"
NAMES = ("a_held", "b_held", "refused", *(f"t0{number}" for number in range(8)))
"""Each of eight shards has one; the first is the canary, `refused` is in shard 4, b_held in 5."""
REFUSED, HELD = 4, 5
HEAD = "0004"
ROWS = """
SELECT schemaname, (xpath('//version_num/text()', query_to_xml(
    format('SELECT version_num FROM %I.alembic_version', schemaname), false, true, '')))[1]
FROM pg_tables WHERE tablename = 'alembic_version'
"""
AT_WORK = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
"""How many targets are held: images.py."""


def job_of_tenants() -> list[Any]:
    """The plain manifest with the tests' project and these targets; the first one is the canary."""
    targets, job = yaml.safe_load_all(MANIFEST.read_text())
    targets["data"]["targets"] = "\n".join(NAMES)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    container["image"] = release_image(TENANTS)
    return [targets, job]


def make_schemas(postgres: Postgres, *names: str) -> None:
    """A schema for each target; `refused` has a table of ours and no version row."""
    postgres.query("; ".join(f"CREATE SCHEMA {name}" for name in names))
    postgres.query("CREATE TABLE refused.accounts (id int)")


def revisions(postgres: Postgres) -> dict[str, str]:
    """The version row of each schema that has the table; empty where there is no row."""
    rows = (line.split("|") for line in postgres.query(ROWS))
    return dict(rows)


def at_head(*names: str) -> dict[str, str]:
    """The same of targets that are done."""
    return dict.fromkeys(names, HEAD)


def pods_of(namespace: Namespace, job: str, index: int) -> list[dict[str, Any]]:
    """The pods of a shard that are not about to go, the oldest first."""
    return namespace.pods(f"job-name={job},{INDEX}={index}")


def verdicts(namespace: Namespace, job: str, shards: int) -> list[dict[str, Any]]:
    """What the last pod of each shard said at its end."""
    return [verdict_of(pods_of(namespace, job, index)[-1]) or {} for index in range(shards)]


def test_a_shard_that_needs_a_person_is_named_and_the_others_are_done(
    namespace: Namespace, postgres: Postgres
) -> None:
    """Throttled while the others wait for the canary; and a pod that goes away is done again."""
    make_schemas(postgres, *NAMES)
    namespace.apply(*job_of_tenants())

    def active(number: int) -> bool:
        return bool(namespace.get("job", JOB)["status"].get("active") == number)

    eventually(lambda: active(3), "three pods")
    namespace.kubectl("patch", "job", JOB, '--patch={"spec":{"parallelism":5}}')
    eventually(lambda: active(5), "five pods")
    eventually(lambda: postgres.query(AT_WORK) == ["1"], "the canary")
    assert revisions(postgres).keys() == {"a_held"}

    def held() -> bool:
        is_done = revisions(postgres)["a_held"] == HEAD
        return is_done and postgres.query(AT_WORK) == ["1"]

    eventually(held, "the one that is held")
    (pod,) = pods_of(namespace, JOB, HELD)
    namespace.kubectl("delete", "pod", pod["metadata"]["name"])
    assert namespace.job_ends(JOB) == ("Failed", "FailedIndexes")

    status = namespace.get("job", JOB)["status"]
    assert (status["failedIndexes"], status["completedIndexes"]) == ("4", "0-3,5-7")
    assert revisions(postgres) == at_head(*(name for name in NAMES if name != "refused"))
    told = verdicts(namespace, JOB, 8)
    refused = told.pop(REFUSED)
    assert (refused["outcome"], refused["exit_code"], refused["ready"]) == ("fleet_refused", 27, 1)
    assert [each["target"] for each in refused["failures"]] == ["refused"]
    assert {each["outcome"] for each in told} == {"fleet_ready"}
    assert len(pods_of(namespace, JOB, REFUSED)) == 1
    (other,) = pods_of(namespace, JOB, 1)
    assert "canary_awaited" in namespace.kubectl("logs", other["metadata"]["name"])


TENANTS_OF_THE_CHART = ("refused", "t1", "t2", "t4", "t5")
"""refused, t4 and t5 are in shard 0 of two."""
VALUES: dict[str, Any] = {
    "mode": "fleet",
    "image": {"repository": PROJECT, "tag": TENANTS},
    "database": {"url": URL, "secret": "minirag-database"},
    "settings": {"deadlineSeconds": 40},
    "hook": {"timeoutSeconds": 100},
    "fleet": {
        "targets": list(TENANTS_OF_THE_CHART),
        "targetX": ["tenant={target}"],
        "targetVersionTable": "{target}.alembic_version",
        "canary": "refused",
        "shards": 2,
        "parallelism": 2,
        "shardSeconds": 60,
        "backoffLimitPerIndex": 0,
    },
}


def test_the_chart_runs_a_fleet_before_a_release_and_helm_test_checks_it(
    namespace: Namespace, postgres: Postgres, tmp_path: Path
) -> None:
    """A canary that fails leaves all others as they were; after its repair the release is done."""
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(VALUES))
    told = ("shop", str(CHART), f"--values={file}", "--timeout=100s")
    make_schemas(postgres, *TENANTS_OF_THE_CHART)
    assert "pre-install" in failure(
        namespace.helm, "install", *told, "--set=settings.lockSeconds=3"
    )
    ends = [each["outcome"] for each in verdicts(namespace, "shop-headstart", 2)]
    assert ends == ["fleet_refused", "canary_pending"]
    assert revisions(postgres) == {}

    postgres.query("DROP TABLE refused.accounts")
    notes = namespace.helm("upgrade", *told)
    assert revisions(postgres) == at_head(*TENANTS_OF_THE_CHART)
    lines = [line.strip() for line in notes.partition("NOTES:")[2].splitlines()]
    seen = [run_tool("bash", "-c", line) for line in lines if line.startswith("kubectl")]
    assert {each.exit_code for each in seen} == {0}
    said = "".join(each.stdout for each in seen)
    assert said.count('"outcome": "fleet_ready"') >= 2
    assert "done: 0,1 failed:" in said

    assert "fleet_ready" in namespace.helm("test", "shop", "--logs")
    postgres.query("ALTER TABLE t5.accounts DROP COLUMN name")
    failure(namespace.helm, "test", "shop")
    assert "'t5' (drifted)" in namespace.kubectl("logs", "shop-headstart-test")


def test_the_chart_makes_the_job_of_the_plain_manifest(tmp_path: Path) -> None:
    """Labels and names aside, and the order of the variables."""
    _, plain = yaml.safe_load_all(MANIFEST.read_text())
    values = {
        "mode": "fleet",
        "database": {"url": URL, "secret": "minirag-database"},
        "settings": {"deadlineSeconds": 600, "lockSeconds": 300},
        "fleet": {
            "hook": False,
            "targets": "acme\nglobex\ninitech\n",
            "targetX": ["tenant={target}"],
            "targetVersionTable": "{target}.alembic_version",
            "canary": 1,
            "shards": 8,
            "parallelism": 3,
            "shardSeconds": 1800,
        },
    }
    (made,) = (
        each
        for each in rendered(tmp_path, values)
        if each["kind"] == "Job" and "annotations" not in each["metadata"]
    )
    for manifest in (plain, made):
        del manifest["metadata"], manifest["spec"]["template"]["metadata"]
        pod = manifest["spec"]["template"]["spec"]
        pod["volumes"][-1]["configMap"] = {}
        pod["containers"][0]["env"].sort(key=lambda each: each["name"])
    assert made == plain


SCHEMAS = {
    "targets": ["acme"],
    "targetX": ["tenant={target}"],
    "targetVersionTable": "{target}.alembic_version",
}
DATABASES = {"targets": ["acme"], "targetUrl": "postgresql://minirag@db/{target}"}
BY_SQL = SCHEMAS | {"targets": [], "targetsSql": "SELECT name FROM tenants"}


@pytest.mark.parametrize(
    ("fleet", "more", "message"),
    [
        (SCHEMAS | {"targets": []}, {}, "fleet.targets or fleet.targetsSql has to name"),
        (SCHEMAS | {"targetsSql": "SELECT 1"}, {}, "both name the targets: keep one"),
        ({"targets": ["acme"], "targetX": ["tenant=a"]}, {}, "nothing tells one target"),
        (SCHEMAS | {"targets": ["a" * 60] * 17_000}, {}, "take 1037000 bytes"),
        (SCHEMAS | {"shards": 2, "parallelism": 3}, {}, "is 3, and fleet.shards 2: no more pods"),
        (SCHEMAS | {"maxFailedIndexes": 3}, {}, "is 3, and fleet.shards 1: no more shards"),
        (SCHEMAS | {"shardSeconds": 60}, {}, "shorten it, or give the shard more"),
        (SCHEMAS | {"shards": 3}, {}, "hook.timeoutSeconds=865"),
        (SCHEMAS, {"job": {"backoffLimit": 1}}, "fleet.backoffLimitPerIndex"),
        (SCHEMAS, {"hook": {"phases": True}}, "mode fleet has one Job"),
        (SCHEMAS, {"mode": "hook"}, "mode hook migrates one database; take mode fleet"),
        (SCHEMAS | {"targetsUrl": "postgresql://db/a"}, {}, "set that, or remove it"),
        (BY_SQL | {"targetsUrl": "postgresql://a:b@db/a"}, {}, "its key into fleet.targetsUrlKey"),
        (BY_SQL | {"targetsUrlKey": "url"}, {}, "a key of the Secret that fleet.secret names"),
        (DATABASES | {"targetUrlKey": "url", "secret": "a"}, {}, "are the same setting: keep one"),
        (
            DATABASES | {"canary": 1, "shards": 2, "parallelism": 2},
            {},
            "take fleet.shards=1, or run a release with these names alone before",
        ),
        (
            SCHEMAS | {"first": "acme", "shards": 2, "parallelism": 2},
            {"settings": {"lockSeconds": 300}},
            "take less than fleet.shardSeconds",
        ),
    ],
)
def test_values_of_a_fleet_that_contradict_each_other_are_refused_with_the_cure(
    tmp_path: Path, fleet: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    values = {"mode": "fleet", "database": {"url": "postgresql://minirag@db/minirag"}}
    assert message in failure(rendered, tmp_path, values | {"fleet": fleet} | more)


def test_no_pod_of_an_app_waits_for_a_fleet(tmp_path: Path) -> None:
    """One target that needs a person would keep all of them from starting."""
    chart = app_chart(tmp_path)
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump({"headstart": VALUES}))
    template = ("template", "shop", str(chart), f"--values={values}", "--kube-version=1.37")
    shown = command(HELM, *template, "--show-only=templates/deployment.yaml")
    assert not yaml.safe_load(shown)["spec"]["template"]["spec"]["initContainers"]
    for name in ("initContainer", "waitContainer"):
        text = f'{{{{ include "headstart.{name}" .Subcharts.headstart }}}}'
        (chart / "templates" / "deployment.yaml").write_text(text)
        assert "leave them out" in failure(command, HELM, *template)


def test_a_fleets_settings_are_handed_on_as_headstart_reads_them(tmp_path: Path) -> None:
    """A check asks for all targets, and has no index."""
    fleet = DATABASES | {
        "targetUrl": "postgresql://minirag@db/{target}?options=it's",
        "targetEnv": ["TENANT={target}", "NOTE=it's two"],
        "canary": "acme",
        "maxFailures": 0,
        "jobs": 8,
    }
    made = rendered(tmp_path, {"mode": "fleet", "fleet": fleet})
    jobs = {each["metadata"]["name"]: each for each in made if each["kind"] == "Job"}
    run, check = (
        {each["name"]: each.get("value") for each in pod["spec"]["containers"][0]["env"]}
        for pod in (
            jobs["shop-headstart"]["spec"]["template"],
            jobs["shop-headstart-rollback-check"]["spec"]["template"],
        )
    )
    assert shlex.split(run.pop("HEADSTART_TARGET_ENV") or "") == fleet["targetEnv"]
    assert run == {
        "HEADSTART_POD_NAME": None,
        "HEADSTART_CANARY": "acme",
        "HEADSTART_DEADLINE_SECONDS": "270",
        "HEADSTART_JOBS": "8",
        "HEADSTART_MAX_FAILURES": "0",
        "HEADSTART_SHARDS": "1",
        "HEADSTART_TARGETS": "/etc/headstart/targets/targets",
        "HEADSTART_TARGET_URL": fleet["targetUrl"],
    }
    assert "HEADSTART_SHARDS" not in check
    assert check["HEADSTART_TARGET_URL"] == fleet["targetUrl"]
