"""Helm releases of examples/app-chart, with the chart of headstart in it."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml

from tests.cluster.images import PROJECT, WAITING
from tests.cluster.kube import HELM, CommandFailed, Namespace, command, containers, verdict_of
from tests.harness.environment import ROOT

CHART = ROOT / "k8s" / "chart"
APP_CHART = ROOT / "examples" / "app-chart"
APP = "app.kubernetes.io/component=app"
MIGRATION = "app.kubernetes.io/component=migration"


def app_chart(folder: Path) -> Path:
    """A copy of the app's chart with its dependency, as `helm dependency update` makes it."""
    for chart in (CHART, APP_CHART):
        shutil.copytree(chart, folder / chart.relative_to(ROOT))
    path = folder / APP_CHART.relative_to(ROOT)
    command(HELM, "dependency", "update", str(path))
    return path


@dataclass(frozen=True)
class Release:
    """One release, called `shop`, of the app's chart in a namespace."""

    namespace: Namespace
    chart: Path
    mode: str
    name: str = "shop"
    readiness_probe: dict[str, Any] | None = None

    def values(self, version: str, **headstart: Any) -> str:
        """The values for a version of the tests' project, as YAML; more of them for headstart."""
        image = {"repository": PROJECT, "tag": version}
        return yaml.safe_dump(
            {
                "image": image,
                "command": WAITING,
                "readinessProbe": self.readiness_probe,
                "headstart": {"mode": self.mode, "image": image, **headstart},
            }
        )

    def install(self, version: str, **headstart: Any) -> str:
        """`helm install`, which waits for the app and for Jobs."""
        return self._run("install", version, headstart)

    def upgrade(self, version: str, **headstart: Any) -> str:
        """`helm upgrade`, which waits for the app and for Jobs."""
        return self._run("upgrade", version, headstart)

    def begin_upgrade(self, version: str) -> None:
        """`helm upgrade` that waits for nothing but hooks."""
        file = self.chart.parent / f"{version}-values.yaml"
        file.write_text(self.values(version))
        self.namespace.helm("upgrade", self.name, str(self.chart), f"--values={file}")

    def _run(self, verb: str, version: str, headstart: dict[str, Any]) -> str:
        file = self.chart.parent / f"{version}-values.yaml"
        file.write_text(self.values(version, **headstart))
        waits = ("--wait", "--wait-for-jobs", "--timeout=100s", "--render-subchart-notes")
        return self.namespace.helm(verb, self.name, str(self.chart), f"--values={file}", *waits)

    def rollback(self, number: int) -> str:
        """`helm rollback` to the release of that number."""
        waits = ("--wait", "--timeout=100s")
        return self.namespace.helm("rollback", self.name, str(number), *waits)

    def statuses(self) -> list[str]:
        """The status of each of its numbers."""
        text = self.namespace.helm("history", self.name, "--output=json")
        return [each["status"] for each in json.loads(text)]

    def app_verdicts(self) -> list[dict[str, Any]]:
        """The verdict of each pod's headstart; an empty one while there is none."""
        return [verdict_of(pod) or {} for pod in self.namespace.pods(APP) if containers(pod)]

    def app_pods(self) -> set[str]:
        """The uids of the app's pods."""
        return {pod["metadata"]["uid"] for pod in self.namespace.pods(APP)}

    def app_versions(self) -> set[str]:
        """The image tags of those pods."""
        return {
            pod["spec"]["containers"][0]["image"].rpartition(":")[2]
            for pod in self.namespace.pods(APP)
        }


class Make(Protocol):
    """Makes the release in a mode."""

    def __call__(self, mode: str, **more: Any) -> Release:
        """`more` are fields of the release."""


def failure(act: Any, *arguments: Any, **values: Any) -> str:
    """What a command said that has to fail."""
    try:
        act(*arguments, **values)
    except CommandFailed as error:
        return str(error)
    raise AssertionError("it did not fail")
