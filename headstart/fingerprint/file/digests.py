"""The digests of files, by modules in C alone: the gate pays for every import. Pure."""

from _blake2 import blake2b

try:
    from _sha2 import sha256
except ImportError:  # before 3.12
    from _sha256 import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORT_BYTES, _LONG_BYTES = 8, 16


def script_digest(content: bytes) -> str:
    """The digest of a script, the same whatever its line ends are: 12 hexadecimal digits."""
    return str(sha256(_unix(content)).hexdigest()[:12])


def digest_of_file(content: bytes) -> str:
    """The digest of a file, the same whatever its line ends are: 16 hexadecimal digits."""
    return _digest(_unix(content), _SHORT_BYTES)


def digest_of_names(names: "Iterable[str]") -> str:
    """The digest of the names in a folder, as digest_of_file's; what Python keeps there aside."""
    kept = sorted(name for name in names if name != "__pycache__")
    return _digest("\0".join(kept).encode(errors="surrogateescape"), _SHORT_BYTES)


def digest_of_body(content: bytes) -> str:
    """The digest of most of a fingerprints file: 32 hexadecimal digits."""
    return _digest(content, _LONG_BYTES)


def _unix(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")


def _digest(content: bytes, size: int) -> str:
    return blake2b(content, digest_size=size).hexdigest()
