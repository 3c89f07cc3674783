"""What was found in an image, as one answer: every problem with its cure, and the gravest decides.

Pure. Scripts that cannot be used are graver than a stale fingerprints file: it is built from them.
"""

from collections.abc import Iterable

from headstart.facts.state import History
from headstart.values import dataclass
from headstart.verdict.errors import BrokenHistory, Explanation, StaleFingerprints

Remark = BrokenHistory | str
"""A problem, which is never raised by itself, or a note."""


@dataclass(frozen=True)
class ImageReport:
    """What was found: problems in the order in which to correct them, and notes.

    `history` is as much of the history as there is.
    """

    history: History
    problems: tuple[BrokenHistory, ...]
    notes: tuple[str, ...]

    def explanation(self) -> Explanation:
        """All of it; what is wrong only where it is more than the error says."""
        lines = [line for each in self.problems for line in (f"- {each}", f"  {each.next_step}")]
        shown = lines if len(self.problems) > 1 else [] if self.problems else [self._summary()]
        fields: dict[str, object] = {
            "revisions": len(self.history.requirements),
            "heads": sorted(self.history.targets),
            "problems": list(map(_fields, self.problems)),
            "notes": list(self.notes),
        }
        return Explanation((*shown, *self.notes), fields)

    def _summary(self) -> str:
        count, heads = len(self.history.requirements), sorted(self.history.targets)
        several, more = "s" * (count != 1), "s" * (len(heads) != 1)
        return f"{count} revision{several}, head{more} {', '.join(heads)}"

    def error(self) -> BrokenHistory | None:
        """The error that stands for all problems; None where there is none."""
        if not self.problems:
            return None
        only_stale = all(isinstance(each, StaleFingerprints) for each in self.problems)
        kind = StaleFingerprints if only_stale else BrokenHistory
        first, *others = self.problems
        if not others:
            return kind(str(first), next_step=first.next_step, explanation=self.explanation())
        return kind(
            f"the image has {len(self.problems)} problems; the first is: {first}",
            next_step="correct them in this order, each as the line below it says, build the image"
            " again, and repeat headstart check --image",
            explanation=self.explanation(),
        )


def report_of(history: History, remarks: Iterable[Remark]) -> ImageReport:
    """Sort what was remarked."""
    every = list(remarks)
    problems = (each for each in every if isinstance(each, BrokenHistory))
    notes = (each for each in every if isinstance(each, str))
    return ImageReport(history, tuple(problems), tuple(notes))


def _fields(problem: BrokenHistory) -> dict[str, str]:
    return {
        "outcome": problem.outcome.value,
        "message": str(problem),
        "next_step": problem.next_step,
    }
