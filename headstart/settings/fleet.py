"""The settings of a fleet (`headstart fleet`), declared as those of declared.py are. Pure.

In a target's own settings `{target}` stands for its name.
"""

import re

from headstart.patterns import pattern
from headstart.settings import kinds
from headstart.settings.setting import declared_in, setting
from headstart.values import dataclass

TARGET = "{target}"
"""What stands for the name of a target."""
MOST_SHARDS = 100_000
"""What an Indexed Job of Kubernetes may have. Source: its documentation of `completions`."""
MOST_JOBS = 500
"""Each of them is a process, and holds up to three connections."""
_SHARD = pattern(r"(\d{1,6})/(\d{1,6})", re.ASCII)
_BUDGET = pattern(r"(\d{1,9})(%?)", re.ASCII)
_NUMBER = pattern(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True)
class Shard:
    """Which part of a fleet: `index` counts from 0 to `count` - 1."""

    index: int = 0
    count: int = 1

    def __str__(self) -> str:
        """As it is written."""
        return f"{self.index}/{self.count}"


@dataclass(frozen=True)
class Budget:
    """How many targets may fail: a number, or a share of them in per cent."""

    number: int
    is_percent: bool = False

    def of(self, targets: int) -> int:
        """The number for so many targets, rounded down."""
        return targets * self.number // 100 if self.is_percent else self.number


def a_shard(value: str) -> Shard:
    """One of several shards, as i/n."""
    found = _SHARD.fullmatch(value.strip())
    index, count = (int(found[1]), int(found[2])) if found else (0, 0)
    if not index < count <= MOST_SHARDS:
        raise ValueError(
            "i/n, such as 0/8: the shard, counted from 0 to n - 1, and how many there are, at most"
            f" {MOST_SHARDS}"
        )
    return Shard(index, count)


def number_of_shards(value: str) -> int:
    """How many shards there are."""
    return _number(value, MOST_SHARDS)


def number_of_jobs(value: str) -> int:
    """How many targets are worked on at once."""
    return _number(value, MOST_JOBS)


def a_budget(value: str) -> Budget:
    """How many targets may fail, as a number or in per cent."""
    found = _BUDGET.fullmatch(value.strip())
    if not found or (found[2] and int(found[1]) > 100):
        raise ValueError("a number of targets, or 0% to 100%")
    return Budget(int(found[1]), bool(found[2]))


def _number(value: str, most: int) -> int:
    found = _NUMBER.fullmatch(value.strip())
    if not found or not 1 <= int(found[0]) <= most:
        raise ValueError(f"a number from 1 to {most}")
    return int(found[0])


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
        parse=a_shard,
        unit="I/N",
        meaning="fleet: which part of the targets, as i/n with i from 0 on. Without this setting,"
        " JOB_COMPLETION_INDEX and SHARDS, CLOUD_RUN_TASK_INDEX and _COUNT, or"
        " AWS_BATCH_JOB_ARRAY_INDEX and _SIZE say it; without these, it is all of them",
    )
    shards: int | None = setting(
        default=None,
        parse=number_of_shards,
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
        parse=a_budget,
        unit="NUMBER or PERCENT%",
        meaning="fleet: how many targets of a shard may fail before no other one starts",
    )
    jobs: int = setting(
        default=4,
        parse=number_of_jobs,
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
