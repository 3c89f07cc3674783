"""HEADSTART_PLAN: a run does what the plan says that somebody has read, or nothing."""

from collections.abc import Iterable, Mapping

from headstart.decision.agreed import Agreed, InvalidPlan, agreed_in, changes, is_carried_out
from headstart.decision.plan import Baseline, Plan, Upgrade
from headstart.facts.state import Scope
from headstart.process.files import read_text
from headstart.revisions.known_states import digests
from headstart.revisions.reading import OwnCatalog, OwnConnection
from headstart.verbs.inspection import Image, Inspection
from headstart.verbs.schema_digest import schema_digest
from headstart.verbs.task import Task
from headstart.verdict.errors import InvalidSettings, PlanOutdated
from headstart.verdict.events.schema import StateDetected


def read_agreed(path: str) -> Agreed:
    """Read a plan. Raises InvalidSettings."""
    try:
        return agreed_in(read_text(path))
    except InvalidPlan as error:
        why = str(error)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not text in UTF-8"
    raise InvalidSettings(
        f"HEADSTART_PLAN {path}: {why}",
        next_step="make the plan anew: headstart plan --output json > FILE, and give that file to"
        " headstart run --plan FILE",
    )


def digests_of(image: Image, pending: Iterable[str]) -> Mapping[str, str]:
    """The digest of each of these revisions' scripts."""
    every = digests(image.project)
    return {revision: every[revision] for revision in pending}


class Agreement:
    """Holds what a run is about to do against a plan, on env.py's connection."""

    def __init__(self, task: Task, agreed: Agreed, image: Image, scope: Scope) -> None:
        self._task, self._agreed, self._image, self._scope = task, agreed, image, scope

    def enforce(self, connection: OwnConnection, inspection: Inspection, plan: Plan) -> None:
        """Raise PlanOutdated where something has changed since the plan was made."""
        with connection.reading():
            usable = self._image.fingerprints.usable
            digest = schema_digest(OwnCatalog(connection), usable, self._scope)
        pending = plan.pending if isinstance(plan, Upgrade | Baseline) else ()
        rows = inspection.facts.version_rows
        now = Agreed(
            rows,
            tuple(sorted(self._image.history.targets)),
            plan.revisions if isinstance(plan, Baseline) else (),
            pending,
            digests_of(self._image, pending),
            digest,
        )
        if not is_carried_out(self._agreed, now) and (found := list(changes(self._agreed, now))):
            self._task.emit(StateDetected(inspection.state, rows))
            raise PlanOutdated(f"the plan no longer holds: {'; '.join(found)}")
