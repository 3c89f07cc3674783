"""The way through the gate: what was asked, the image, the server, the verdict."""

import _signal
import os
import time

from headstart.gate.doubt import Doubt
from headstart.gate.settings import plain, verb_of
from headstart.gate.verdict import Asked, cancelled, nothing_to_do, relation_names, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from headstart.fingerprint.file.header import Header
    from headstart.gate.server import Answered

_SIGNALS = (_signal.SIGINT, _signal.SIGTERM)


def pass_gate(arguments: "Sequence[str]") -> bool:
    """Whether the gate has answered, with exit code 0; else nothing was said, and the flow decides.

    A signal meanwhile ends the process: nothing has been done that would have to be undone.
    """
    started = time.monotonic()
    try:
        asked = Asked(verb_of(arguments), plain(os.environ), started)
    except Doubt:
        return False

    def end(signum: int, _: object) -> None:
        try:
            say(cancelled(asked, signum), asked.termination_log)
        finally:
            os._exit(128 + signum)

    before = [(each, _signal.signal(each, end)) for each in _SIGNALS]
    try:
        _pass(asked)
    except (Doubt, OSError):  # OSError: the current folder is gone, say
        return False
    finally:
        for signum, handler in before:
            _signal.signal(signum, handler)
    return True


def _pass(asked: Asked) -> None:
    """Answer. Raises Doubt where nothing was said."""
    if asked.settings.get("LOG_FORMAT", "auto") == "auto" and os.isatty(2):
        raise Doubt("a terminal")
    # imported one after the other: what cannot pass should not pay for the rest
    from headstart.gate.image import fits, matching_header, read_ini

    ini = read_ini(asked.ini_path)
    header = matching_header(asked.ini_path, ini)
    if not fits(header, asked.settings):
        raise Doubt("unfit")
    from headstart.gate.place import place_of
    from headstart.gate.server import ask
    from headstart.postgres.proof_question import question

    place = place_of(os.environ, ini)
    name = f"headstart:gate:{asked.run_id}"
    answered = ask(place, name, question(header.version_table, header.objects))
    said = nothing_to_do(asked, header.heads, answered, _ignored(header, answered))
    password = place.password or os.environ.get("PGPASSWORD")
    if password and (password in said.line or password in said.answer):
        raise Doubt("a secret")
    say(said, asked.termination_log)


def _ignored(header: "Header", answered: "Answered") -> "list[str]":
    """The relations outside of the history. Raises Doubt unless the schema is the proven one."""
    from headstart.gate.mark import mark_in, mark_text

    rows, writable, _, comment, server, xmin, digest, others, locked = answered.row
    if rows is None or sorted(rows.split("\n")) != sorted(header.heads):
        raise Doubt("version rows")
    if not writable or locked:
        raise Doubt("read-only, or a run is in progress")
    if not comment or mark_in(comment) != mark_text(header.body, server, int(xmin), digest):
        raise Doubt("no mark of this schema")
    return relation_names(others)
