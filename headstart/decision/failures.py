"""What to say of a revision that the record knows to have failed. Pure.

The record says in one word what ran: the image (HEADSTART_IMAGE_REVISION), or the digest of the
revision's script where no image was named.
"""

import re
from collections.abc import Collection

from headstart.facts.applied_record import AppliedRecord, Failed, NoRecord


def failure_in(record: AppliedRecord | NoRecord, applied: Collection[str]) -> Failed | None:
    """What the record says to have failed last, unless it is applied now."""
    failed = record.failed if isinstance(record, AppliedRecord) else None
    return None if failed is None or failed.revision in applied else failed


def note_of_failure(failed: Failed, digest: str = "") -> str:
    """One sentence; `digest` is that of the revision's script in this image, if it is there."""
    times = f"{failed.times} times" if failed.times > 1 else "once"
    return (
        f"{failed.revision} has failed {times}, run from {_what(failed.what, digest)}, and was not"
        " applied since"
    )


def _what(what: str, digest: str) -> str:
    if not what:
        return "a script that could not be read"
    if what == digest:
        return f"the script that this image has (its digest: {what})"
    if re.fullmatch(r"[0-9a-f]{12}", what):  # nobody can tell a short commit from a digest
        return f"another script (its digest: {what}), or the image {what}"
    return f"the image {what}"
