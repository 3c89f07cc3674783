"""What status prints: a table for people, and JSON."""

from collections.abc import Iterator

from headstart.decision.failures import note_of_failure
from headstart.decision.overview import Overview
from headstart.decision.plan import Baseline, Refuse, Upgrade
from headstart.facts.applied_record import NoRecord
from headstart.facts.state import written
from headstart.facts.visible import json_text, one_line
from headstart.process.redaction import Secrets
from headstart.process.status_table import line_fields, summary, table
from headstart.settings.request import Output
from headstart.verdict.errors import HeadstartError, outcome_of

_MOST_NAMES = 10


def overview_text(overview: Overview, output: Output, secrets: Secrets) -> str:
    """The answer of status on stdout."""
    if output is Output.JSON:
        return json_text(secrets.mask_fields(_fields(overview)))

    def safe(text: str) -> str:
        return one_line(str(secrets.mask(text)))

    return "\n".join([*table(overview.lines, safe), "", *map(safe, _summary(overview))])


def _summary(overview: Overview) -> Iterator[str]:
    state = overview.state
    yield from summary(
        (state.value, state.meaning), overview.rows, overview.target, _plan(overview)
    )
    yield from (f"hold:   {line.revision}" for line in overview.lines if line.held)
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
        case plan if not isinstance(plan, Refuse) and plan.held:
            return f"{plan.slug}, {len(plan.held)} held back"
        case plan:
            return plan.slug


def _notes(overview: Overview) -> Iterator[str]:
    if isinstance(overview.record, NoRecord):
        yield f"no record: {overview.record.value}"
    elif overview.is_stale:
        yield (
            f"the record was written at {', '.join(overview.record.at)}; since then something that"
            " does not write it has changed the version rows: the alembic command, a role that does"
            " not own the version table, or HEADSTART_RECORD=off"
        )
    if (failed := overview.failed) is not None:
        yield note_of_failure(failed, overview.digests.get(failed.revision, ""))
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
        "held": [line.revision for line in overview.lines if line.held],
        "failed": None if overview.failed is None else dict(vars(overview.failed)),
        "run_in_progress": overview.run_in_progress,
        "record": None if isinstance(record, NoRecord) or not record.at else list(record.at),
        "record_is_stale": overview.is_stale,
        "edited": list(overview.edited),
        "revisions": [line_fields(line, edited=line.edited) for line in overview.lines],
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
