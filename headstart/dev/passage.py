"""Let one account pass through folders that are closed to others, by an entry in their ACL.

To open them for everybody (o+x) would let every account reach what is readable below: /root, say.
"""

import os
import pwd
import stat
import struct
from collections.abc import Iterator
from pathlib import Path

from headstart.verdict.errors import InvalidSettings

_ACL = "system.posix_acl_access"
_VERSION = 2
_OWNER, _USER, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
_NOBODY = 0xFFFFFFFF
"""The id of an entry that names nobody. Source: Linux, include/uapi/linux/posix_acl_xattr.h."""
_PASS = 1

Entry = tuple[int, int, int]
"""Tag, permissions, id."""


def let_pass(folder: Path, account: str) -> None:
    """Let an account pass through every folder above this one. Raises InvalidSettings."""
    user = pwd.getpwnam(account).pw_uid
    for above in folder.resolve().parents:
        if above.stat().st_mode & stat.S_IXOTH:
            continue
        entries = list(_entries(above))
        # a chmod() of somebody's takes from the mask what it takes from the group
        mask = next((may for tag, may, _ in entries if tag == _MASK), _PASS)
        if any(tag == _USER and own == user and may & mask & _PASS for tag, may, own in entries):
            continue
        try:
            os.setxattr(above, _ACL, _packed(_with(entries, user)))
        except OSError as error:
            raise InvalidSettings(
                f"account {account}, under which the embedded server runs, cannot pass through"
                f" {above}, and its ACL cannot be changed: {error.strerror}",
                next_step="use a folder that others may pass through: for the data"
                " (HEADSTART_EMBEDDED_DIR), and for the environment that headstart is installed in",
            ) from None


def _entries(folder: Path) -> Iterator[Entry]:
    """The ACL of a folder; the one that its mode says where it has none."""
    try:
        packed = os.getxattr(folder, _ACL)
    except OSError:
        mode = folder.stat().st_mode
        yield _OWNER, mode >> 6 & 7, _NOBODY
        yield _GROUP, mode >> 3 & 7, _NOBODY
        yield _OTHER, mode & 7, _NOBODY
        return
    yield from struct.iter_unpack("<HHI", packed[4:])


def _with(entries: list[Entry], user: int) -> list[Entry]:
    """The ACL with an entry for that user; nobody else may more than before."""
    kept = [entry for entry in entries if (entry[0], entry[2]) != (_USER, user)]
    cap = next((may for tag, may, _ in kept if tag == _MASK), 7)
    # the mask has to allow the new entry: what it kept from others is taken from their own
    capped = [
        (tag, may if tag in {_OWNER, _OTHER} else may & cap, own)
        for tag, may, own in kept
        if tag != _MASK
    ]
    mask = next((may for tag, may, _ in kept if tag == _MASK), 0)
    mask |= next(may for tag, may, _ in capped if tag == _GROUP)
    return sorted([*capped, (_USER, _PASS, user), (_MASK, mask | _PASS, _NOBODY)])


def _packed(entries: list[Entry]) -> bytes:
    return struct.pack("<I", _VERSION) + b"".join(struct.pack("<HHI", *each) for each in entries)
