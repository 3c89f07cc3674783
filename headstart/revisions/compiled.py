"""Revision scripts that are there as compiled code only (Alembic's `sourceless`)."""

import marshal
from collections.abc import Iterator
from importlib.machinery import BYTECODE_SUFFIXES
from pathlib import Path
from types import CodeType

_HEADER_BYTES = 16
"""The magic number, flags, and a time or hash of the source (PEP 552)."""


def is_compiled(file: Path) -> bool:
    """Whether a file is compiled code by its name."""
    return file.suffix in BYTECODE_SUFFIXES


def code_of(file: Path) -> CodeType | None:
    """The code of a file that Python has imported; None if it cannot be read."""
    try:
        code = marshal.loads(file.read_bytes()[_HEADER_BYTES:])  # noqa: S302 imported before
    except (OSError, ValueError, EOFError, TypeError):
        return None
    return code if isinstance(code, CodeType) else None


def words_of(code: CodeType) -> Iterator[str]:
    """Every name and every text in it, those of its functions included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from words_of(constant)
        elif isinstance(constant, str):
            yield constant


def content_of(file: Path) -> bytes:
    """What makes a script the same script: its text, or what its code does.

    Of code neither the time when it was compiled counts, nor the folder in which that was done.
    """
    code = code_of(file) if is_compiled(file) else None
    return file.read_bytes() if code is None else _texts(code).encode()


def _texts(value: object) -> str:
    match value:
        case CodeType():
            return f"code({', '.join(map(_texts, _parts(value)))})"
        case tuple():
            return f"({', '.join(map(_texts, value))})"
        case frozenset():
            return f"{{{', '.join(sorted(map(_texts, value)))}}}"
        case _:
            return ascii(value)


def _parts(code: CodeType) -> tuple[object, ...]:
    return (
        code.co_name,
        code.co_flags,
        (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount),
        code.co_code,
        getattr(code, "co_exceptiontable", b""),  # since Python 3.11
        code.co_names,
        (code.co_varnames, code.co_cellvars, code.co_freevars),
        code.co_consts,
    )
