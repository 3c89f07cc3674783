"""Who we are on the server: names that pg_stat_activity shows whole, and lock keys in pg_locks."""

import re

import pytest

from headstart.postgres.advisory_lock import RUN_LOCK_KEY, held_condition
from headstart.postgres.identity import Identity, Purpose


@pytest.mark.parametrize("purpose", Purpose)
def test_a_name_begins_with_its_purpose_then_the_run_then_the_host(purpose: Purpose) -> None:
    name = Identity("1a2b3c4d", "pod-7").name(purpose)
    assert name == f"headstart:{purpose.value}:1a2b3c4d:pod-7"
    assert name.startswith(purpose.prefix)


def test_no_prefix_begins_another() -> None:
    prefixes = [purpose.prefix for purpose in Purpose]
    assert not [(a, b) for a in prefixes for b in prefixes if a != b and a.startswith(b)]


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        pytest.param("büro", "b?ro", id="no ASCII"),
        pytest.param("a b\tc\n", "a?b?c?", id="white space"),
        pytest.param("o'brien\\", "o?brien?", id="quotes and backslashes"),
        pytest.param("\udc80\x00", "??", id="no characters"),
    ],
)
def test_a_host_is_shown_in_printable_ascii_that_needs_no_quoting(host: str, shown: str) -> None:
    assert Identity("id", host).name(Purpose.LOCK) == f"headstart:lock:id:{shown}"


@pytest.mark.parametrize("host", ["x" * 300, "日" * 300], ids=["ascii", "japanese"])
def test_a_long_host_is_cut_where_the_server_would_cut_and_the_run_stays(host: str) -> None:
    name = Identity("1a2b3c4d", host).name(Purpose.WORK)
    assert len(name.encode()) == 63
    assert name.startswith("headstart:work:1a2b3c4d:")


def test_of_a_long_host_the_middle_goes_as_pods_differ_in_their_ends() -> None:
    pod = "minirag-with-a-very-long-release-name-headstart-7-1a2b3c4d-x7k2p"
    name = Identity("1a2b3c4d", pod).name(Purpose.WORK)
    assert name == "headstart:work:1a2b3c4d:minirag-with-a-very~rt-7-1a2b3c4d-x7k2p"


def test_the_run_lock_key_is_a_positive_bigint_and_never_changes() -> None:
    assert RUN_LOCK_KEY == 0x6865616473747274
    assert 0 < RUN_LOCK_KEY < 2**63


@pytest.mark.parametrize("key", [0, 1, 2**32 - 1, 2**32, RUN_LOCK_KEY, -1, -(2**63)])
def test_a_held_lock_is_looked_for_by_both_halves_of_its_key(key: int) -> None:
    high, low = (
        int(re.findall(rf"l\.{column} \S+ '(\d+)'", held_condition(key))[0])
        for column in ("classid", "objid")
    )
    assert (high << 32) + low == key % 2**64
    assert high < 2**32
    assert low < 2**32
