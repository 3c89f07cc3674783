"""What is written at the end: the answer for people or programs, the termination message."""

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from headstart.facts.visible import json_text, lines_of, one_line
from headstart.process.below import stream_below
from headstart.process.redaction import Secrets
from headstart.settings.request import Output
from headstart.verdict.conclusion import Verdict
from headstart.verdict.outcome import Outcome
from headstart.verdict.termination import termination_message

if TYPE_CHECKING:
    from headstart.decision.plan import Preview


def write_termination_message(path: str, fields: dict[str, object]) -> None:
    """Write the verdict where the kubelet reads it; only if that file exists.

    It is opened, never created and never renamed over: it is a bind mount. A pipe that nobody
    reads is left alone: it must not keep the run from its end.
    """
    with suppress(OSError):  # a read-only file must not turn a success into a failure
        descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NONBLOCK | os.O_NOCTTY)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(termination_message(fields))


def answer_text(
    verdict: Verdict, fields: dict[str, object], output: Output, secrets: Secrets
) -> str:
    """The answer of check, wait and diff on stdout; `fields` are masked already."""
    return json_text(fields) if output is Output.JSON else _text(summary_lines(verdict), secrets)


def _text(lines: Iterable[str], secrets: Secrets) -> str:
    return "\n".join(one_line(str(secrets.mask(line))) for line in lines)


def summary_lines(verdict: Verdict) -> list[str]:
    """The verdict for people: the outcome, what explains it, what to do now."""
    explained = [f"  {line}" for line in verdict.record.explanation]
    if verdict.outcome is Outcome.FINGERPRINTED:
        return list(verdict.record.explanation)
    if verdict.outcome is Outcome.PLANNED:  # the answer was printed
        return []
    if verdict.error is None:
        ready = "" if verdict.outcome is Outcome.SAME else "ready: "
        return [f"{ready}{verdict.outcome.value}", *explained]
    first = f"{verdict.outcome.value}: {verdict.error['message']}"
    return [first, *explained, f"next: {verdict.next_step}"]


def preview_text(preview: "Preview", output: Output, secrets: Secrets) -> str:
    """The answer of plan on stdout; SQL that somebody executes is as it is."""
    if output is Output.JSON:
        fields: dict[str, object] = {
            "state": preview.state.value,
            "plan": preview.plan,
            "from": preview.version_rows,
            "target": preview.target,
            "baseline": preview.baseline,
            "pending": preview.pending,
            "held": preview.held,
            "proof": preview.proof.value,
            "run_in_progress": preview.run_in_progress,
        }
        sql_field = {"sql": preview.sql} if preview.sql is not None else {}
        return json_text(secrets.mask_fields(fields) | sql_field)
    if preview.sql is None:
        return _text(_lines(preview), secrets)
    # what is executed is as it is; what is looked at is harmless
    sql = preview.sql.rstrip()
    stream = stream_below(sys.stdout)  # None where whoever started us has closed it
    return "\n".join(lines_of(sql)) if stream is not None and stream.isatty() else sql


def _lines(preview: "Preview") -> list[str]:
    lines = [f"state:  {preview.state.value}", f"plan:   {preview.plan}"]
    lines.append(f"from:   {', '.join(preview.version_rows) or 'no version row'}")
    lines.append(f"target: {', '.join(preview.target)}")
    lines += [f"stamp:  {revision}" for revision in preview.baseline]
    lines += [f"run:    {revision}" for revision in preview.pending]
    lines += [f"hold:   {revision}" for revision in preview.held]
    if preview.baseline:
        lines.append(f"proof:  {preview.proof.value}")
    lines += [f"note:   {line}" for line in preview.explanation]
    if preview.run_in_progress:
        lines.append("note:   a run is in progress; this may be out of date")
    return lines
