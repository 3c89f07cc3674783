"""What status prints: a table for people, 80 columns wide where ids are no longer, and JSON."""

from collections.abc import Callable, Iterator, Sequence

from headstart.decision.overview import Line, Overview
from headstart.decision.plan import Baseline, Upgrade
from headstart.facts.applied_record import NoRecord
from headstart.facts.state import written
from headstart.facts.visible import json_text, one_line
from headstart.patterns import pattern
from headstart.process.redaction import Secrets
from headstart.settings.request import Output
from headstart.verdict.errors import HeadstartError, outcome_of

WIDTH = 80
_LEAST_OF_TITLE, _MOST_NAMES = 16, 10
_TIME = pattern(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\dZ")
_HEADINGS = ("revision", "applied (UTC)", "took", "image", "mark", "title")


def overview_text(overview: Overview, output: Output, secrets: Secrets) -> str:
    """The answer of status on stdout."""
    if output is Output.JSON:
        return json_text(secrets.mask_fields(_fields(overview)))

    def safe(text: str) -> str:
        return one_line(str(secrets.mask(text)))

    return "\n".join([*_table(overview.lines, safe), "", *map(safe, _summary(overview))])


def _table(lines: Sequence[Line], safe: Callable[[str], str]) -> Iterator[str]:
    """Columns in which nothing stands are left out; only a title is cut to fit."""
    rows = [_HEADINGS, *(_shown(line, safe) for line in lines)]
    kept = [n for n in range(len(_HEADINGS)) if any(row[n] for row in rows[1:])]
    *ahead, title = [n for n in kept if n != len(_HEADINGS) - 1] + [len(_HEADINGS) - 1]
    widths = {n: max(len(row[n]) for row in rows) for n in ahead}
    room = max(_LEAST_OF_TITLE, WIDTH - sum(widths.values()) - len("  ") * len(ahead))
    for row in rows:
        cells = [row[n].ljust(widths[n]) for n in ahead]
        yield "  ".join([*cells, _cut(row[title], room)]).rstrip()


def _shown(line: Line, safe: Callable[[str], str]) -> tuple[str, ...]:
    """A row, cut after the masking: half a secret would not be known for one."""
    revision, applied, took, image, mark, title = map(safe, _cells(line))
    return revision, _cut(applied, 16), took, _cut(image, 12), _cut(mark, 4), title


def _cells(line: Line) -> tuple[str, ...]:
    entry, title = line.entry, line.title if line.in_image else "(not in this image)"
    if entry is None:
        return line.revision, _applied(line), "", "", "", title
    took = "stamped" if entry.seconds is None else _duration(entry.seconds)
    return line.revision, _when(entry.time), took, entry.image, entry.mark, title


def _applied(line: Line) -> str:
    if line.pending:
        return "pending"
    return "unknown" if line.applied is None else "yes" if line.applied else "no"


def _when(time: str) -> str:
    """To the minute; what is no time of ours is shown as it is, since anybody may write it."""
    found = _TIME.fullmatch(time)
    return f"{found[1]} {found[2]}" if found else time


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 100 else f"{minutes / 60:.1f} h"


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 2]}.."


def _summary(overview: Overview) -> Iterator[str]:
    yield f"state:  {overview.state.value} ({overview.state.meaning})"
    yield f"from:   {', '.join(overview.rows) or 'no version row'}"
    yield f"target: {', '.join(overview.target)}"
    yield f"plan:   {_plan(overview)}"
    if overview.refusal is not None:
        yield f"why:    {overview.refusal}"
        yield f"next:   {overview.refusal.next_step}"
    yield from (f"note:   {note}" for note in _notes(overview))


def _plan(overview: Overview) -> str:
    if overview.refusal is not None:
        outcome = outcome_of(overview.refusal)
        return f"refuse: {outcome.value} ({outcome.code})"
    match overview.plan:
        case Upgrade(pending=pending):
            return f"upgrade, {len(pending)} pending"
        case Baseline(revisions=revisions, pending=pending):
            return f"baseline: stamp {written(revisions) or 'nothing'}, {len(pending)} pending"
        case plan:
            return plan.slug


def _notes(overview: Overview) -> Iterator[str]:
    if isinstance(overview.record, NoRecord):
        yield f"no record: {overview.record.value}"
    elif overview.is_stale:
        yield (
            f"the record was written at {', '.join(overview.record.at)}; the alembic command has"
            " been used since, and nobody noted what it did"
        )
    if overview.edited:
        names, rest = overview.edited[:_MOST_NAMES], len(overview.edited) - _MOST_NAMES
        more = f" and {rest} more" if rest > 0 else ""
        yield f"edited since they were applied: {', '.join(names)}{more}"
    yield from overview.notes
    if overview.run_in_progress:
        yield "a run is in progress; this may be out of date"


def _fields(overview: Overview) -> dict[str, object]:
    plan, record = overview.plan, overview.record
    baseline = plan.revisions if isinstance(plan, Baseline) else ()
    fields: dict[str, object] = {
        "state": overview.state.value,
        "plan": "refuse" if overview.refusal is not None else plan.slug,
        "from": list(overview.rows),
        "target": list(overview.target),
        "baseline": list(baseline),
        "pending": [line.revision for line in overview.lines if line.pending],
        "run_in_progress": overview.run_in_progress,
        "record": None if isinstance(record, NoRecord) or not record.at else list(record.at),
        "record_is_stale": overview.is_stale,
        "edited": list(overview.edited),
        "revisions": [_line(line) for line in overview.lines],
        "notes": list(_notes(overview)),
    }
    return fields | (_refusal(overview.refusal) if overview.refusal is not None else {})


def _refusal(error: HeadstartError) -> dict[str, object]:
    outcome = outcome_of(error)
    return {
        "refusal": {
            "outcome": outcome.value,
            "exit_code": outcome.code,
            "message": str(error),
            "next_step": error.next_step,
        }
    }


def _line(line: Line) -> dict[str, object]:
    entry = line.entry
    own: dict[str, object] = {
        "revision": line.revision,
        "title": line.title,
        "applied": line.applied,
        "pending": line.pending,
        "in_image": line.in_image,
    }
    if entry is None:
        return own
    return own | {
        "applied_at": entry.time,
        "seconds": entry.seconds,
        "image": entry.image,
        "mark": entry.mark,
        "edited": line.edited,
    }
