"""The alert rules and the dashboard: what they ask for exists, and means what the outcomes say.

`make test-rules` evaluates the rules with promtool; here they are parsed and looked at.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
import yaml

from generate import anchors
from headstart.verdict.events import execution, fleet, revisions
from headstart.verdict.events.database import LockWaited
from headstart.verdict.outcome import Outcome
from tests.harness.environment import ROOT

FOLDER = ROOT / "k8s" / "observability"
RULE = yaml.safe_load((FOLDER / "prometheus-rule.yaml").read_text())
ALERTS = {each["alert"]: each for group in RULE["spec"]["groups"] for each in group["rules"]}
TESTS = yaml.safe_load((FOLDER / "prometheus-rule.test.yaml").read_text())["tests"]
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text())
PANELS = {each["title"]: each for each in DASHBOARD["panels"]}
PAGE = ROOT / "docs" / "observability.md"

_POD, _JOB, _CRON = ({"namespace", name} for name in ("pod", "job_name", "cronjob"))
METRICS = {
    "kube_job_failed": _JOB | {"condition"},
    "kube_job_status_failed": _JOB | {"reason"},
    "kube_job_status_active": _JOB,
    "kube_job_status_start_time": _JOB,
    "kube_job_status_completion_time": _JOB,
    "kube_job_spec_completions": _JOB,
    "kube_cronjob_created": _CRON,
    "kube_cronjob_status_last_schedule_time": _CRON,
    "kube_cronjob_status_last_successful_time": _CRON,
    "kube_pod_owner": _POD | {"owner_kind", "owner_name", "owner_is_controller"},
    "kube_pod_status_phase": _POD | {"phase"},
    "kube_pod_container_status_waiting_reason": _POD | {"container", "reason"},
    "kube_pod_container_status_terminated_reason": _POD | {"container", "reason"},
    "kube_pod_init_container_status_ready": _POD | {"container"},
    "kube_pod_init_container_status_waiting_reason": _POD | {"container", "reason"},
    "kube_pod_init_container_status_last_terminated_reason": _POD | {"container", "reason"},
    "kube_pod_init_container_status_last_terminated_exitcode": _POD | {"container"},
}
"""What is used of kube-state-metrics, with its labels. Source: its docs/metrics/workload."""


def selectors(query: str) -> Iterator[promql_parser.VectorSelector]:
    """The metrics that a query asks for. Raises ValueError for what is no PromQL."""
    found: list[promql_parser.VectorSelector] = []

    def visit(expression: promql_parser.Expr) -> None:
        if isinstance(expression, promql_parser.VectorSelector):
            found.append(expression)

    promql_parser.walk(promql_parser.parse(query), visit)
    yield from found


def queries(kind: str) -> dict[str, str]:
    """The dashboard's queries of a kind of data source, by the title of their panel."""
    return {
        title: target["expr"].replace("$namespace", ".+")
        for title, panel in PANELS.items()
        for target in panel["targets"]
        if target["datasource"]["type"] == kind
    }


PROMQL = {name: alert["expr"] for name, alert in ALERTS.items()} | queries("prometheus")


@pytest.mark.parametrize("query", PROMQL.values(), ids=PROMQL)
def test_a_query_asks_for_metrics_and_labels_that_kube_state_metrics_has(query: str) -> None:
    asked = list(selectors(query))
    assert asked
    for each in asked:
        assert each.name
        assert each.name in METRICS
        assert {matcher.name for matcher in each.matchers.matchers} <= METRICS[each.name]


