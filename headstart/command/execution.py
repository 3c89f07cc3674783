"""One execution: settings, the verb, the verdict, the exit code."""

import os
import secrets as random_secrets
import signal
import time
import traceback
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from headstart import __version__
from headstart.command.arguments import Command
from headstart.command.exit_work import (
    EXIT_SECONDS,
    SIGNALLED_SECONDS,
    conclude_after_exit_work,
)
from headstart.command.foreign_output import ForeignOutput
from headstart.command.output import (
    answer_text,
    summary_lines,
    write_termination_message,
)
from headstart.command.streams import OwnStreams, own_streams, print_answer
from headstart.process.files import read_text
from headstart.process.gc_tuning import collect_rarely, uncollected
from headstart.process.log import Log
from headstart.process.recorder import Recorder, Sinks
from headstart.process.redaction import Secrets
from headstart.process.signals import Signals, catch_signals
from headstart.process.statement_shape import shape_of
from headstart.revisions.output import captured_output, hard_exits_raised
from headstart.settings.kinds import LogFormat, LogLevel
from headstart.settings.read import Settings, Values, read_settings, readable_settings
from headstart.verdict.conclusion import conclude, fate_of_the_rest
from headstart.verdict.errors import (
    Blocked,
    Cancelled,
    ConnectionLost,
    InvalidSettings,
    RevisionFailed,
    outcome_of,
)
from headstart.verdict.events.event import Event
from headstart.verdict.events.execution import (
    ExecutionStarted,
    RunFinished,
    SettingsRead,
    SettingsWarned,
    StatementFailed,
    TracebackCaught,
)
from headstart.verdict.events.schema import VersionRowsOutdated
from headstart.verdict.fields import verdict_fields
from headstart.verdict.outcome import Outcome
from headstart.verdict.record import Record

if TYPE_CHECKING:
    from headstart.verbs.task import Task

LEAST_VERSIONS = {"alembic": (1, 16), "sqlalchemy": (2, 0)}
"""What pyproject.toml asks for of the libraries that a project may pin; a test compares them."""


def execute(asked: Command | Exception) -> int:
    """Execute what was asked for, or conclude from a mistake in it. Gives the exit code."""
    signals = catch_signals()
    streams = own_streams()
    collect_rarely()
    arguments = asked.request.values if isinstance(asked, Command) else {}
    return Execution(signals, arguments, streams).run(asked)


