"""The gate's verdict: the same fields as the flow's, written without what the flow needs for it."""

import os
import select
import time

from headstart import __version__
from headstart.facts.at_head import AT_HEAD
from headstart.gate.doubt import Doubt
from headstart.settings.defaults import ALEMBIC_INI, TERMINATION_LOG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from headstart.gate.server import Answered

    Value = str | int | float | bool | list[str] | dict[str, str]

_SIGNALS = {2: "sigint", 15: "sigterm"}
_PATIENCE_MILLISECONDS = 1000
_MESSAGE_BYTES = 2048
"""termination.py cuts what is longer."""
_MOST_NAMES = 10
_SIMPLE = "abcdefghijklmnopqrstuvwxyz0123456789_"


class Said:
    """What is said, and where: the answer on stdout, the termination message, the last line."""

    def __init__(self, answer: str, message: str, line: str) -> None:
        self.answer, self.message, self.line = answer, message, line


class Asked:
    """What was asked, with which settings, since when."""

    def __init__(
        self, verb: str, output: str, settings: "Mapping[str, str]", started: float
    ) -> None:
        self.verb, self.output, self.settings, self.started = verb, output, settings, started
        self.run_id = os.urandom(4).hex()

    @property
    def for_people(self) -> bool:
        """Whether the log is one for people."""
        form = self.settings.get("LOG_FORMAT", "auto")
        return form == "console" or (form == "auto" and os.isatty(2))

    @property
    def is_watched(self) -> bool:
        """Whether people see how it ends: in the log, or on stdout where that is all they watch."""
        return self.for_people or (os.isatty(1) and not os.isatty(2))

    @property
    def ini_path(self) -> str:
        """alembic.ini, as it is named."""
        return self.settings.get("ALEMBIC_INI", ALEMBIC_INI)

    @property
    def termination_log(self) -> str:
        """Where Kubernetes reads the verdict."""
        return self.settings.get("TERMINATION_LOG", TERMINATION_LOG)


def nothing_to_do(
    asked: Asked, heads: "Sequence[str]", answered: "Answered", ignored: "Sequence[str]"
) -> Said:
    """What to say of a proven schema. Raises Doubt for what is better left to the flow."""
    runs, waits = asked.verb == "run", asked.verb in ("run", "wait")
    fields = _found("nothing_to_do", heads)
    fields["proof"], fields["gate"] = "fingerprint", True
    if ignored:
        fields["ignored"] = _some(ignored)
    fields |= _took(asked, answered, waits=waits)
    if runs:
        fields |= {"tls": answered.tls, "server_version": answered.version}
    fields |= _who(asked)
    answer = _json(fields) if asked.output == "json" else _answer(ignored)
    return _said(asked, "info", fields, "" if runs else f"{answer}\n")


def overview(asked: Asked, heads: "Sequence[str]", answered: "Answered", answer: str) -> Said:
    """What to say where status has answered. Raises Doubt as nothing_to_do does."""
    fields = _found("planned", heads)
    fields["proof"], fields["gate"] = "none", True
    fields |= _took(asked, answered, waits=False) | _who(asked)
    return _said(asked, "info", fields, f"{answer}\n")


def cancelled(asked: Asked, signum: int) -> Said:
    """What to say where a signal has ended it. Raises Doubt where that cannot be written."""
    fields: dict[str, Value] = {
        "outcome": _SIGNALS[signum],
        "exit_code": 128 + signum,
        "next_step": "run again: nothing was changed",
        "error": {"type": "Cancelled", "message": f"canceled by signal {signum}"},
        "applied": [],
        "proof": "none",
        "wait_attempts": 0,
        "wait_seconds": 0.0,
        "lock_wait_seconds": 0.0,
        "duration_seconds": round(time.monotonic() - asked.started, 3),
        "database": {},
        **_who(asked),
    }
    return _said(asked, "error", fields, "")


def _found(outcome: str, heads: "Sequence[str]") -> "dict[str, Value]":
    return {
        "outcome": outcome,
        "exit_code": 0,
        "state": AT_HEAD[0],
        "from": list(heads),
        "to": list(heads),
        "applied": [],
    }


