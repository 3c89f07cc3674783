"""An old image meets a newer database: in a rollback, and where an old pod starts again."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.database import Postgres
from tests.cluster.kube import HELM, CommandFailed, command, eventually, verdict_of
from tests.cluster.releases import APP, Make, Release, failure

HARMLESS = "ALTER TABLE invoices ADD note text"
BREAKING = "ALTER TABLE accounts RENAME name TO title"
NEWER = "UPDATE alembic_version SET version_num = '0009'"
PROVEN = ("ahead_compatible", "fingerprint")
CHECK = "job-name=shop-headstart-rollback-check"


def told_ahead(container: dict[str, Any]) -> str | None:
    """HEADSTART_AHEAD of a container; None where it has none."""
    given = {each["name"]: each.get("value") for each in container["env"]}
    return given.get("HEADSTART_AHEAD")


@pytest.mark.parametrize("mode", ["hook", "job", "init"])
@pytest.mark.parametrize("word", [None, "prove", "auto", "allow", "refuse"])
def test_a_pod_judges_a_newer_database_as_it_starts_and_never_while_it_runs(
    chart: Path, tmp_path: Path, mode: str, word: str | None
) -> None:
    """The app's readiness probe asks headstart, too: all pods would be unready at once."""
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
    assert of_the_pod == [word or "auto", "allow"]
    of_jobs = [told_ahead(each) for spec in specs["Job"] for each in spec["containers"]]
    assert of_jobs == ([] if mode == "init" else [word] * 2)


@pytest.mark.parametrize("mode", ["hook", "job", "init"])
def test_a_rollback_after_a_release_that_only_added_things_succeeds(
    release: Make, postgres: Postgres, mode: str
) -> None:
    """By proof: the old image has fingerprints, and nobody said allow."""
    shop = release(mode)
    shop.install("one")
    shop.upgrade("two")
    before = shop.app_pods()
    go_back(shop, 1)
    assert shop.statuses()[-1] == "deployed"
    assert shop.app_versions() == {"one"}
    assert not shop.app_pods() & before
    ends = shop.app_verdicts()
    if mode != "init":
        ends += [verdict_of(pod) or {} for pod in shop.namespace.pods(CHECK)]
    assert {(each["outcome"], each["proof"]) for each in ends} == {PROVEN}
    assert postgres.version() == ["0004"]


REFUSED = {
    "one": ("ahead_incompatible", "deploy the newer image again"),
    "bare": ("unknown_revision", "HEADSTART_AHEAD=allow"),
}
"""What an old image says to a renamed column, and what to do; `bare` has no fingerprints."""


@pytest.mark.usefixtures("postgres")
@pytest.mark.parametrize(("mode", "old"), [("hook", "one"), ("job", "one"), ("hook", "bare")])
def test_a_rollback_to_an_image_that_may_not_run_is_refused_before_a_pod_goes(
    release: Make, mode: str, old: str
) -> None:
    shop = release(mode)
    shop.install(old)
    shop.upgrade("renamed")
    before = shop.app_pods()
    said = failure(shop.rollback, 1)
    assert "rollback-check" in said
    assert shop.app_pods() == before
    assert shop.app_versions() == {"renamed"}
    (pod,) = shop.namespace.pods(CHECK)
    verdict = verdict_of(pod) or {}
    outcome, next_step = REFUSED[old]
    assert (verdict["outcome"], verdict["exit_code"]) == (outcome, 23)
    assert next_step in verdict["next_step"]

    # the ways out that docs/kubernetes.md describes
    assert shop.statuses()[-1] == "pending-rollback"
    assert "another operation" in failure(shop.upgrade, "renamed")
    go_back(shop, 2)
    assert shop.statuses()[-1] == "deployed"
    assert shop.app_versions() == {"renamed"}
    if (mode, old) == ("hook", "one"):
        shop.upgrade("one", settings={"ahead": "allow"})
        assert shop.app_versions() == {"one"}
        shop.upgrade("renamed")
        assert shop.app_versions() == {"renamed"}


