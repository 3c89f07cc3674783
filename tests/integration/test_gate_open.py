"""Where nothing is to do and nothing has changed, the gate says so."""

import signal
import socket

from tests.conftest import ON_ONE_SERVER
from tests.harness.unread import start_unread
from tests.integration.gate_stage import assert_open, opened
from tests.integration.known_stage import KnownStage

SOON_SECONDS = 10


def test_the_second_run_is_answered_by_the_gate(known: KnownStage) -> None:
    assert_open(opened(known))


def environ(stage: KnownStage, url: str) -> dict[str, str]:
    """For a run of that project."""
    return {"DATABASE_URL": url, "HEADSTART_ALEMBIC_INI": stage.project.ini}


@ON_ONE_SERVER
def test_a_log_that_nobody_reads_keeps_it_no_longer_than_a_moment(known: KnownStage) -> None:
    opened(known)
    with start_unread(env=environ(known, known.database.url), full=True) as (process, _):
        assert process.wait(SOON_SECONDS) == 0


@ON_ONE_SERVER
def test_nor_does_it_keep_a_signal_waiting(known: KnownStage) -> None:
    """While the gate waits for a server that never answers."""
    opened(known)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"postgresql://a:b@127.0.0.1:{mute.getsockname()[1]}/c"
        with start_unread(env=environ(known, url), full=True) as (process, _):
            mute.settimeout(SOON_SECONDS)
            with mute.accept()[0]:
                process.send_signal(signal.SIGTERM)
                assert process.wait(SOON_SECONDS) == 128 + signal.SIGTERM
