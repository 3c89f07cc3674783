"""Many starts at once with nothing to do, on a server with fewer slots: each ends well."""

from contextlib import ExitStack

from tests.harness.embedded import PostgresServer
from tests.harness.project import ProjectCopy
from tests.harness.server import empty_database
from tests.integration.gate_stage import is_answered, opened
from tests.integration.known_stage import KnownStage

STARTS, SLOTS = 100, 40


def test_a_hundred_starts_on_forty_slots(project: ProjectCopy, plain_fingerprints: str) -> None:
    """One that finds no slot goes the whole way, which waits for one."""
    with (
        PostgresServer(18, conf=[f"max_connections = {SLOTS}"]) as server,
        empty_database(server) as database,
        ExitStack() as stack,
    ):
        stage = KnownStage(project, database)
        stage.file.write_text(plain_fingerprints)
        opened(stage)
        runs = [stack.enter_context(stage.start()) for _ in range(STARTS)]
        ends = [each.end(120) for each in runs]
    failed = [end.stderr for end in ends if (end.exit_code, end.outcome) != (0, "nothing_to_do")]
    assert not failed, failed[0]
    assert sum(is_answered(end) for end in ends) > STARTS / 2
