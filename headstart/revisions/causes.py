"""Say in one line what an exception of a team's own code or of a driver means, and where it arose.

If an app is imported without its settings, the message must name the variable, and neither
by a traceback nor by the values of others. Statement text, parameters, DETAIL (rows of people's
data) and pydantic's input values are left out.
"""

import contextlib
import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import alembic
import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError

import headstart
from headstart.patterns import pattern
from headstart.process.statement_shape import without_values
from headstart.revisions.asking import asked, has
from headstart.revisions.driver_error import fields_of, sqlstate_of
from headstart.revisions.groups import beside, telling
from headstart.revisions.known_mistakes import known_mistake


def cause_of(error: BaseException) -> str:
    """What an error says, with its type in front unless the text says it."""
    return _cause_of(telling(error)) + beside(error)


def _cause_of(error: BaseException) -> str:
    missing = _missing_variable(error)
    if missing is not None:
        return f"the environment variable {missing} is not set"
    fields = list(_invalid_fields(error))
    if fields:
        return f"{type(error).__name__}: {'; '.join(fields)}"
    mistake = known_mistake(error, first_line(error))
    message = mistake.message if mistake is not None and mistake.message else first_line(error)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def first_line(error: BaseException) -> str:
    """What an error says, without what drivers append to it: SQL, parameters, DETAIL; and values.

    What a team's own exception says of a driver's, too, may quote the value that is wrong there.
    """
    primary = asked(asked(error, "diag"), "message_primary")
    if primary is None:
        # SQLAlchemy's form of an asyncpg error, whose text begins with the name of its class
        primary = asked(error.__cause__, "message") if has(error, "pgcode") else None
    if primary is None:
        primary = fields_of(asked(error, "orig") or error).get("M")
    if primary is None and isinstance(error, SQLAlchemyError):
        primary = error.args[0] if error.args else ""
    line = next(iter(_text_of(primary or error).splitlines()), "")
    behind = (one for one in (error, error.__cause__, error.__context__) if one is not None)
    states = (sqlstate_of(asked(one, "orig") or one) for one in behind)
    return without_values(line, next(filter(None, states), None))


def hint_of(error: BaseException) -> str:
    """The server's HINT, in brackets: it often names the cure. Empty where there is none."""
    for one in filter(None, (error, error.__cause__)):
        hint = asked(asked(one, "diag"), "message_hint")
        hint = hint or asked(one, "hint") or fields_of(one).get("H")
        if isinstance(hint, str) and hint.strip():
            words = " ".join(hint[:_LONGEST_HINT].split())
            return f" (hint: {without_values(words, sqlstate_of(one))})"
    return ""


_LONGEST_HINT = 300
"""Characters; what PostgreSQL itself advises is shorter."""


def _text_of(detail: object) -> str:
    try:
        return str(detail)
    except Exception as failure:  # noqa: BLE001 a team's own __str__, a list that is too deep
        return f"its text cannot be read ({type(failure).__name__})"


def failing_place(error: BaseException, folders: Iterable[Path]) -> str | None:
    """The file and line below `folders` in which an error arose; the innermost such frame."""
    roots = list(folders)
    for one in (telling(error), error):
        if isinstance(one, SyntaxError) and one.filename:
            return f"{one.filename}, line {one.lineno}"
        place = innermost_place(traceback.extract_tb(one.__traceback__), roots)
        if place is not None:
            return place
    return None


def note_as_our_own(error: BaseException) -> None:
    """Note that an error arose in code of ours that env.py has called in Alembic's place."""
    setattr(error, _OUR_OWN, True)


_OUR_OWN = "_headstart_own"


def is_our_own(error: BaseException) -> bool:
    """Whether an error arose in code of ours that Alembic or SQLAlchemy called: no script's fault.

    What env.py or a script calls of ours itself (`headstart.settings`, say) is a mistake of theirs.
    """
    if getattr(error, _OUR_OWN, False):
        return True
    files = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
    if not files or not files[-1].is_relative_to(_PACKAGE):
        return False
    others = (f for f in reversed(files) if not f.is_relative_to(_PACKAGE) and f != _CONTEXTLIB)
    caller = next(others, None)
    return caller is not None and any(caller.is_relative_to(folder) for folder in _CALLERS)


_PACKAGE, *_CALLERS = (
    Path(str(module.__file__)).parent for module in (headstart, alembic, sqlalchemy)
)
_CONTEXTLIB = Path(contextlib.__file__)