def go_back(shop: Release, number: int) -> None:
    """Roll back; Helm 3 may need a second try where there is a Job."""
    try:
        shop.rollback(number)
    except CommandFailed as error:
        if "field is immutable" not in str(error):
            raise
        shop.rollback(number)


def test_in_mode_init_no_pod_goes_for_an_image_that_cannot_run_and_both_ways_out_work(
    release: Make, postgres: Postgres
) -> None:
    """Back to the image that knows the database; or the operator's word, and on from there."""
    shop = release("init")
    shop.install("one")
    shop.upgrade("renamed")
    before = shop.app_pods()

    def refused() -> dict[str, Any] | None:
        verdicts = (each for each in shop.app_verdicts() if each.get("exit_code") == 23)
        return next(verdicts, None)

    shop.namespace.helm("rollback", "shop", "1")
    verdict = eventually(refused, "a pod that refuses")
    assert verdict["outcome"] == "ahead_incompatible"
    assert "deploy the newer image again" in verdict["next_step"]
    assert before < shop.app_pods()
    shop.rollback(2)
    assert shop.app_pods() == before

    shop.namespace.helm("rollback", "shop", "1")
    eventually(refused, "a pod that refuses")
    shop.upgrade("one", settings={"ahead": "allow"})
    assert shop.app_versions() == {"one"}
    assert postgres.version() == ["0005"]
    shop.upgrade("renamed")
    assert shop.app_versions() == {"renamed"}


@pytest.mark.parametrize("way", ["without its hook", "by the word of the old release"])
def test_a_rollback_that_nothing_proves_is_the_operators_word(
    release: Make, postgres: Postgres, way: str
) -> None:
    """Without fingerprints the pods start; with them, that takes the word `allow`."""
    shop = release("hook")
    if way == "without its hook":
        shop.install("bare")
        shop.upgrade("renamed")
        shop.namespace.helm("rollback", "shop", "1", "--no-hooks", "--wait", "--timeout=100s")
    else:
        shop.install("one", settings={"ahead": "allow"})
        shop.upgrade("renamed")
        shop.rollback(1)
    assert shop.app_versions() <= {"one", "bare"}
    assert postgres.version() == ["0005"]


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
    assert (verdict["outcome"], verdict["proof"], verdict["from"]) == (*PROVEN, ["0004"])
    assert postgres.version() == ["0004"]


ANSWERS = {
    "proven": ("one", HARMLESS, None, PROVEN),
    "breaking": ("one", BREAKING, None, ("ahead_incompatible", "none")),
    "no fingerprints": ("bare", BREAKING, None, ("ahead_compatible", "operator")),
    "refuse": ("one", HARMLESS, "refuse", ("unknown_revision", "none")),
}
"""The old image, what has become of the database, settings.ahead: to the answer and its proof."""


@pytest.mark.parametrize(
    ("mode", "case"),
    [
        ("hook", "proven"),  # init: the test above
        ("hook", "breaking"),
        *(("hook", "no fingerprints"), ("init", "no fingerprints")),
        ("init", "refuse"),
    ],
)
def test_an_old_pod_starts_again_on_a_newer_database_unless_it_cannot_run_on_it(
    release: Make, postgres: Postgres, mode: str, case: str
) -> None:
    """In the middle of a rollout. The pods that run stay ready, whatever the database became."""
    version, change, word, expected = ANSWERS[case]
    shop, settings = release(mode), {"waitSeconds": 3} | ({"ahead": word} if word else {})
    shop.install(version, settings=settings)
    postgres.query(change)
    postgres.query(NEWER)
    probe = shop.namespace.kubectl("exec", "deployment/shop", "--", "headstart", "check")
    assert "ahead_compatible" in probe
    before = shop.app_pods()
    shop.namespace.kubectl("delete", "pod", shop.namespace.pods(APP)[0]["metadata"]["name"])

    def answered() -> tuple[str, str] | None:
        new = [pod for pod in shop.namespace.pods(APP) if pod["metadata"]["uid"] not in before]
        verdicts = (verdict_of(pod) for pod in new)
        return next(((each["outcome"], each["proof"]) for each in verdicts if each), None)

    assert eventually(answered, "a verdict of the old pod") == expected
