"""The runbook as a page with parts that are written from runs: table rows and examples.

It must not know how an outcome is reached.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from headstart.verdict.outcome import Outcome

HEADINGS = ("Meaning", "Impact", "Diagnosis", "Mitigation")
FIELDS = (
    *("outcome", "exit_code", "state", "from", "to", "applied", "proof"),
    *(
        "candidates",
        "undecided",
        "half_applied",
        "todo",
        "invalid_indexes",
        "repair",
        "nearest",
        "missing",
        "extra",
        "renames",
    ),
    *("targets", "ready", "need_person", "outcomes", "failures"),
    *("rows_unproven", "tolerated", "ignored", "next_step", "error"),
)
"""Of the last line, in the order in which an operator reads them; long ones last."""
LINE_LENGTH = 96
_HEAD = "| outcome | code | retry | state | meaning |\n|---|---|---|---|---|\n"
_TABLE = re.compile(re.escape(_HEAD) + r"((?:\|.*\n)*)")
_ROW = re.compile(r"^\| \[(\w+)\]\(#\w+\)")
_SECTION = re.compile(r"^## Exit code (\d+)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
_EXAMPLE = re.compile(
    r"^#### ([\w ]+)\n(?:(?!#)[^\n]*\n)*?```console\n(.*?)^```$", re.DOTALL | re.MULTILINE
)
"""A heading and the first block below it, before any other heading."""

_ANY_RUN: tuple[tuple[str, str], ...] = (
    (r"pid \d+", "pid 4711"),
    (r"pg_terminate_backend\(\d+\)", "pg_terminate_backend(4711)"),
    (r"headstart:(\w+):[0-9a-f]{8}:[^\s)]+", r"headstart:\1:8c3dacd2:migrate-x7k2p"),
    (r"for \d+ s\b", "for 12 s"),
    (r"from 127\.0\.0\.1", "from 10.0.0.7"),
    (r"port \d+", "port 5432"),
    (r"\d+ bytes", "1234 bytes"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:5432"),
    (r"\d+ attempts?", "4 attempts"),
    (r'seconds": [\d.]+', 'seconds": 0.01'),
)
"""What differs from run to run, and what the document says instead."""


@dataclass(frozen=True)
class Example:
    """One situation as the document shows it."""

    outcome: Outcome
    typed: list[str]
    verdict: Mapping[str, Any]
    names: Mapping[str, str]
    heading: str = ""
    """Where an outcome is reached in another way, too: the heading of that example."""

    def block(self) -> str:
        """Return what was typed and printed, under the document's names."""
        code = str(self.verdict["exit_code"])
        lines = [*self.typed, *verdict_lines(self.verdict), "$ echo $?", code]
        text = "".join(f"{line}\n" for line in lines)
        for real, documented in self.names.items():
            text = text.replace(real, documented)
        for pattern, documented in _ANY_RUN:
            text = re.sub(pattern, documented, text)
        return text

    def row(self) -> str:
        """Return the outcome's row in the table."""
        end, state = self.outcome, self.verdict.get("state", "-")
        retry = "yes" if end.retry else "-" if end.code == 0 else "no"
        link = f"[{self.outcome}](#{self.outcome})"
        return f"| {link} | {end.code} | {retry} | {state} | {end.meaning} |\n"


@dataclass(frozen=True)
class Page:
    """The document's text."""

    text: str

    def rows(self) -> list[str]:
        """Return the outcomes in the table, in its order."""
        return list(self._table())

    def sections(self) -> dict[int, list[str]]:
        """Return the headings of each exit code's section."""
        return {
            int(code): re.findall(r"^### (.*)$", text, re.MULTILINE)
            for code, text in _SECTION.findall(self.text)
        }

    def examples(self) -> dict[str, int]:
        """Return the headings that have an example, with the exit code of its section."""
        return {
            outcome: int(code)
            for code, text in _SECTION.findall(self.text)
            for outcome, _ in _EXAMPLE.findall(text)
        }

    def broken_links(self) -> list[str]:
        """Return the links within the page that lead nowhere."""
        headings = re.findall(r"^#+ (.*)$", self.text, re.MULTILINE)
        anchors = {heading.lower().replace(" ", "-") for heading in headings}
        return [link for link in re.findall(r"\(#([\w-]+)\)", self.text) if link not in anchors]

    def with_example(self, example: Example, *, row: bool = True) -> str:
        """Return the text as it would be if it were written from this run."""

        def write(found: re.Match[str]) -> str:
            if found[1] != (example.heading or example.outcome):
                return found[0]
            start = found.start(2) - found.start()
            return f"{found[0][:start]}{example.block()}```"

        rows = self._table() | ({example.outcome.value: example.row()} if row else {})
        table = "".join(rows[outcome] for outcome in Outcome if outcome in rows)
        text = _TABLE.sub(lambda _: _HEAD + table, self.text)
        return _EXAMPLE.sub(write, text)

    def _table(self) -> dict[str, str]:
        found = _TABLE.search(self.text)
        assert found is not None
        lines = found[1].splitlines(keepends=True)
        return {match[1]: line for line in lines if (match := _ROW.match(line))}


def verdict_lines(verdict: Mapping[str, Any]) -> Iterator[str]:
    """Write the telling fields as one JSON object, on as few lines as are easy to read."""
    fields = {name: verdict[name] for name in FIELDS if name in verdict}
    line = "{"
    for name, value in fields.items():
        part = f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}, "
        if len(line) + len(part) > LINE_LENGTH and line != "{":
            yield line.rstrip()
            line = " "
        line += part
    yield line.rstrip(", ") + "}"
