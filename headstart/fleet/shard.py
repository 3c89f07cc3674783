"""Which part of a fleet is this process's, and which targets belong to it. Pure.

    Shard(2, 8) of 10,000 names: some 1,250, the same ones in each run, on each machine

The scheduler says the index: an Indexed Job of Kubernetes, a task array of Cloud Run, an array job
of AWS Batch.
"""

from collections.abc import Mapping
from zlib import crc32

from headstart.settings.fleet import Shard, a_shard
from headstart.values import dataclass
from headstart.verdict.errors import InvalidSettings


@dataclass(frozen=True)
class _Scheduler:
    """Its variables: the index, and how many there are; None where it does not say that."""

    index: str
    count: str | None


_SCHEDULERS = (
    _Scheduler("JOB_COMPLETION_INDEX", None),
    _Scheduler("CLOUD_RUN_TASK_INDEX", "CLOUD_RUN_TASK_COUNT"),
    _Scheduler("AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE"),
)
"""Sources: the documentation of each, "Indexed Job", "Container contract", "Array jobs"."""


def shard_of(given: Shard | None, count: int | None, environ: Mapping[str, str]) -> Shard:
    """The shard of HEADSTART_SHARD, else of a scheduler, else all. Raises InvalidSettings."""
    if given is not None:
        if count not in (None, given.count):
            raise InvalidSettings(
                f"HEADSTART_SHARD says {given.count} shards and HEADSTART_SHARDS {count}"
            )
        return given
    scheduler = next((each for each in _SCHEDULERS if each.index in environ), None)
    if scheduler is None:
        if count not in (None, 1):
            raise InvalidSettings(
                "HEADSTART_SHARDS is set, and nothing says which of them this is: set"
                " HEADSTART_SHARD, or run it as an array that sets"
                f" {', '.join(each.index for each in _SCHEDULERS)}"
            )
        return Shard()
    return _scheduled(scheduler, count, environ)


def _scheduled(scheduler: _Scheduler, count: int | None, environ: Mapping[str, str]) -> Shard:
    told = environ.get(scheduler.count) if scheduler.count else None
    if told is None and count is None:
        raise InvalidSettings(
            f"{scheduler.index} is set, and nothing says how many shards there are: set"
            " HEADSTART_SHARDS to it"
        )
    if told is not None and count is not None and told.strip() != str(count):
        raise InvalidSettings(f"{scheduler.count} and HEADSTART_SHARDS say different numbers")
    try:
        return a_shard(f"{environ[scheduler.index].strip()}/{told or count}")
    except ValueError as error:
        names = scheduler.index if told is None else f"{scheduler.index} and {scheduler.count}"
        raise InvalidSettings(f"{names}: expected {error}") from None


def belongs_to(name: str, shard: Shard) -> bool:
    """Whether a target is this shard's, by its name alone: whatever other targets there are."""
    return crc32(name.encode()) % shard.count == shard.index
