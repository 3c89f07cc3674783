"""Say in one line what an exception of a team's own code or of a driver means, and where it arose.

An app that is imported with its settings missing must be told by the variable's name, and neither
by a traceback nor by the values of others. Statement text, parameters, DETAIL (rows of people's
data) and pydantic's input values are left out.
"""

import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError


def cause_of(error: BaseException) -> str:
    """What an error says, with its type in front where that is not said by the text."""
    missing = _missing_variable(error)
    if missing is not None:
        return f"the environment variable {missing} is not set"
    found = list(_invalid_fields(error))
    if found:
        return f"{type(error).__name__}: {'; '.join(found)}"
    return f"{type(error).__name__}: {first_line(error)}"


def first_line(error: BaseException) -> str:
    """What an error says, without the SQL, parameters and DETAIL that drivers append to it."""
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    if primary is None:
        # SQLAlchemy's form of an asyncpg error, whose text begins with the name of its class
        primary = getattr(error.__cause__, "message", None) if hasattr(error, "pgcode") else None
    if primary is None and isinstance(error, SQLAlchemyError):
        primary = error.args[0] if error.args else ""
    return next(iter(str(primary or error).splitlines()), "")


def failing_place(error: BaseException, folders: Iterable[Path]) -> str | None:
    """The file and line below `folders` in which an error arose; the innermost such frame."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    roots = [folder.resolve() for folder in folders]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if "site-packages" not in path.parts and any(path.is_relative_to(r) for r in roots):
            return f"{frame.filename}, line {frame.lineno}"
    return None


def _missing_variable(error: BaseException) -> str | None:
    """The name in os.environ[name]."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    asked = isinstance(error, KeyError) and trace is not None
    if not asked or trace is None or trace.tb_frame.f_locals.get("self") is not os.environ:
        return None
    return str(error.args[0])


def _invalid_fields(error: BaseException) -> Iterator[str]:
    """Of a pydantic ValidationError: each field with what is wrong, by its variable's name."""
    listed = getattr(error, "errors", None)
    title = getattr(error, "title", None)
    if not callable(listed) or title is None:
        return
    for one in listed():
        field = ".".join(str(part) for part in one.get("loc", ()))
        yield f"{_variable(str(title), field)}: {str(one.get('msg', '')).splitlines()[0]}"


def _variable(title: str, field: str) -> str:
    """The environment variable of a field of a settings class, else the field as it is."""
    base = getattr(sys.modules.get("pydantic_settings"), "BaseSettings", None)
    for settings in _descendants(base) if base is not None else ():
        if settings.__name__ == title:
            name = field if _is_alias(settings, field) else _prefix(settings) + field
            return name.upper()
    return field


def _prefix(settings: Any) -> str:
    return str(settings.model_config.get("env_prefix", ""))


def _is_alias(settings: Any, name: str) -> bool:
    """An alias names the variable itself, whatever the prefix; a field's own name does not."""
    return name not in settings.model_fields


def _descendants(base: Any) -> Iterable[Any]:
    for sub in base.__subclasses__():
        yield sub
        yield from _descendants(sub)