def innermost_place(
    frames: Sequence[traceback.FrameSummary], folders: Iterable[Path]
) -> str | None:
    """The file and line of the innermost frame below `folders`, leaving out what is installed."""
    roots = [folder.resolve() for folder in folders]
    for frame in reversed(frames):
        path = Path(frame.filename)
        if "site-packages" not in path.parts and any(path.is_relative_to(r) for r in roots):
            return f"{frame.filename}, line {frame.lineno}"
    return None


def cure_of(error: BaseException) -> str | None:
    """What to do if an app's settings are wrong or missing; None if that is not known."""
    error = telling(error)
    mistake = known_mistake(error, first_line(error))
    if mistake is not None:
        return mistake.cure
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _cure_of_import(error.name.partition(".")[0])
    missing = _missing_variable(error)
    names = [missing] if missing is not None else list(_missing_fields(error))
    if not names:
        return _CORRECT_VARIABLES if list(_invalid_fields(error)) else None
    cure = f"set {', '.join(names)} for the job, too, as for the app; nothing is to be built anew"
    if any(_URL_NAME.search(name) for name in names):
        cure += (
            "; HEADSTART_URL_VARIABLES names the variables that are to hold the URL which headstart"
            " was given"
        )
    return cure


def _cure_of_import(package: str) -> str:
    """For a module that is not found: an app's own, whose folder nobody names, or a library."""
    if package in DRIVERS:
        installed = next(filter(find_spec, DRIVERS), "psycopg2")
        return (
            "write the driver that is installed into the URL, for instance"
            f" postgresql+{installed}://..., or install {package} where headstart is"
        )
    here = Path.cwd()
    if (here / package).is_dir() or (here / f"{package}.py").is_file():
        return (
            f"{package} is in {here}, where Python does not look: write prepend_sys_path = . into"
            " alembic.ini, or set PYTHONPATH to that folder"
        )
    return (
        f"if {package} is the app's own, write the folder that it is in into alembic.ini"
        " (prepend_sys_path = . is the working directory), or into PYTHONPATH; if it is a library,"
        " install it where headstart is"
    )


DRIVERS = ("psycopg2", "psycopg", "asyncpg")
"""SQLAlchemy takes one by itself where a URL names none: which one, depends on its version."""
_CORRECT_VARIABLES = (
    "correct the variables that the error names, for the job, too; only where they are right,"
    " correct env.py, or what it imports, and build the image again"
)
_URL_NAME = pattern(r"(?i)ur[li]|dsn")


def _missing_fields(error: BaseException) -> Iterator[str]:
    """The variables of a pydantic ValidationError of a settings class, if all it lacks is these."""
    title = str(asked(error, "title"))
    every = [
        (one.get("type"), ".".join(map(str, one.get("loc", ())))) for one in _listed_errors(error)
    ]
    if any(kind != "missing" or _settings_class(title) is None for kind, _ in every):
        return
    yield from (_variable(title, field) for _, field in every)


def _listed_errors(error: BaseException) -> list[dict[str, Any]]:
    """What pydantic's ValidationError lists; nothing of a team's own method of that name."""
    listed = asked(error, "errors")
    with suppress(Exception):  # it may want arguments, or fail
        every = list(listed()) if callable(listed) else []
        if all(isinstance(one, dict) and isinstance(one.get("loc"), tuple) for one in every):
            return every
    return []


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
    title = asked(error, "title")
    if title is None:
        return
    for one in _listed_errors(error):
        field = ".".join(str(part) for part in one.get("loc", ()))
        yield f"{_variable(str(title), field)}: {str(one.get('msg', '')).splitlines()[0]}"


def _variable(title: str, field: str) -> str:
    """The environment variable of a field of a settings class, else the field as it is."""
    settings = _settings_class(title)
    if settings is None:
        return field
    return (field if _is_alias(settings, field) else _prefix(settings) + field).upper()


def _settings_class(name: str) -> Any:
    base = asked(sys.modules.get("pydantic_settings"), "BaseSettings")
    every = _descendants(base) if base is not None else ()
    return next((settings for settings in every if settings.__name__ == name), None)


def _prefix(settings: Any) -> str:
    return str(settings.model_config.get("env_prefix", ""))


def _is_alias(settings: Any, name: str) -> bool:
    """An alias names the variable itself, whatever the prefix; a field's own name does not."""
    return name not in settings.model_fields


def _descendants(base: Any) -> Iterable[Any]:
    for sub in base.__subclasses__():
        yield sub
        yield from _descendants(sub)
