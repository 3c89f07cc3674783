"""What the code of a script tells of its upgrade(), without importing it. Read by `check --image`.

Python compiles the text and nothing is executed. What the code leaves open, a decorator or an
upgrade() that is assigned, is not guessed: a run looks at the function itself.

An example:

    async def upgrade() -> None: ...    a coroutine function: refused
    @in_a_loop
    async def upgrade() -> None: ...    whatever in_a_loop makes of it: left open
"""

import dis
import inspect
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

from headstart.revisions.compiled import code_of, is_compiled, words_of
from headstart.revisions.script_graph import AnyScript, ScriptText
from headstart.revisions.upgrade_functions import (
    COROUTINE,
    GENERATOR,
    refusal_of_upgrade,
    with_useless_upgrade,
    without_upgrade,
)
from headstart.verdict.errors import BrokenHistory

_UPGRADE = "upgrade"
_ANY_NAME = ("*",)
"""What `from module import *` imports."""
_DEFINES = {"MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE"}


def refusal_of_code(script: AnyScript) -> BrokenHistory | None:
    """Why a script cannot be run, as far as its code tells, or the module that was imported."""
    if not isinstance(script, ScriptText):
        return refusal_of_upgrade(script)
    try:
        module = compiled(Path(script.path))
    except BrokenHistory as refusal:
        return refusal
    if module is None:
        return None
    if _ANY_NAME not in module.co_consts and _UPGRADE not in words_of(module):
        return without_upgrade(script)
    upgrade = _upgrade_in(module)
    kind = None if upgrade is None else _kind(upgrade.co_flags)
    return None if kind is None else with_useless_upgrade(script, kind)


def does_nothing(script: AnyScript) -> bool:
    """Whether upgrade() certainly does nothing, as in a merge: it names nothing that it could call.

    The script's code has been read before.
    """
    if isinstance(script, ScriptText):
        module = compiled(Path(script.path))
        upgrade = None if module is None else _upgrade_in(module)
    else:
        upgrade = getattr(getattr(script.module, _UPGRADE, None), "__code__", None)
    return upgrade is not None and not any(upgrade.co_names) and not any(_functions_in(upgrade))


def compiled(file: Path) -> CodeType | None:
    """The code of a script, or of env.py; None where nobody can tell. Raises BrokenHistory."""
    if is_compiled(file):
        return code_of(file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python says it when it imports the script
        try:
            return compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
        except SyntaxError as error:
            place = f"{file}, line {error.lineno}" if error.lineno else str(file)
            raise BrokenHistory(f"{place} is not Python: {error.msg}") from error
        except (OSError, ValueError, RecursionError, MemoryError) as error:
            raise BrokenHistory(f"{file} cannot be read: {error}") from error


def _upgrade_in(module: CodeType) -> CodeType | None:
    """The code of upgrade(), if it is defined there once and stays what it is defined as."""
    defined: list[CodeType | None] = []
    function, before = None, ""
    for now in dis.get_instructions(module):
        if now.opname == "LOAD_CONST" and isinstance(now.argval, CodeType):
            function = now.argval
        if now.opname == "STORE_NAME" and now.argval == _UPGRADE:
            defined.append(function if before in _DEFINES else None)
        before = now.opname
    return defined[0] if len(defined) == 1 else None


def _kind(flags: int) -> str | None:
    if flags & inspect.CO_COROUTINE:
        return COROUTINE
    if flags & (inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR):
        return GENERATOR
    return None


def _functions_in(code: CodeType) -> Iterator[CodeType]:
    return (each for each in code.co_consts if isinstance(each, CodeType))
