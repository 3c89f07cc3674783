"""What a history presupposes: roles, schemas, tables that no revision makes, and a replay lacks."""

from collections.abc import Iterator
from contextlib import contextmanager

from headstart.patterns import pattern
from headstart.verdict.errors import HeadstartError, RevisionFailed

_UNDEFINED = frozenset({"3F000", "42704", "42883", "42P01", "22023"})
"""A schema, a role or type, a function, a table that is not there; 22023 for SET ROLE."""
_CURE = (
    "if no revision is to create it (a role, a schema, a table of an older time), create it in an"
    " SQL file and set HEADSTART_REPLAY_SQL to that file; otherwise correct the revision named in"
    " the error; then run again"
)
_NO_EXTENSION = pattern(
    r'extension "?[\w-]+"? is not available|could not open extension control file'
)
_ANOTHER_SERVER = (
    "this server (without --url the embedded Postgres) does not have that extension: replay the"
    " revisions on one that has it, in an empty database: headstart fingerprint build --url"
    " postgresql://... (a container of the image that production uses, say)"
)


@contextmanager
def presupposing() -> Iterator[None]:
    """Name the cure where a replay lacks something: in the app's database it may be there."""
    try:
        yield
    except HeadstartError as error:
        if _NO_EXTENSION.search(str(error)):
            error.next_step = _ANOTHER_SERVER
        elif isinstance(error, RevisionFailed) and error.sqlstate in _UNDEFINED:
            known = error.next_step != RevisionFailed.next_step
            error.next_step = f"{error.next_step}; {_CURE}" if known else _CURE
        raise
