"""The command: arguments, the verb, the verdict, the exit code. The only sys.exit."""

import os
import secrets as random_secrets
import signal
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NoReturn, assert_never

from headstart import __version__
from headstart.command.arguments import parse_arguments
from headstart.command.output import (
    answer_text,
    preview_text,
    print_answer,
    steady_output,
    summary_lines,
    write_termination_message,
)
from headstart.process.gc_tuning import collect_rarely, uncollected
from headstart.process.log import Log
from headstart.process.redaction import Secrets
from headstart.process.signals import Signals, catch_signals
from headstart.settings.kinds import LogFormat, LogLevel
from headstart.settings.read import Settings, read_settings, readable_settings
from headstart.settings.request import Invocation, Verb
from headstart.verbs.task import Task, identity_of, read_text
from headstart.verdict.conclusion import conclude, fate_of_the_rest
from headstart.verdict.errors import (
    Cancelled,
    ConnectionLost,
    Explanation,
    InvalidSettings,
    RevisionFailed,
    outcome_of,
)
from headstart.verdict.fields import verdict_fields
from headstart.verdict.outcome import Outcome
from headstart.verdict.record import Record

LEAST_VERSIONS = {"alembic": (1, 16), "sqlalchemy": (2, 0)}
"""What pyproject.toml asks for of the libraries that a project may pin; a test compares them."""


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit with the documented code."""
    signals = catch_signals()
    steady_output()
    collect_rarely()
    sys.exit(Execution(signals).run(sys.argv[1:] if argv is None else argv))


class Execution:
    """One execution of the command, from its arguments to its exit code."""

    def __init__(self, signals: Signals) -> None:
        self._started = time.monotonic()
        self._signals = signals
        self._secrets = Secrets()
        self._secrets.add(os.environ.get("PGPASSWORD"))  # libpq reads it, we never do
        early = readable_settings({}, os.environ)  # for the report of a mistake in the others
        self._record = Record(random_secrets.token_hex(4), __version__, early.image_revision)
        self._log = self._open_log(early.log_format, early.log_level)
        self._termination_log = early.termination_log
        self._debug = False

    def run(self, argv: Sequence[str]) -> int:
        """Do what was asked, say how it ended, return the exit code."""
        invocation: Invocation | None = None
        end: Outcome | BaseException
        try:
            invocation = _parse(argv)
            if invocation is None:
                return 0
            self._signals.register_last_words(partial(self._last_words, invocation))
            settings = read_settings(invocation.values, _environ(invocation), read_text)
            end = self._answer(invocation, self._task(settings))
        except BaseException as error:  # noqa: BLE001 every end has a verdict, a signal too
            end = self._cause(error)
        self._signals.disarm()
        return self._conclude(end, invocation)

    def _last_words(self, invocation: Invocation) -> int:
        """Conclude for a main thread that is stuck in a call to a server that does not answer."""
        self._record.to_revisions = None  # what was read at the start may have changed since
        return self._conclude(self._cause(TimeoutError("the server does not answer")), invocation)

    def _open_log(self, form: LogFormat, level: LogLevel) -> Log:
        return Log(form, level, self._secrets, self._record.run_id)

    def _task(self, settings: Settings) -> Task:
        self._log = self._open_log(settings.log_format, settings.log_level)
        self._termination_log = settings.termination_log
        self._debug = settings.log_level is LogLevel.DEBUG
        self._record.image_revision = settings.image_revision
        self._record.alembic_ini = str(Path(settings.alembic_ini).absolute())
        for warning in settings.warnings:
            self._log("settings_warned", warning=warning)
        task = Task(
            settings,
            identity_of(settings, self._record.run_id),
            self._log,
            self._secrets,
            self._signals,
            self._record,
            self._started,
        )
        if not settings.embedded:
            task.resolve()  # the secrets are known before any script of the image runs
        return task

    def _answer(self, invocation: Invocation, task: Task) -> Outcome:
        # imported here: a mistake in the settings is said before Alembic and SQLAlchemy are loaded
        if invocation.verb is Verb.RUN:
            with uncollected():
                from headstart.verbs.run import run_job
            return run_job(task)
        if invocation.fingerprint is not None:
            from headstart.verbs.fingerprint.verb import fingerprint

            said = fingerprint(task, invocation.fingerprint)
            self._record.explain(Explanation((said,), {"fingerprints": said}))
            return Outcome.FINGERPRINTED
        with uncollected():
            from headstart.verbs.questions import check, diff, preview, wait
        match invocation.verb:
            case Verb.CHECK:
                return check(task)
            case Verb.WAIT:
                return wait(task)
            case Verb.PLAN:
                shown = preview(task, invocation.sql)
                print_answer(preview_text(shown, invocation.output))
                return Outcome.PLANNED
            case Verb.DIFF:
                return diff(task, invocation.revision)
            case Verb.FINGERPRINT:
                raise AssertionError("a fingerprint verb has its options")
            case _:
                assert_never(invocation.verb)

    def _cause(self, error: BaseException) -> BaseException:
        """Whatever a signal broke looks like an error of something else: name the signal."""
        if self._debug:
            self._log("traceback_caught", traceback=traceback.format_exc())
        received = self._signals.received
        if received not in (None, signal.SIGALRM):
            return Cancelled(received)
        if self._signals.lost or (received is not None and self._signals.silent):
            told = error if isinstance(error, ConnectionLost) else _lost_error(received)
            return self._signals.loss or told
        if received is None:
            return _unmet_requirement(error) or error
        return _deadline_error(error, self._record)

    def _conclude(self, end: Outcome | BaseException, invocation: Invocation | None) -> int:
        if statement := getattr(end, "statement", None):
            self._log("statement_failed", statement=statement)
        verdict = conclude(self._record, end, time.monotonic() - self._started)
        masked = self._secrets.mask_fields(verdict_fields(verdict))
        if invocation is not None and invocation.verb not in (Verb.RUN, Verb.PLAN):
            with suppress(InvalidSettings):  # the exit code is the answer, whoever can read
                print_answer(answer_text(verdict, masked, invocation.output))
        else:
            self._log.explain(summary_lines(verdict))
        write_termination_message(self._termination_log, masked)
        self._log.conclude("run_finished", masked)
        return verdict.exit_code


def _environ(invocation: Invocation) -> Mapping[str, str]:
    """The environment; where revisions are replayed, without the database of somebody's app."""
    if "EMBEDDED" not in invocation.values or invocation.verb is not Verb.FINGERPRINT:
        return os.environ
    return {k: v for k, v in os.environ.items() if not k.startswith("DATABASE_URL")}


def _parse(argv: Sequence[str]) -> Invocation | None:
    try:
        return parse_arguments(argv)
    except SystemExit:  # --help and --version have printed already
        return None


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
        return ConnectionLost("the run lock was lost, or the database does not answer any more")
    return ConnectionLost(
        "HEADSTART_DEADLINE_SECONDS passed, and the database does not answer any more"
    )


def _deadline_error(error: BaseException, record: Record) -> RevisionFailed:
    return RevisionFailed(
        "HEADSTART_DEADLINE_SECONDS passed in the middle of the work: what was committed is kept"
        f"{fate_of_the_rest(record)} ({error})",
        next_step="give the run a longer deadline, or make the revision shorter, then run again",
    )
