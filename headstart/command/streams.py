"""stdout and stderr: ours alone, so that the last thing on them is ours, too.

The log and the answers go to copies of the descriptors that the process was started with. The
descriptors 1 and 2 themselves are pipes to foreign_output.py: whatever a library in C, a child
process or a script writes there comes out as an event, or, after the verdict, not at all.
"""

import faulthandler
import fcntl
import io
import os
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from math import inf

from headstart.process.below import opened_anew, stream_below
from headstart.process.patient_writer import Patience, PatientWriter
from headstart.values import dataclass
from headstart.verdict.errors import InvalidSettings

_FIRST_OWN = 3
"""A descriptor of ours is none of the standard ones, though one of these may have been closed."""


LOG_PATIENCE_SECONDS = 5.0
"""For who reads the log; as long a run may hold its locks for nothing."""
ENDING_PATIENCE_SECONDS = 1.0
"""For each reader where a signal or the deadline ends the run."""


class OwnStream(io.TextIOWrapper):
    """A stream that writes nothing after its last word, whichever thread comes late."""

    def __init__(self, descriptor: int, patience: Patience) -> None:
        self._sealed, self._writing = False, threading.Lock()
        self._out = PatientWriter(descriptor, patience)
        super().__init__(self._out, encoding="utf-8", write_through=True)

    def be_patient(self, patience: Patience) -> None:
        """Wait for the reader so long from here on."""
        self._out.be_patient(patience)

    def write(self, text: str) -> int:
        """Write a text; 0 where nobody has read for too long, and it is left out."""
        octets = text.encode(errors="backslashreplace")  # JSON is UTF-8, whatever the locale is
        with self._writing:
            return len(text) if self._sealed or self._out.write(octets) or not text else 0

    def seal(self) -> None:
        """Let that have been the last word."""
        self.flush()
        with self._writing:
            self._sealed = True

    def become(self, descriptor: int) -> None:
        """Write to where another descriptor leads; in a forked child, where no lock is held."""
        self._writing = threading.Lock()
        self._out.forget()
        with suppress(OSError):
            os.dup2(descriptor, self.fileno(), inheritable=False)


class _SteadyStream(OwnStream):
    """A stream whose reader may leave: what cannot be written must not end a run."""

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            super().flush()


@dataclass(frozen=True)
class OwnStreams:
    """The log's stream and that of the answers; and the pipes with the output of others.

    There is no stream for answers where whoever started us has closed stdout.
    """

    log: OwnStream
    answers: OwnStream | None
    pipes: Mapping[str, int]

    @property
    def only_answers_are_watched(self) -> bool:
        """Whether stdout is a terminal and the log is somewhere else."""
        return self.answers is not None and self.answers.isatty() and not self.log.isatty()

    def be_patient(self, log: Patience, answers: Patience) -> None:
        """Wait for the readers so long from here on."""
        self.log.be_patient(log)
        if self.answers is not None:
            self.answers.be_patient(answers)

    def seal(self) -> None:
        """Let nothing come after this."""
        self.log.seal()
        if self.answers is not None:
            with suppress(OSError, ValueError):
                self.answers.seal()


def own_streams() -> OwnStreams:
    """Make stdout and stderr ours; stderr never fails."""
    log = _SteadyStream(
        _terminal(2) or _copy_of(2) or _above(os.open(os.devnull, os.O_WRONLY)),
        lambda: LOG_PATIENCE_SECONDS,
    )
    descriptor = _copy_of(1) if sys.stdout is not None else None
    # a person may read an answer page by page: nothing is held meanwhile
    answers = OwnStream(descriptor, lambda: inf) if descriptor is not None else None
    if faulthandler.is_enabled():  # of a crash nobody could read the pipe any more
        faulthandler.enable(log)
    pipes = {"stderr": _pipe_to(2)}
    sys.stderr = log
    if answers is not None:
        pipes["stdout"] = _pipe_to(1)
        sys.stdout = answers
    os.register_at_fork(after_in_child=lambda: _in_child(answers, log))
    return OwnStreams(log, answers, pipes)


def _in_child(answers: OwnStream | None, log: OwnStream) -> None:
    """A forked child may outlive the verdict: it speaks through the pipes, as others do."""
    log.become(2)
    if answers is not None:
        answers.become(1)


def silence_descriptors() -> None:
    """Let nobody in this process write to 1 and 2 any more."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for standard in (1, 2):
        with suppress(OSError):
            os.dup2(nothing, standard)


def _terminal(standard: int) -> int | None:
    """The same terminal, never blocking: poll() says that it has room, and not for how much."""
    own = opened_anew(standard)
    return None if own is None else _above(own)


def _copy_of(standard: int) -> int | None:
    try:
        return fcntl.fcntl(standard, fcntl.F_DUPFD_CLOEXEC, _FIRST_OWN)
    except OSError:  # it was closed by whoever started us
        return None


def _above(descriptor: int) -> int:
    if descriptor >= _FIRST_OWN:
        return descriptor
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FIRST_OWN)
    os.close(descriptor)
    return moved


def _pipe_to(standard: int) -> int:
    """Make a standard descriptor the end of a pipe; give the other end."""
    reading, writing = map(_above, os.pipe())
    os.dup2(writing, standard)
    os.close(writing)
    return reading


def print_answer(text: str) -> None:
    """Write an answer to stdout, whatever stands in for it now. Raises InvalidSettings."""
    stream = stream_below(sys.stdout)
    if stream is None:  # whoever started us has closed it
        return
    try:
        if stream.write(f"{text}\n") == 0:
            raise TimeoutError("nobody reads it")
        stream.flush()
    except (OSError, ValueError) as error:
        if stream is sys.stdout:
            # else the interpreter tries once more when it ends, and changes the exit code
            sys.stdout = io.StringIO()
        raise InvalidSettings(
            f"stdout cannot be written: {error}",
            next_step="let stdout lead to a file or a reader that takes all of it, then run again",
        ) from None
