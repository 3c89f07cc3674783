"""The key of one of many: the same in every process and release, and another for each."""

import pytest

from headstart.postgres.advisory_lock import INTENT_KEY, RUN_LOCK_KEY
from headstart.postgres.identity import Identity, Purpose
from headstart.postgres.target import Target

ACME = Target("acme", "alembic_version")


def test_a_key_never_changes() -> None:
    """Two releases that run at once have to agree."""
    assert ACME.digits == "072902291c664af9"
    assert ACME.key == int(ACME.digits, 16) - 2**64 * (ACME.digits > "8")


def test_100_000_targets_have_as_many_keys_each_a_bigint() -> None:
    keys = {Target(f"tenant_{n}", "alembic_version").key for n in range(100_000)}
    assert len(keys) == 100_000
    assert -(2**63) <= min(keys) < 0 < max(keys) < 2**63
    assert not keys & {RUN_LOCK_KEY, INTENT_KEY}


def test_a_dot_in_a_name_does_not_make_two_tables_one() -> None:
    assert Target("a.b", "c").key != Target("a", "b.c").key
    assert Target("Acme", "v").key != Target("acme", "v").key


@pytest.mark.parametrize("name", ["", "x" * 64, "é" * 32, "a\0b"])
def test_what_is_no_name_on_the_server_has_no_key(name: str) -> None:
    """The server cuts longer ones: two of them could be one table."""
    for names in ((name, "alembic_version"), ("acme", name)):
        with pytest.raises(ValueError, match="is no name"):
            Target(*names)


@pytest.mark.parametrize("purpose", Purpose)
def test_the_digits_of_a_target_stand_in_front_of_the_run(purpose: Purpose) -> None:
    name = Identity("1234abcd", "h" * 99, ACME).name(purpose)
    assert name.startswith(f"headstart:{purpose.value}:{ACME.digits}:1234abcd:hhh")
    assert len(name) == 63
