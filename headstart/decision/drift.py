"""The drift policy: what to do when the schema differs from its revision, as data. Pure.

docs/fingerprints.md's table is made from it.
"""

from collections.abc import Mapping
from enum import Enum, StrEnum

from headstart.settings.kinds import Verify


class Response(StrEnum):
    """What a difference leads to."""

    FAIL = "fail"
    """The run ends as drifted."""
    REPORT = "report"
    """The log and the verdict name it; the exit code stays 0."""
    SKIP = "skip"
    """The schema is not compared."""


class Occasion(Enum):
    """When a schema may be compared; the value is its name in the documentation."""

    CHANGED = "a run that changed something"
    UNCHANGED = "a run with nothing to do"
    OVERRIDDEN = "a run that stamped the revision in HEADSTART_BASELINE"
    CHECK = "check"
    WAIT = "wait"
    PROBE = "an app's probe"
    PLAN = "plan"
    DIFF = "diff"


_AUTO = {
    Occasion.CHANGED: Response.FAIL,
    Occasion.UNCHANGED: Response.REPORT,
    Occasion.OVERRIDDEN: Response.REPORT,  # a person has said that the schema may differ
    Occasion.CHECK: Response.FAIL,
    # app pods wait: a column that somebody made by hand must not keep them from starting
    Occasion.WAIT: Response.REPORT,
    Occasion.PROBE: Response.SKIP,  # nobody reads a probe's report
    Occasion.PLAN: Response.SKIP,
    Occasion.DIFF: Response.FAIL,
}
_ALWAYS = {Occasion.PLAN: Response.SKIP, Occasion.DIFF: Response.FAIL}
"""What HEADSTART_VERIFY does not change: what a run would do, and the comparison itself."""


def _everywhere(response: Response) -> dict[Occasion, Response]:
    return dict.fromkeys(Occasion, response) | _ALWAYS


POLICY: Mapping[Verify, Mapping[Occasion, Response]] = {
    Verify.AUTO: _AUTO,
    Verify.STRICT: _everywhere(Response.FAIL),
    Verify.WARN: _everywhere(Response.REPORT) | {Occasion.PROBE: Response.SKIP},
    Verify.OFF: _everywhere(Response.SKIP),
}


def requires_comparison(verify: Verify) -> bool:
    """Whether a schema that cannot be compared is an error, too (stale_fingerprints)."""
    return verify is Verify.STRICT


def response_to_drift(verify: Verify, occasion: Occasion) -> Response:
    """What a difference leads to, by HEADSTART_VERIFY and the occasion."""
    return POLICY[verify][occasion]
