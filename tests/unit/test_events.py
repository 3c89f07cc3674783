"""Every event that the program says is in the runbook, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAID = re.compile(r'(?:say|_log|conclude)\(\s*"([a-z]+_[a-z_]+)"')
ROW = re.compile(r"^\| `([a-z_]+)` \| (?:debug|info|warning)", re.MULTILINE)


def test_the_runbook_lists_the_events_that_are_said() -> None:
    said = {
        event
        for file in (ROOT / "headstart").rglob("*.py")
        for event in SAID.findall(file.read_text(encoding="utf-8"))
    }
    listed = set(ROW.findall((ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")))
    assert listed == said
