"""What fleet status and fleet plan print: a table for people, and JSON."""

from collections.abc import Iterator, Sequence

from headstart.decision.fleet_overview import AtRevision, FleetOverview
from headstart.decision.fleet_plan import NOTHING, FleetPlan, PlannedTarget
from headstart.facts.state import written
from headstart.facts.visible import json_text, one_line
from headstart.process.redaction import Secrets
from headstart.settings.fleet import Shard
from headstart.settings.request import Output

_MOST_NAMES = 10
_MOST_PLANNED = 50
_MOST_REVISIONS = 5


def status_text(found: FleetOverview, shard: Shard, output: Output, secrets: Secrets) -> str:
    """The answer of fleet status on stdout."""
    if output is Output.JSON:
        return json_text(secrets.mask_fields(_status_fields(found, shard)))
    return _for_people(_status_lines(found, shard), secrets)


def plan_text(found: FleetPlan, shard: Shard, output: Output, secrets: Secrets) -> str:
    """The answer of fleet plan on stdout."""
    if output is Output.JSON:
        return json_text(secrets.mask_fields(_plan_fields(found, shard)))
    return _for_people(_plan_lines(found, shard), secrets)


def _for_people(lines: Iterator[str], secrets: Secrets) -> str:
    return "\n".join(one_line(str(secrets.mask(line))).rstrip() for line in lines)


def _status_lines(found: FleetOverview, shard: Shard) -> Iterator[str]:
    rows = [("revision", "targets", ""), *map(_revision_cells, found.revisions)]
    yield from _table(rows)
    yield ""
    unproven = f", {found.ready:,} ready without a proof" if found.ready else ""
    yield f"{found.proven:,} of {found.targets:,} targets are proven{unproven} (shard {shard})"
    yield from (f"{slug}: {_some(names)}" for slug, names in found.named.items())


def _revision_cells(each: AtRevision) -> tuple[str, str, str]:
    if each.rows is None:
        return "(unknown)", f"{each.targets:,}", ""
    named = written(each.rows)
    if each.pending is None:
        return named, f"{each.targets:,}", "not in this image"
    return named, f"{each.targets:,}", f"{each.pending} pending" if each.pending else ""


def _plan_lines(found: FleetPlan, shard: Shard) -> Iterator[str]:
    yield from _table([("would do", "targets"), *((k, f"{n:,}") for k, n in found.kinds.items())])
    yield ""
    yield (
        f"{len(found.processes):,} of {found.targets:,} targets get a process of their own"
        f" (shard {shard})"
    )
    busy = [each for each in found.processes if each.kind != NOTHING]
    yield from map(_planned_line, busy[:_MOST_PLANNED])
    if (more := len(busy) - _MOST_PLANNED) > 0:
        yield f"and {more:,} more, all of which --output json names"


def _planned_line(each: PlannedTarget) -> str:
    told = _some(each.pending, _MOST_REVISIONS) or each.why
    return f"{each.target}: {each.kind}{f': {told}' if told else ''}"


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """The first column to the left, the second to the right."""
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    for name, number, *rest in rows:
        yield "  ".join([name.ljust(first), number.rjust(second), *rest])


def _some(names: Sequence[str], most: int = _MOST_NAMES) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def _status_fields(found: FleetOverview, shard: Shard) -> dict[str, object]:
    return {
        "targets": found.targets,
        "proven": found.proven,
        "ready": found.ready,
        "is_ready": found.is_ready,
        "revisions": [
            {
                "revision": None if each.rows is None else list(each.rows),
                "targets": each.targets,
                "pending": each.pending,
            }
            for each in found.revisions
        ],
        "named": {slug: list(names) for slug, names in found.named.items()},
        "shard": str(shard),
    }


def _plan_fields(found: FleetPlan, shard: Shard) -> dict[str, object]:
    return {
        "targets": found.targets,
        "kinds": dict(found.kinds),
        "processes": [
            {
                "target": each.target,
                "kind": each.kind,
                "pending": list(each.pending),
                **({"why": each.why} if each.why else {}),
            }
            for each in found.processes
        ],
        "shard": str(shard),
    }
