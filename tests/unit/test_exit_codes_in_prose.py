"""What documents and manifests say of ranges of exit codes is what the outcomes say."""

import re

import pytest

from headstart.verdict.outcome import Outcome
from tests.harness.environment import ROOT

FOLDERS = ("docs", "k8s", "examples")
PAGES = sorted(
    file
    for file in (
        *ROOT.glob("*.md"),
        *(each for name in FOLDERS for each in (ROOT / name).rglob("*")),
    )
    if file.suffix in (".md", ".yaml", ".tpl", ".json", ".txt") and file.name != "CHANGELOG.md"
)


def span(*, retry: bool) -> tuple[int, int]:
    """The first and the last exit code, of those that are no signal's, with or without a retry."""
    codes = [end.code for end in Outcome if end.retry is retry and 2 < end.code < 128]
    return min(codes), max(codes)


def test_no_page_speaks_of_another_range_of_exit_codes() -> None:
    allowed = {span(retry=True), span(retry=False)}
    named = {
        (file.name, (int(first), int(last)))
        for file in PAGES
        for first, last in re.findall(r"\b(10|20) to (\d+)\b", file.read_text(encoding="utf-8"))
    }
    assert {codes for _, codes in named} == allowed
    assert not [each for each in named if each[1] not in allowed]


@pytest.mark.parametrize("retry", [True, False])
def test_within_a_range_every_outcome_agrees_about_a_retry(retry: bool) -> None:
    first, last = span(retry=retry)
    assert {end.retry for end in Outcome if first <= end.code <= last} == {retry}
