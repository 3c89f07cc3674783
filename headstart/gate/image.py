"""Whether the image is the one that its fingerprints file was built from, as far as that matters.

The file's header (fingerprint/file/header.py) names what decides about a run with nothing to do:
alembic.ini, env.py with what it imports of the project, the scripts of the heads, and the names of
all scripts. Each is compared by digest.
"""

import os

from headstart.fingerprint.file.digests import digest_of_file, digest_of_names
from headstart.fingerprint.file.header import ABSENT, Header, header_in
from headstart.gate.doubt import Doubt
from headstart.settings.defaults import VERSION_TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FILE = "fingerprints.txt"
MOST_READ = 300
"""Scripts in a folder; they take some milliseconds."""
PYPROJECT = "pyproject.toml"
"""Beside alembic.ini, Alembic looks there for its options."""
_HERE = "%(here)s"
_NO_KEY = b"\0"
_COMPILED = (".so", ".abi3.so")


def read_ini(path: str) -> str:
    """The text of alembic.ini. Raises Doubt."""
    try:
        return content_of(path).decode()
    except UnicodeDecodeError as error:
        raise Doubt(path) from error


def matching_header(folder: str, ini_path: str) -> Header:
    """The header in the folder of env.py, if all that it names is as it was. Raises Doubt."""
    header = header_in(content_of(os.path.join(folder, FILE)))
    if header is None:
        raise Doubt("no header")
    named = [os.path.abspath(os.path.join(folder, path)) for path in header.files]
    # the latter also tells the folder: what prepend_sys_path finds there is the same, too
    for path in (ini_path, PYPROJECT):
        if os.path.abspath(path) not in named:
            raise Doubt(path)
    for path, digest in zip(named, header.files.values(), strict=True):
        if digest_of(path) != digest or _is_shadowed(path):
            raise Doubt(path)
    _ensure_python_path(header, folder)
    for path, digest in header.scripts.items():
        if digest_of_scripts(os.path.join(folder, path)) != digest:
            raise Doubt(path)
    for path, digest in header.folders.items():
        if digest_of_names(_names_in(os.path.join(folder, path))) != digest:
            raise Doubt(path)
    return header


def _is_shadowed(path: str) -> bool:
    """Whether Python would import something beside a module in its place."""
    place, suffix = os.path.splitext(path)
    if suffix != ".py":
        return False
    nearer = [f"{place}{each}" for each in _COMPILED]
    if os.path.basename(place) != "__init__":
        nearer += [os.path.join(place, f"__init__{each}") for each in (".py", ".pyc", *_COMPILED)]
    return any(map(os.path.lexists, nearer))


def _ensure_python_path(header: Header, folder: str) -> None:
    if header.python_path is not None:
        named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        found = [os.path.relpath(os.path.abspath(each), folder) for each in named if each]
        if found != list(header.python_path):
            raise Doubt("PYTHONPATH")


def fits(header: Header, settings: "Mapping[str, str]", *, runs: bool) -> bool:
    """Whether this header's image may be answered for, with these settings.

    `runs`: in place of a run, which learns from env.py what the version table is.
    """
    if header.blind is not None or (header.unfit is not None and settings.get("GATE") != "on"):
        return False
    if len(header.heads) != 1 and settings.get("TARGET") != "heads":
        return False
    table = settings.get("VERSION_TABLE", header.version_table if runs else VERSION_TABLE)
    if table != header.version_table:
        return False
    return is_told_url(header, _names(settings.get("URL_VARIABLES", "")))


def is_told_url(header: Header, names: "Sequence[str]") -> bool:
    """Whether env.py has its URL from us, in the variables of these names or DATABASE_URL."""
    if "DATABASE_URL" in names:  # a mistake, which the flow tells
        return False
    return {"DATABASE_URL", *names} >= set(header.variables) >= set(names)


def _names(text: str) -> "Sequence[str]":
    return text.replace(",", " ").split()


