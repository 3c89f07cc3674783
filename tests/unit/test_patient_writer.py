"""Whoever writes waits for a reader as long as its patience, and loses no half of a line."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from math import inf

import pytest

from headstart.process.below import opened_anew
from headstart.process.patient_writer import PatientWriter

Ends = tuple[int, int]
LONG = b"x" * 200_000 + b"\n"
"""More than a pipe holds."""


@pytest.fixture
def pipe() -> Iterator[Ends]:
    """The ends of a pipe that nobody reads."""
    ends = os.pipe()
    os.set_blocking(ends[0], False)
    yield ends
    os.close(ends[0])


def read_all(reading: int) -> bytes:
    found = b""
    while True:
        try:
            part = os.read(reading, 1 << 16)
        except BlockingIOError:
            return found
        if not part:
            return found
        found += part


def seconds_of(call: Callable[[], object]) -> float:
    before = time.monotonic()
    call()
    return time.monotonic() - before


def fill(writer: PatientWriter) -> int:
    """Write lines until one is left out; gives how many were taken."""
    count = 0
    while writer.write(b"y" * 1000 + b"\n"):
        count += 1
    return count


def test_what_is_read_is_written_whole(pipe: Ends) -> None:
    writer, found = PatientWriter(pipe[1], lambda: 5), bytearray()
    os.set_blocking(pipe[0], True)

    def read() -> None:
        while len(found) < len(LONG):
            found.extend(os.read(pipe[0], 1 << 16))

    reader = threading.Thread(target=read)
    reader.start()
    assert writer.write(LONG) == len(LONG)
    reader.join()
    assert bytes(found) == LONG
    writer.close()


def test_a_line_that_nobody_reads_is_left_out_after_its_patience(pipe: Ends) -> None:
    writer = PatientWriter(pipe[1], lambda: 0.5)
    assert 0.4 < seconds_of(lambda: fill(writer)) < 3
    assert seconds_of(lambda: writer.write(b"more\n")) < 0.2  # it has been waited for in vain
    assert read_all(pipe[0]).replace(b"y" * 1000 + b"\n", b"") == b""
    assert writer.write(b"again\n") == len(b"again\n")
    assert read_all(pipe[0]) == b"again\n"
    writer.close()


def test_what_was_begun_is_ended_before_the_next_line(pipe: Ends) -> None:
    writer = PatientWriter(pipe[1], lambda: 0.2)
    assert writer.write(LONG) == len(LONG)  # its end is still to come
    assert writer.write(b"left out\n") == 0
    found = read_all(pipe[0])
    while len(found) < len(LONG):
        assert writer.write(b"left out\n") == 0 or found
        found += read_all(pipe[0])
    assert found.startswith(LONG)
    writer.close()


def test_one_who_is_patient_without_end_stops_when_told_to(pipe: Ends) -> None:
    writer, over = PatientWriter(pipe[1], lambda: 0.1 if over.is_set() else inf), threading.Event()
    threading.Timer(0.7, over.set).start()
    assert 0.5 < seconds_of(lambda: fill(writer)) < 4
    writer.close()


def test_a_new_patience_counts_anew(pipe: Ends) -> None:
    writer = PatientWriter(pipe[1], lambda: 0.1)
    fill(writer)
    writer.be_patient(lambda: 0.5)
    assert 0.4 < seconds_of(lambda: writer.write(b"more\n")) < 3
    writer.close()


def test_a_reader_that_has_gone_is_an_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    writer = PatientWriter(writing, lambda: 5)
    with pytest.raises(BrokenPipeError):
        writer.write(b"more\n")
    writer.forget()
    writer.close()


def test_a_signal_between_two_pieces_neither_loses_nor_repeats_one(pipe: Ends) -> None:
    calls = 0

    def patience() -> float:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise KeyboardInterrupt
        return 5.0

    writer = PatientWriter(pipe[1], patience)
    with pytest.raises(KeyboardInterrupt):
        writer.write(LONG)
    writer.be_patient(lambda: 0.0)
    found = read_all(pipe[0])
    while writer.write(b"next\n") == 0:
        found += read_all(pipe[0])
    assert found + read_all(pipe[0]) == LONG + b"next\n"
    writer.close()


def test_a_file_takes_all(tmp_path: os.PathLike[str]) -> None:
    path = os.fspath(tmp_path) + "/log"
    writer = PatientWriter(os.open(path, os.O_WRONLY | os.O_CREAT), lambda: 0.0)
    assert writer.write(LONG) == len(LONG)
    writer.close()
    with open(path, "rb") as file:  # noqa: PTH123 of os.PathLike
        assert file.read() == LONG


@pytest.mark.parametrize("length", [1, 7, 78, 299, 5000])
def test_a_terminal_that_nobody_reads_is_left_after_the_patience(length: int) -> None:
    """Its room may be for half a newline: then it is writable, and takes nothing."""
    leader, follower = os.openpty()
    own = opened_anew(follower)
    assert own is not None
    writer = PatientWriter(own, lambda: 0.2)
    lines = 40_000 // length

    def write_all() -> None:
        for _ in range(lines):
            writer.write(b"x" * length + b"\n")

    assert seconds_of(write_all) < 5
    for descriptor in (leader, follower):
        os.close(descriptor)
    writer.close()
