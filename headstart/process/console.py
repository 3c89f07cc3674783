"""The log for people: one line an event, in words, without what only a program needs.

    12:04:05 connected to app@db:5432/shop
    12:04:05 [12/300] create chunks  0.04 s
    12:04:06 warning: revision 0013 waits for pid 4711 (psql), idle in transaction

It draws masked fields, and keeps which revision is which one of how many. Imported for people
alone. What an event has no words for here is shown by its name and fields.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TextIO

from headstart.facts.visible import lines_of, one_line
from headstart.process.closing import place_of
from headstart.process.status_table import duration

Fields = Mapping[str, Any]

_HEAD = frozenset({"timestamp", "level", "event", "run_id", "target"})
"""What the beginning of the line says, or nobody needs who looks at it."""
_BELOW = ("statement", "traceback")
"""Fields that people read line by line."""
_COLORS = {"debug": "\x1b[2m", "warning": "\x1b[33m", "error": "\x1b[31m"}
_DIM, _GREEN, _PLAIN = "\x1b[2m", "\x1b[32m", "\x1b[0m"


class Console:
    """Makes the lines of an event; none where it tells people nothing."""

    def __init__(self, stream: TextIO, *, debug: bool) -> None:
        self._colors = _has_colors(stream)
        self._debug = debug
        self._begun: dict[tuple[str, str], str] = {}
        self._unannounced: tuple[str, str] | None = None

    def __call__(self, level: str, fields: Fields) -> str:
        """The lines, harmless to a terminal; empty where there is nothing to say."""
        return "\n".join(self._lines(level, fields))

    def closing(self, lines: Sequence[str], *, failed: bool) -> str:
        """The last lines, of which the first that is not indented says what happened."""
        color = _COLORS["error"] if failed else _GREEN
        what = next(index for index, line in enumerate(lines) if not line.startswith(" "))
        return "\n".join(
            self._colored(line, color) if index == what else line
            for index, line in enumerate(lines)
        )

    def _lines(self, level: str, fields: Fields) -> Iterator[str]:
        text = self._text(fields)
        if text is None:
            return
        target = f"{fields['target']}: " if "target" in fields else ""
        if self._unannounced is not None and fields["event"] not in _REVISIONS:
            # a line of its work is easier read below its title
            yield self._line("info", f"{self._begun[self._unannounced]} ...")
            self._unannounced = None
        tag = f"{level}: " if level in ("warning", "error") else ""
        yield self._line(level, f"{tag}{target}{text}")
        for name in _BELOW:
            yield from (f"    {line}" for line in lines_of(fields.get(name, "")))

    def _line(self, level: str, text: str) -> str:
        now = self._colored(time.strftime("%H:%M:%S"), _DIM)
        return f"{now} {self._colored(one_line(text), _COLORS.get(level, ''))}"

    def _colored(self, text: str, color: str) -> str:
        return f"{color}{text}{_PLAIN}" if self._colors and color else text

    def _text(self, fields: Fields) -> str | None:
        """What an event says; None where it says nothing to people."""
        slug = fields["event"]
        if slug in _REVISIONS:
            return self._of_revision(slug, fields)
        if slug in _QUIET and not self._debug:
            return None
        words = _WORDS.get(slug)
        return _by_name(fields) if words is None else words(fields)

    def _of_revision(self, slug: str, fields: Fields) -> str | None:
        which = (fields.get("target", ""), fields["revision"])
        if slug == "revision_started":
            self._begun[which] = title_of(fields)
            self._unannounced = None if "target" in fields else which
            return None
        title = self._begun.get(which, f"revision {fields['revision']}")
        if slug == "revision_running":
            self._unannounced = None
            return f"{title}: still running after {duration(fields['seconds'])}{_at_work(fields)}"
        if self._unannounced == which:
            self._unannounced = None
        self._begun.pop(which, None)
        return f"{title}  {duration(fields['seconds'])}"


def title_of(fields: Fields) -> str:
    """`[12/300] create chunks`; a revision without a title is told by its id."""
    number = str(fields["number"]).replace(" of ", "/")
    return f"[{number}] {fields['description'] or fields['revision']}"


def _has_colors(stream: TextIO) -> bool:
    if not stream.isatty() or os.environ.get("NO_COLOR"):
        return False
    return os.environ.get("TERM", "dumb") not in ("", "dumb")


def _by_name(fields: Fields) -> str:
    """An event without words of its own: its name, then its fields."""
    shown = [
        f"{name.replace('_', ' ')} {_plain(value)}"
        for name, value in fields.items()
        if name not in _HEAD and name not in _BELOW and value not in (None, [], {}, "")
    ]
    slug = fields["event"].replace("_", " ")
    return f"{slug}: {', '.join(shown)}" if shown else slug


def _plain(value: object) -> str:
    match value:
        case Mapping():
            return ", ".join(f"{name} {_plain(each)}" for name, each in value.items())
        case list() | tuple():
            return ", ".join(map(_plain, value))
        case float():
            return f"{value:.3g}"
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)


def _at_work(fields: Fields) -> str:
    """How far the statement is, and for whom it waits."""
    told = ""
    if progress := fields.get("progress"):
        percent = progress.get("percent")
        phase = progress["phase"]
        told = f", {phase}" if percent is None else f", {percent:.1f} % ({phase})"
    waits = fields.get("waits")
    return f"{told}; it waits: {'; '.join(waits)}" if waits else told


def _connection_failed(fields: Fields) -> str:
    again = fields.get("retry_in_seconds")
    host, cause = fields.get("host"), fields["cause"]
    # of a second address libpq says itself where it is
    place = "" if host is None or host in cause else place_of(fields)
    text = f"no connection{' to ' if place else ''}{place}: {cause}"
    return text if again is None else f"{text}; again in {duration(again)}"


def _connected(fields: Fields) -> str:
    attempts = fields["attempts"]
    times = f" at attempt {attempts}" if attempts > 1 else ""
    return f"connected to {place_of(fields['database'])}{times}"


def _plan_made(fields: Fields) -> str:
    state, plan = (fields[name].replace("_", " ") for name in ("state", "plan"))
    plan = f"the database is {state}; plan: {plan}"
    if fields.get("revisions") is None:
        return plan
    return f"{plan} at {', '.join(fields['revisions']) or 'base'} (proof: {fields['proof']})"


def _blocked(fields: Fields) -> str:
    what = f"index {fields['index']}" if "index" in fields else f"revision {fields['revision']}"
    return (
        f"{what} did not get its lock within {duration(fields['lock_timeout_seconds'])} (attempt"
        f" {fields['attempt']}); {'; '.join(fields['waits']) or 'others hold it'}"
    )


def _held_long(fields: Fields) -> str:
    locks = ", ".join(f"{name} ({mode})" for name, mode in (fields.get("locks") or {}).items())
    held, limit = duration(fields["held_seconds"]), duration(fields["limit_seconds"])
    return f"revision {fields['revision']} held {locks or 'its locks'} for {held}, over {limit}"


def _fleet_progress(fields: Fields) -> str:
    failed = f", {fields['failed']:,} failed" if fields["failed"] else ""
    left = fields["remaining_seconds"]
    ends = "" if left is None else f", about {duration(left)} left"
    return f"{fields['done']:,} of {fields['targets']:,} targets done{failed}{ends}"


def _target_finished(fields: Fields) -> str:
    seconds = fields.get("duration_seconds")  # the question's answer has none
    took = "" if seconds is None else f" in {duration(seconds)}"
    code = f" ({fields['exit_code']})" if fields["exit_code"] else ""
    error = fields.get("error")
    return f"{fields['outcome']}{code}{took}{': ' + error['message'] if error else ''}"


_REVISIONS = frozenset({"revision_started", "revision_applied", "revision_running"})
_QUIET = frozenset({"env_configured", "lock_acquired"})
"""What is worth a line in a search for a mistake, and in no other run."""

_WORDS: Mapping[str, Callable[[Fields], str]] = {
    "settings_warned": lambda fields: fields["warning"],
    "output_printed": lambda fields: f"| {fields['text']}",
    "library_logged": lambda fields: f"{fields['logger']}: {fields['text']}",
    "connection_failed": _connection_failed,
    "database_accepted": _connected,
    "database_not_ready": lambda fields: (
        f"not ready: {fields['cause']}; again in {duration(fields['retry_in_seconds'])}"
    ),
    "lock_waited": lambda fields: f"another run has the run lock: {fields['holder']}",
    "orphans_found": lambda fields: (
        f"statements of a run that died are still at work: {'; '.join(fields['orphans'])}"
    ),
    "plan_made": _plan_made,
    "baseline_stamped": lambda fields: f"stamped {', '.join(fields['revisions']) or 'base'}",
    "env_running": lambda fields: (
        f"env.py: still running after {duration(fields['seconds'])}{_at_work(fields)}"
    ),
    "revision_blocked": _blocked,
    "index_drop_blocked": _blocked,
    "blocker_ended": lambda fields: f"ended a session that was in the way: {fields['session']}",
    "index_dropped": lambda fields: (
        f"dropped index {fields['index']} of table {fields['table']}: {fields['cause']}"
    ),
    "locks_held_long": _held_long,
    "schema_drifted": lambda fields: f"drifted: {fields['cause']}",
    "schema_not_compared": lambda fields: fields["cause"],
    "place_uncertain": lambda fields: fields["cause"],
    "marks_misspelt": lambda fields: "; ".join(fields["causes"]),
    "fingerprints_unusable": lambda fields: (
        f"the fingerprints file {fields['path']} proves nothing: {fields['cause']};"
        " headstart fingerprint build writes it anew"
    ),
    "record_not_written": lambda fields: (
        f"not recorded in {fields['table']}: {fields['cause']}"
        + (f"; {fields['lost']}" if "lost" in fields else "")
    ),
    "log_left_out": lambda fields: f"{fields['lines']} lines are missing here: nobody read them",
    "exit_work_abandoned": lambda fields: (
        f"what the app does at its exit did not end within {duration(fields['waited_seconds'])}:"
        f" {', '.join(fields['threads']) or 'its exit handlers'}"
    ),
    "statement_failed": lambda _: "the statement that failed:",
    "traceback_caught": lambda _: "traceback:",
    "trace_left_out": lambda fields: f"no trace: {fields['cause']}",
    "trace_not_sent": lambda fields: f"the trace was not sent: {fields['cause']}",
    "fleet_progress": _fleet_progress,
    "target_finished": _target_finished,
}
"""What people are told of an event, by its name in the log."""