def _took(asked: Asked, answered: "Answered", *, waits: bool) -> "dict[str, Value]":
    seconds = round(time.monotonic() - asked.started, 3)
    return {
        "wait_attempts": 1,
        "wait_seconds": seconds if waits else 0.0,
        "lock_wait_seconds": 0.0,
        "duration_seconds": seconds,
        "database": {
            "host": answered.host,
            "port": answered.port,
            "name": answered.name,
            "user": answered.user,
        },
    }


def _who(asked: Asked) -> "dict[str, Value]":
    revision = asked.settings.get("IMAGE_REVISION")
    return {
        "run_id": asked.run_id,
        "headstart_version": __version__,
        **({"image_revision": revision} if revision else {}),
        "alembic_ini": os.path.abspath(asked.ini_path),
    }


def _said(asked: Asked, level: str, fields: "dict[str, Value]", answer: str) -> Said:
    now = time.time()
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    first: dict[str, Value] = {
        "timestamp": f"{seconds}.{int(now % 1 * 1e6):06}Z",
        "level": level,
        "event": "run_finished",
        "run_id": asked.run_id,
    }
    message = _json(fields)
    if len(message) > _MESSAGE_BYTES:
        raise Doubt("a long message")
    line = _for_people(fields) if asked.for_people else _json({**first, **fields})
    return Said(answer, message, line)


def _for_people(fields: "Mapping[str, Any]") -> str:
    """The last lines as the flow draws them, without the colors."""
    from headstart.process.closing import answered, failed

    end = fields["outcome"], fields["exit_code"], fields["duration_seconds"]
    if fields["exit_code"] == 0:
        return answered(*end, fields["database"])
    outcome, code, seconds = end
    told = failed((outcome, code), fields["error"]["message"], 0, None, seconds)
    return "\n".join([*told, f"next: {fields['next_step']}"])


def say(said: Said, path: str) -> None:
    """Say it; the answer first. Raises Doubt only where nothing has been said."""
    if said.answer:
        _write_answer(said.answer.encode())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NONBLOCK | os.O_NOCTTY)
        os.write(descriptor, said.message.encode())
        os.close(descriptor)
    except OSError:  # there is none, or it is read-only: that ends no run
        pass
    try:
        if _is_read(2):
            os.write(2, f"{said.line}\n".encode())
    except OSError:
        pass


def _is_read(descriptor: int) -> bool:
    """Whether there is room, soon: nobody may read the log, and a signal has to end the process."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLOUT)
    return bool(waiting.poll(_PATIENCE_MILLISECONDS))


def relation_names(text: str | None) -> "list[str]":
    """The relations beside ours, as `schema<TAB>name` lines, in the words of the flow.

    Raises Doubt for a name that the flow would quote.
    """
    names = []
    for line in text.split("\n") if text else ():
        schema, *rest = line.split("\t")
        parts = [schema, *rest] if schema else rest
        if len(rest) != 1 or any(part[:1].isdigit() or part.strip(_SIMPLE) for part in parts):
            raise Doubt("a quoted name")
        names.append(".".join(parts))
    return sorted(names)


def _write_answer(content: bytes) -> None:
    try:
        written = os.write(1, content)
        while written < len(content):
            written += os.write(1, content[written:])
    except OSError as error:
        raise Doubt("stdout") from error


def _answer(ignored: "Sequence[str]") -> str:
    lines = ["ready: nothing_to_do"]
    if ignored:
        count = len(ignored)
        lines.append(
            f"  ignored: {count} relation{'s' * (count != 1)} outside this history:"
            f" {', '.join(_some(ignored))}"
        )
    return "\n".join(lines)


def _some(names: "Sequence[str]") -> "list[str]":
    more = len(names) - _MOST_NAMES
    return list(names) if more <= 0 else [*names[:_MOST_NAMES], f"and {more} more"]


def _json(value: "Value | Mapping[str, Value]") -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return _text(value)
        case list():
            return _joined("[", (_text(each) for each in value), "]")
        case _:
            every = (f"{_text(name)}: {_json(each)}" for name, each in value.items())
            return _joined("{", every, "}")


def _joined(start: str, parts: "Iterable[str]", end: str) -> str:
    return f"{start}{', '.join(parts)}{end}"


def _text(value: str) -> str:
    """A text that needs no escape, and no masking by what it holds. Raises Doubt."""
    if not (value.isascii() and value.isprintable()) or '"' in value or "\\" in value:
        raise Doubt("a text")
    return f'"{value}"'
