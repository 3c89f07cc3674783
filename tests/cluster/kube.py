"""A namespace of a real cluster, by the commands kubectl and helm: labeled, bounded in time.

Only namespaces that the tests made are ever touched. The cluster is that of KUBECONFIG.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import TimeoutExpired
from typing import Any
from uuid import uuid4

import yaml

from tests.harness.program import Seen, run_tool, until
from tests.harness.result import Event, Result

LABEL = "headstart.tests/leftover"
"""On every namespace of ours."""
HELM = os.environ.get("HEADSTART_TEST_HELM", "helm")
"""Helm 3 or 4."""
COMMAND_SECONDS = 60
WAIT_SECONDS = 120


class CommandFailed(Exception):
    """kubectl or helm failed; the message is what it said, on stdout and stderr."""


def command(*arguments: str, stdin: str = "", timeout_seconds: float = COMMAND_SECONDS) -> str:
    """Run kubectl, helm or docker and return its stdout. Raises CommandFailed."""
    try:
        done = run_tool(*arguments, stdin=stdin.encode(), timeout=timeout_seconds)
    except (FileNotFoundError, TimeoutExpired) as error:
        raise CommandFailed(str(error)) from None
    if done.exit_code:
        raise CommandFailed(f"{' '.join(arguments)}\n{done.stdout}{done.stderr}")
    return done.stdout


def eventually(
    ask: Callable[[], Seen | None], what: str, timeout_seconds: float = WAIT_SECONDS
) -> Seen:
    """Ask until there is an answer, and return it; fail with `what` when time is up."""
    return until(ask, what, timeout_seconds, pause=0.3)


@dataclass(frozen=True)
class Namespace:
    """One namespace, in which pods have to be what PodSecurity calls restricted."""

    name: str

    def kubectl(
        self, *arguments: str, stdin: str = "", timeout_seconds: float = COMMAND_SECONDS
    ) -> str:
        """Run kubectl in the namespace and return its stdout."""
        inside = ("kubectl", "--namespace", self.name)
        return command(*inside, *arguments, stdin=stdin, timeout_seconds=timeout_seconds)

    def helm(self, *arguments: str, timeout_seconds: float = 2 * WAIT_SECONDS) -> str:
        """Run helm in the namespace and return its stdout."""
        inside = (HELM, "--namespace", self.name)
        return command(*inside, *arguments, timeout_seconds=timeout_seconds)

    def apply(self, *manifests: Any) -> None:
        """Apply manifests, given as a text or as data."""
        texts = [m if isinstance(m, str) else yaml.safe_dump(m) for m in manifests]
        self.kubectl("apply", "--filename=-", stdin="\n---\n".join(texts))

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """One object, as the server has it."""
        found: dict[str, Any] = json.loads(self.kubectl("get", kind, name, "--output=json"))
        return found

    def objects(self, kind: str, selector: str = "") -> list[dict[str, Any]]:
        """The objects of a kind with these labels that are not about to go, the oldest first."""
        order = "--sort-by=.metadata.creationTimestamp"
        text = self.kubectl("get", kind, f"--selector={selector}", "--output=json", order)
        found: list[dict[str, Any]] = json.loads(text)["items"]
        return [each for each in found if "deletionTimestamp" not in each["metadata"]]

    def pods(self, selector: str) -> list[dict[str, Any]]:
        """The pods with these labels that are not about to go, the oldest first."""
        return self.objects("pods", selector)

    def events(self, of: str, reason: str) -> list[str]:
        """The message of each event with this reason, of an object whose name begins so."""
        return [
            event.get("message", "")
            for event in self.objects("events")
            if event["involvedObject"]["name"].startswith(of) and event["reason"] == reason
        ]

    def job_ends(self, name: str, timeout_seconds: float = WAIT_SECONDS) -> tuple[str, str]:
        """Wait for the end of a Job: `Complete` or `Failed`, and the reason."""

        def ended() -> tuple[str, str] | None:
            for found in self.get("job", name).get("status", {}).get("conditions", ()):
                if found["type"] in ("Complete", "Failed") and found["status"] == "True":
                    return found["type"], found.get("reason", "")
            return None

        return eventually(ended, f"the end of job {name}", timeout_seconds)

    def rolled_out(self, deployment: str, timeout_seconds: float = WAIT_SECONDS) -> None:
        """Wait until all replicas of a Deployment are new and ready."""
        limit = f"--timeout={timeout_seconds:g}s"
        self.kubectl(
            "rollout",
            "status",
            f"deployment/{deployment}",
            limit,
            timeout_seconds=timeout_seconds + COMMAND_SECONDS,
        )


def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    """The status of every container called headstart of a pod, the init containers' first."""
    status = pod["status"]
    every = status.get("initContainerStatuses", []) + status.get("containerStatuses", [])
    return [each for each in every if each["name"] == "headstart"]


def verdict_of(pod: dict[str, Any]) -> Event | None:
    """The verdict of a pod's headstart, from its termination message: now, or of its last start.

    Fails when it is no JSON object, or longer than 2,048 bytes. None while there is no end.
    """
    statuses = containers(pod)
    if not statuses:  # a kubelet has yet to look at it
        return None
    (container,) = statuses
    ended = container["state"].get("terminated") or container.get("lastState", {}).get("terminated")
    if not ended:
        return None
    return Result(ended["exitCode"], "", "", ended.get("message", "")).told


@contextmanager
def new_namespace() -> Iterator[Namespace]:
    """A namespace of its own for the length of the block."""
    name = f"headstart-test-{uuid4().hex[:8]}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted", LABEL: "true"}
    metadata = {"name": name, "labels": labels}
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    command("kubectl", "apply", "--filename=-", stdin=text)
    try:
        namespace = Namespace(name)
        eventually(
            lambda: namespace.kubectl("get", "serviceaccounts", "--output=name"),
            "the service account of the namespace",
        )
        yield namespace
    finally:
        command("kubectl", "delete", "namespace", name, "--wait=false")
