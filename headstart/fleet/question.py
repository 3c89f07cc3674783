"""The question for all targets of a shard, asked before any process is started.

It is asked where the targets are schemas of one database, each with a version table that is named.
What it cannot answer, for whatever reason, is left to a process, which knows what to say: nothing
fails here.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property

from headstart.decision.target_state import TargetAnswer
from headstart.facts.state import History
from headstart.facts.target import TargetPlace
from headstart.fleet.substitution import url_of
from headstart.fleet.templates import ANY_NAME, Templates
from headstart.postgres.connect_failure import error_of
from headstart.postgres.connection import ConnectFailed, Connection, connect
from headstart.postgres.identity import Purpose
from headstart.process.files import read_text
from headstart.settings.database import DatabaseSource
from headstart.settings.database_url import parse_database_url
from headstart.verbs.inspection import read_image
from headstart.verbs.target_proof import place_of
from headstart.verbs.targets import look_at_targets
from headstart.verbs.task import Task
from headstart.verdict.errors import HeadstartError
from headstart.verdict.events.fleet import TargetsNotAsked

Answers = Mapping[str, TargetAnswer]
"""By the names of the targets; those that were not asked are not in it."""


class Question:
    """Asks how targets stand; the image is read once, whatever is asked."""

    def __init__(self, task: Task, templates: Templates) -> None:
        self._task, self._templates = task, templates

    @property
    def is_possible(self) -> bool:
        """Whether the targets are such that they can be asked."""
        return self._templates.share_a_database

    @cached_property
    def history(self) -> History:
        """The revisions of the image. Raises as read_image does."""
        return read_image(self._task).history

    def read_image(self) -> None:
        """Read the image, for who cannot go on without it. Raises as verbs' read_image does."""
        _ = self.history

    def ask(self, names: Sequence[str], *, runs: bool) -> Answers:
        """How these stand; `runs`: in place of a run. Nothing is written, and no error raised."""
        answers: dict[str, TargetAnswer] = {}
        if not names or not self.is_possible:
            return answers
        try:
            places = [*filter(None, map(self._place, names))]
            history = self.history
            for answer in look_at_targets(self._task, history, self._connected, places, runs=runs):
                answers[answer.name] = answer
        except HeadstartError as error:
            self._task.emit(TargetsNotAsked(str(error)))
        return answers

    def _place(self, name: str) -> TargetPlace | None:
        table = self._templates.own_table(name)
        key = None if table is None else table.key
        return place_of(name, self._templates.of(name), key)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        url, task = self._templates.url, self._task
        if url is None:
            with task.connect(Purpose.READ) as connection:
                yield connection
            return
        parsed = parse_database_url(url_of(url, ANY_NAME), "HEADSTART_TARGET_URL")
        file = os.environ.get("PGPASSWORD_FILE")
        source = DatabaseSource("HEADSTART_TARGET_URL", parsed, password_file=file)
        try:
            connection = connect(
                source.resolve(read_text).parameters, task.identity.name(Purpose.READ)
            )
        except ConnectFailed as error:
            raise error_of(error.failure, 1) from None
        with connection:
            yield connection
