"""An account that was let through a closed folder still is, after somebody's chmod()."""

from pathlib import Path

from headstart.dev.passage import _MASK, _PASS, _entries, let_pass

ACCOUNT = "nobody"


def mask_of(folder: Path) -> int:
    return next(may for tag, may, _ in _entries(folder) if tag == _MASK)


def test_what_a_chmod_has_taken_away_is_given_again(tmp_path: Path) -> None:
    """pytest closes its folder at each start; the entry stays, and its mask forbids all."""
    closed = tmp_path / "closed"
    below = closed / "below"
    below.mkdir(parents=True)
    closed.chmod(0o700)
    let_pass(below, ACCOUNT)
    assert mask_of(closed) & _PASS
    closed.chmod(0o700)
    assert not mask_of(closed) & _PASS
    let_pass(below, ACCOUNT)
    assert mask_of(closed) & _PASS
