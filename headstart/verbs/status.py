"""The verb status: which revisions are applied, when and from which image; it changes nothing.

Whatever a run would refuse is part of the answer, and no failure of the one who asks.
"""

from collections.abc import Mapping
from pathlib import Path

from headstart.decision.drift import Occasion
from headstart.decision.index_repair import names_of
from headstart.decision.overview import Overview, ScriptFacts, lines_of
from headstart.decision.plan import NothingToDo, Refuse
from headstart.facts.applied_record import record_in
from headstart.revisions.known_states import digests
from headstart.revisions.project import Project
from headstart.revisions.script_titles import title_of
from headstart.verbs.check import Outlook, ask
from headstart.verbs.inspection import read_image
from headstart.verbs.task import Task
from headstart.verdict.errors import HeadstartError
from headstart.verdict.proof import Proof


def overview(task: Task) -> Overview:
    """What is applied, and what a run would do now. Raises what check cannot answer with."""
    image = read_image(task)
    outlook = ask(image, task, Occasion.PLAN)
    if outlook.elsewhere is not None:
        raise outlook.elsewhere
    facts, history = outlook.facts, image.history
    scripts = _scripts(image.project)
    return Overview(
        state=outlook.state,
        plan=outlook.plan,
        rows=facts.version_rows,
        target=tuple(sorted(history.targets)),
        record=record_in(facts.version_column.comment),
        lines=lines_of(outlook.state, facts, history, scripts, outlook.plan),
        run_in_progress=outlook.in_progress,
        refusal=_refusal(outlook),
        notes=(*names_of(outlook.invalid).lines, *outlook.notes),
        digests={revision: script.digest for revision, script in scripts.items()},
    )


def _scripts(project: Project) -> Mapping[str, ScriptFacts]:
    found = digests(project)
    return {
        each.revision: ScriptFacts(title_of(Path(each.path), each.revision), found[each.revision])
        for each in project.scripts
    }


def _refusal(outlook: Outlook) -> HeadstartError | None:
    """What a run would end with, where it would not even begin."""
    plan = outlook.plan
    if isinstance(plan, Refuse):
        return plan.error
    if isinstance(plan, NothingToDo) and not (plan.ahead and plan.proof is Proof.FINGERPRINT):
        try:
            outlook.refuse_unfinished()
        except HeadstartError as error:
            return error
    return None
