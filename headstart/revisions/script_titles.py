"""The titles of scripts, for people: from their text, without importing them."""

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

from headstart.revisions.compiled import code_of, is_compiled

_BEFORE = frozenset({tokenize.ENCODING, tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE})


def title_of(file: Path, revision: str) -> str:
    """The first line of the script's docstring; where it has none, what its file is called."""
    doc = _doc_of_code(file) if is_compiled(file) else _doc_of_text(file)
    lines = (line.strip() for line in doc.splitlines())
    return next((line for line in lines if line), _slug(file, revision))


def _slug(file: Path, revision: str) -> str:
    stem = file.name.partition(".")[0]
    return stem.removeprefix(revision).strip("_").replace("_", " ")


def _doc_of_text(file: Path) -> str:
    """What a module's docstring says; the tokens behind it are not read."""
    try:
        first = next(_tokens(file.read_bytes()), None)
        said = ast.literal_eval(first.string) if first and first.type == tokenize.STRING else None
    except (OSError, ValueError, SyntaxError, MemoryError, tokenize.TokenError):
        return ""
    return said if isinstance(said, str) else ""


def _tokens(source: bytes) -> Iterator[tokenize.TokenInfo]:
    found = tokenize.tokenize(io.BytesIO(source).readline)
    return (token for token in found if token.type not in _BEFORE)


def _doc_of_code(file: Path) -> str:
    code = code_of(file)
    if code is None or code.co_names[:1] != ("__doc__",):
        return ""
    said = code.co_consts[0] if code.co_consts else None
    return said if isinstance(said, str) else ""
