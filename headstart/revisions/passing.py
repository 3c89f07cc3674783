"""What is the network's or the machine's fault, whatever service a script has asked: it may pass.

Each library has its own exceptions for that, and nobody knows all: beside the system's numbers,
the status of an HTTP answer and the name of a class tell. What a script raises while it handles
such an error counts as well: without that it would not have come there.
"""

import errno
import re
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from socket import gaierror, herror
from subprocess import CalledProcessError

from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from headstart.patterns import pattern
from headstart.process.machine import is_exhausted
from headstart.revisions.asking import asked, has
from headstart.verdict.errors import HeadstartError

_PASSING_ERRORS = frozenset(
    {
        *(errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE, errno.ETIMEDOUT),
        *(errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN),
        *(errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EIO),
        *(errno.EAGAIN, errno.EINTR, errno.EADDRNOTAVAIL, errno.EADDRINUSE, errno.ENETRESET),
        *(errno.ENOBUFS, errno.ENOTCONN, errno.ESHUTDOWN, errno.EPROTO, errno.ENONET),
        *(errno.EBUSY, errno.ETXTBSY, errno.ESTALE, errno.EREMOTEIO, errno.ENOLCK, errno.ENOLINK),
        *(errno.ECOMM, errno.ENOSR, errno.ETIME, errno.EUSERS),
    }
)
"""Of the system: the network, its disks, and what a machine may run out of."""

_PASSING_CODES = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED"})
"""Of gRPC. Source: gRPC documentation, Status codes and their use."""
_KILLED = frozenset({-9, 128 + 9, -15, 128 + 15})
"""What a child process ends with that the kernel has killed for its memory, or a node drains."""
_NUMBER = pattern(r"\[Errno (\d+)\]")

_PASSING_STATUSES = frozenset({408, 425, 429})
"""Beside 5xx. Source: RFC 9110, RFC 8470 and RFC 6585."""

_PASSING_CLASSES = pattern(
    r".*(timeout|timed_?out|disconnected|disconnection|connect|connection|network|transport"
    r"|unavailable|throttling|throttled|toomanyrequests|autoreconnect|incompleteread|badstatusline"
    r"|ssleof|sslzeroreturn|sslsyscall|brokenprocesspool)"
    r"(error|exception|expired|closed|reset|refused|lost|aborted)*",
    re.IGNORECASE,
)
"""As the standard library and the clients of other services call theirs."""


def may_pass(error: BaseException) -> bool:
    """Whether an error, or one that it was raised for, is the network's or the machine's fault."""
    return any(map(_passes, behind(error)))


def behind(error: BaseException) -> Iterator[BaseException]:
    """An exception, and all that it was raised for or grouped from; once each."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        grouped = one.exceptions if isinstance(one, BaseExceptionGroup) else ()
        linked = (one.__cause__, one.__context__, asked(one, "orig"), _attempted(one), *grouped)
        waiting += [each for each in linked if isinstance(each, BaseException)]


def _attempted(error: BaseException) -> object:
    """What the last attempt raised, of which tenacity's RetryError holds but the future."""
    attempt = asked(error, "last_attempt")
    with suppress(BaseException):  # one that is cancelled raises
        return attempt.exception(0) if isinstance(attempt, Future) else None
    return None


def has_timed_out(error: BaseException) -> bool:
    """Whether a socket's own limit has passed, by the words of the C library's wrapper.

    asyncio.timeout() and its kin say nothing: they are the script's limit, on whatever it does.
    """
    text = error.args[0] if error.args and isinstance(error.args[0], str) else ""
    said = text == "timed out" or text.endswith("operation timed out")
    return isinstance(error, TimeoutError) and said


def _passes(error: BaseException) -> bool:
    if isinstance(error, gaierror | herror | PoolTimeoutError | ConnectionError):
        return True
    if is_exhausted(error):
        return True
    if not isinstance(error, Exception) or isinstance(error, HeadstartError):
        return False
    within = error.args[0] if error.args else None  # urllib's has the system's error in it
    if isinstance(within, OSError) and within is not error and _passes(within):
        return True
    if isinstance(error, OSError) and error.errno in _PASSING_ERRORS:
        return True
    if isinstance(error, shutil.Error):  # its texts are all that it keeps
        return any(int(number) in _PASSING_ERRORS for number in _NUMBER.findall(str(error)[:4096]))
    if isinstance(error, CalledProcessError):
        return error.returncode in _KILLED
    return has_timed_out(error) or _status_passes(error) or _is_called_so(error)


def _status_passes(error: Exception) -> bool:
    """As urllib, requests, httpx, aiohttp, botocore, gRPC and Google's clients keep it."""
    for holder in (error, asked(error, "response")):
        if isinstance(holder, Mapping):
            about = holder.get("ResponseMetadata")
            values = [about.get("HTTPStatusCode")] if isinstance(about, Mapping) else []
        else:
            values = [_called(asked(holder, name)) for name in ("status_code", "status", "code")]
        if any(asked(value, "name") in _PASSING_CODES for value in values):
            return True
        statuses = (value for value in values if isinstance(value, int))
        if any(500 <= each < 600 or each in _PASSING_STATUSES for each in statuses):
            return True
    return False


def _called(value: object) -> object:
    """gRPC's code is asked for."""
    with suppress(Exception):
        return value() if callable(value) and not isinstance(value, type) else value
    return None


def _is_called_so(error: Exception) -> bool:
    """By its class or one of its bases; drivers' errors are judged by their SQLSTATE."""
    if has(error, "sqlstate") or has(error, "pgcode"):
        return False
    classes = (cls for cls in type(error).__mro__ if cls.__module__ != "builtins")
    return any(_PASSING_CLASSES.fullmatch(cls.__name__) for cls in classes)