def test_a_rule_of_the_operator_has_alerts_with_all_that_a_person_needs() -> None:
    assert (RULE["apiVersion"], RULE["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    for alert in ALERTS.values():
        assert set(alert) <= {"alert", "expr", "for", "labels", "annotations"}
        assert alert["labels"]["severity"] in {"critical", "warning"}
        assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}


@pytest.mark.parametrize("name", ALERTS)
def test_an_annotation_uses_labels_that_its_query_leaves(name: str) -> None:
    left = set().union(*(METRICS[str(each.name)] for each in selectors(ALERTS[name]["expr"])))
    told = " ".join(ALERTS[name]["annotations"].values())
    assert set(re.findall(r"\$labels\.(\w+)", told)) <= left


@pytest.mark.parametrize("name", ALERTS)
def test_a_link_leads_to_a_heading_of_a_page(name: str) -> None:
    url = ALERTS[name]["annotations"]["runbook_url"]
    path, _, anchor = url.removeprefix("https://example.com/headstart/").partition("#")
    page = (ROOT / path).read_text()
    assert not anchor or anchor in anchors(page)


def test_a_pod_is_refused_with_the_codes_that_need_a_person_and_no_other() -> None:
    query = ALERTS["HeadstartPodRefused"]["expr"]
    codes = {int(code) for code in re.findall(r'"headstart"\} == (\d+)\n\s+or', query)}
    ((first, last),) = re.findall(r">= (\d+) <= (\d+)\)", query)
    codes |= set(range(int(first), int(last) + 1))
    assert codes == {end.code for end in Outcome if not end.retry and end.code}


@pytest.mark.parametrize("name", ["shop-headstart", "headstart", "shop-headstart-3-0a1b2c3d"])
def test_jobs_of_the_chart_and_of_the_manifest_are_found_by_their_name(name: str) -> None:
    (pattern,) = {
        matcher.value
        for query in PROMQL.values()
        for each in selectors(query)
        for matcher in each.matchers.matchers
        if matcher.name == "job_name" and str(matcher.op) == str(_regex())
    }
    assert re.fullmatch(pattern, name)
    assert not re.fullmatch(pattern, "backup")


def _regex() -> Any:
    (selector,) = selectors('up{a=~"b"}')
    return selector.matchers.matchers[0].op


def test_each_alert_has_a_test_for_promtool_and_a_row_on_its_page() -> None:
    tested, page = yaml.safe_dump(TESTS), PAGE.read_text()
    for name in ALERTS:
        assert name in tested, name
        assert f"`{name}`" in page, name


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PAGE.read_text(), id="docs"),
        pytest.param("\n".join(queries("loki").values()), id="dashboard"),
    ],
)
def test_whatever_asks_for_the_verdict_of_a_run_asks_for_that_of_a_fleet(text: str) -> None:
    asked = [line for line in text.splitlines() if "run_finished" in line]
    assert asked
    assert [line for line in asked if "fleet_finished" not in line] == []


def test_a_fleet_has_an_alert_of_its_own_which_names_its_shards() -> None:
    needs, failed = ALERTS["HeadstartNeedsAPerson"], ALERTS["HeadstartFleetFailed"]
    assert needs["expr"].splitlines()[4:] == failed["expr"].splitlines()[4:]
    assert "unless" in needs["expr"].splitlines()[3]
    assert "and" in failed["expr"].splitlines()[3].split()
    told = failed["annotations"]["description"]
    assert "failedIndexes" in told
    assert "job-completion-index" in told


def test_no_alert_reads_the_log_of_an_arbitrary_pod_of_a_job() -> None:
    for alert in ALERTS.values():
        assert not re.search(r"kubectl logs [^|]*job/", alert["annotations"]["description"])


def test_a_query_of_the_log_asks_for_events_that_there_are() -> None:
    modules = (execution, fleet, revisions)
    known = {
        each.slug for module in modules for each in vars(module).values() if hasattr(each, "slug")
    } | {LockWaited.slug}
    asked = {
        event
        for query in queries("loki").values()
        for events in re.findall(r'event=~?"([\w|]+)"', query)
        for event in events.split("|")
    }
    assert asked
    assert asked <= known


def test_panels_do_not_overlap_and_each_has_a_source_and_a_word_on_what_it_shows() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        taken |= cells
        assert panel["description"]
        assert panel["datasource"]["uid"] in {"${prometheus}", "${loki}"}
    assert {x for x, _ in taken} == set(range(24))
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(PANELS)
