"""The chart in an app's chart: installed, upgraded, failed, repaired, rolled back."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from tests.cluster.database import URL, Postgres
from tests.cluster.images import PGBOUNCER, PROJECT
from tests.cluster.kube import CommandFailed, Namespace, containers, eventually, verdict_of
from tests.cluster.releases import APP, CHART, MIGRATION, Release, app_chart, failure

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

Make = Callable[[str], Release]
"""Makes the release in a mode."""


@pytest.fixture(scope="session")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app's chart with its dependency."""
    return app_chart(tmp_path_factory.mktemp("charts"))


@pytest.fixture
def release(namespace: Namespace, chart: Path) -> Make:
    """A release that is not installed yet."""
    return lambda mode: Release(namespace, chart, mode)


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


@pytest.mark.parametrize("mode", ["hook", "job"])
def test_a_rollback_to_an_image_that_does_not_know_the_revision_is_refused_before_a_pod_goes(
    release: Make, postgres: Postgres, mode: str
) -> None:
    shop = release(mode)
    shop.install("one")
    shop.upgrade("two")
    before = shop.app_pods()
    said = failure(shop.rollback, 1)
    assert "rollback-check" in said
    assert shop.app_pods() == before
    assert shop.app_versions() == {"two"}
    (pod,) = shop.namespace.pods("job-name=shop-headstart-rollback-check")
    verdict = verdict_of(pod) or {}
    assert (verdict["outcome"], verdict["exit_code"]) == ("unknown_revision", 23)
    assert "HEADSTART_AHEAD=allow" in verdict["next_step"]
    assert postgres.version() == ["0004"]

    # the way out that docs/kubernetes.md describes
    assert shop.statuses()[-1] == "pending-rollback"
    assert "another operation" in failure(shop.upgrade, "repaired")
    go_back(shop, 2)
    shop.upgrade("repaired")
    assert shop.statuses()[-1] == "deployed"
    assert postgres.version() == ["0005"]


def go_back(shop: Release, number: int) -> None:
    """Roll back; Helm 3 may need a second try where there is a Job."""
    try:
        shop.rollback(number)
    except CommandFailed as error:
        if "field is immutable" not in str(error):
            raise
        shop.rollback(number)


def test_a_rollback_without_its_hook_is_the_operators_word(
    release: Make, postgres: Postgres
) -> None:
    shop = release("hook")
    shop.install("one")
    shop.upgrade("two")
    shop.namespace.helm("rollback", "shop", "1", "--no-hooks", "--wait", "--timeout=100s")
    assert shop.app_versions() == {"one"}
    assert postgres.version() == ["0004"]


@pytest.mark.usefixtures("postgres")
def test_a_hook_whose_secret_is_missing_says_so_at_once(release: Make) -> None:
    """The kubelet would wait for it until the Job's end, and take the pod away with its events."""
    shop = release("hook")
    database = {"url": URL, "secret": "nobody-made-it"}
    failure(shop.install, "one", database=database)
    (pod,) = shop.namespace.pods("job-name=shop-headstart")
    verdict = verdict_of(pod) or {}
    assert verdict["exit_code"] == 2
    assert "/run/secrets/headstart/password" in verdict["error"]["message"]


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


def test_a_rollback_is_allowed_by_the_word_of_the_release_that_it_goes_back_to(
    release: Make, postgres: Postgres
) -> None:
    shop = release("hook")
    shop.install("one", settings={"ahead": "allow"})
    shop.upgrade("two")
    shop.rollback(1)
    assert shop.app_versions() == {"one"}
    assert postgres.version() == ["0004"]


def test_a_rollback_after_a_failed_upgrade_that_changed_nothing_succeeds(
    release: Make, postgres: Postgres
) -> None:
    """A hand-made column is a warning then, and no obstacle at 3 a.m."""
    shop = release("hook")
    shop.install("two")
    failure(shop.upgrade, "broken")
    assert postgres.version() == ["0004"]
    postgres.query("ALTER TABLE invoices ADD hand_made text")
    shop.rollback(1)
    assert shop.statuses()[-1] == "deployed"
    assert shop.app_versions() == {"two"}


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


@pytest.mark.parametrize(
    ("settings", "outcome"),
    [
        pytest.param({}, "ahead_compatible", id="by default"),
        pytest.param({"ahead": "refuse", "waitSeconds": 3}, "unknown_revision", id="refuse"),
    ],
)
def test_an_old_replica_starts_again_on_a_newer_database_unless_that_is_refused(
    release: Make, postgres: Postgres, settings: dict[str, str], outcome: str
) -> None:
    """The hook runs before the old pods go: until then they work with the newer database anyway."""
    shop = release("hook")
    shop.install("one", settings=settings)
    shop.namespace.kubectl("scale", "deployment/shop", "--replicas=0")
    eventually(lambda: not shop.namespace.pods(APP), "an end of the pods")
    postgres.query("UPDATE alembic_version SET version_num = '0004'")
    shop.namespace.kubectl("scale", "deployment/shop", "--replicas=1")

    def answered() -> str | None:
        verdicts = [verdict_of(pod) for pod in shop.namespace.pods(APP) if containers(pod)]
        return next((verdict["outcome"] for verdict in verdicts if verdict), None)

    assert eventually(answered, "a verdict of the old replica") == outcome


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
