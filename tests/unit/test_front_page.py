"""The README is a front page: short, with a picture that is fresh and blocks that are valid."""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

import flow
from tests.harness.environment import ROOT

README = (ROOT / "README.md").read_text()
MOST_LINES = 120
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs" / "projects").glob("*.md")))
YAML = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[Any]:
    """What a page's blocks of YAML say."""
    return [yaml.safe_load(text) for text in YAML.findall(page.read_text())]


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= MOST_LINES


def test_its_picture_is_what_docs_flow_draws() -> None:
    assert "docs/pictures/flow.svg" in README
    assert flow.FILE.read_text(encoding="utf-8") == flow.picture(), "make pictures"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_its_blocks_of_yaml_are_yaml(page: Path) -> None:
    assert all(isinstance(block, dict) for block in blocks(page))


def test_the_app_of_the_compose_block_starts_after_the_job() -> None:
    (services,) = (block["services"] for block in blocks(ROOT / "README.md") if "services" in block)
    after = services["app"]["depends_on"]
    assert after == {"migrate": {"condition": "service_completed_successfully"}}
    assert services["migrate"]["command"] == "headstart"


def test_the_init_container_is_valid_in_a_pod() -> None:
    (containers,) = (
        block["initContainers"] for block in blocks(ROOT / "README.md") if "initContainers" in block
    )
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "shop"},
        "spec": {"initContainers": containers, "containers": [{"name": "app", "image": "shop"}]},
    }
    kubernetes_validate.validate(pod, kubernetes_validate.latest_version(), strict=True)
