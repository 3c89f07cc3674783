"""In which part of a rollout a revision belongs. Pure."""

from enum import StrEnum


class Phase(StrEnum):
    """What a revision is to the code that is still running; the value is what its script says."""

    EXPAND = "expand"
    """It adds, and the release before runs on it: it may be applied first."""
    CONTRACT = "contract"
    """It takes away what only the release before needs: it may be held back until that is gone."""
