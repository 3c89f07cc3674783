"""The processes of a program, and the connections that each of them has, as the kernel has them."""

from contextlib import suppress
from pathlib import Path


def children_of(process: int) -> list[int]:
    """The processes that a process has started, and is the parent of."""
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def is_there(process: int) -> bool:
    """Whether a process is there, and no zombie."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def connections_of(process: int, port: int) -> set[str]:
    """The connections of a process to a port of this machine, by the numbers of their sockets."""
    own = set()
    with suppress(FileNotFoundError):  # it has ended meanwhile, or closed one of them
        rows = map(str.split, Path(f"/proc/{process}/net/tcp").read_text().splitlines()[1:])
        there = {f"socket:[{row[9]}]" for row in rows if row[2].endswith(f":{port:04X}")}
        own = {str(each.readlink()) for each in Path(f"/proc/{process}/fd").iterdir()} & there
    return own
