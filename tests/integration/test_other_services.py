"""What another service cannot do for a while is no script's mistake, whichever library asks it."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.stage import Stage
from tests.integration.test_server_faults import WRAPPED, assert_passing, indented

pytestmark = ON_ONE_SERVER

SERVED = """
import contextlib, socket, threading
listener = socket.create_server(('127.0.0.1', 0))
port = listener.getsockname()[1]
url = f'http://127.0.0.1:{port}/'
def serve():
    while True:
        client, _ = listener.accept()
        with client, contextlib.suppress(OSError):
            client.recv(65536)
            if (answer := ANSWER) is None:
                client.recv(1)
            client.sendall(answer or b'')
            client.shutdown(socket.SHUT_WR)
            client.recv(65536)
threading.Thread(target=serve, daemon=True).start()
"""
FETCH = "import urllib.request; urllib.request.urlopen(url, timeout=0.5).read()"
STATUS = "b'HTTP/1.1 {} x\\r\\nContent-Length: 0\\r\\n\\r\\n'"
ANSWERED = {
    "a service that is silent": ("None", FETCH),
    "a socket that is silent": (
        "None",
        "c = socket.create_connection(('127.0.0.1', port), timeout=0.5); c.recv(1)",
    ),
    "no service": (STATUS.format(503), FETCH),
    "a server's error": (STATUS.format(500), FETCH),
    "too many requests": (STATUS.format(429), FETCH),
    "no answer": ("b''", FETCH),
    "half an answer": (r"b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab'", FETCH),
    "no HTTP": ("b'hello'", FETCH),
    "no TLS": (
        "b''",
        (
            "import ssl; ssl.create_default_context().wrap_socket("
            "socket.create_connection(('127.0.0.1', port)), server_hostname='x')"
        ),
    ),
    "a stream that ends": (
        "b'ab'",
        (
            "import asyncio\nasync def read():\n"
            "    reader, writer = await asyncio.open_connection('127.0.0.1', port)\n"
            "    writer.write(b'x')\n    await reader.readexactly(9)\nasyncio.run(read())"
        ),
    ),
    "a mail server that leaves": ("b''", "import smtplib; raise smtplib.SMTPServerDisconnected"),
    "a program that hangs": (
        "b''",
        "import subprocess; subprocess.run(['sleep', '9'], timeout=0.3)",
    ),
    "a process that is killed": (
        "b''",
        (
            "from concurrent.futures import ProcessPoolExecutor as Pool\n"
            "with Pool(1) as pool:\n"
            "    pool.submit(exec, 'import os; os.kill(os.getpid(), 9)').result()"
        ),
    ),
    "a library's answer": (
        "b''",
        (
            "class ClientError(Exception):\n"
            "    response = {'ResponseMetadata': {'HTTPStatusCode': 503}}\nraise ClientError('x')"
        ),
    ),
    "a library's own": ("b''", "class ReadTimeout(Exception): ...\nraise ReadTimeout('x')"),
    "a library's kind": (
        "b''",
        "class TransportError(Exception): ...\nclass Odd(TransportError): ...\nraise Odd('x')",
    ),
}


@pytest.mark.parametrize("wrapped", [None, "another error from nothing"])
@pytest.mark.parametrize("what", ANSWERED)
def test_nor_is_a_service_that_does_not_answer_well(
    stage: Stage, what: str, wrapped: str | None
) -> None:
    answer, body = ANSWERED[what]
    code = WRAPPED[wrapped].format(indented(body)) if wrapped else body
    stage.project.add("0004", "0003", SERVED.replace("ANSWER", answer) + code)
    assert_passing(stage.run(), stage)


STAYING = {
    "a request that is wrong": (STATUS.format(404), FETCH),
    "a file that is missing": ("b''", "open('/nowhere')"),
    "a limit of the script's own": (
        "b''",
        (
            "import asyncio\nasync def wait():\n    async with asyncio.timeout(0.1):\n"
            "        await asyncio.sleep(9)\nasyncio.run(wait())"
        ),
    ),
    "a number that is no status": (
        "b''",
        "class Odd(Exception):\n    code, status = 5, '503'\nraise Odd('x')",
    ),
}


@pytest.mark.parametrize("what", STAYING)
def test_what_is_wrong_at_a_service_stays_the_revisions(stage: Stage, what: str) -> None:
    answer, body = STAYING[what]
    stage.project.add("0004", "0003", SERVED.replace("ANSWER", answer) + body)
    ended = stage.run()
    assert (ended.exit_code, ended.outcome) == (21, "revision_failed"), ended.verdict
