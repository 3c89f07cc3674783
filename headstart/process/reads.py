"""What a project's code reads while a block runs: variables, files, folders, other services.

For the gate, which leaves env.py out: its answer may not depend on anything that is not known when
the fingerprints are built. What the libraries read that env.py connects with is no business of the
project's, nor are the standard library's own variables. Where it is not clear who asks, it counts.
"""

import os
import stat
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import field
from importlib import metadata
from importlib.util import source_from_cache
from types import FrameType
from typing import Any

from headstart.patterns import pattern
from headstart.values import dataclass

EVERY = "*"
"""In place of a variable's name, where all of them are read."""

LIBRARIES = frozenset(
    {"alembic", "asyncpg", "greenlet", "headstart", "mako", "markupsafe", "psycopg", "psycopg2"}
    | {"psycopg_binary", "psycopg_c", "sqlalchemy", "typing_extensions"}
)
"""What env.py connects with; a project that imports more imports something of its own."""
_SYSTEMS = pattern(
    r"(PYTHON|LC_|SSL_CERT_).*|LANG(UAGE)?|TZ|HOME|USER|LOGNAME|PATH|PWD|TE?MP|TMPDIR|TERM"
    r"|LNAME|USERNAME|COLUMNS|LINES|NO_COLOR|FORCE_COLOR|XDG_.*"
)
_DEVICES = ("/dev/", "/proc/", "/etc/", "/usr/share/zoneinfo/")
_FOLDERS = {"os.listdir", "os.scandir"}
_OUTSIDE = {
    "subprocess.Popen": "starts a process",
    "os.system": "starts a process",
    "os.posix_spawn": "starts a process",
    "os.exec": "starts a process",
    "os.fork": "forks",
    "sqlite3.connect": "opens a database of its own",
    "socket.sendto": "talks to another service",
    "socket.getaddrinfo": "talks to another service",
    "socket.gethostbyname": "talks to another service",
}
_CONNECTS = "socket.connect"
_LOOKS = ("stat", "access")


@dataclass(frozen=True)
class Reads:
    """What was read; paths are absolute. `addresses` are those that sockets were connected to.

    `others` says in words what else it does that nobody can know beforehand.
    """

    variables: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    addresses: set[tuple[object, ...] | str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)

    def __or__(self, other: "Reads") -> "Reads":
        """What either has read."""
        return Reads(
            self.variables | other.variables,
            self.files | other.files,
            self.folders | other.folders,
            self.addresses | other.addresses,
            self.others | other.others,
        )


class _Hook:
    """Python's audit hook, of which there can be no end: it hears only while a block runs."""

    def __init__(self) -> None:
        self.reads: Reads | None = None
        self.installed = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        reads = self.reads
        if reads is None:
            return
        if event == "open" or event in _FOLDERS:
            path = arguments[0]
            if isinstance(path, str | bytes | os.PathLike):
                heard = reads.files if event == "open" else reads.folders
                _hear_path(path, heard, is_file=event == "open" and not _writes(arguments))
        elif event in _OUTSIDE and _asks_for_project(sys._getframe(1)):
            reads.others.add(_OUTSIDE[event])
        elif event == _CONNECTS:
            address = arguments[1]
            reads.addresses.add(tuple(address[:2]) if isinstance(address, tuple) else str(address))


_HOOK = _Hook()


class _HeardEnviron(os._Environ):  # type: ignore[type-arg]
    """os.environ, while somebody listens; the object stays the one that everybody has."""

    def __getitem__(self, key: Any) -> Any:
        _hear_variable(os.fsdecode(key))
        return super().__getitem__(key)

    def __iter__(self) -> Iterator[Any]:
        _hear_variable(EVERY)
        return super().__iter__()


def _hear_path(path: Any, heard: set[str], *, is_file: bool) -> None:
    name = os.path.abspath(os.fsdecode(path))
    asks = _asks_for_project(sys._getframe(2), name, is_file=is_file)
    if asks and not name.startswith(_DEVICES) and not _is_of_interpreter(name):
        heard.add(_source_of(name))


def _heard_look(look: Callable[..., Any]) -> Callable[..., Any]:
    """Whether there is a file, of which Python's hook does not hear; a folder tells nothing."""

    def looked(path: Any, *arguments: Any, **options: Any) -> Any:
        reads = _HOOK.reads
        is_path = isinstance(path, str | bytes | os.PathLike)
        if reads is not None and is_path and not _is_folder(path):
            _hear_path(path, reads.files, is_file=True)
        return look(path, *arguments, **options)

    return looked


