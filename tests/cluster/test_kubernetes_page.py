"""What docs/kubernetes.md and the manifests tell a new user to type, typed."""

import shutil
from pathlib import Path

from tests.cluster.images import APP, PREFIX
from tests.cluster.kube import Namespace, command
from tests.harness.environment import ROOT
from tests.harness.page import console_blocks
from tests.harness.program import run_tool

ELSEWHERE = ("make image", "kind load")
"""What the fixture `images` has done in its own way."""


def in_namespace(namespace: Namespace, folder: Path) -> str:
    """The path of a kubeconfig whose namespace this is."""
    path = folder / "kubeconfig"
    path.write_text(command("kubectl", "config", "view", "--raw", "--flatten"))
    name = f"--namespace={namespace.name}"
    command("kubectl", f"--kubeconfig={path}", "config", "set-context", "--current", name)
    return str(path)


def commands_of_the_page() -> list[str]:
    """The commands of its first block, "Try it on a cluster"."""
    lines = console_blocks((ROOT / "docs" / "kubernetes.md").read_text())[0]
    return [line for line in lines if not line.startswith(ELSEWHERE)]


def test_the_page_word_for_word(namespace: Namespace, tmp_path: Path) -> None:
    """One command after the other, in a namespace of one's own."""
    for folder in ("k8s", "examples"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for file in (*tmp_path.glob("k8s/*.yaml"), tmp_path / "examples" / "app-chart" / "values.yaml"):
        text = file.read_text().replace("image: ", f"image: {PREFIX}")
        file.write_text(text.replace("repository: ", f"repository: {PREFIX}"))
    environment = {"KUBECONFIG": in_namespace(namespace, tmp_path)}
    said = ""
    for line in commands_of_the_page():
        done = run_tool("bash", "-c", line, env=environment, cwd=tmp_path, timeout=300)
        assert done.exit_code == 0, f"{line}\n{done.stdout}{done.stderr}"
        said = done.stdout
    assert '"outcome": "upgraded"' in said
    assert APP in namespace.kubectl("get", "deployment", "shop", "--output=yaml")
