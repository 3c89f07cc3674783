"""The layout of the site: where a page's links lead, and that no page is lost."""

import pytest

import pages
from tests.harness.environment import ROOT

PLACES = {
    "README.md": "index.md",
    "docs/image.md": "image.md",
    "docs/projects/pytest.md": "projects/pytest.md",
    "examples/own-project/README.md": "examples/own-project.md",
}
REPOSITORY = "https://git.example.com/team/headstart/blob/main"


@pytest.mark.parametrize(
    ("source", "link", "expected"),
    [
        ("README.md", "[a](docs/image.md#run-it)", "[a](image.md#run-it)"),
        ("docs/image.md", "[a](../README.md)", "[a](index.md)"),
        ("docs/image.md", "[a](../examples/own-project)", "[a](examples/own-project.md)"),
        ("docs/projects/pytest.md", "[a](../image.md)", "[a](../image.md)"),
        ("examples/own-project/README.md", "[a](../../docs/image.md)", "[a](../image.md)"),
        ("README.md", "![a b](docs/pictures/flow.svg)", "![a b](pictures/flow.svg)"),
        ("docs/image.md", "[a](#run-it)", "[a](#run-it)"),
        ("docs/image.md", "[a](https://example.com)", "[a](https://example.com)"),
        ("docs/image.md", "[`a`](../compose.yaml)", f"[`a`]({REPOSITORY}/compose.yaml)"),
        ("docs/image.md", "```\n[a](../README.md)\n```", "```\n[a](../README.md)\n```"),
    ],
)
def test_a_link_leads_to_the_same_page_on_the_site(source: str, link: str, expected: str) -> None:
    assert pages.rewritten(link, source, PLACES, REPOSITORY) == expected


def test_a_link_to_a_file_that_is_no_page_is_text_where_no_repository_is_named() -> None:
    text = "see [the `file`](../compose.yaml)."
    assert pages.rewritten(text, "docs/image.md", PLACES, "") == "see the `file`."


def test_a_bar_in_code_needs_no_backslash_on_the_site() -> None:
    row = "| `x` | prove\\|auto |\n| `a\\|b` | c |"
    written = pages.rewritten(row, "docs/image.md", PLACES, "")
    assert written == "| `x` | prove\\|auto |\n| `a|b` | c |"


def test_every_page_is_on_the_site_once_and_the_front_page_is_the_first() -> None:
    places = list(pages.find_pages(ROOT).values())
    listed = [page for section in pages.order(places) for page in next(iter(section.values()))]
    assert listed[0] == "index.md"
    assert sorted(listed) == sorted(places)


def test_a_page_that_no_section_names_comes_last() -> None:
    assert pages.order(["new.md", "index.md"])[-1] == {"More": ["new.md"]}


def test_every_name_in_a_section_is_that_of_a_page() -> None:
    places = set(pages.find_pages(ROOT).values())
    names = [name for section in pages.ORDER.values() for name in section]
    assert [name for name in names if not any(pages.named(page, name) for page in places)] == []
