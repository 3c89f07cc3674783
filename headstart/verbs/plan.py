"""The verb plan: what would a run do now? It changes nothing.

`plan --sql` does run env.py, in Alembic's offline mode, which connects to nothing.
"""

from typing import assert_never

from headstart.decision.drift import Occasion
from headstart.decision.explanation import of_proof
from headstart.decision.index_repair import names_of
from headstart.decision.pending_detach import of_pending
from headstart.decision.plan import Baseline, NothingToDo, Plan, Preview, Refuse, Upgrade
from headstart.revisions.rendering import render_sql
from headstart.settings.driver_url import sqlalchemy_url
from headstart.verbs.app_environment import app_environment
from headstart.verbs.check import Outlook, ask
from headstart.verbs.inspection import Image, read_image
from headstart.verbs.task import Task
from headstart.verdict.errors import InvalidSettings


def preview(task: Task, *, with_sql: bool) -> Preview:
    """What a run would do now. Raises what it would refuse with."""
    image = read_image(task)
    outlook = ask(image, task, Occasion.PLAN)
    if outlook.elsewhere is not None:
        raise outlook.elsewhere
    baseline, pending = _steps(outlook)
    return Preview(
        state=outlook.state,
        plan=outlook.plan.slug,
        version_rows=outlook.facts.version_rows,
        target=tuple(sorted(image.history.targets)),
        baseline=baseline,
        pending=pending,
        run_in_progress=outlook.in_progress,
        sql=_sql(task, image, outlook, baseline) if with_sql else None,
        proof=outlook.plan.proof,
        held=() if isinstance(outlook.plan, Refuse) else outlook.plan.held,
        explanation=(
            *_explained(outlook.plan),
            *names_of(outlook.invalid).lines,
            *of_pending(outlook.pending, made_anew=True).lines,
            *outlook.notes,
        ),
    )


def _steps(outlook: Outlook) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a run would stamp, and what it would run."""
    match outlook.plan:
        case Refuse():
            raise outlook.plan.error
        case NothingToDo():
            outlook.refuse_unfinished()
            return (), ()
        case Upgrade():
            return (), outlook.plan.pending
        case Baseline():
            return outlook.plan.revisions, outlook.plan.pending
        case _:
            assert_never(outlook.plan)


def _sql(task: Task, image: Image, outlook: Outlook, baseline: tuple[str, ...]) -> str:
    if isinstance(outlook.plan, NothingToDo):
        return ""
    url, rows = sqlalchemy_url(task.resolve()), outlook.facts.version_rows
    target = task.settings.target
    if not isinstance(outlook.plan, Refuse) and outlook.plan.held:
        target, *others = sorted(image.history.without(outlook.plan.held).targets)
        if others:  # Alembic's offline mode takes one
            raise InvalidSettings("plan --sql cannot hold revisions back on several branches")
    with app_environment(task, connected=True):
        return render_sql(image.project, url, baseline, rows, target)


def _explained(plan: Plan) -> tuple[str, ...]:
    proven = plan.proven if isinstance(plan, Baseline) else None
    return of_proof(proven).lines if proven is not None else ()