def script_folder(ini_path: str, ini: str) -> str:
    """What script_location names, where it is an ordinary folder. Raises Doubt."""
    section, found = "", []
    for line in ini.splitlines():
        if line.startswith("["):
            section = line.strip()
        key, _, value = line.partition("=")
        if section == "[alembic]" and key.strip() == "script_location" and key[:1] == "s":
            found.append(value.strip())
    if len(found) != 1:
        raise Doubt("script_location")
    here = os.path.dirname(os.path.abspath(ini_path))
    location = found[0].replace(_HERE, here)
    if not location or "%" in location or ":" in location:
        raise Doubt("script_location")
    return os.path.abspath(location)


def content_of(path: str) -> bytes:
    """What a regular file holds; a pipe can be read but once, and may never end. Raises Doubt.

    By four calls of the system: of hundreds of scripts, Python's own file objects take most of the
    time.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise Doubt(path) from error
    try:
        found = os.fstat(file)
        if found.st_mode & _KIND != _REGULAR:
            raise Doubt(path)
        content = os.read(file, found.st_size + 1)
        while len(content) != found.st_size and (more := os.read(file, _CHUNK_BYTES)):
            content += more
    except OSError as error:
        raise Doubt(path) from error
    finally:
        os.close(file)
    return content


_KIND, _REGULAR = 0o170000, 0o100000
"""S_IFMT and S_IFREG: the module stat costs a millisecond."""
_CHUNK_BYTES = 65536


def digest_of(path: str) -> str:
    """The digest of a file that a header names. Raises Doubt.

    A pyproject.toml that says nothing to Alembic counts as none: many images leave it out. Of an
    ini file neither comments count nor the URL, which an image has elsewhere.
    """
    if not os.path.lexists(path):
        return ABSENT
    return _digest_of_content(path)


def _digest_of_content(path: str) -> str:
    content = content_of(path)
    if os.path.basename(path) == PYPROJECT and not configures_alembic(content):
        return ABSENT
    return digest_of_file(_what_counts(content) if path.endswith(".ini") else content)


def digest_of_scripts(folder: str) -> str:
    """The digest of a folder of scripts: their names, and what they hold where these are not many.

    Of thousands only the heads' are read, as files of the header: an edit of another one could
    break the history, but takes nothing from a database that is at the head. Raises Doubt.
    """
    try:
        with os.scandir(folder) as found:
            files = {each.name: each.is_file() for each in found if each.name != "__pycache__"}
    except OSError as error:
        raise Doubt(folder) from error
    if len(files) > MOST_READ:
        return digest_of_names(files)
    return digest_of_names(
        f"{name} {_digest_of_content(os.path.join(folder, name)) if is_file else ABSENT}"
        for name, is_file in files.items()
    )


def _what_counts(ini: bytes) -> bytes:
    """The lines of an ini file, but for comments and Alembic's URL, if it is as usual: one line."""
    kept, section, urls = [], b"", 0
    for line in ini.splitlines():
        if line.startswith(b"["):
            section = line.strip()
        is_url = section == b"[alembic]" and _is_url(line) and urls == 0
        urls += is_url
        if line and not is_url and not line.startswith((b"#", b";")):
            kept.append(line)
    return b"\n".join(kept)


def _is_url(line: bytes) -> bool:
    before, key, rest = line.partition(b"sqlalchemy.url")
    return bool(key) and not before and rest.lstrip().startswith((b"=", b":"))


def configures_alembic(content: bytes) -> bool:
    """Whether a pyproject.toml may have a table tool.alembic: by lines that could begin one."""
    section = b""
    for line in content.splitlines():
        key = line.translate(None, b" \t\"'")
        if key.startswith(b"["):
            section = key.partition(b"#")[0].strip(b"[]")
            if section.startswith(b"tool.alembic") or b"\\" in section:
                return True
        elif key.startswith({b"tool": b"alembic", b"": b"tool"}.get(section, _NO_KEY)):
            return True
    return False


def _names_in(folder: str) -> "list[str]":
    try:
        return os.listdir(folder)
    except OSError as error:
        raise Doubt(folder) from error