def _is_folder(path: Any) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(os.path.realpath(path)).st_mode)
    except (OSError, ValueError):
        return False


def _hear_variable(name: str) -> None:
    reads = _HOOK.reads
    if reads is None:
        return
    frame = _caller(sys._getframe(2))
    if frame is None or _is_library(frame):
        return
    if _is_standard(frame) and name != EVERY and _SYSTEMS.fullmatch(name):
        return
    reads.variables.add(name)


@contextmanager
def heard_reads() -> Iterator[Reads]:
    """Hear what is read in the block."""
    if not _HOOK.installed:
        sys.addaudithook(_HOOK)
        _HOOK.installed = True
    every = [os.environ, os.environb]
    before = [type(each) for each in every]
    reads = _HOOK.reads = Reads()
    for each in every:
        each.__class__ = _HeardEnviron
    looks = {name: getattr(os, name) for name in _LOOKS}
    for name, look in looks.items():
        setattr(os, name, _heard_look(look))
    try:
        yield reads
    finally:
        _HOOK.reads = None
        for name, look in looks.items():
            setattr(os, name, look)
        for each, kind in zip(every, before, strict=True):
            each.__class__ = kind


def local_packages() -> frozenset[str]:
    """The imported packages that pip has installed from a folder: the project itself, say.

    They change with it, and no file of theirs is where it was written.
    """
    names = {name.partition(".")[0] for name in list(sys.modules)}
    by_name = metadata.packages_distributions()
    every = {each for name in names - LIBRARIES for each in by_name.get(name, ())}
    return frozenset(
        name
        for name in every - LIBRARIES
        if '"dir_info"' in (told := metadata.distribution(name).read_text("direct_url.json") or "")
        and '"editable": true' not in told
    )


STANDARD = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib")})
_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_PACKAGES = tuple({sysconfig.get_path(name) for name in ("purelib", "platlib")})
_METADATA = (".dist-info", ".egg-info")
_ZIPPED = f"python{sys.version_info.major}{sys.version_info.minor}.zip"
"""The standard library in one file, which Python looks for first, and which hardly any has."""
_INSTALLED = tuple({sysconfig.get_path(name) + os.sep for name in ("purelib", "platlib")})
_WAY = (os.__file__, "<frozen os>", "<frozen _collections_abc>", "_collections_abc.py")


def is_installed(file: str) -> bool:
    """Whether a file, or a folder that ends with a separator, is among what pip installs."""
    return file.startswith(_INSTALLED) or "/site-packages/" in file or "/dist-packages/" in file


def _caller(frame: FrameType | None) -> FrameType | None:
    """The frame that asked, past the mapping's own methods."""
    while frame is not None and frame.f_code.co_filename.endswith(_WAY):
        frame = frame.f_back
    return frame


def _writes(opened: tuple[Any, ...]) -> bool:
    """Whether a file was opened to be written: what Python has compiled, say."""
    _, _, flags = opened
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


def _is_import(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    return file.startswith("<frozen importlib") or "importlib/_bootstrap" in file


def _is_of_interpreter(path: str) -> bool:
    """What anybody asks who looks for packages: which are installed, and what they say of it."""
    if os.path.basename(path) == _ZIPPED:
        return True
    folder = path if path.endswith(_METADATA) else os.path.dirname(path)
    return is_installed(path + os.sep) and (folder.endswith(_METADATA) or path in _PACKAGES)


def _is_of_packages(path: str) -> bool:
    return is_installed(path) or path.startswith((_OURS, *STANDARD))


def _source_of(path: str) -> str:
    """The module's source, in place of what Python has compiled it to."""
    if os.path.basename(os.path.dirname(path)) != "__pycache__":
        return path
    try:
        return source_from_cache(path)
    except ValueError:
        return path


def _is_library(frame: FrameType) -> bool:
    """By the module: a checkout of headstart stands in no folder of packages."""
    name = str(frame.f_globals.get("__name__", ""))
    return name.partition(".")[0] in LIBRARIES


def _is_standard(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    standard = file.startswith(("<frozen ", *STANDARD))
    return standard and not is_installed(file)


def _asks_for_project(frame: FrameType | None, path: str = "", *, is_file: bool = False) -> bool:
    """Whether somebody opens something for the project: not a library, nor an import of one.

    What the standard library does it does for whoever called it. What an import reads of the
    project counts: it may be no module that anybody finds again.
    """
    while frame is not None:
        if _is_import(frame):
            return is_file and not _is_of_packages(path)
        if not _is_standard(frame):
            return not _is_library(frame)
        frame = frame.f_back
    return False
