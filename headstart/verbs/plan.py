"""The verb plan: what would a run do now? It changes nothing.

`plan --sql` and `plan --lint` do run env.py, in Alembic's offline mode, which connects to nothing.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from headstart.decision.drift import Occasion
from headstart.decision.explanation import of_proof
from headstart.decision.failures import failure_in, note_of_failure
from headstart.decision.index_repair import names_of
from headstart.decision.pending_detach import of_pending
from headstart.decision.plan import Baseline, NothingToDo, Plan, Preview, Refuse, Step, Upgrade
from headstart.facts.applied_record import record_in
from headstart.facts.state import scope_named
from headstart.fingerprint.show.step import what_it_does
from headstart.postgres.catalog import Catalog
from headstart.revisions.rendering import Steps, render_sql
from headstart.revisions.script_graph import digest_of
from headstart.revisions.script_titles import title_of
from headstart.settings.driver_url import sqlalchemy_url
from headstart.settings.request import Output, Request
from headstart.verbs.agreed_plan import digests_of
from headstart.verbs.app_environment import app_environment
from headstart.verbs.check import Outlook, ask
from headstart.verbs.inspection import Image, connected, read_image
from headstart.verbs.schema_digest import schema_digest
from headstart.verbs.task import Task
from headstart.verdict.errors import AccessRefused, Blocked, InvalidSettings

if TYPE_CHECKING:
    from headstart.decision.lint import Lint
    from headstart.revisions.rendered import Watch


def preview(task: Task, request: Request) -> Preview:
    """What a run would do now. Raises what it would refuse with."""
    squawk = _squawk() if request.lint else None
    image = read_image(task)
    outlook = ask(image, task, Occasion.PLAN)
    if outlook.elsewhere is not None:
        raise outlook.elsewhere
    baseline, pending = _steps(outlook)
    for_a_run = request.output is Output.JSON
    return Preview(
        state=outlook.state,
        plan=outlook.plan.slug,
        version_rows=outlook.facts.version_rows,
        target=tuple(sorted(image.history.targets)),
        baseline=baseline,
        pending=pending,
        run_in_progress=outlook.in_progress,
        sql=_sql(task, image, outlook, baseline) if request.sql else None,
        proof=outlook.plan.proof,
        held=() if isinstance(outlook.plan, Refuse) else outlook.plan.held,
        explanation=(
            *_explained(outlook.plan),
            *names_of(outlook.invalid).lines,
            *of_pending(outlook.pending, made_anew=True).lines,
            *outlook.notes,
            *_failures(image, outlook),
        ),
        lint=_lint(task, image, outlook, baseline, squawk) if squawk is not None else None,
        scripts=digests_of(image, pending) if for_a_run else {},
        schema_digest=_digest(task, image, outlook) if for_a_run else None,
        steps={} if for_a_run or request.sql else _described(image, pending),
    )


def _failures(image: Image, outlook: Outlook) -> Iterator[str]:
    """What the record knows to have failed; a run would begin with it once more."""
    facts, history = outlook.facts, image.history
    rows = frozenset(facts.version_rows)
    applied = rows | history.applied_with(rows & history.requirements.keys())
    failed = failure_in(record_in(facts.version_column.comment), applied)
    if failed is not None:
        scripts = (each for each in image.project.scripts if each.revision == failed.revision)
        yield note_of_failure(failed, next(map(digest_of, scripts), ""))


def _described(image: Image, pending: tuple[str, ...]) -> dict[str, Step]:
    """What people want to know of each revision, beside its id."""
    scripts = {each.revision: Path(each.path) for each in image.project.scripts}
    usable = image.fingerprints.usable
    states = {} if usable is None else usable.steps
    return {
        each: Step(
            title_of(scripts[each], each),
            _short(scripts[each]),
            what_it_does(states[each]) if each in states else "",
        )
        for each in pending
        if each in scripts
    }


def _short(file: Path) -> str:
    """A path below the working directory without that."""
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)


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


def _sql(
    task: Task,
    image: Image,
    outlook: Outlook,
    baseline: tuple[str, ...],
    watch: "Watch | None" = None,
) -> str:
    if isinstance(outlook.plan, NothingToDo):
        return ""
    url, rows = sqlalchemy_url(task.resolve()), outlook.facts.version_rows
    target = task.settings.target
    if not isinstance(outlook.plan, Refuse) and outlook.plan.held:
        target, *others = sorted(image.history.without(outlook.plan.held).targets)
        if others:  # Alembic's offline mode takes one
            raise InvalidSettings(
                "plan --sql and --lint cannot hold revisions back on several branches"
            )
    with app_environment(task, connected=True):
        return render_sql(image.project, url, Steps(baseline, rows, target), watch)


def _squawk() -> str:
    from headstart.process.squawk import find_squawk  # what only --lint needs

    return find_squawk()


def _lint(
    task: Task, image: Image, outlook: Outlook, baseline: tuple[str, ...], squawk: str
) -> "Lint":
    from headstart.revisions.rendered import Watch
    from headstart.verbs.lint import lint_of

    watch = Watch()
    _sql(task, image, outlook, baseline, watch)
    return lint_of(task, squawk, watch)


def _digest(task: Task, image: Image, outlook: Outlook) -> str | None:
    """The digest of the schema; None where it cannot be read, or a run is changing it."""
    scope, unreadable = scope_named(task.settings.version_table), (AccessRefused, Blocked)
    if outlook.in_progress:
        return None
    with suppress(*unreadable), connected(task) as connection, Catalog(connection) as catalog:
        return schema_digest(catalog, image.fingerprints.usable, scope)
    return None


def _explained(plan: Plan) -> tuple[str, ...]:
    proven = plan.proven if isinstance(plan, Baseline) else None
    return of_proof(proven).lines if proven is not None else ()
