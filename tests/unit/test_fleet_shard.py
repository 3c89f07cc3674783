"""Which targets are a shard's: by the name alone, evenly, and the same everywhere."""

from collections import Counter
from collections.abc import Mapping

import pytest

from headstart.fleet.shard import belongs_to, shard_of
from headstart.settings.fleet import Shard
from headstart.verdict.errors import InvalidSettings

JOB = {"JOB_COMPLETION_INDEX": "3"}
RUN = {"CLOUD_RUN_TASK_INDEX": "0", "CLOUD_RUN_TASK_COUNT": "4"}
BATCH = {"AWS_BATCH_JOB_ARRAY_INDEX": "7", "AWS_BATCH_JOB_ARRAY_SIZE": "10"}


@pytest.mark.parametrize(
    ("given", "count", "environ", "shard"),
    [
        (None, None, {}, Shard(0, 1)),
        (None, 1, {}, Shard(0, 1)),
        (Shard(2, 8), None, JOB, Shard(2, 8)),
        (Shard(2, 8), 8, JOB, Shard(2, 8)),
        (None, 8, JOB, Shard(3, 8)),
        (None, None, RUN, Shard(0, 4)),
        (None, 4, RUN, Shard(0, 4)),
        (None, None, BATCH, Shard(7, 10)),
        (None, 9, {"AWS_BATCH_JOB_ARRAY_INDEX": "7"}, Shard(7, 9)),
    ],
)
def test_a_setting_comes_before_a_scheduler(
    given: Shard | None, count: int | None, environ: Mapping[str, str], shard: Shard
) -> None:
    assert shard_of(given, count, environ) == shard


@pytest.mark.parametrize(
    ("given", "count", "environ", "mistake"),
    [
        (None, None, JOB, "set HEADSTART_SHARDS to it"),
        (None, 3, JOB, "JOB_COMPLETION_INDEX: expected i/n"),
        (None, 8, {"JOB_COMPLETION_INDEX": "-1"}, "JOB_COMPLETION_INDEX: expected"),
        (None, 5, RUN, "say different numbers"),
        (None, 3, {}, "nothing says which of them this is"),
        (Shard(0, 8), 9, {}, "says 8 shards and HEADSTART_SHARDS 9"),
    ],
)
def test_what_says_no_shard_or_two_is_a_mistake(
    given: Shard | None, count: int | None, environ: Mapping[str, str], mistake: str
) -> None:
    with pytest.raises(InvalidSettings, match=mistake):
        shard_of(given, count, environ)


def test_each_name_is_in_one_shard_and_shards_are_even() -> None:
    names = [f"tenant_{number}" for number in range(10_000)]
    found = Counter(
        index for name in names for index in range(8) if belongs_to(name, Shard(index, 8))
    )
    assert sum(found.values()) == len(names)
    assert max(found.values()) / min(found.values()) < 1.2


def test_the_hash_is_the_same_in_every_process() -> None:
    """crc32 of the UTF-8 bytes: whoever writes another scheduler can do the same."""
    for name in ("acme", "é"):
        found = [index for index in range(100) if belongs_to(name, Shard(index, 100))]
        assert found == [crc32(name) % 100]


def crc32(text: str) -> int:
    """The checksum of ISO 3309, bit by bit."""
    value = 0xFFFFFFFF
    for octet in text.encode():
        value ^= octet
        for _ in range(8):
            value = (value >> 1) ^ (0xEDB88320 if value & 1 else 0)
    return value ^ 0xFFFFFFFF
