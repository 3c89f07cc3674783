"""The chart in an app's chart: installed, upgraded, failed, repaired."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from tests.cluster.database import URL, Postgres
from tests.cluster.images import PGBOUNCER, PROJECT
from tests.cluster.kube import eventually, verdict_of
from tests.cluster.releases import CHART, MIGRATION, Make, Release, failure

POOLER = r"""
set -eu
umask 077
printf '"minirag" "%s"\n' "$PASSWORD" > /tmp/users.txt
printf '%s\n' '[databases]' '* = host=postgres port=5432' '[pgbouncer]' 'listen_addr = 0.0.0.0' \
  'listen_port = 6432' 'unix_socket_dir =' 'auth_type = scram-sha-256' \
  'auth_file = /tmp/users.txt' 'pool_mode = transaction' 'default_pool_size = 5' > /tmp/pooler.ini
exec pgbouncer /tmp/pooler.ini
"""
"""Runs PgBouncer of any image that has it and a shell."""


@pytest.mark.parametrize("mode", ["hook", "job", "init"])
def test_install_and_two_upgrades_bring_the_database_to_each_version(
    release: Make, postgres: Postgres, mode: str
) -> None:
    shop = release(mode)
    shop.install("one")
    assert postgres.version() == ["0003"]
    shop.upgrade("two")
    assert postgres.version() == ["0004"]
    shop.upgrade("repaired")
    assert postgres.version() == ["0005"]
    assert shop.statuses() == ["superseded", "superseded", "deployed"]
    assert shop.app_versions() == {"repaired"}


@pytest.mark.parametrize("mode", ["hook", "job"])
def test_helm_test_asks_whether_the_database_is_ready(
    release: Make, postgres: Postgres, mode: str
) -> None:
    shop = release(mode)
    shop.install("one")
    said = shop.namespace.helm("test", shop.name, "--logs")
    assert "Succeeded" in said
    assert "ready: nothing_to_do" in said
    postgres.query("UPDATE alembic_version SET version_num = '0002'")
    assert "not_ready" in shop_test_log(shop)


def shop_test_log(shop: Release) -> str:
    """What the test pod says when the test fails."""
    failure(shop.namespace.helm, "test", shop.name)
    return shop.namespace.kubectl("logs", "shop-headstart-test")


def test_a_failed_hook_leaves_the_old_pods_and_the_repaired_upgrade_succeeds(
    release: Make, postgres: Postgres
) -> None:
    shop = release("hook")
    shop.install("one")
    before = shop.app_pods()
    said = failure(shop.upgrade, "broken")
    assert "pre-upgrade hooks failed" in said
    assert shop.statuses() == ["deployed", "failed"]
    assert shop.app_pods() == before
    # the log of the failed hook stays, and so does its verdict
    log = shop.namespace.kubectl("logs", "job/shop-headstart")
    assert '"outcome": "revision_failed"' in log.splitlines()[-1]
    (pod,) = shop.namespace.pods("job-name=shop-headstart")
    assert (verdict_of(pod) or {})["exit_code"] == 21
    assert postgres.version() == ["0004"]

    shop.upgrade("repaired")
    assert postgres.version() == ["0005"]
    assert shop.statuses()[-1] == "deployed"
    assert shop.app_versions() == {"repaired"}


@pytest.mark.usefixtures("postgres")
def test_a_hook_whose_secret_is_missing_says_so_at_once(release: Make) -> None:
    """The kubelet would wait for it until the Job's end, and take the pod away with its events."""
    shop = release("hook")
    database = {"url": URL, "secret": "nobody-made-it"}
    failure(shop.install, "one", database=database)
    (pod,) = shop.namespace.pods("job-name=shop-headstart")
    verdict = verdict_of(pod) or {}
    assert verdict["exit_code"] == 2
    message = verdict["error"]["message"]
    assert "/run/secrets/headstart/nobody-made-it/password" in message
    assert "check that it exists and has this key" in message


def test_what_a_hook_needs_beside_its_job_is_there_with_it_and_gone_after_it(
    release: Make, postgres: Postgres
) -> None:
    shop = release("hook")

    def beside_the_job() -> list[int]:
        kinds = ("networkpolicies", "poddisruptionbudgets")
        return [len(shop.namespace.objects(kind, MIGRATION)) for kind in kinds]

    values = {"networkPolicy": {"enabled": True}, "podDisruptionBudget": {"enabled": True}}
    with ThreadPoolExecutor() as pool:
        installing = pool.submit(shop.install, "slow", **values)
        eventually(postgres.lock_holders, "a run that holds the lock")
        assert beside_the_job() == [1, 1]
        installing.result()
    assert beside_the_job() == [0, 0]
    assert postgres.version() == ["0004"]


def test_a_jobs_name_changes_with_each_release_and_the_old_job_goes(
    release: Make, postgres: Postgres
) -> None:
    shop = release("job")
    shop.install("one")
    (first,) = shop.namespace.objects("jobs", MIGRATION)
    shop.upgrade("one")
    (second,) = shop.namespace.objects("jobs", MIGRATION)
    assert first["metadata"]["name"] != second["metadata"]["name"]
    (pod,) = shop.namespace.pods(f"job-name={second['metadata']['name']}")
    assert (verdict_of(pod) or {})["outcome"] == "nothing_to_do"
    assert postgres.version() == ["0003"]


def test_a_sidecar_is_there_before_headstart_and_does_not_keep_the_job(
    release: Make, postgres: Postgres
) -> None:
    """A pooler as native sidecar: headstart reaches the database through it only."""
    shop = release("job")
    pooler = {
        "name": "pooler",
        "image": PGBOUNCER,
        "imagePullPolicy": "IfNotPresent",
        "restartPolicy": "Always",
        "command": ["sh", "-c", POOLER],
        "env": [
            {
                "name": "PASSWORD",
                "valueFrom": {"secretKeyRef": {"name": "minirag-database", "key": "password"}},
            }
        ],
        "startupProbe": {"tcpSocket": {"port": 6432}, "periodSeconds": 1},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsUser": 65532,
        },
        "volumeMounts": [{"name": "pooler", "mountPath": "/tmp"}],
    }
    url = "postgresql://minirag@127.0.0.1:6432/minirag"
    file = shop.chart.parent / "sidecar-values.yaml"
    headstart = {
        "mode": "job",
        "image": {"repository": PROJECT, "tag": "one"},
        "database": {"url": url, "secret": "minirag-database"},
        "sidecars": [pooler],
        "volumes": [{"name": "pooler", "emptyDir": {}}],
        "networkPolicy": {"enabled": True, "ports": [5432, 6432]},
        "podDisruptionBudget": {"enabled": True},
    }
    file.write_text(yaml.safe_dump(headstart))
    shop.namespace.helm(
        "install",
        "shop",
        str(CHART),
        f"--values={file}",
        "--wait",
        "--wait-for-jobs",
        "--timeout=100s",
    )
    assert postgres.version() == ["0003"]
    (pod,) = shop.namespace.pods(MIGRATION)
    verdict = verdict_of(pod) or {}
    assert (verdict["outcome"], verdict["database"]["host"]) == ("upgraded", "127.0.0.1")
    kinds = ("networkpolicies", "poddisruptionbudgets")
    assert [len(shop.namespace.objects(kind, MIGRATION)) for kind in kinds] == [1, 1]
