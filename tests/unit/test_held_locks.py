"""What is told of the locks that a revision held."""

from headstart.verdict.held_locks import MODES, MOST_RELATIONS, HeldLocks, strongest


def test_of_two_locks_on_a_relation_the_stronger_one_counts() -> None:
    one, other = {"a": "Share", "b": "AccessExclusive"}, {"a": "Exclusive", "b": "Share"}
    assert strongest(one, other) == {"a": "Exclusive", "b": "AccessExclusive"}
    assert strongest() == {}


def test_there_is_a_time_only_where_something_was_held() -> None:
    assert HeldLocks({}, 0.5).fields() == {"locks": {}}
    assert HeldLocks({"a": "Share"}, 0.12345).fields() == {
        "locks": {"a": "Share"},
        "held_seconds": 0.123,
    }


def test_what_nobody_saw_is_unknown_and_what_was_seen_in_part_says_so() -> None:
    assert HeldLocks(None, 0.5, is_whole=False).fields() == {"locks": None}
    assert HeldLocks({}, 0.5, is_whole=False).fields() == {"locks": {}, "locks_in_part": True}


def test_of_very_many_the_strongest_are_named_and_the_others_counted() -> None:
    weak = {f"a{number:04}": MODES[0] for number in range(MOST_RELATIONS)}
    strong = {f"b{number:04}": MODES[-1] for number in range(7)}
    fields = HeldLocks(strongest(weak, strong), 1.0).fields()
    assert fields["locks_cut"] == 7
    named = fields["locks"]
    assert isinstance(named, dict)
    assert len(named) == MOST_RELATIONS
    assert strong.items() <= named.items()
