"""One execution: settings, the verb, the verdict, the exit code."""

import os
import secrets as random_secrets
import time
import traceback
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from functools import partial
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from headstart import __version__
from headstart.command.arguments import Command
from headstart.command.cause import STUCK, cause_of_end
from headstart.command.exit_work import (
    EXIT_SECONDS,
    SIGNALLED_SECONDS,
    conclude_after_exit_work,
)
from headstart.command.foreign_output import ForeignOutput
from headstart.command.gone_folder import leave_gone_folder
from headstart.command.output import (
    answer_text,
    closing_lines,
    masked_lines,
    usage_lines,
    write_termination_message,
)
from headstart.command.streams import (
    ENDING_PATIENCE_SECONDS,
    LOG_PATIENCE_SECONDS,
    OwnStreams,
    own_streams,
    print_answer,
)
from headstart.process.files import read_text
from headstart.process.gc_tuning import collect_rarely, uncollected
from headstart.process.log import Log
from headstart.process.recorder import Recorder, Sinks
from headstart.process.redaction import Secrets
from headstart.process.signals import ONE_WISH_SECONDS, Signals, catch_signals
from headstart.process.statement_shape import shape_of
from headstart.process.trace import Trace, secrets_of
from headstart.revisions.guarded_exits import guarded_exits
from headstart.revisions.output import captured_output
from headstart.settings.fleet import FLEET_NAMES
from headstart.settings.kinds import LogFormat, LogLevel
from headstart.settings.read import Settings, Values, read_settings, readable_settings
from headstart.settings.setting import PREFIX
from headstart.verdict.conclusion import Verdict, conclude
from headstart.verdict.errors import InvalidSettings
from headstart.verdict.events.event import Event
from headstart.verdict.events.execution import (
    ExecutionStarted,
    RunFinished,
    SettingsRead,
    SettingsWarned,
    StatementFailed,
    TracebackCaught,
)
from headstart.verdict.events.fleet import FleetFinished
from headstart.verdict.events.schema import VersionRowsOutdated
from headstart.verdict.fields import fleet_message_fields, fleet_verdict_fields, verdict_fields
from headstart.verdict.outcome import Outcome

if TYPE_CHECKING:
    from headstart.postgres.target import Target
    from headstart.verbs.task import Task


def execute(
    asked: Command | Exception, target: "Target | None" = None, *, in_fleet: bool = False
) -> int:
    """Execute what was asked for, or conclude from a mistake in it. Gives the exit code."""
    # a fleet passes each signal on, to whom it may have been sent already
    signals = catch_signals(inf if in_fleet else ONE_WISH_SECONDS)
    streams = own_streams()
    collect_rarely()
    arguments = asked.request.values if isinstance(asked, Command) else {}
    return Execution(signals, arguments, streams, target).run(asked)


