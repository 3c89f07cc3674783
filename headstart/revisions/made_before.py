"""What already exists in a revision may be made by one before it.

An Enum that two tables of two revisions use is made by each of them: nobody made it by hand, and
nothing is to be stamped.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from headstart.patterns import pattern
from headstart.revisions.project import Project
from headstart.revisions.script_source import mentions

_QUOTES = pattern(
    '"([^"]+)"'
    "|[\u201e\u201c\u201d\u00ab\u2039'\u2018]\u00a0?(.+?)\u00a0?[\u201c\u201d\u00bb\u203a'\u2019]"
)
"""Names in a message of the server's, in the quotation marks of its language."""
_LONGEST_MESSAGE = 1000
"""Two names and the server's words; a script's own message may be of any length."""


def cure_of_existing(
    project: Project, revision: str, message: str, statement: str | None
) -> str | None:
    """What to do where a revision before this one makes what exists; None if none is seen to."""
    name = next((n for n in _named(message) if statement is None or n in statement), None)
    if name is None:
        return None
    makes = _makes(name)
    files = [
        f"{script} ({path})"
        for script, path in _before(project, revision)
        if mentions(Path(path), makes)
    ]
    if not files:
        return None
    return (
        f"revision {', '.join(files[:3])} makes {name}, too: let only one of the revisions make it"
        " (for an Enum: create_type=False in the others), or drop it before it is made anew; then"
        " run again"
    )


def _makes(name: str) -> re.Pattern[str]:
    """Source that makes something of this name: in SQL, by op.create_..., as an Enum, a Table."""
    n = re.escape(name)
    quoted = rf"[\"']{n}[\"']"
    return re.compile(
        rf"CREATE\s+(?:\w+\s+)*?(?:\"?\w+\"?\.)?\"?{n}\"?(?!\w)"
        rf"|ADD\s+(?:\w+\s+)*?\"?{n}\"?(?!\w)"
        rf"|(?:create_\w+|\bTable|\bIndex|Constraint)\(\s*(?:[\w.]+\(\s*)?{quoted}"
        rf"|(?:\bEnum|Constraint|\bIndex)\(.{{0,400}}?\bname\s*=\s*(?:[\w.]+\(\s*)?{quoted}"
        rf"|\bEnum\(\s*(?:\w+\.)*{n}\s*[,)]"
        rf"|add_column\(\s*[\"'].{{0,200}}?\bColumn\(\s*{quoted}",
        re.IGNORECASE | re.DOTALL,
    )


def _named(message: str) -> Iterator[str]:
    for found in _QUOTES.finditer(message[:_LONGEST_MESSAGE]):
        yield found[1] or found[2]


def _before(project: Project, revision: str) -> Iterator[tuple[str, str]]:
    """The revisions that this one needs, nearest first, with their files."""
    scripts = {script.revision: script for script in project.scripts}
    waiting, seen = [revision], {revision}
    while waiting:
        script = scripts.get(waiting.pop(0))
        for parent in script._all_down_revisions if script is not None else ():
            if parent in scripts and parent not in seen:
                seen.add(parent)
                waiting.append(parent)
                yield parent, str(scripts[parent].path)
