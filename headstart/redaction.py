"""Keep passwords out of every text that leaves the program. Pure."""

import json
import re
from collections.abc import Iterable, Mapping

MASK = "***"

FIXED_FIELDS = frozenset(
    {"event", "level", "timestamp", "outcome", "exit_code", "state", "proof", "run_id"}
)
"""Fields that hold words of ours only: a password that equals one must not hide it."""

_PASSWORD_LITERAL = re.compile(
    r"""(?ix)
    (\bpassword\s*(?:=\s*)?)
    (?: E'(?:[^'\\]|\\.|'')*(?:'|\Z)                    # E'se\'cret'
      | (?:U&)?'(?:[^']|'')*(?:'|\Z)                    # 'se''cret', and where the text was cut
      | \\'(?:[^'\\]|\\\\|\\'\\')*(?:\\'|\Z)            # \'secret\': a statement within a repr
      | \$(\w*)\$.*?(?:\$\2\$|\Z) )                     # $tag$secret$tag$
    """,
    re.DOTALL,
)
_PASSWORD_PARAMETER = re.compile(r"(?i)(\b(?:ssl)?password=)[^\s'\"&]+")
# to the last @ of the word: a password may hold one that nobody encoded, a user too
_URL_PASSWORD = re.compile(r"(?i)(\b[a-z][\w+.-]*://[^\s:/]*:)\S+(@)")
_SHORT = 4


class Secrets:
    """The secrets seen so far; a rotated one joins the earlier ones."""

    def __init__(self) -> None:
        self._patterns: dict[str, re.Pattern[str]] = {}

    def add(self, secret: str | None) -> None:
        """Remember a secret; it is recognized in each form in which a text may hold it."""
        if secret:
            self._patterns[secret] = _pattern_of(secret)

    def mask(self, value: object) -> object:
        """Mask the secrets in a text, in the texts within mappings and lists, and in any str()."""
        match value:
            case None | bool() | int() | float():
                return value
            case Mapping():
                return {key: self.mask(entry) for key, entry in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self.mask(entry) for entry in value]
            case _:
                return self._mask_text(str(value))

    def mask_fields(self, fields: Mapping[str, object]) -> dict[str, object]:
        """Mask the secrets in the fields of an event or a verdict."""
        return {
            name: value if name in FIXED_FIELDS else self.mask(value)
            for name, value in fields.items()
        }

    def _mask_text(self, text: str) -> str:
        known = self._patterns.copy()  # another thread may just read a rotated secret
        for secret in sorted(known, key=len, reverse=True):
            text = known[secret].sub(MASK, text)
        if "password" in text.lower():
            text = _PASSWORD_LITERAL.sub(rf"\1'{MASK}'", text)
            text = _PASSWORD_PARAMETER.sub(rf"\1{MASK}", text)
        return _URL_PASSWORD.sub(rf"\1{MASK}\2", text) if "://" in text else text


def _pattern_of(secret: str) -> re.Pattern[str]:
    pattern = "".join(_forms_of(character) for character in secret)
    if len(secret) < _SHORT:
        # a very short password would make every text unreadable: only where it stands by itself
        pattern = rf"(?<!\w){pattern}(?!\w)"
    return re.compile(pattern)


_ALSO_WRITTEN = {"'": "''", "%": "%%", " ": "+"}
"""In SQL, in an .ini file, in the query of a URL."""


def _forms_of(character: str) -> str:
    """Match one character as it is, percent-encoded, escaped in a repr, JSON, SQL or conninfo."""
    octets = character.encode(errors="surrogateescape")
    encoded = "".join(f"%%?{octet:02x}" for octet in octets)
    escaped = {json.dumps(character)[1:-1], repr(character)[1:-1], f"\\{character}"}
    written = escaped | {character, _ALSO_WRITTEN.get(character, character)}
    longest_first = sorted(written, key=lambda form: (-len(form), form))
    return f"(?:(?i:{encoded})|{'|'.join(map(re.escape, longest_first))})"


def password_of(parameters: Mapping[str, str]) -> Iterable[str]:
    """The secrets among libpq's parameters."""
    return (parameters[name] for name in ("password", "sslpassword") if name in parameters)
