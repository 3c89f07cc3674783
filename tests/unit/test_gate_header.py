"""The gate's header: read as it was written, and only in the file that it was written into."""

import pytest

from headstart.fingerprint.file.digests import digest_of_file, digest_of_names
from headstart.fingerprint.file.header import Header, header_in, header_of, with_body
from headstart.fingerprint.file.states import Fingerprints
from headstart.fingerprint.file.text import file_text, read_file

HEADER = Header(
    heads=["0003", "0004"],
    version_table="alembic_version",
    variables=["DATABASE_URL"],
    files={"../alembic.ini": "0c7a", "../pyproject.toml": "-", "env.py": "12ab"},
    scripts={"versions": "94b1"},
    folders={},
    objects=[("", "accounts"), ("other", "a table")],
)
UNFIT = Header(
    heads=["1"],
    version_table="v",
    variables=[],
    files={"env.py": "1"},
    scripts={"versions": "2"},
    folders={},
    objects=[],
    unfit="env.py listens to connect",
)
TOLD = Header(
    heads=["1"],
    version_table="v",
    variables=[],
    files={"env.py": "1"},
    scripts={"versions": "2"},
    folders={},
    objects=[],
    unfit="env.py was given an argument by -x",
    target=[],
)


def written(header: Header) -> bytes:
    """The text of a file without states that has it."""
    return file_text(Fingerprints((), header=tuple(header.lines))).encode()


@pytest.mark.parametrize("header", [HEADER, UNFIT, TOLD], ids=["fit", "unfit", "told"])
def test_it_is_read_as_it_was_written(header: Header) -> None:
    found = header_in(written(header))
    assert found is not None
    assert found.body
    assert vars(found) == {**vars(header), "body": found.body}


def test_without_a_head_it_is_none() -> None:
    """What has no revision is at no head."""
    lines = [line for line in UNFIT.lines if not line.startswith("gate\theads")]
    assert header_of(with_body(["gate\theads", *lines], "", "")) is None


def test_the_line_ends_of_windows_are_the_same() -> None:
    found = header_in(written(HEADER).replace(b"\n", b"\r\n"))
    assert found is not None


def test_any_other_byte_of_the_file_makes_it_none() -> None:
    text = written(HEADER)
    for place in range(len(text)):
        for byte in (b"", b"x", b"\n", text[place : place + 1] * 2):
            changed = text[:place] + byte + text[place + 1 :]
            if changed != text:
                assert header_in(changed) is None, changed


def test_a_line_more_anywhere_makes_it_none() -> None:
    lines = written(HEADER).splitlines(keepends=True)
    more = [b"x\n", b"gate\theads\t0009\n", b"gate\tfile\tx\t-\n", b"<<<<<<< ours\n", lines[3]]
    for place in range(len(lines) + 1):
        for line in more:
            changed = b"".join([*lines[:place], line, *lines[place:]])
            assert header_in(changed) is None, changed


def test_a_line_less_makes_it_none() -> None:
    lines = written(HEADER).splitlines(keepends=True)
    for place in range(len(lines)):
        assert header_in(b"".join([*lines[:place], *lines[place + 1 :]])) is None


def test_a_file_that_is_read_and_written_keeps_it() -> None:
    text = written(HEADER).decode()
    assert file_text(read_file(text)) == text


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["gate\theads\t1"],
        [*with_body(tuple(HEADER.lines), "", "")][1:],
        [*with_body(tuple(HEADER.lines), "", ""), "gate\theads\t1"],
        [*with_body(tuple(HEADER.lines), "", ""), "gate\tfile\tonly"],
        [*with_body(tuple(HEADER.lines), "", ""), "other\tx\ty"],
    ],
)
def test_lines_that_are_no_header(lines: list[str]) -> None:
    assert header_of(lines) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"gate\t", b"\ngate\t", b"\ngate\t\n", b"\ngate\tbody\n", b"x\ngate\tbody\t",
     b"x\ngate\tobjects\ta\ngate\tbody\t1", b"\xff\ngate\t\xff\ngate\tbody\t1\n"],
)  # fmt: skip
def test_whatever_stands_there_it_raises_nothing(content: bytes) -> None:
    assert header_in(content) is None


def test_digests_leave_out_what_no_run_depends_on() -> None:
    assert digest_of_file(b"a\r\nb") == digest_of_file(b"a\nb") != digest_of_file(b"a\nc")
    assert digest_of_names(["b", "a", "__pycache__"]) == digest_of_names(["a", "b"])
    assert digest_of_names(["ab"]) != digest_of_names(["a", "b"])
    assert digest_of_names(["a\udcff"]) != digest_of_names(["a"])
