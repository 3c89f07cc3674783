"""Which targets wait for their server, and which try once."""

from headstart.fleet.away import AwayServers
from headstart.fleet.outcome import TargetEnd, killed
from headstart.fleet.templates import Templates
from headstart.verdict.events.event import NullSink

UNREACHABLE = {"outcome": "unreachable", "exit_code": 10}
UPGRADED = {"outcome": "upgraded", "exit_code": 0}


def servers(url: str) -> AwayServers:
    return AwayServers(Templates(url, None, (), (), (), {}), NullSink())


def waits(servers: AwayServers, target: str) -> bool:
    return "HEADSTART_WAIT_SECONDS" not in servers.environment(target)


def test_the_others_wait_again_once_one_has_reached_the_server() -> None:
    away = servers("postgresql://db/{target}")
    assert waits(away, "b")
    away.note(TargetEnd("a", UNREACHABLE))
    assert not waits(away, "b")
    away.note(TargetEnd("b", UPGRADED))
    assert waits(away, "c")


def test_a_process_that_was_killed_says_nothing_of_the_server() -> None:
    away = servers("postgresql://db/{target}")
    away.note(TargetEnd("a", UNREACHABLE))
    away.note(killed("b", 9, 1.0))
    assert not waits(away, "c")


def test_each_server_is_waited_for_by_itself() -> None:
    away = servers("postgresql://{target}.example/app")
    away.note(TargetEnd("a", UNREACHABLE))
    assert not waits(away, "a")
    assert waits(away, "b")
