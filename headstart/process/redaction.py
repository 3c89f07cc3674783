"""Keep passwords out of every text that leaves the program, in time linear in its length. Pure.

A text of any length may come here: a statement, a server's message, what a script prints. So it is
cut first, at a bound and a margin in which a secret that begins before the bound ends; what is
left of the margin is dropped after the masking, so that no half of a secret is ever shown. No
pattern here goes back over what it has read.
"""

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping

from headstart.patterns import pattern
from headstart.settings.libpq import SECRETS
from headstart.values import dataclass

MASK = "***"

FIXED_FIELDS = frozenset(
    {"event", "level", "timestamp", "outcome", "exit_code", "state", "proof", "run_id"}
)
"""Fields that hold words of ours only: a password that equals one must not hide it."""

LONGEST_TEXT = 16_384
"""What is shown of one text, in characters."""
_DEEPEST = 20
"""How many lists and mappings within each other are shown."""
_LONGEST_FORM = 24
"""The longest form of one character: four octets, each percent-encoded twice for an .ini file."""

_PASSWORD_LITERAL = pattern(
    r"""(?ix)
    (\bpassword(?!'\s*,)\s*+(?:=\s*+)?)
    (?: E'(?:[^'\\]|\\.|'')*+(?:'|\\?\Z)                # E'se\'cret', and where the text was cut
      | (?:U&)?'(?:[^']|'')*+'?                         # 'se''cret'
      | \\'(?:[^'\\]|\\\\|\\'\\')*+(?:\\')?             # \'secret\': a statement within a repr
      | \$(\w*+)\$.*?(?:\$\2\$|\Z) )                    # $tag$secret$tag$
    """,
    re.DOTALL,
)
_PASSWORD_PARAMETER = pattern(r"(?i)(password=)[^\s'\"&]++")
_PASSWORD_ARGUMENT = pattern(
    r"""(?ix) (-\w*(?:password|passwd|secret|token)\w*['"]\s*,\s*) (?:'[^']*+'?|"[^"]*+"?)"""
)
"""A list of arguments, as Python shows it: '--password', 'secret'."""
# from the first user of a word on: what a password may hold that nobody encoded ends at its last @
_URL_WITH_COLON = pattern(r"(?<=[\w+.-])://[^\s:/]*+:(?=\S)(\S++)")
_ESCAPING = pattern(r"[\\%+'&]")
"""Without one of these a text holds a secret as a whole only."""
_SHORT = 4


@dataclass(frozen=True)
class _Secret:
    """A secret as each way of writing makes it whole, and a pattern for any mixture of ways.

    `shortest` is how long a text has to be to hold it: a mixture is no shorter than the value.
    """

    value: str
    forms: tuple[str, ...]
    shortest: int
    mixed: re.Pattern[str]

    def masked(self, text: str) -> str:
        """Replace it, the whole forms first: to look for these is linear in any text."""
        if len(text) < self.shortest:
            return text
        if len(self.value) < _SHORT:
            return self.mixed.sub(MASK, text)
        for form in self.forms:
            text = text.replace(form, MASK)
        return self.mixed.sub(MASK, text) if _ESCAPING.search(text) else text


class Secrets:
    """The secrets seen so far; a rotated one joins the earlier ones."""

    def __init__(self) -> None:
        self._known: dict[str, _Secret] = {}
        self._longest_first: tuple[_Secret, ...] = ()

    def add(self, secret: str | None) -> None:
        """Remember a secret; it is recognized in each form in which a text may hold it."""
        for each in (secret, secret.strip()) if secret else ():  # an app may strip it
            if each and each not in self._known:
                self._known[each] = _secret(each)
                every = sorted(self._known.values(), key=lambda known: -len(known.value))
                self._longest_first = tuple(every)  # at once: another thread may just read it

    def mask(self, value: object, depth: int = 0) -> object:
        """Mask the secrets in a text, in the texts within mappings and lists, and in any str()."""
        match value:
            case str():  # nearly always
                return self._mask_text(str(value))
            case None | bool() | int() | float():
                return value
            case Mapping() | list() | tuple() | set() | frozenset() if depth == _DEEPEST:
                return "…"
            case Mapping():
                return {key: self.mask(entry, depth + 1) for key, entry in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self.mask(entry, depth + 1) for entry in value]
            case _:
                return self._mask_text(str(value))

    def mask_fields(self, fields: Mapping[str, object]) -> dict[str, object]:
        """Mask the secrets in the fields of an event or a verdict."""
        return {
            name: value if name in FIXED_FIELDS else self.mask(value)
            for name, value in fields.items()
        }

    def _mask_text(self, text: str) -> str:
        secrets = self._longest_first
        if len(text) <= LONGEST_TEXT:
            return _masked(text, secrets, whole=True)
        margin = _LONGEST_FORM * (len(secrets[0].value) if secrets else 1)
        read = text[: LONGEST_TEXT + margin]
        masked = _masked(read, secrets, whole=len(read) == len(text))
        return f"{masked[:-margin][:LONGEST_TEXT]}… (cut, {len(text):,} characters)"


