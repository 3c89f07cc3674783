"""What a difference leads to: total, and as the documentation has it."""

import pytest

from headstart.decision.drift import POLICY, Occasion, Response, response_to_drift
from headstart.settings.kinds import Verify

FAIL, REPORT, SKIP = Response.FAIL, Response.REPORT, Response.SKIP


@pytest.mark.parametrize("verify", Verify)
def test_every_occasion_is_decided(verify: Verify) -> None:
    assert list(POLICY[verify]) == list(Occasion)


@pytest.mark.parametrize(
    ("occasion", "auto"),
    {
        Occasion.CHANGED: FAIL,
        Occasion.UNCHANGED: REPORT,
        Occasion.OVERRIDDEN: REPORT,
        Occasion.CHECK: FAIL,
        Occasion.WAIT: REPORT,
        Occasion.PROBE: SKIP,
        Occasion.PLAN: SKIP,
        Occasion.DIFF: FAIL,
    }.items(),
)
def test_auto_fails_where_somebody_can_act(occasion: Occasion, auto: Response) -> None:
    assert response_to_drift(Verify.AUTO, occasion) is auto


@pytest.mark.parametrize("occasion", [each for each in Occasion if each is not Occasion.DIFF])
def test_only_strict_makes_more_fail_than_auto(occasion: Occasion) -> None:
    order = [SKIP, REPORT, FAIL]
    off, warn, auto, strict = (
        order.index(response_to_drift(verify, occasion))
        for verify in (Verify.OFF, Verify.WARN, Verify.AUTO, Verify.STRICT)
    )
    assert off <= warn <= auto <= strict
    assert off == order.index(SKIP)
    assert warn <= order.index(REPORT)


@pytest.mark.parametrize("verify", Verify)
def test_a_diff_always_compares_and_a_plan_never_does(verify: Verify) -> None:
    assert response_to_drift(verify, Occasion.DIFF) is FAIL
    assert response_to_drift(verify, Occasion.PLAN) is SKIP