class Execution:
    """One execution of the command, from its arguments to its exit code."""

    def __init__(
        self,
        signals: Signals,
        arguments: Values,
        streams: OwnStreams,
        target: "Target | None" = None,
    ) -> None:
        self._started = time.monotonic()
        self._signals, self._streams, self._target = signals, streams, target
        self._secrets = Secrets()
        self._secrets.add(os.environ.get("PGPASSWORD"))  # libpq reads it, we never do
        early = readable_settings(arguments, os.environ)  # to report a mistake in the others
        self._run_id = random_secrets.token_hex(4)
        for secret in secrets_of(os.environ):
            self._secrets.add(secret)
        self._recorder, self._trace = Recorder(), Trace(os.environ, self._secrets.mask)
        self._open_log(early.log_format, early.log_level)
        self._emit(ExecutionStarted(self._run_id, __version__, early.image_revision))
        self._captured = ExitStack()
        self._foreign = ForeignOutput(streams.pipes, self._hear)
        self._termination_log = early.termination_log
        self._debug = False
        self._until = inf
        streams.be_patient(self._log_patience, self._answers_patience)

    def run(self, asked: Command | Exception) -> int:
        """Do what was asked, say how it ended, return the exit code."""
        command = asked if isinstance(asked, Command) else None
        end: Outcome | BaseException
        # to the very end: a script may have registered os._exit for its exit
        with self._captured, guarded_exits(self._signals.lose):
            try:
                end = self._execute(asked)
            except BaseException as error:  # noqa: BLE001 every end has a verdict, a signal too
                end = self._cause(error)
            self._signals.disarm()
            seconds = SIGNALLED_SECONDS if self._signals.received else EXIT_SECONDS
            conclude = partial(self._conclude, end, command)
            return conclude_after_exit_work(self._emit, conclude, seconds)

    def _execute(self, asked: Command | Exception) -> Outcome:
        if unable := self._signals.unable or self._foreign.unable:
            raise unable
        if isinstance(asked, Exception):
            raise asked
        self._signals.register_last_words(partial(self._last_words, asked))
        values = asked.request.values
        early = readable_settings(values, os.environ)
        leave_gone_folder(early)
        # a fleet may have no database but those of its targets
        connects = not (asked.request.image or (asked.verb.fleet and early.target_url))
        if not asked.verb.fleet:
            self._warn_of_fleet_settings()
        task = self._task(read_settings(values, _environ(asked), read_text, connects=connects))
        # a thread or a logger that a script has made speaks at any time from here on
        self._captured.enter_context(captured_output(self._emit))
        # imported here: a mistake in the settings is said before Alembic and SQLAlchemy are loaded
        with uncollected():
            handler = asked.verb.load()
        return handler(task, asked.request)

    def _warn_of_fleet_settings(self) -> None:
        """HEADSTART_TARGETS may be a slip for HEADSTART_TARGET."""
        for name in sorted(FLEET_NAMES):
            if os.environ.get(f"{PREFIX}{name}"):
                warning = f"{PREFIX}{name} is a setting of headstart fleet; it was ignored"
                self._emit(SettingsWarned(warning))

    def _hear(self, event: Event) -> None:
        self._emit(event)  # into the log as it is then: its settings are not read yet

    def _last_words(self, command: Command) -> int:
        """Conclude for a main thread that is stuck in a call to a server that does not answer."""
        self._emit(VersionRowsOutdated())
        return self._conclude(self._cause(TimeoutError(STUCK)), command)

    def _open_log(self, form: LogFormat, level: LogLevel) -> None:
        self._log = Log(self._streams.log, form, level, self._secrets, self._run_id)
        self._emit = Sinks(self._recorder, self._log, self._trace)

    def _task(self, settings: Settings) -> "Task":
        # imported here, with the driver: a mistake in arguments or settings needs none
        from headstart.verbs.task import Task, identity_of

        self._open_log(settings.log_format, settings.log_level)
        self._termination_log = settings.termination_log
        self._debug = settings.log_level is LogLevel.DEBUG
        alembic_ini = str(Path(settings.alembic_ini).absolute())
        self._emit(SettingsRead(alembic_ini, settings.image_revision))
        for warning in settings.warnings:
            self._emit(SettingsWarned(warning))
        task = Task(
            settings,
            identity_of(settings, self._run_id, self._target),
            self._emit,
            self._secrets,
            self._signals,
            self._started,
        )
        self._until = task.deadline.at
        if not settings.embedded:
            task.resolve()  # the secrets are known before any script of the image runs
        return task

    def _log_patience(self) -> float:
        return ENDING_PATIENCE_SECONDS if self._signals.ending else LOG_PATIENCE_SECONDS

    def _answers_patience(self) -> float:
        over = self._signals.ending or time.monotonic() > self._until
        return ENDING_PATIENCE_SECONDS if over else inf

    def _cause(self, error: BaseException) -> BaseException:
        """What the verdict tells; the traceback is for the log."""
        if self._debug:
            self._emit(TracebackCaught(traceback.format_exc()))
        return cause_of_end(error, self._signals, self._recorder.record)

    def _conclude(self, end: Outcome | BaseException, command: Command | None) -> int:
        """Say the last word: whatever others have written so far comes before it."""
        self._foreign.stop()
        self._streams.be_patient(self._log_patience, self._answers_patience)
        if statement := getattr(end, "statement", None):
            self._emit(StatementFailed(statement if self._debug else shape_of(statement)))
        verdict = conclude(self._recorder.record, end, time.monotonic() - self._started)
        is_fleet = command is not None and command.verb.fleet
        fields = fleet_verdict_fields(verdict) if is_fleet else verdict_fields(verdict)
        masked = self._secrets.mask_fields(fields)
        message = fleet_message_fields(masked) if is_fleet else masked
        write_termination_message(self._termination_log, message)
        self._send_trace(command, masked)
        if command is not None and command.verb.verdict_on_stdout:
            with suppress(InvalidSettings):  # the exit code is the answer, whoever can read
                output = command.request.output
                print_answer(answer_text(verdict, masked, output, self._secrets))
        event = FleetFinished(masked) if is_fleet else RunFinished(masked)
        self._log.conclude(event, self._closing(verdict, command))
        self._streams.seal()
        return verdict.exit_code

    def _closing(self, verdict: Verdict, command: Command | None) -> list[str]:
        """The last lines for people; on stdout where they watch that, and not the log."""
        is_answered = command is not None and command.verb.verdict_on_stdout
        shown_on_stdout = not is_answered and self._streams.only_answers_are_watched
        if not (self._log.for_people or shown_on_stdout):
            return []
        if command is None and verdict.outcome is Outcome.INVALID_SETTINGS:
            lines = usage_lines(verdict)
        else:
            lines = closing_lines(verdict, is_answered=is_answered)
        if self._log.for_people:
            return lines
        with suppress(InvalidSettings):  # the exit code tells, whoever can read
            print_answer(masked_lines(lines, self._secrets))
        return []

    def _send_trace(self, command: Command | None, fields: Mapping[str, object]) -> None:
        """After the termination message, which needs nobody, and before the last line."""
        verb = command.verb.name if command is not None else ""
        is_hurried = self._signals.received is not None
        if unsent := self._trace.send(verb, fields, is_hurried=is_hurried):
            self._emit(unsent)


def _environ(command: Command) -> Mapping[str, str]:
    """The environment; where revisions are replayed, without the database of somebody's app."""
    if not command.verb.scratch or command.request.url is not None:
        return os.environ
    return {k: v for k, v in os.environ.items() if not k.startswith("DATABASE_URL")}
