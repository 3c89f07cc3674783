"""Whether the settings are such that the gate may answer; one table says which it understands.

What it understands has no influence on the answer where nothing is to be done, or is one of the
values given here. A value that the flow might read otherwise, or refuse, is none.
"""

from headstart.gate.doubt import Doubt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

VERBS = ("run", "check", "wait", "status")
_OUTPUTS = ("text", "json")
_PREFIX = "HEADSTART_"
_LEAST_DEADLINE_SECONDS = 5.0
"""More than the gate itself ever takes."""
_SHORTEST_SECONDS = 0.001
_LONGEST_DIGITS = 6


def _anything(_: str) -> bool:
    return True


def _nothing(_: str) -> bool:
    return False


def _is_text(value: str) -> bool:
    return bool(value) and value == value.strip() and value.isascii() and value.isprintable()


def _is_seconds(value: str) -> bool:
    whole, _, rest = value.partition(".")
    if not (_is_digits(whole) and (_is_digits(rest) or value == whole)):
        return False
    return float(value) == 0 or float(value) >= _SHORTEST_SECONDS


def _is_long(value: str) -> bool:
    return _is_seconds(value) and float(value) >= _LEAST_DEADLINE_SECONDS


def _is_positive(value: str) -> bool:
    return _is_seconds(value) and float(value) >= 1


def _is_no_hurry(value: str) -> bool:
    return _is_positive(value) or (_is_seconds(value) and float(value) == 0)


def _is_digits(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= _LONGEST_DIGITS


def _one_of(*values: str) -> "Callable[[str], bool]":
    return lambda value: value in values


UNDERSTOOD: "Mapping[str, Callable[[str], bool]]" = {
    "ALEMBIC_INI": _is_text,
    "TARGET": _one_of("head", "heads"),
    "WAIT_SECONDS": _is_seconds,
    "LOCK_SECONDS": _is_seconds,
    "DEADLINE_SECONDS": _is_long,
    "ACCESS_GRACE_SECONDS": _is_seconds,
    "BASELINE": _one_of("proof"),
    "AHEAD": _one_of("prove", "auto", "allow", "refuse"),
    "HOLD": _one_of("none", "contract"),
    "RECORD": _one_of("comment"),
    "PLAN": _nothing,
    "VERIFY": _one_of("auto"),
    "FINGERPRINTS": _nothing,
    "REPLAY_SQL": _anything,
    "VERSION_TABLE": _is_text,
    "X": _nothing,
    "URL_VARIABLES": _is_text,
    "DDL_LOCK_TIMEOUT_SECONDS": _is_no_hurry,
    "DDL_RETRY_SECONDS": _is_seconds,
    "END_BLOCKERS": _one_of("off", "idle"),
    "END_BLOCKERS_IDLE_SECONDS": _is_positive,
    "DDL_HOLD_WARN_SECONDS": _is_seconds,
    "STATEMENT_TIMEOUT_SECONDS": _is_no_hurry,
    "INVALID_INDEXES": _one_of("drop", "refuse"),
    "HEARTBEAT_SECONDS": _is_positive,
    "LOG_FORMAT": _one_of("auto", "json", "console"),
    "LOG_LEVEL": _one_of("info", "warning", "error"),
    "TERMINATION_LOG": _is_text,
    "IMAGE_REVISION": _anything,
    "POD_NAME": _is_text,
    "EMBEDDED": _one_of("false"),
    "EMBEDDED_DIR": _is_text,
    "GATE": _one_of("auto", "on"),
    **dict.fromkeys(
        (
            *("TARGETS", "TARGETS_SQL", "TARGETS_URL", "TARGET_X", "TARGET_VERSION_TABLE"),
            *("TARGET_URL", "TARGET_ENV", "SHARD", "SHARDS", "FIRST", "CANARY", "MAX_FAILURES"),
            *("JOBS", "REPORT"),
        ),
        _nothing,  # a fleet's own process has none of these, nor has a run that is no fleet's
    ),
}
"""For each setting, the values with which the gate may answer."""

_OTHERS = ("OWN_PROJECT",)
"""What is not a setting of headstart's: entrypoint.py reads it."""


def asked_of(arguments: "Sequence[str]") -> "tuple[str, str]":
    """The verb and the form of its answer, of a command line with no other option. Raises Doubt."""
    verb, *options = arguments or VERBS[:1]
    output = _OUTPUTS[0]
    if options and verb != VERBS[0]:
        text = "=".join(options)
        name, _, output = text.partition("=")
        if name != "--output" or len(options) > 2:
            raise Doubt("options")
    elif options:
        raise Doubt("options")
    if verb not in VERBS or output not in _OUTPUTS:
        raise Doubt(verb)
    return verb, output


def plain(environ: "Mapping[str, str]") -> "dict[str, str]":
    """The settings in the environment, without the prefix. Raises Doubt for others."""
    found = {}
    for name, value in environ.items():
        short = name[len(_PREFIX) :]
        if not name.upper().startswith(_PREFIX) or short in _OTHERS:
            continue
        if not UNDERSTOOD.get(short, _nothing)(value) or not name.startswith(_PREFIX):
            raise Doubt(name)
        found[short] = value
    return found
