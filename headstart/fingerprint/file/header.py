r"""The gate's header in fingerprints.txt: what must be as it was when the file was built. Pure.

    gate<TAB>heads<TAB>152ce5a49348
    gate<TAB>version_table<TAB>alembic_version
    gate<TAB>variables<TAB>DATABASE_URL
    gate<TAB>file<TAB>../alembic.ini<TAB>0c7a59d1e84f2b66
    gate<TAB>file<TAB>../pyproject.toml<TAB>-
    gate<TAB>scripts<TAB>versions<TAB>94b1c02f3a7d5e80
    gate<TAB>objects<TAB><TAB>assets<TAB><TAB>projects
    gate<TAB>body<TAB>5d41402abc4b2a76b9719d911017c592

Paths are relative to the folder of env.py; "-" stands for a file that must not be there. Objects
are pairs of a schema, empty for the target one, and a name. Of folders, those of the scripts and
those that env.py looks into, the names count. `python_path`, where a module was found by it, is
what PYTHONPATH has to name. `body` is the digest of all other lines of the file, so that no merge
puts two of them together. An image whose env.py does what the gate would leave out has a line
`gate<TAB>unfit<TAB>why`; where no operator's word could make that good, since the gate would not
see a change, it is `gate<TAB>blind<TAB>why`. Where all that makes it unfit is that env.py is told
where to work, and one of many is named by its version table, a line says so, with the variables
that tell env.py: `gate<TAB>target<TAB>TENANT`.

It imports as little as the gate can do with.
"""

from headstart.fingerprint.file.digests import digest_of_body

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

MARK = b"gate\t"
_BODY = "gate\tbody\t"
ABSENT = "-"


class Header:
    """What the gate has to find; `files`, `scripts` and `folders` map paths to digests."""

    def __init__(  # noqa: PLR0913  each by name, without the price of dataclasses
        self,
        *,
        heads: "Sequence[str]",
        version_table: str,
        variables: "Sequence[str]",
        files: "Mapping[str, str]",
        scripts: "Mapping[str, str]",
        folders: "Mapping[str, str]",
        objects: "Sequence[tuple[str, str]]",
        python_path: "Sequence[str] | None" = None,
        unfit: str | None = None,
        blind: str | None = None,
        target: "Sequence[str] | None" = None,
        body: str = "",
    ) -> None:
        self.heads, self.version_table, self.variables = heads, version_table, variables
        self.files, self.scripts, self.folders = files, scripts, folders
        self.objects, self.python_path = objects, python_path
        self.unfit, self.blind, self.target, self.body = unfit, blind, target, body

    @property
    def lines(self) -> "Iterator[str]":
        """Its lines in the file, but for the one of the body."""
        yield _line("heads", self.heads)
        yield _line("version_table", [self.version_table])
        yield _line("variables", self.variables)
        kinds = {"file": self.files, "scripts": self.scripts, "folder": self.folders}
        for kind, paths in kinds.items():
            yield from (_line(kind, [path, paths[path]]) for path in sorted(paths))
        yield _line("objects", [text for pair in self.objects for text in pair])
        if self.python_path is not None:
            yield _line("python_path", self.python_path)
        if self.unfit is not None:
            yield _line("unfit", [self.unfit])
        if self.blind is not None:
            yield _line("blind", [self.blind])
        if self.target is not None:
            yield _line("target", self.target)


def with_body(lines: "Sequence[str]", before: str, after: str) -> "tuple[str, ...]":
    """A header's lines, bound to all lines of their file; none where there is none."""
    if not lines:
        return ()
    kept = [line for line in lines if not line.startswith(_BODY)]
    others = before + "".join(f"{line}\n" for line in kept) + after
    return (*kept, _line("body", [digest_of_body(others.encode())]))


def header_in(content: bytes) -> Header | None:
    """The header of a fingerprints file; None where there is none, or one of another file."""
    content = content.replace(b"\r\n", b"\n")
    start = content.find(b"\n" + MARK) + 1
    own = content.find(b"\n" + _BODY.encode()) + 1
    if not start or not own:
        return None
    end = content.find(b"\n", content.rfind(b"\n" + MARK) + 1) + 1
    others = content[:own] + content[content.find(b"\n", own) + 1 :]
    try:
        header = header_of(content[start:end].decode().splitlines())
    except UnicodeDecodeError:
        return None
    return header if header is not None and header.body == digest_of_body(others) else None


def header_of(lines: "Iterable[str]") -> Header | None:
    """The header that these lines are, whatever body it has; None where they are none."""
    single: dict[str, list[str]] = {}
    pairs: dict[str, dict[str, str]] = {"file": {}, "scripts": {}, "folder": {}}
    for mark, name, *values in (line.split("\t") for line in lines if "\t" in line):
        if mark != "gate" or name in single or (name in pairs and len(values) != 2):
            return None
        if name in pairs:
            pairs[name][values[0]] = values[1]
        else:
            single[name] = values
    needed = ("heads", "version_table", "variables", "objects", "body")
    if any(name not in single for name in needed) or not (pairs["file"] and pairs["scripts"]):
        return None
    heads, table, objects, body = (single[n] for n in ("heads", "version_table", "objects", "body"))
    if not heads or len(table) != 1 or len(body) != 1 or len(objects) % 2:
        return None
    return Header(
        heads=heads,
        version_table=table[0],
        variables=single["variables"],
        files=pairs["file"],
        scripts=pairs["scripts"],
        folders=pairs["folder"],
        objects=list(zip(objects[::2], objects[1::2], strict=True)),
        python_path=single.get("python_path"),
        unfit=" ".join(single["unfit"]) if "unfit" in single else None,
        blind=" ".join(single["blind"]) if "blind" in single else None,
        target=single.get("target"),
        body=body[0],
    )


def _line(name: str, values: "Iterable[str]") -> str:
    return "\t".join(("gate", name, *values))
