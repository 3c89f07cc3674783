"""A plan that somebody has read, and whether it is still what a run would do. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from headstart.values import dataclass

PLAN_FORMAT = 1
"""Counts up when a plan's fields mean something else."""


@dataclass(frozen=True)
class Agreed:
    """What a plan says that has to be as it was: the rows, the schema, and what was to run."""

    version_rows: tuple[str, ...]
    target: tuple[str, ...]
    baseline: tuple[str, ...]
    pending: tuple[str, ...]
    scripts: Mapping[str, str]
    schema_digest: str

    @property
    def is_to_change(self) -> bool:
        """Whether the plan was to stamp or run something."""
        return bool(self.baseline or self.pending)


class InvalidPlan(ValueError):
    """A text is no plan of ours, and why."""


def agreed_in(text: str) -> Agreed:
    """Read the answer of `plan --output json`. Raises InvalidPlan."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidPlan("it is not JSON, or not all of it is there") from None
    if not isinstance(fields, dict) or "plan_format" not in fields:
        raise InvalidPlan("it is not what headstart plan --output json prints")
    if fields["plan_format"] != PLAN_FORMAT:
        raise InvalidPlan(f"its plan_format is not {PLAN_FORMAT}: another headstart made it")
    if fields.get("schema_digest") is None:
        raise InvalidPlan(
            "it has no digest of the schema, which could not be read then: a run was in progress,"
            " a table was locked, or the role may not read it"
        )
    return Agreed(
        version_rows=_names(fields, "from"),
        target=_names(fields, "target"),
        baseline=_names(fields, "baseline"),
        pending=_names(fields, "pending"),
        scripts=_digests(fields),
        schema_digest=str(fields["schema_digest"]),
    )


def _names(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = fields.get(name)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidPlan(f"its field {name} is missing, or is no list of revisions")
    return tuple(value)


def _digests(fields: Mapping[str, Any]) -> Mapping[str, str]:
    value = fields.get("scripts")
    if not isinstance(value, dict) or set(value) != set(_names(fields, "pending")):
        raise InvalidPlan("its field scripts does not have the digest of each pending revision")
    return {name: str(digest) for name, digest in value.items()}


def is_carried_out(agreed: Agreed, now: Agreed) -> bool:
    """Whether there is nothing left to do, since a run has done all of the plan.

    So a job that starts once more, as Kubernetes lets it, ends well and is not refused.
    """
    rows, last = set(now.version_rows), set(agreed.pending[-1:] or agreed.baseline)
    known = {*agreed.version_rows, *agreed.baseline, *agreed.pending}
    done = bool(last) and last <= rows <= known and not now.is_to_change
    return done and set(agreed.target) == set(now.target)


def changes(agreed: Agreed, now: Agreed) -> Iterator[str]:
    """What has changed since the plan was made, one sentence each."""
    yield from _changed("the version rows", agreed.version_rows, now.version_rows, sort=True)
    yield from _changed("the target", agreed.target, now.target, sort=True)
    yield from _changed("what would be stamped", agreed.baseline, now.baseline, sort=True)
    yield from _changed("the pending revisions", agreed.pending, now.pending)
    both = agreed.scripts.keys() & now.scripts.keys()
    edited = [each for each in now.pending if each in both and _differs(agreed, now, each)]
    if edited:
        yield f"edited since: {_some(edited)}"
    if agreed.schema_digest != now.schema_digest:
        yield "the schema has changed"


def _differs(agreed: Agreed, now: Agreed, revision: str) -> bool:
    return agreed.scripts[revision] != now.scripts[revision]


def _changed(
    what: str, before: Iterable[str], now: Iterable[str], *, sort: bool = False
) -> Iterator[str]:
    old, new = (sorted(each) if sort else list(each) for each in (before, now))
    if old != new:
        verb = "was" if what in {"the target", "what would be stamped"} else "were"
        yield f"{what} {verb} {_some(old)}, now {_some(new)}"


def _some(revisions: list[str]) -> str:
    more = f" and {len(revisions) - 5} more" if len(revisions) > 5 else ""
    return (", ".join(revisions[:5]) or "none") + more
