"""The verdict where not even an execution could be made: a machine without memory or descriptors.

Nothing is known of the settings then but what the environment says as it is; nothing was done.
"""

import os
from contextlib import suppress
from datetime import UTC, datetime

from headstart.command.output import write_termination_message
from headstart.facts.visible import json_text
from headstart.process.machine import exhausted, is_exhausted
from headstart.settings.defaults import TERMINATION_LOG
from headstart.verdict.conclusion import conclude
from headstart.verdict.fields import verdict_fields
from headstart.verdict.record import Record


def conclude_without_execution(error: BaseException) -> int:
    """Say the last word on stderr and in the termination message; gives the exit code."""
    verdict = conclude(Record(), exhausted(error) if is_exhausted(error) else error, 0.0)
    fields = verdict_fields(verdict)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    first = {"timestamp": now, "level": "error", "event": "run_finished"}
    write_termination_message(os.environ.get("HEADSTART_TERMINATION_LOG", TERMINATION_LOG), fields)
    with suppress(OSError):
        os.write(2, f"{json_text(first | fields)}\n".encode())
    return verdict.exit_code
