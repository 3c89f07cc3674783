"""How the targets of a fleet stand: those of one database, over a connection for some hundreds.

A server's backend keeps what it has read of the catalog: of 4,000 schemas 30 MiB, until it ends.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from itertools import islice

from headstart.decision.target_state import Marked, TargetAnswer, answer_of, states_in
from headstart.facts.state import History
from headstart.facts.target import TargetPlace
from headstart.fingerprint.file.header import Header
from headstart.gate.doubt import Doubt
from headstart.gate.image import is_told_url, matching_header, read_ini, script_folder
from headstart.postgres.connection import Connection
from headstart.postgres.targets import Wanted, read_targets
from headstart.settings.kinds import Verify
from headstart.verbs.target_proof import is_fit, marked
from headstart.verbs.task import Task

ON_ONE_CONNECTION = 200


def look_at_targets(
    task: Task,
    history: History,
    connect: Callable[[], AbstractContextManager[Connection]],
    places: Sequence[TargetPlace],
    *,
    runs: bool,
) -> Iterator[TargetAnswer]:
    """How each target of one database stands, in their order; nothing is written.

    `history` is the image's, `connect` gives a connection to that database, in no transaction, and
    target_proof.place_of() a place. `runs`: in place of a run, so that a mark of another role's is
    none. Whoever is not Proven needs a run, or a check, of their own. Raises ConnectionLost and
    what else a read of the catalog does (read_failure.py), and what `connect` raises.
    """
    header, state_of = _header(task), states_in(history)
    heads = tuple(sorted(history.rows_of(history.targets)))
    if header is not None and sorted(header.heads) != list(heads):
        header = None
    wanted = Wanted(heads, None if header is None else tuple(header.objects))
    remaining = iter(places)
    while part := tuple(islice(remaining, ON_ONE_CONNECTION)):
        with connect() as connection:
            found = list(read_targets(connection, part, wanted))
        for seen in found:  # it is closed: whoever starts a process for one of them has none open
            mark = Marked.NONE if header is None else marked(seen, header, runs=runs)
            yield answer_of(seen, state_of, mark)


def _header(task: Task) -> Header | None:
    """The header whose marks count; None where the gate would not heed one either.

    The image is not the one that it was built from, say, or the settings ask for more.
    """
    settings, path = task.settings, task.settings.alembic_ini
    if settings.verify is not Verify.AUTO or settings.plan is not None:
        return None  # each has more to do than to answer from a proof
    with suppress(Doubt, OSError):
        header = matching_header(script_folder(path, read_ini(path)), path)
        if is_told_url(header, settings.url_variables) and is_fit(header, settings):
            return header
    return None
