"""An old image meets a newer database: in a rollback, and where an old pod starts again."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.database import Postgres
from tests.cluster.kube import HELM, CommandFailed, command, eventually, verdict_of
from tests.cluster.releases import APP, Make, Release, failure


def told_ahead(container: dict[str, Any]) -> str | None:
    """HEADSTART_AHEAD of a container; None where it has none."""
    given = {each["name"]: each.get("value") for each in container["env"]}
    return given.get("HEADSTART_AHEAD")


@pytest.mark.parametrize("mode", ["hook", "job", "init"])
@pytest.mark.parametrize("word", [None, "prove", "allow", "refuse"])
def test_a_newer_database_is_ready_for_every_container_of_an_apps_pod_and_for_no_job(
    chart: Path, tmp_path: Path, mode: str, word: str | None
) -> None:
    """The app's as well: its readiness probe asks headstart. `settings.ahead` rules all of them."""
    settings = {"ahead": word} if word else {}
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump({"headstart": {"mode": mode, "settings": settings}}))
    told = (f"--values={file}", "--kube-version=1.37")
    text = command(HELM, "template", "shop", str(chart), *told)
    made = [each for each in yaml.safe_load_all(text) if each]
    specs = {
        kind: [each["spec"]["template"]["spec"] for each in made if each["kind"] == kind]
        for kind in ("Deployment", "Job")
    }
    (pod,) = specs["Deployment"]
    of_the_pod = [told_ahead(each) for each in (*pod["initContainers"], *pod["containers"])]
    assert of_the_pod == [word or "allow"] * 2
    of_jobs = [told_ahead(each) for spec in specs["Job"] for each in spec["containers"]]
    assert of_jobs == ([] if mode == "init" else [word] * 2)


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


def test_in_mode_init_an_old_pod_starts_again_after_a_release_that_migrated(
    release: Make, postgres: Postgres
) -> None:
    """The rollout hangs, half of the release is committed, and a node takes an old pod with it."""
    shop = release("init")
    shop.install("one")
    shop.begin_upgrade("broken")
    eventually(lambda: postgres.version() == ["0004"], "the first revision of the release")
    before = shop.app_pods()
    oldest = shop.namespace.pods(APP)[0]["metadata"]["name"]
    shop.namespace.kubectl("delete", "pod", oldest)

    def started_again() -> list[dict[str, Any]]:
        pods = [pod for pod in shop.namespace.pods(APP) if pod["metadata"]["uid"] not in before]
        return [verdict for pod in pods if (verdict := verdict_of(pod))]

    (verdict,) = eventually(started_again, "a verdict of the pod in its place")
    assert (verdict["outcome"], verdict["from"]) == ("ahead_compatible", ["0004"])
    assert postgres.version() == ["0004"]


def test_in_mode_init_a_rollback_starts_the_old_pods_and_leaves_the_database_as_it_is(
    release: Make, postgres: Postgres
) -> None:
    shop = release("init")
    shop.install("one")
    shop.upgrade("two")
    shop.rollback(1)
    assert shop.statuses()[-1] == "deployed"
    assert shop.app_versions() == {"one"}
    assert {each["outcome"] for each in shop.app_verdicts()} == {"ahead_compatible"}
    assert postgres.version() == ["0004"]


@pytest.mark.parametrize("mode", ["hook", "init"])
@pytest.mark.parametrize(
    ("settings", "outcome"),
    [
        pytest.param({}, "ahead_compatible", id="by default"),
        pytest.param({"ahead": "refuse", "waitSeconds": 3}, "unknown_revision", id="refuse"),
    ],
)
def test_an_old_replica_starts_again_on_a_newer_database_unless_that_is_refused(
    release: Make, postgres: Postgres, mode: str, settings: dict[str, str], outcome: str
) -> None:
    """The old pods go after the database has become newer: until then they work with it anyway."""
    shop = release(mode)
    shop.install("one", settings=settings)
    shop.namespace.kubectl("scale", "deployment/shop", "--replicas=0")
    eventually(lambda: not shop.namespace.pods(APP), "an end of the pods")
    postgres.query("UPDATE alembic_version SET version_num = '0004'")
    shop.namespace.kubectl("scale", "deployment/shop", "--replicas=1")

    def answered() -> str | None:
        return next((each["outcome"] for each in shop.app_verdicts() if each), None)

    assert eventually(answered, "a verdict of the old replica") == outcome


def test_in_mode_init_where_that_is_refused_both_ways_out_of_the_page_work(
    release: Make, postgres: Postgres
) -> None:
    """Back to the image that knows the database; or the operator's word, and on from there."""
    shop, strict = release("init"), {"ahead": "refuse"}
    shop.install("one", settings=strict)
    shop.upgrade("two", settings=strict)
    shop.namespace.helm("rollback", "shop", "1")
    eventually(lambda: refused(shop), "a pod that refuses")
    shop.rollback(2)
    assert shop.app_versions() == {"two"}

    shop.namespace.helm("rollback", "shop", "1")
    eventually(lambda: refused(shop), "a pod that refuses")
    shop.upgrade("one", settings={"ahead": "allow"})
    assert shop.app_versions() == {"one"}
    assert postgres.version() == ["0004"]
    shop.upgrade("repaired", settings=strict)
    assert postgres.version() == ["0005"]


def refused(shop: Release) -> bool:
    """Whether a pod of the app refuses the database since it is newer."""
    return any(each.get("outcome") == "unknown_revision" for each in shop.app_verdicts())
