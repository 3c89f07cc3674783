"""What there is to do: the names of the targets, what makes one, their shard and their order."""

import os
from contextlib import suppress

from headstart.fleet.schedule import Stages, stages_of
from headstart.fleet.shard import shard_of
from headstart.fleet.sources import read_names
from headstart.fleet.templates import ANY_NAME, Templates, templates_of
from headstart.postgres.target import Target
from headstart.process.files import read_text
from headstart.settings.database import DatabaseSource
from headstart.settings.database_url import InvalidUrl
from headstart.settings.fleet import Shard
from headstart.settings.request import Request
from headstart.values import dataclass, replace
from headstart.verbs.task import Task
from headstart.verdict.events.fleet import FleetStarted

_CONNECTIONS = 3
"""Of a run, at most: the lock's, env.py's, and one that looks."""


@dataclass(frozen=True)
class Fleet:
    """What there is to do: checked, and nothing begun.

    `guards` come before all others: the first target and the canaries, whatever the shard.
    """

    templates: Templates
    shard: Shard
    stages: Stages
    guards: tuple[str, ...]

    def unordered(self, names: tuple[str, ...] | None = None) -> "Fleet":
        """The same, or these targets of it, for who changes nothing: none comes before another."""
        return replace(self, stages=Stages((), (), self.stages.names if names is None else names))

    def own_table(self, name: str) -> Target | None:
        """By which others may be worked on beside it; the first one has the database alone."""
        return None if name in self.stages.first else self.templates.own_table(name)


def read_fleet(task: Task, request: Request) -> Fleet:
    """Read which targets there are, and what makes one. Raises InvalidSettings; touches nothing."""
    settings = task.settings
    templates = templates_of(settings, request.values, os.environ)
    for secret in (*templates.secrets(ANY_NAME), _shared_password()):
        task.secrets.add(secret)
    shard = shard_of(settings.shard, settings.shards, os.environ)
    names = read_names(task, request.values)
    stages = stages_of(names, settings.first, settings.canary, shard)
    before = stages_of(names, settings.first, settings.canary, Shard(0, shard.count))
    guards = (*before.first, *before.canaries)
    for name in (*stages.names, *guards):
        templates.check(name)
    targets = stages.targets
    most = min(settings.jobs, max(targets, 1)) * _CONNECTIONS
    task.emit(FleetStarted(targets, str(shard), settings.jobs, most))
    return Fleet(templates, shard, stages, guards)


def _shared_password() -> str | None:
    """The password of PGPASSWORD_FILE, for whoever has a URL of its own beside it."""
    file = os.environ.get("PGPASSWORD_FILE")
    with suppress(InvalidUrl):  # what is wrong with it, each target tells
        return DatabaseSource("PGPASSWORD_FILE", password_file=file).read_password(read_text)
    return None
