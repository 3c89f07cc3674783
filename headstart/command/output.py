"""What is written at the end: the answer for people or programs, the termination message."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress

from headstart.facts.visible import json_text, one_line
from headstart.process.redaction import Secrets
from headstart.settings.request import Output
from headstart.verdict.conclusion import Verdict
from headstart.verdict.outcome import Outcome
from headstart.verdict.termination import termination_message


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
    return (
        json_text(fields)
        if output is Output.JSON
        else masked_lines(summary_lines(verdict), secrets)
    )


def masked_lines(lines: Iterable[str], secrets: Secrets) -> str:
    """Lines for people, without secrets, and harmless to a terminal."""
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


def closing_lines(verdict: Verdict, *, is_answered: bool) -> list[str]:
    """The last lines of a log for people; one where the answer on stdout has said the rest.

    What explains the verdict comes first, indented, and what happened last.
    """
    from headstart.process.closing import answered  # for people alone

    if is_answered or verdict.outcome is Outcome.PLANNED:
        seconds, database = verdict.duration_seconds, verdict.record.database
        return [answered(verdict.outcome.value, verdict.exit_code, seconds, database)]
    explained = [f"  {line}" for line in verdict.record.explanation]
    return [*explained, *_closing(verdict)]


def _closing(verdict: Verdict) -> Iterator[str]:
    from headstart.process.closing import failed, place_of, succeeded

    record, seconds = verdict.record, verdict.duration_seconds
    applied, outcome = sum(1 for _ in record.applied), verdict.outcome.value
    if verdict.error is None:
        yield succeeded(outcome, applied, record.to_revisions, seconds)
    else:
        message, end = verdict.error["message"], (outcome, verdict.exit_code)
        yield from failed(end, message, applied, record.to_revisions, seconds)
    if place := place_of(record.database):
        yield f"on {place}"
    if verdict.error is not None:
        yield f"next: {verdict.next_step}"


def usage_lines(verdict: Verdict) -> list[str]:
    """What people read of a mistake in what they typed, for which there is no verdict to give."""
    assert verdict.error is not None  # or it would be no mistake
    return [
        f"headstart: {verdict.error['message']}",
        "headstart --help lists the verbs; headstart VERB --help has the options of one",
    ]
