"""What an app's metadata.create_all() makes, as a variant on file and as a check of the models."""

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
from headstart.verdict.errors import InvalidSettings, StaleFingerprints

CREATE_ALL = "create_all"
"""The way to the schema that an app's metadata.create_all() makes."""


def record_create_all(found: Finished, recording: Recording) -> None:
    """Record it as a variant of the head. Raises InvalidSettings."""
    if not found.configured.metadata:
        raise InvalidSettings("--create-all: env.py configures no target_metadata")
    head = list(recording.done().steps.values())[-1].name
    lines = _lines(found, recording.done().lines(head))
    recording.add_variant(head, CREATE_ALL, lines)


def check_models(found: Finished, source: Source) -> None:
    """Raise StaleFingerprints where create_all() makes a schema that is not on file."""
    if not found.configured.metadata:
        return
    known = source.known
    head = list(known.steps.values())[-1]
    expected = known.lines(head.name)
    made = _lines(found, expected)
    on_file = [known.lines(s.name) for s in known.states if s.revisions == head.revisions]
    if made in on_file:
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


def _lines(found: Finished, head: frozenset[str]) -> frozenset[str]:
    """What the app's metadata makes in a database of its own, given the extensions and schemas."""
    task = found.scratch.beside(CREATE_ALL)
    names = sorted(
        line.split("\t") for line in head if line.startswith(("extension\t", "schema\t"))
    )
    with task.connect(Purpose.WORK) as connection:
        for kind, name, *_ in names:
            sql = f"CREATE {kind} IF NOT EXISTS {name}"
            # an extension goes into the first schema of the search_path
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
    with task.connect(Purpose.READ) as connection:
        return Catalog(connection).read(reading_of(found.configured.scope)).lines
