"""The fields of the verdict, as they are written and read by machines."""

from collections.abc import Mapping

from headstart.verdict.conclusion import Verdict
from headstart.verdict.record import Applied, DroppedIndex


def verdict_fields(verdict: Verdict) -> dict[str, object]:
    """The verdict as flat fields, essentials first; durations in seconds."""
    record = verdict.record
    fields: dict[str, object] = {
        "outcome": verdict.outcome.value,
        "exit_code": verdict.exit_code,
        "next_step": verdict.next_step,
        "error": verdict.error,
        "state": record.state and record.state.value,
        "from": _listed(record.from_revisions),
        "to": _listed(record.to_revisions),
        "applied": [_applied(step) for step in record.applied],
        "dropped_indexes": [_dropped(each) for each in record.dropped_indexes] or None,
        "partly_applied": record.partly_applied,
        "lock_attempts": dict(record.lock_attempts) or None,
        "proof": record.proof.value,
        **record.fields,
        "wait_attempts": record.wait_attempts,
        "wait_seconds": round(record.wait_seconds, 3),
        "lock_wait_seconds": round(record.lock_wait_seconds, 3),
        "duration_seconds": round(verdict.duration_seconds, 3),
        "database": dict(record.database),
        "tls": record.tls,
        "server_version": record.server_version,
        "run_id": record.run_id,
        "headstart_version": record.headstart_version,
        "image_revision": record.image_revision,
        "alembic_ini": record.alembic_ini,
    }
    return {name: value for name, value in fields.items() if value is not None}


def fleet_verdict_fields(verdict: Verdict) -> dict[str, object]:
    """The verdict of a fleet: what its targets have in theirs is left out."""
    return {
        name: value
        for name, value in verdict_fields(verdict).items()
        if name not in _OF_ONE_DATABASE
    }


def fleet_message_fields(fields: Mapping[str, object]) -> dict[str, object]:
    """The same for the termination message: few failures, of which none is cut off again there.

    What is cut there are the first entries of a list, and the first of these matter most.
    """
    failures = fields.get("failures")
    if not isinstance(failures, list):
        return dict(fields)
    first = [{**each, "message": _short(str(each["message"]))} for each in failures[:_FEW]]
    return {**fields, "failures": first}


_FEW = 3
_SHORT_MESSAGE = 80


def _short(text: str) -> str:
    return text if len(text) <= _SHORT_MESSAGE else f"{text[: _SHORT_MESSAGE - 1]}…"


_OF_ONE_DATABASE = frozenset(
    {
        *("state", "from", "to", "applied", "proof", "wait_attempts", "wait_seconds"),
        *("lock_wait_seconds", "database", "tls", "server_version"),
    }
)


def _applied(step: Applied) -> dict[str, object]:
    """A revision with what its transaction held, where it was the last one of that."""
    held = {} if step.held is None else step.held.fields()
    return {"revision": step.revision, "seconds": round(step.seconds, 3), **held}


def _dropped(dropped: DroppedIndex) -> dict[str, object]:
    """An index that was dropped; `rebuilt` only where it was not."""
    lost = {} if dropped.rebuilt else {"rebuilt": False}
    return {
        "index": dropped.index, "table": dropped.table, "revision": dropped.revision, **lost,
    }  # fmt: skip


def _listed(revisions: tuple[str, ...] | None) -> list[str] | None:
    """The version rows; None, which is left out, where they were never read."""
    return None if revisions is None else list(revisions)
