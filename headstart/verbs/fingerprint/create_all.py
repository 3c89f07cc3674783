"""What an app's metadata.create_all() makes, as a variant on file and as a check of the models."""

from collections.abc import Iterator

from headstart.decision.explanation import of_difference
from headstart.fingerprint.catalog.live import Live
from headstart.fingerprint.catalog.query import reading_of
from headstart.fingerprint.match.recording import Recording
from headstart.fingerprint.show.difference import difference
from headstart.postgres.catalog import Catalog
from headstart.postgres.identity import Purpose
from headstart.revisions.replay import create_all
from headstart.settings.driver_url import sqlalchemy_url
from headstart.verbs.fingerprint.replay import Finished, Source
from headstart.verbs.task import Task
from headstart.verdict.errors import InvalidSettings, StaleFingerprints

CREATE_ALL = "create_all"
"""The way to the schema that an app's metadata.create_all() makes."""
_EXTENSION, _SCHEMA = "extension", "schema"
Given = frozenset[tuple[str, str]]
"""Extensions and schemas: kind and name."""


def record_create_all(found: Finished, recording: Recording) -> None:
    """Record it as a variant of the head. Raises InvalidSettings."""
    if not found.configured.metadata:
        raise InvalidSettings("--create-all: env.py configures no target_metadata")
    head = list(recording.done().steps.values())[-1].name
    for lines in _variants(found, recording.done().lines(head)):
        recording.add_variant(head, CREATE_ALL, lines)


def _variants(found: Finished, head: frozenset[str]) -> Iterator[frozenset[str]]:
    """What it makes where all extensions of the revisions are, and where only those it needs are.

    An app that knows nothing of revisions has the extensions that somebody gave it: at least what
    its tables need, and often no more.
    """
    given = _given(head)
    yield _lines(found, given)
    extensions = frozenset(each for each in given if each[0] == _EXTENSION)
    needed = frozenset(each for each in extensions if not _works(found, given - {each}))
    if needed != extensions and _works(found, given - (extensions - needed)):
        yield _lines(found, given - (extensions - needed))


def _works(found: Finished, given: Given) -> bool:
    try:
        _make(found, given)
    except InvalidSettings:
        return False
    return True


def check_models(found: Finished, source: Source) -> None:
    """Raise StaleFingerprints where create_all() makes a schema that is not on file."""
    if not found.configured.metadata:
        return
    known = source.known
    head = list(known.steps.values())[-1]
    expected = known.lines(head.name)
    made = _lines(found, _given(expected))
    same = (s.name for s in known.states if s.revisions == head.revisions)
    if known.counting(made) in [known.counting(known.lines(name)) for name in same]:
        return
    told = difference(expected, made)
    raise StaleFingerprints(
        f"the models are not what {head.name} builds: {told.summary()}",
        explanation=of_difference(told, Live(frozenset())),
        next_step=(
            "make a revision (alembic revision --autogenerate), or, if the difference is intended,"
            " record it: headstart fingerprint build --create-all"
        ),
    )


def _given(head: frozenset[str]) -> Given:
    """The extensions and schemas of a state, which no metadata makes."""
    lines = (line.split("\t") for line in head)
    return frozenset((kind, name) for kind, name, *_ in lines if kind in (_EXTENSION, _SCHEMA))


def _lines(found: Finished, given: Given) -> frozenset[str]:
    """What the app's metadata makes in a database of its own. Raises InvalidSettings."""
    with _make(found, given).connect(Purpose.READ) as connection:
        return Catalog(connection).read(reading_of(found.configured.scope)).lines


def _make(found: Finished, given: Given) -> Task:
    """Let the metadata make its tables where these extensions and schemas are."""
    task = found.scratch.beside(CREATE_ALL)
    with task.connect(Purpose.WORK) as connection:
        for kind, name in sorted(given, reverse=True):  # schemas first
            # an extension goes into the first schema of the search_path
            more = " CASCADE" if kind == _EXTENSION else ""
            sql = f"CREATE {kind} IF NOT EXISTS {name}{more}"
            connection.execute(sql, timeout_seconds=60, pin=False)
    try:
        create_all(found.configured.metadata, sqlalchemy_url(task.resolve()))
    except Exception as error:
        raise InvalidSettings(
            f"metadata.create_all() raised: {next(iter(str(error).splitlines()), '')}",
            next_step=(
                "correct the models; a revision has to create whatever they need besides tables"
            ),
        ) from error
    return task
