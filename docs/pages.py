"""Lay out the pages of the site in build/pages, and their order in build/mkdocs.yml: `make site`.

The front page is README.md. A link of a page leads to the same page on the site; a link to a file
that is no page leads to the repository, whose address HEADSTART_SITE_REPOSITORY has, such as
https://git.example.com/team/headstart/blob/main, and is plain text without it.

It runs in an environment that has only the site's generator: nothing of headstart is imported.
"""

import json
import os
import posixpath
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
OUTSIDE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "tests/README.md": "tests.md",
    "k8s/chart/README.md": "chart.md",
    "examples/fastapi-template-shape/README.md": "examples/fastapi-template-shape.md",
    "examples/own-project/README.md": "examples/own-project.md",
    "examples/minirag-app/README.md": "examples/minirag-app.md",
    "examples/tenants/README.md": "examples/tenants.md",
}
"""The pages that are not in docs/, and where they are on the site."""
ORDER: Mapping[str, tuple[str, ...]] = {
    "Start": ("index.md", "your-project.md", "adopting.md", "fingerprints.md", "reference.md"),
    "Your app": ("projects/", "classic-workflow.md", "troubleshooting.md", "examples/"),
    "Operation": (
        "image.md", "kubernetes.md", "chart.md", "fleets.md", "rolling-back.md",
        "expand-and-contract.md", "traffic.md", "lint.md", "progress.md", "record.md",
        "observability.md", "runbook.md",
    ),
    "Trust": (
        "security.md", "reliability.md", "performance.md", "gate.md", "rolling-back-proof.md",
    ),
    "headstart itself": (
        "architecture.md", "decisions.md", "contributing.md", "tests.md", "releasing.md",
        "changelog.md",
    ),
}  # fmt: skip
"""The sections of the site; a folder stands for its pages. What is in none comes last."""
REST = "More"
ASSETS = (".svg", ".png")
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:[^\[\]`]|`[^`]*`)*)\]\((?P<target>[^)\s]+)\)")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|#")
_ROW = re.compile(r"^\|.*\|$", re.MULTILINE)
_CODE = re.compile(r"`[^`\n]*`")


def main() -> int:
    """Write the pages and the order; the exit code is always 0, since mkdocs checks the links."""
    shutil.rmtree(BUILD / "pages", ignore_errors=True)
    places = find_pages(ROOT)
    repository = os.environ.get("HEADSTART_SITE_REPOSITORY", "").rstrip("/")
    for source, place in places.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        target = BUILD / "pages" / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(rewritten(text, source, places, repository), encoding="utf-8")
    for asset in find_assets(ROOT):
        target = BUILD / "pages" / asset.relative_to(ROOT / "docs")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(asset, target)
    config = {
        "INHERIT": "../docs/mkdocs.yml",
        "docs_dir": "pages",
        "site_dir": "site",
        "nav": order(list(places.values())),
    }
    (BUILD / "mkdocs.yml").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return 0


def find_pages(root: Path) -> dict[str, str]:
    """The pages of the repository, with their places on the site."""
    docs = sorted(path.relative_to(root).as_posix() for path in (root / "docs").rglob("*.md"))
    outside = {source: place for source, place in OUTSIDE.items() if (root / source).exists()}
    return outside | {source: source.removeprefix("docs/") for source in docs}


def find_assets(root: Path) -> Iterator[Path]:
    """The pictures of the pages."""
    yield from (path for path in (root / "docs").rglob("*") if path.suffix in ASSETS)


def order(places: list[str]) -> list[dict[str, list[str]]]:
    """The sections with their pages, each page once; what no section names comes last."""
    left = sorted(places)
    sections = []
    for title, names in ORDER.items():
        pages = [page for name in names for page in left if named(page, name)]
        left = [page for page in left if page not in pages]
        sections.append({title: pages})
    return [section for section in (*sections, {REST: left}) if any(section.values())]


def named(page: str, name: str) -> bool:
    """Whether a name of a section is that of the page, or of its folder."""
    return page == name or (name.endswith("/") and page.startswith(name))


def rewritten(text: str, source: str, places: Mapping[str, str], repository: str) -> str:
    """A page's text with the links of its place on the site; fenced blocks stay as they are."""

    def link(found: re.Match[str]) -> str:
        target = found["target"]
        if _ELSEWHERE.match(target):
            return found[0]
        moved = moved_target(target, source, places, repository)
        if moved is None:
            return found["text"]
        return f"{found['image']}[{found['text']}]({moved})"

    parts, last = [], 0
    for fence in _FENCE.finditer(text):
        parts += [_LINK.sub(link, unescaped(text[last : fence.start()])), fence[0]]
        last = fence.end()
    return "".join((*parts, _LINK.sub(link, unescaped(text[last:]))))


def moved_target(
    target: str, source: str, places: Mapping[str, str], repository: str
) -> str | None:
    """Where a relative link leads to on the site; None where that is nowhere."""
    path, hash_, anchor = target.partition("#")
    named = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    here = posixpath.dirname(places[source])
    for page in (named, f"{named}/README.md"):
        if page in places:
            return posixpath.relpath(places[page], here or ".") + hash_ + anchor
    if named.startswith("docs/") and named.endswith(ASSETS):
        return posixpath.relpath(named.removeprefix("docs/"), here or ".")
    return f"{repository}/{named}{hash_}{anchor}" if repository else None


def unescaped(text: str) -> str:
    """The text with its tables as Python-Markdown reads them: a | in code needs no backslash."""

    def row(found: re.Match[str]) -> str:
        return _CODE.sub(lambda code: code[0].replace("\\|", "|"), found[0])

    return _ROW.sub(row, text)


if __name__ == "__main__":
    sys.exit(main())
