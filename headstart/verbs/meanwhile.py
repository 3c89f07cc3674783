"""Whether another run has done the work while this one waited for the lock: proven, not guessed.

It is the gate's question, asked under the lock: else each of many that start at once would run
env.py, one after the other, to find nothing to do.
"""

from contextlib import suppress

from headstart.decision.explanation import of_live
from headstart.decision.plan import NothingToDo
from headstart.facts.state import State
from headstart.fingerprint.catalog.live import Live
from headstart.gate.doubt import Doubt
from headstart.gate.image import fits, matching_header, read_ini, script_folder
from headstart.gate.passing import proven
from headstart.gate.settings import UNDERSTOOD
from headstart.postgres.connection import READ_SECONDS
from headstart.postgres.identity import Purpose
from headstart.postgres.lock import RunLock
from headstart.postgres.proof_question import question
from headstart.postgres.read_failure import named_failures
from headstart.settings.declared import DATABASE_URL, SETTINGS
from headstart.settings.read import Settings
from headstart.settings.setting import Setting
from headstart.verbs.task import Task
from headstart.verdict.errors import HeadstartError
from headstart.verdict.events.revisions import PlanMade
from headstart.verdict.events.schema import (
    Explained,
    ProofEstablished,
    StateDetected,
    VersionRowsRead,
)
from headstart.verdict.outcome import Outcome
from headstart.verdict.proof import Proof


def done_meanwhile(task: Task, lock: RunLock) -> Outcome | None:
    """What to end with where the schema of the head is proven already; None where it is not."""
    settings = task.settings
    # of many in one database, the gate's question would be about the one that a URL leads to
    if not lock.was_awaited or task.target is not None or not _is_plain(settings):
        return None
    with suppress(Doubt, HeadstartError, OSError), task.connect(Purpose.READ) as connection:
        path = settings.alembic_ini
        header = matching_header(script_folder(path, read_ini(path)), path)
        if not fits(header, _gate_settings(settings), runs=True):
            return None
        with named_failures():
            sql = question(header.version_table, header.objects, READ_SECONDS)
            row = connection.execute(sql, timeout_seconds=READ_SECONDS, pin=False)[0]
        _, ignored = proven(header, row, runs=True, locked=True)
        _tell(task, tuple(header.heads), ignored)
        return Outcome.NOTHING_TO_DO
    return None


def _is_plain(settings: Settings) -> bool:
    """Whether the gate understands each of them, as its table says."""
    return all(
        _is_understood(row, getattr(settings, row.field))
        for row in SETTINGS
        if row is not DATABASE_URL
    )


def _is_understood(row: Setting, value: object) -> bool:
    return value == row.default or UNDERSTOOD[row.name](str(value))


def _gate_settings(settings: Settings) -> dict[str, str]:
    """As fits() has them."""
    return {
        "TARGET": settings.target,
        "GATE": settings.gate.value,
        "URL_VARIABLES": ",".join(settings.url_variables),
    }


def _tell(task: Task, rows: tuple[str, ...], ignored: list[str]) -> None:
    live = Live(frozenset(), ignored=tuple(ignored))
    task.emit(VersionRowsRead(rows))
    task.emit(StateDetected(State.AT_HEAD, rows))
    task.emit(Explained(of_live(live)))
    task.emit(PlanMade(State.AT_HEAD, NothingToDo.slug))
    task.emit(ProofEstablished(Proof.FINGERPRINT))
