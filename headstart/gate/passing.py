"""The way through the gate: what was asked, the image, the server, the verdict."""

import _signal
import os
import time

from headstart.gate.doubt import Doubt
from headstart.gate.settings import VERBS, asked_of, plain
from headstart.gate.verdict import Asked, cancelled, nothing_to_do, overview, relation_names, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from headstart.fingerprint.file.header import Header

_SIGNALS = (_signal.SIGINT, _signal.SIGTERM)


def pass_gate(arguments: "Sequence[str]") -> bool:
    """Whether the gate has answered, with exit code 0; else nothing was said, and the flow decides.

    A signal ends the process from here on until the flow handles it: nothing has been done that
    would have to be undone, and process 1 has no default action.
    """
    started = time.monotonic()
    _end_by_signals(Asked(VERBS[0], "text", {}, started))
    try:
        asked = Asked(*asked_of(arguments), plain(os.environ), started)
        _end_by_signals(asked)
        _pass(asked)
    except (Doubt, OSError):  # OSError: the current folder is gone, say
        return False
    return True


def _end_by_signals(asked: Asked) -> None:
    def end(signum: int, _: object) -> None:
        try:
            say(cancelled(asked, signum), asked.termination_log)
        finally:
            os._exit(128 + signum)

    for each in _SIGNALS:
        if _signal.getsignal(each) is not _signal.SIG_IGN:  # as a shell starts what is put behind
            _signal.signal(each, end)


def _pass(asked: Asked) -> None:
    """Answer. Raises Doubt where nothing was said."""
    if asked.is_watched and asked.verb == "run":  # who looks at a run wants to see it
        raise Doubt("a terminal")
    # imported one after the other: what cannot pass should not pay for the rest
    from headstart.gate.image import fits, matching_header, read_ini, script_folder

    ini = read_ini(asked.ini_path)
    folder = script_folder(asked.ini_path, ini)
    header = matching_header(folder, asked.ini_path)
    if not fits(header, asked.settings, runs=asked.verb == "run"):
        raise Doubt("unfit")
    from headstart.gate.place import place_of
    from headstart.gate.server import ask
    from headstart.postgres.proof_question import question

    place = place_of(os.environ, ini)
    name = f"headstart:gate:{asked.run_id}"
    answered = ask(place, name, question(header.version_table, header.objects))
    comment, ignored = proven(header, answered.row, runs=asked.verb == "run")
    if asked.verb == "status":
        from headstart.gate.status import answer

        text = answer(header, folder, comment, asked.output)
        said = overview(asked, header.heads, answered, text)
    else:
        said = nothing_to_do(asked, header.heads, answered, ignored)
    password = place.password or os.environ.get("PGPASSWORD")
    if password and (password in said.line or password in said.answer):
        raise Doubt("a secret")
    say(said, asked.termination_log)


def proven(
    header: "Header", row: "Sequence[Any]", *, runs: bool, locked: bool = False
) -> "tuple[str, list[str]]":
    """The record, and the relations outside of the history. Raises Doubt for any other schema.

    `runs`: in place of a run, which has an env.py. `locked`: somebody may hold the run lock, as we
    do ourselves.
    """
    from headstart.gate.mark import mark_in, mark_text, of_any_role

    rows, writable, _, comment, server, xmin, digest, others, in_progress = row
    if rows is None or sorted(rows.split("\n")) != sorted(header.heads):
        raise Doubt("version rows")
    if not writable or (in_progress and not locked):
        raise Doubt("read-only, or a run is in progress")
    wanted = mark_text(header.body, server, int(xmin or 0), digest)
    found = mark_in(comment or "")
    if found != wanted and (runs or of_any_role(found) != of_any_role(wanted)):
        raise Doubt("no mark of this schema")
    return comment, relation_names(others)