class Execution:
    """One execution of the command, from its arguments to its exit code."""

    def __init__(self, signals: Signals, arguments: Values, streams: OwnStreams) -> None:
        self._started = time.monotonic()
        self._signals, self._streams = signals, streams
        self._secrets = Secrets()
        self._secrets.add(os.environ.get("PGPASSWORD"))  # libpq reads it, we never do
        early = readable_settings(arguments, os.environ)  # to report a mistake in the others
        self._run_id = random_secrets.token_hex(4)
        self._recorder = Recorder()
        self._open_log(early.log_format, early.log_level)
        self._emit(ExecutionStarted(self._run_id, __version__, early.image_revision))
        self._captured = ExitStack()
        self._foreign = ForeignOutput(streams.pipes, self._hear)
        self._termination_log = early.termination_log
        self._debug = False

    def run(self, asked: Command | Exception) -> int:
        """Do what was asked, say how it ended, return the exit code."""
        command = asked if isinstance(asked, Command) else None
        end: Outcome | BaseException
        # os._exit, too, if a script has registered it for its exit
        with self._captured, hard_exits_raised():
            try:
                end = self._execute(asked)
            except BaseException as error:  # noqa: BLE001 every end has a verdict, a signal too
                end = self._cause(error)
            self._signals.disarm()
            seconds = SIGNALLED_SECONDS if self._signals.received else EXIT_SECONDS
            conclude = partial(self._conclude, end, command)
            return conclude_after_exit_work(self._emit, conclude, seconds)

    def _execute(self, asked: Command | Exception) -> Outcome:
        if isinstance(asked, Exception):
            raise asked
        self._signals.register_last_words(partial(self._last_words, asked))
        connects = not asked.request.image
        values = asked.request.values
        task = self._task(read_settings(values, _environ(asked), read_text, connects=connects))
        # a thread or a logger that a script has made speaks at any time from here on
        self._captured.enter_context(captured_output(self._emit))
        # imported here: a mistake in the settings is said before Alembic and SQLAlchemy are loaded
        with uncollected():
            handler = asked.verb.load()
        return handler(task, asked.request)

    def _hear(self, event: Event) -> None:
        self._emit(event)  # into the log as it is then: its settings are not read yet

    def _last_words(self, command: Command) -> int:
        """Conclude for a main thread that is stuck in a call to a server that does not answer."""
        self._emit(VersionRowsOutdated())
        return self._conclude(self._cause(TimeoutError(_STUCK)), command)

    def _open_log(self, form: LogFormat, level: LogLevel) -> None:
        self._log = Log(self._streams.log, form, level, self._secrets, self._run_id)
        self._emit = Sinks(self._recorder, self._log)

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
            identity_of(settings, self._run_id),
            self._emit,
            self._secrets,
            self._signals,
            self._started,
        )
        if not settings.embedded:
            task.resolve()  # the secrets are known before any script of the image runs
        return task

    def _cause(self, error: BaseException) -> BaseException:
        """Whatever a signal broke looks like an error of something else: name the signal."""
        if self._debug:
            self._emit(TracebackCaught(traceback.format_exc()))
        received = self._signals.received
        if received not in (None, signal.SIGALRM):
            return Cancelled(received)
        if self._signals.lost or (received is not None and self._signals.silent):
            told = error if isinstance(error, ConnectionLost) else _lost_error(received)
            return self._signals.loss or told
        if received is None:
            return _unmet_requirement(error) or error
        return _deadline_error(error, self._recorder.record)

    def _conclude(self, end: Outcome | BaseException, command: Command | None) -> int:
        """Say the last word: whatever others have written so far comes before it."""
        self._foreign.stop()
        if statement := getattr(end, "statement", None):
            self._emit(StatementFailed(statement if self._debug else shape_of(statement)))
        verdict = conclude(self._recorder.record, end, time.monotonic() - self._started)
        masked = self._secrets.mask_fields(verdict_fields(verdict))
        if command is not None and command.verb.verdict_on_stdout:
            with suppress(InvalidSettings):  # the exit code is the answer, whoever can read
                output = command.request.output
                print_answer(answer_text(verdict, masked, output, self._secrets))
        else:
            self._log.explain(summary_lines(verdict))
        write_termination_message(self._termination_log, masked)
        self._log.conclude(RunFinished(masked))
        self._streams.seal()
        return verdict.exit_code


def _environ(command: Command) -> Mapping[str, str]:
    """The environment; where revisions are replayed, without the database of somebody's app."""
    if not command.verb.scratch or command.request.url is not None:
        return os.environ
    return {k: v for k, v in os.environ.items() if not k.startswith("DATABASE_URL")}


def _unmet_requirement(error: BaseException) -> BaseException | None:
    """A library that is too old breaks us anywhere; an image may hold one, as pip only warns."""
    if outcome_of(error) is not Outcome.INTERNAL_ERROR:
        return None
    from importlib import metadata

    with suppress(metadata.PackageNotFoundError):
        for name, least in LEAST_VERSIONS.items():
            if _numbers(metadata.version(name)) < least:
                wanted = ".".join(map(str, least))
                return InvalidSettings(
                    f"{name} {metadata.version(name)} is installed, which is older than {wanted}",
                    next_step=f"install {name}>={wanted} where headstart is, as its package asks",
                )
    return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def _lost_error(received: int | None) -> ConnectionLost:
    if received is None:
        return ConnectionLost("the run lock was lost, or the database no longer answers")
    return ConnectionLost("HEADSTART_DEADLINE_SECONDS passed, and the database no longer answers")


_STUCK = "what was being done went on, and could not be interrupted"
"""A call of a script's that never returns to Python, or one that swallows what would end it."""


def _deadline_error(error: BaseException, record: Record) -> Blocked | RevisionFailed:
    if record.waits:
        return Blocked(
            "HEADSTART_DEADLINE_SECONDS passed while the work waited for somebody else's lock:"
            f" {'; '.join(record.waits)}; what was committed is kept{fate_of_the_rest(record)}"
        )
    if record.state is None:
        return RevisionFailed(
            "HEADSTART_DEADLINE_SECONDS passed while env.py ran",
            next_step="look at what env.py, or a revision that it replays, does or waits for"
            " (env_running and revision_running tell who waits for whom), or give the run a longer"
            " deadline, then run again",
        )
    return RevisionFailed(
        "HEADSTART_DEADLINE_SECONDS passed in the middle of the work: what was committed is kept"
        f"{fate_of_the_rest(record)} ({error})",
        next_step="give the run a longer deadline, or make the revision shorter, then run again",
    )
