"""Write the parts of the documents that the code knows better, and check the documents' links.

A part stands between <!-- generated: NAME --> and <!-- end generated -->. `--check` writes nothing
and fails with a difference when a part is stale. What stands outside the marks is never touched.
A relative link must lead to a file, and behind a # to a heading of it. The chart's schema is a file
that is generated as a whole, and the version is written where nobody can ask for it (versions.py).
"""

import argparse
import difflib
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from chart import read_chart, schema_text, table_rows
from headstart.command.verb_table import VERBS
from headstart.decision.choice import consequence
from headstart.decision.drift import POLICY, Occasion, Response
from headstart.facts.state import State
from headstart.settings.declared import SETTINGS
from headstart.verdict.outcome import Outcome
from versions import stale_versions

ROOT = Path(__file__).resolve().parents[1]

_BLOCK = re.compile(
    r"(?P<begin><!-- generated: (?P<name>[\w-]+) -->\n)(?P<body>.*?)"
    r"(?P<end><!-- end generated -->)",
    re.DOTALL,
)
_MARK = re.compile(r"<!-- (?:generated: [^>]*|end generated) -->")
_CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?)[ #]*$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:")


def main() -> int:
    """Write or check; the exit code is 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when stale")
    check = parser.parse_args().check
    mistakes = [mistake for page in pages(ROOT) for mistake in bring_up_to_date(page, check=check)]
    mistakes += write_schema(check=check)
    mistakes += stale_versions(ROOT, write=not check)
    print("\n".join(mistakes), end="\n" if mistakes else "", file=sys.stderr)
    return 1 if mistakes else 0


def pages(root: Path) -> Iterator[Path]:
    """Every document of the repository; folders with a dot in front are others', build/ is made."""
    for page in sorted(root.rglob("*.md")):
        parts = page.relative_to(root).parts
        if parts[0] != "build" and not any(part.startswith(".") for part in parts):
            yield page


def bring_up_to_date(page: Path, *, check: bool) -> list[str]:
    """What is wrong with a page, after its generated parts were written or compared."""
    text, name = page.read_text(encoding="utf-8"), str(page.relative_to(ROOT))
    try:
        fresh = generated(text)
    except ValueError as error:
        return [f"{name}: {error}"]
    mistakes = [f"{name}: {link} does not exist" for link in broken_links(page, fresh)]
    if fresh != text and check:
        mistakes.append(_difference(name, text, fresh))
    elif fresh != text:
        page.write_text(fresh, encoding="utf-8")
    return mistakes


def write_schema(*, check: bool) -> list[str]:
    """Write the schema of the chart's values, or say that it is stale."""
    file = ROOT / "k8s" / "chart" / "values.schema.json"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    try:
        fresh = schema_text(read_chart(ROOT))
    except ValueError as error:
        return [str(error)]
    if fresh != text and check:
        return [_difference(str(file.relative_to(ROOT)), text, fresh)]
    if fresh != text:
        file.write_text(fresh, encoding="utf-8")
    return []


def generated(text: str) -> str:
    """The text with every generated part anew. Raises ValueError for marks that do not fit."""
    blocks = list(_BLOCK.finditer(text))
    if len(_MARK.findall(text)) != 2 * len(blocks):
        raise ValueError("a mark of a generated part has no counterpart")
    return _BLOCK.sub(_part, text)


def _part(block: re.Match[str]) -> str:
    if block["name"] not in PARTS:
        raise ValueError(f"no generated part is called {block['name']}: {', '.join(PARTS)}")
    lines = "".join(f"{line}\n" for line in PARTS[block["name"]]())
    return f"{block['begin']}{lines}{block['end']}"


def broken_links(page: Path, text: str) -> list[str]:
    """The relative links of a page that lead nowhere; what stands as code is no link."""
    links = _LINK.findall(_CODE.sub("", text))
    return [link for link in links if not (_ELSEWHERE.match(link) or _leads_somewhere(link, page))]


def _leads_somewhere(link: str, page: Path) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    if not target.exists():
        return False
    return not anchor or anchor in anchors(target.read_text(encoding="utf-8"))


def anchors(text: str) -> list[str]:
    """The anchors that a page's headings get, as GitHub makes them; a second one is numbered."""
    found: list[str] = []
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        kept = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        times = sum(
            re.fullmatch(rf"{re.escape(kept)}(-\d+)?", other) is not None for other in found
        )
        found.append(f"{kept}-{times}" if times else kept)
    return found


def _difference(name: str, text: str, fresh: str) -> str:
    lines = difflib.unified_diff(
        text.splitlines(), fresh.splitlines(), name, f"{name}, generated", lineterm=""
    )
    return "\n".join([f"{name} is stale: make docs", *lines])


def verbs_table() -> list[str]:
    """One row for each verb."""
    rows = ((f"`headstart {verb.name}`", verb.question, verb.writes) for verb in VERBS)
    return _table(("command", "what it answers, or does", "what it writes"), rows)


def states_table() -> list[str]:
    """One row for each state."""
    rows = ((f"`{state.value}`", state.meaning, consequence(state)) for state in State)
    return _table(("state", "the database", "what a run does"), rows)


_RESPONSES = {
    Response.FAIL: f"`{Outcome.DRIFTED.value}` ({Outcome.DRIFTED.code})",
    Response.REPORT: "reported, 0",
    Response.SKIP: "not compared",
}


def drift_table() -> list[str]:
    """One row for each occasion, one column for each value of HEADSTART_VERIFY."""
    rows = (
        (occasion.value, *(_RESPONSES[by_occasion[occasion]] for by_occasion in POLICY.values()))
        for occasion in Occasion
    )
    return _table(("", *(f"`{verify.value}`" for verify in POLICY)), rows)


def settings_table() -> list[str]:
    """One row for each setting."""
    rows = (
        (
            f"`{row.environment}`",
            ", ".join(f"`{option}`" for option in row.options),
            f"`{row.default_text}`",
            row.unit if "|" in row.unit else row.unit.lower(),
            row.meaning,
        )
        for row in SETTINGS
    )
    return _table(("variable", "option", "default", "unit", "meaning"), rows)


def exit_codes_table() -> list[str]:
    """One row for each exit code, with all outcomes that end so."""
    rows = []
    for code in sorted({outcome.code for outcome in Outcome}):
        ends = [outcome for outcome in Outcome if outcome.code == code]
        retry = {True: "yes", False: "no"}[any(end.retry for end in ends)]
        told = "<br>".join(f"`{end.value}`: {end.meaning}" for end in ends)
        rows.append((str(code), retry if code else "", told))
    return _table(("code", "retry", "outcome and its meaning"), rows)


def chart_table() -> list[str]:
    """One row for each value of the chart."""
    return _table(("value", "default", "meaning"), table_rows(read_chart(ROOT)))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [head, tuple("---" for _ in head), *rows]
    return [f"| {' | '.join(_cell(text) for text in line)} |" for line in lines]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")  # else it would end the cell, in code too


PARTS: Mapping[str, Callable[[], list[str]]] = {
    "verbs": verbs_table,
    "states": states_table,
    "drift": drift_table,
    "settings": settings_table,
    "exit-codes": exit_codes_table,
    "chart-values": chart_table,
}

if __name__ == "__main__":
    sys.exit(main())
