"""The question of `headstart check`, for an app's own readiness probe.

    readiness = Readiness(os.environ)   # once, at start
    answer = readiness.ask()            # at every probe; in a thread, where the app is async

It installs no signal handler, logs nothing and changes nothing. The image's revisions are read
once; a probe is one short connection of psycopg2's, and one message where a run has proven the
schema before.
"""

import secrets as random_secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from headstart.decision.drift import Occasion
from headstart.facts.visible import one_line
from headstart.gate.doubt import Doubt
from headstart.gate.probe import Probe
from headstart.postgres.identity import Purpose
from headstart.process.files import read_text
from headstart.process.recorder import Recorder, Sinks
from headstart.process.redaction import Secrets
from headstart.process.signals import Signals
from headstart.settings.read import read_settings
from headstart.values import dataclass
from headstart.verbs.check import check_against
from headstart.verbs.inspection import read_image
from headstart.verbs.task import Task, identity_of
from headstart.verdict.conclusion import conclude
from headstart.verdict.events.event import NullSink
from headstart.verdict.fields import verdict_fields
from headstart.verdict.outcome import Outcome


@dataclass(frozen=True)
class Answer:
    """What `check` found: `outcome` is its slug, `revisions` the version rows of the database.

    `message` and `next_step` say why the database is not ready; None where it is.
    """

    ready: bool
    outcome: str
    revisions: tuple[str, ...] = ()
    message: str | None = None
    next_step: str | None = None


class Readiness:
    """Asks whether the database is ready for this image, with the settings of `headstart check`."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Read the settings and the image. Raises InvalidSettings and BrokenHistory."""
        self._settings = read_settings({}, environ, read_text)
        self._secrets = Secrets()
        self._secrets.add(environ.get("PGPASSWORD"))
        self._image = read_image(self._task(Recorder()))
        self._probe: Probe | None = None
        name = identity_of(self._settings, random_secrets.token_hex(4)).name(Purpose.READ)
        with suppress(Doubt, OSError):
            self._probe = Probe(environ, name)

    def ask(self) -> Answer:
        """Ask the database once; several threads may. Every failure is an answer."""
        if self._probe is not None:
            with suppress(Doubt):
                rows = self._probe.ask()
                return Answer(ready=True, outcome=Outcome.NOTHING_TO_DO.value, revisions=rows)
        recorder = Recorder()
        task = self._task(recorder)
        end: Outcome | Exception
        try:
            end = check_against(self._image, task, Occasion.PROBE)
        except Exception as error:  # noqa: BLE001 the app goes on, whatever it was
            end = error
        verdict = conclude(recorder.record, end, time.monotonic() - task.started)
        return _answer(verdict.exit_code, self._secrets.mask_fields(verdict_fields(verdict)))

    def _task(self, recorder: Recorder) -> Task:
        run_id = random_secrets.token_hex(4)
        return Task(
            self._settings,
            identity_of(self._settings, run_id),
            Sinks(recorder, NullSink()),
            self._secrets,
            Signals(),
            time.monotonic(),
        )


def _answer(exit_code: int, fields: Mapping[str, Any]) -> Answer:
    return Answer(
        ready=exit_code == 0,
        outcome=fields["outcome"],
        revisions=tuple(fields.get("from", ())),
        message=_shown(fields.get("error", {}).get("message")),
        next_step=_shown(fields.get("next_step")),
    )


def _shown(text: str | None) -> str | None:
    """What an app will print or log."""
    return None if text is None else one_line(text)