def _masked(text: str, secrets: Iterable[_Secret], *, whole: bool) -> str:
    for secret in secrets:
        text = secret.masked(text)
    text = _PASSWORD_ARGUMENT.sub(rf"\1'{MASK}'", text)
    if "password" in text.lower():
        text = _PASSWORD_LITERAL.sub(rf"\1'{MASK}'", text)
        text = _PASSWORD_PARAMETER.sub(rf"\1{MASK}", text)
    if "://" not in text:
        return text

    def mask_url(found: re.Match[str]) -> str:
        start, rest = found.group()[: -len(found.group(1))], found.group(1)
        at = rest.rfind("@", 1)
        if at < 0 and (whole or found.end() < len(text)):
            return found.group()
        # where the text was cut in this word, its @ may have been cut off
        return f"{start}{MASK}{rest[at:] if at > 0 else ''}"

    return _URL_WITH_COLON.sub(mask_url, text)


def _secret(value: str) -> _Secret:
    # each character's forms are tried once, the longest first: to go back to shorter ones takes
    # exponential time where a secret has many quotes or backslashes
    mixed = "".join(_forms_of(character) for character in value)
    forms = tuple(sorted(_whole_forms(value), key=lambda form: (-len(form), form)))
    if len(value) < _SHORT:
        # a very short password would make every text unreadable: only where it stands by itself
        mixed = rf"(?<!\w)(?:{'|'.join(map(re.escape, forms))}|{mixed})(?!\w)"
    return _Secret(value, forms, min(map(len, forms)), pattern(mixed))


def _whole_forms(secret: str) -> set[str]:
    plain = {secret, secret.replace("'", "''"), secret.replace("%", "%%")}
    plain |= {secret.replace("\\", "\\\\").replace("'", "\\'")}
    octets = secret.encode(errors="surrogateescape")
    readable = {json.dumps(form, ensure_ascii=False)[1:-1] for form in plain}
    escaped = {json.dumps(form)[1:-1] for form in plain} | {repr(form)[1:-1] for form in plain}
    encoded = {repr(octets)[2:-1], octets.hex(), octets.hex().upper()} | set(_in_base64(octets))
    long = {form for form in encoded if len(form) >= _SHORTEST_ENCODED}
    return plain | readable | escaped | long


_SHORTEST_ENCODED = 6
"""A shorter text of letters and digits occurs by chance."""


def _in_base64(octets: bytes) -> Iterable[str]:
    """What base64 makes of it within a longer text, at each of the three places in its groups.

    Without the characters at the ends that hold bits of the text around it, so these stay.
    """
    for before in range(3):
        whole = base64.b64encode(bytes(before) + octets).decode().rstrip("=")
        bits_before, bits = before * 8, (before + len(octets)) * 8
        inner = whole[-(-bits_before // 6) : bits // 6]
        yield from (inner, inner.replace("+", "-").replace("/", "_"))


_ALSO_WRITTEN = {"'": "''", "%": "%%", " ": "+"}
"""In SQL, in an .ini file, in the query of a URL."""


def _forms_of(character: str) -> str:
    """Match one character as it is, or escaped: in URLs, once or twice, repr, JSON, SQL, HTML."""
    octets = character.encode(errors="surrogateescape")
    encoded = "".join(f"%%?(?:25)?{octet:02x}" for octet in octets)
    if character == " ":
        encoded += "|%%?(?:25)?2b"  # the + of a query, encoded once more
    escaped = {json.dumps(character)[1:-1], repr(character)[1:-1], f"\\{character}"}
    escaped |= {html.escape(character), f"&#{ord(character)};", f"&#x{ord(character):x};"}
    written = escaped | {character, _ALSO_WRITTEN.get(character, character)}
    longest_first = sorted(written, key=lambda form: (-len(form), form))
    return f"(?>(?i:{encoded})|{'|'.join(map(re.escape, longest_first))})"


def password_of(parameters: Mapping[str, str]) -> Iterable[str]:
    """The secrets among libpq's parameters."""
    return (parameters[name] for name in SECRETS if name in parameters)
