"""The answer of status at the head: the revisions from the fingerprints file, the record's notes.

A history in one line, with a record that was written with the very version rows: anything else is
left to the flow. No script is parsed: the file's states say which digest is whose.
"""

import json
import os

from headstart.facts.at_head import AT_HEAD
from headstart.fingerprint.file.digests import script_digest
from headstart.gate.doubt import Doubt
from headstart.gate.image import FILE, content_of
from headstart.process.status_table import line_fields, summary, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from headstart.fingerprint.file.header import Header

_QUOTES = ('"""', "'''")
_PLAN = "nothing_to_do"


class _Entry:
    """An entry of the record, as applied_record.py has it."""

    def __init__(self, values: "Sequence[Any]") -> None:
        self.revision, _, self.mark, self.time, self.seconds, self.image, self.digest = values[:7]


class _Line:
    """A revision that is applied, with what the record says of it."""

    applied, pending, held, in_image = True, False, False, True

    def __init__(self, revision: str, title: str, digest: str, entry: _Entry | None) -> None:
        self.revision, self.title, self.entry = revision, title, entry
        self.edited = entry is not None and bool(entry.digest) and entry.digest != digest


def answer(header: "Header", folder: str, comment: str, output: str) -> str:
    """What status prints. Raises Doubt."""
    record = json.loads(comment)
    at, heads = record["at"], list(header.heads)
    if at and sorted(at) != sorted(heads):
        raise Doubt("a stale record")
    if record.get("failed"):
        raise Doubt("a failure")
    entries = {each[0]: _Entry(each) for each in record["chain"]}
    titles = _titles(header, folder)
    lines = [
        _Line(revision, _title(titles, digest), digest, entries.get(revision))
        for revision, digest in _revisions(folder)
    ]
    if len(titles) != len(lines) or [line.edited for line in lines if line.edited]:
        raise Doubt("edited scripts")
    text = _json(lines, heads, at) if output == "json" else _text(lines, heads)
    if not text.isascii() or not text.replace("\n", "").isprintable():
        raise Doubt("characters")
    return text


def _text(lines: "Sequence[_Line]", heads: "Sequence[str]") -> str:
    below = summary(AT_HEAD, heads, heads, _PLAN)
    return "\n".join([*table(lines, str), "", *below])


def _json(lines: "Sequence[_Line]", heads: "list[str]", at: "list[str]") -> str:
    return json.dumps(
        {
            "state": AT_HEAD[0],
            "plan": _PLAN,
            "from": heads,
            "target": heads,
            "baseline": [],
            "pending": [],
            "held": [],
            "failed": None,
            "run_in_progress": False,
            "record": at or None,
            "record_is_stale": False,
            "edited": [],
            "revisions": [line_fields(line, edited=line.edited) for line in lines],
            "notes": [],
        }
    )


def _revisions(folder: str) -> "Iterator[tuple[str, str]]":
    """The revisions of the file, each after the one before, with their scripts' digests."""
    before = None
    with open(os.path.join(folder, FILE), encoding="utf-8") as file:
        for line in file:
            if not line.startswith("state "):
                continue
            _, name, *words = line.split()
            values = dict(word.split("=", 1) for word in words)
            if "~" in name or "%" in name or values["revs"] != name:
                raise Doubt("not one line")
            if values["parent"] != (before or "-"):
                raise Doubt("not one line")
            before = name
            yield name, values["file"]


def _titles(header: "Header", folder: str) -> "dict[str, str]":
    """The titles of all scripts, by digest."""
    found = {}
    for relative in header.scripts:
        place = os.path.join(folder, relative)
        for name in os.listdir(place):
            if name.endswith(".py") and not name.startswith("__"):
                content = content_of(os.path.join(place, name))
                found[script_digest(content)] = _first_line(content)
    return found


def _title(titles: "dict[str, str]", digest: str) -> str:
    if digest not in titles:
        raise Doubt("stale fingerprints")
    return titles[digest]


def _first_line(content: bytes) -> str:
    """The first line of a docstring of the usual form. Raises Doubt."""
    first = content[:400].decode(errors="replace").partition("\n")[0].rstrip("\r")
    quotes = first[:3]
    title = first[3:].partition(quotes)[0] if quotes in _QUOTES else ""
    if title.strip() != title or not title or "\\" in title:
        raise Doubt("a title")
    return title
