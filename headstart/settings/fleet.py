"""The settings of a fleet (`headstart fleet`), declared as those of declared.py are. Pure.

In a target's own settings `{target}` stands for its name.
"""

from headstart.settings import fleet_kinds, kinds
from headstart.settings.fleet_kinds import Budget, Shard
from headstart.settings.setting import declared_in, setting
from headstart.values import dataclass

TARGET = "{target}"
"""What stands for the name of a target."""


@dataclass(frozen=True)
class FleetSettings:
    """Which targets there are, what makes one, and how they are worked through."""

    targets: str | None = setting(
        default=None,
        parse=kinds.text_or_none,
        unit="PATH",
        meaning="fleet: file with the names of the targets, a line each; # begins a comment line; -"
        " is stdin",
    )
    targets_sql: str | None = setting(
        default=None,
        parse=kinds.text_or_none,
        unit="SQL",
        meaning="fleet: query that gives the names of the targets, in one column; it is run in a"
        " transaction that is read-only",
    )
    targets_url: str | None = setting(
        default=None,
        parse=kinds.text_or_none,
        unit="URL",
        meaning="fleet: URL of the database in which TARGETS_SQL is run; without this setting, the"
        " one of DATABASE_URL",
        secret=True,
    )
    target_x: tuple[str, ...] = setting(
        default=(),
        parse=kinds.words,
        unit="KEY=VALUE",
        meaning="fleet: argument for each target's env.py, as X, in which {target} is its name",
        secret=True,
    )
    target_version_table: str | None = setting(
        default=None,
        parse=kinds.text_or_none,
        unit="NAME",
        meaning="fleet: the VERSION_TABLE of each target, such as {target}.alembic_version",
    )
    target_url: str | None = setting(
        default=None,
        parse=kinds.text_or_none,
        unit="URL",
        meaning="fleet: the DATABASE_URL of each target, such as postgresql://app@db/{target}",
        secret=True,
    )
    target_env: tuple[str, ...] = setting(
        default=(),
        parse=kinds.words,
        unit="NAME=VALUE",
        meaning="fleet: environment variable for each target, in which {target} is its name",
        secret=True,
    )
    shard: Shard | None = setting(
        default=None,
        parse=fleet_kinds.shard,
        unit="I/N",
        meaning="fleet: which part of the targets, as i/n with i from 0 on. Without this setting,"
        " JOB_COMPLETION_INDEX and SHARDS, CLOUD_RUN_TASK_INDEX and _COUNT, or"
        " AWS_BATCH_JOB_ARRAY_INDEX and _SIZE say it; without these, it is all of them",
    )
    shards: int | None = setting(
        default=None,
        parse=fleet_kinds.shards,
        unit="NUMBER",
        meaning="fleet: how many shards there are, where the environment has only the index, as in"
        " an Indexed Job",
    )
    first: str | None = setting(
        default=None,
        parse=kinds.text_or_none,
        unit="NAME",
        meaning="fleet: the target that comes before all others, alone; if it fails, no other one"
        " starts",
    )
    canary: str | None = setting(
        default=None,
        parse=kinds.text_or_none,
        unit="NUMBER or NAME,NAME",
        meaning="fleet: the targets that come before the rest, by their names or as a number of"
        " them; if one fails, none of the rest starts",
    )
    max_failures: Budget | None = setting(
        default=None,
        parse=fleet_kinds.budget,
        unit="NUMBER or PERCENT%",
        meaning="fleet: how many targets of a shard may fail before no other one starts",
    )
    jobs: int = setting(
        default=4,
        parse=fleet_kinds.jobs,
        unit="NUMBER",
        meaning="fleet: how many targets are worked on at once; each takes up to three connections",
    )
    report: str | None = setting(
        default=None,
        parse=kinds.text_or_none,
        unit="PATH",
        meaning="fleet: file that receives the verdict of each target as a line of JSON",
    )


FLEET_NAMES = frozenset(each.name for each in declared_in(FleetSettings))
"""Settings that no other verb has."""
