"""The verb plan: what would a run do now? It changes nothing.

`plan --sql` does run env.py, in Alembic's offline mode, which connects to nothing.
"""

from typing import assert_never

from headstart.decision.drift import Occasion
from headstart.decision.explanation import of_proof
from headstart.decision.index_repair import names_of
from headstart.decision.plan import Baseline, NothingToDo, Plan, Preview, Refuse, Upgrade
from headstart.revisions.rendering import render_sql
from headstart.settings.driver_url import sqlalchemy_url
from headstart.verbs.app_environment import app_environment
from headstart.verbs.check import Answer, ask
from headstart.verbs.inspection import Image, read_image
from headstart.verbs.task import Task


def preview(task: Task, *, with_sql: bool) -> Preview:
    """What a run would do now. Raises what it would refuse with."""
    image = read_image(task)
    answer = ask(image, task, Occasion.PLAN)
    baseline, pending = _steps(answer)
    return Preview(
        state=answer.state,
        plan=answer.plan.slug,
        version_rows=answer.facts.version_rows,
        target=tuple(sorted(image.history.targets)),
        baseline=baseline,
        pending=pending,
        run_in_progress=answer.in_progress,
        sql=_sql(task, image, answer, baseline) if with_sql else None,
        proof=answer.plan.proof,
        explanation=(*_explained(answer.plan), *names_of(answer.invalid).lines),
    )


def _steps(answer: Answer) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a run would stamp, and what it would run."""
    match answer.plan:
        case Refuse():
            raise answer.plan.error
        case NothingToDo():
            answer.refuse_invalid()
            return (), ()
        case Upgrade():
            return (), answer.plan.pending
        case Baseline():
            return answer.plan.revisions, answer.plan.pending
        case _:
            assert_never(answer.plan)


def _sql(task: Task, image: Image, answer: Answer, baseline: tuple[str, ...]) -> str:
    url, rows = sqlalchemy_url(task.resolve()), answer.facts.version_rows
    with app_environment(task, connected=True):
        return render_sql(image.project, url, baseline, rows, task.settings.target)


def _explained(plan: Plan) -> tuple[str, ...]:
    proven = plan.proven if isinstance(plan, Baseline) else None
    return of_proof(proven).lines if proven is not None else ()
