"""The CronJob that checks for drift: what it is made of, and what it says on the cluster."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.database import Postgres
from tests.cluster.kube import HELM, command, verdict_of
from tests.cluster.releases import CHART, Make, Release, failure

NIGHTLY = {"schedule": "0 3 * * *"}
URL = {"url": "postgresql://minirag@db/minirag"}
DRIFT = "app.kubernetes.io/component=drift-check"


def rendered(folder: Path, **values: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """The objects of a release called shop, by kind and name."""
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump({"database": URL, **values}))
    told = (f"--values={file}", "--kube-version=1.37")
    text = command(HELM, "template", "shop", str(CHART), *told)
    made = (each for each in yaml.safe_load_all(text) if each)
    return {(each["kind"], each["metadata"]["name"]): each for each in made}


def test_there_is_none_unless_somebody_says_when(tmp_path: Path) -> None:
    assert not [kind for kind, _ in rendered(tmp_path) if kind == "CronJob"]


@pytest.mark.parametrize("mode", ["hook", "job", "init"])
def test_in_each_mode_it_is_an_object_of_the_release_and_no_hook(tmp_path: Path, mode: str) -> None:
    made = rendered(tmp_path, mode=mode, driftCheck=NIGHTLY | {"timeZone": "Europe/Berlin"})
    cron = made["CronJob", "shop-headstart-drift"]
    assert "annotations" not in cron["metadata"]
    spec = cron["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("0 3 * * *", "Europe/Berlin")
    assert spec["concurrencyPolicy"] == "Forbid"
    (container,) = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    told = {each["name"]: each.get("value") for each in container["env"]}
    assert (container["args"], told["HEADSTART_VERIFY"]) == (["check"], "auto")


@pytest.mark.parametrize("kind", ["NetworkPolicy", "PodDisruptionBudget"])
def test_what_is_meant_for_the_migration_does_not_select_its_pods(
    tmp_path: Path, kind: str
) -> None:
    """In mode hook these are gone at night."""
    values = {"networkPolicy": {"enabled": True}, "podDisruptionBudget": {"enabled": True}}
    made = rendered(tmp_path, driftCheck=NIGHTLY, **values)
    cron = made["CronJob", "shop-headstart-drift"]
    pod = cron["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
    selects = {
        name: (each["spec"].get("selector") or each["spec"]["podSelector"])["matchLabels"]
        for (its_kind, name), each in made.items()
        if its_kind == kind
    }
    matching = {name for name, labels in selects.items() if labels.items() <= pod.items()}
    assert matching == ({"shop-headstart-drift"} if kind == "NetworkPolicy" else set())
    own = made["NetworkPolicy", "shop-headstart-drift"]
    assert "annotations" not in own["metadata"]
    assert own["spec"]["egress"] == made["NetworkPolicy", "shop-headstart"]["spec"]["egress"]


def test_a_release_whose_name_is_long_has_a_name_that_a_cron_job_may_have(tmp_path: Path) -> None:
    """52 characters at most, since its Jobs get eleven more."""
    made = rendered(tmp_path, driftCheck=NIGHTLY, fullnameOverride="a" * 60)
    (name,) = (name for kind, name in made if kind == "CronJob")
    assert len(name) <= 52


def test_a_word_that_compares_nothing_is_refused(tmp_path: Path) -> None:
    said = failure(rendered, tmp_path, driftCheck=NIGHTLY | {"verify": "off"})
    assert "/driftCheck/verify" in said


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"schedule": "every night"}, "/driftCheck/schedule"),
        ({"schedule": "0 24 * * *"}, "the hour is 0 to 23, not 24"),
        ({"schedule": "0 3 0 * *"}, "the day of the month is 1 to 31, not 0"),
        ({"schedule": "0 3 * * 1-7/2"}, "the day of the week is 0 to 6 or sun|mon|"),
        ({"schedule": "0 3 * * Sunday"}, "not Sunday"),
        (NIGHTLY | {"timeZone": "Mars/Phobos"}, "there is no zone Mars/Phobos"),
        (NIGHTLY | {"timeZone": "Local"}, "/driftCheck/timeZone"),
        ({"timeZone": "Europe/Berlin"}, "is the zone of driftCheck.schedule"),
    ],
)
def test_what_the_api_server_would_refuse_after_the_hook_is_refused_before_it(
    tmp_path: Path, values: dict[str, Any], message: str
) -> None:
    assert message in failure(rendered, tmp_path, driftCheck=values)


@pytest.mark.parametrize("schedule", ["@daily", "*/20 0-6 1,15 JAN-MAR mon,fri", "05 08 09 1 0"])
@pytest.mark.parametrize("zone", ["UTC", "Etc/UTC", "GMT", "Europe/London", "Asia/Kathmandu"])
def test_a_schedule_and_a_zone_that_kubernetes_takes_are_taken(
    tmp_path: Path, schedule: str, zone: str
) -> None:
    made = rendered(tmp_path, driftCheck={"schedule": schedule, "timeZone": zone})
    spec = made["CronJob", "shop-headstart-drift"]["spec"]
    assert (spec["schedule"], spec["timeZone"]) == (schedule, zone)


def test_a_change_by_hand_is_told_by_the_next_check_and_a_person_is_needed(
    release: Make, postgres: Postgres
) -> None:
    shop = release("hook")
    shop.install("one", driftCheck=NIGHTLY)
    assert checked(shop, "first") == ("Complete", "CompletionsReached", 0, "nothing_to_do")
    postgres.query("ALTER TABLE invoices ADD by_hand text")
    assert checked(shop, "second") == ("Failed", "PodFailurePolicy", 25, "drifted")


def checked(shop: Release, name: str) -> tuple[str, str, int, str]:
    """How a check that is started now ends."""
    shop.namespace.kubectl("create", "job", name, "--from=cronjob/shop-headstart-drift")
    end = shop.namespace.job_ends(name)
    (pod,) = shop.namespace.pods(f"job-name={name},{DRIFT}")
    verdict = verdict_of(pod) or {}
    return (*end, verdict["exit_code"], verdict["outcome"])
