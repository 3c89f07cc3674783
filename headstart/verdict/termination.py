"""The Kubernetes termination message: the verdict's fields, cut to what the kubelet keeps. Pure."""

from collections.abc import Iterator, Mapping

from headstart.facts.visible import json_text

TERMINATION_MESSAGE_BYTES = 2048
"""Half of what the kubelet keeps of one container (4,096 bytes), as 12,288 are shared by a pod.
Source: Kubernetes documentation, "Determine the Reason for Pod Failure"."""

_SHORT_TEXT = 100
_SHORT_LIST_BYTES = 600


def termination_message(fields: Mapping[str, object]) -> str:
    """The fields as one JSON object of at most TERMINATION_MESSAGE_BYTES.

    Too long a text is shortened, the longest first, and too long a list loses its oldest entries;
    where that is not enough, the last fields go. Each says so: the text ends in "…",
    `<name>_cut` counts the entries that are gone, `fields_cut` the fields.
    """
    fitted = {name: _copy(value) for name, value in fields.items()}
    while (excess := _size(fitted) - TERMINATION_MESSAGE_BYTES) > 0:
        _shorten(fitted, excess)
    return _encoded(fitted).decode()


def _encoded(value: object) -> bytes:
    # what is no character (a byte of the environment that is not UTF-8) becomes \udcXX: still JSON
    return json_text(value).encode()


def _size(value: object) -> int:
    return len(_encoded(value))


def _copy(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, list) else value


def _shorten(fields: dict[str, object], excess: int) -> None:
    """Cut the largest part of `fields`, by about `excess` bytes."""
    lists = {name: value for name, value in fields.items() if isinstance(value, list) and value}
    texts = list(_long_texts(fields))
    largest = max(lists, key=lambda name: _size(lists[name]), default=None)
    if largest is not None and (not texts or _size(lists[largest]) > _SHORT_LIST_BYTES):
        _drop_oldest(fields, largest, excess)
    elif texts:
        holder, name = max(texts, key=lambda place: _size(place[0][place[1]]))
        holder[name] = _cut(str(holder[name]), excess)
    else:
        _drop_last_field(fields)


def _long_texts(fields: dict[str, object]) -> Iterator[tuple[dict[str, object], str]]:
    for holder in (fields, *(value for value in fields.values() if isinstance(value, dict))):
        for name, value in holder.items():
            if isinstance(value, str) and len(value) > _SHORT_TEXT:
                yield holder, name


def _cut(text: str, excess: int) -> str:
    size = _size(text)
    kept = len(text) * (size - excess) // size
    return text[: max(_SHORT_TEXT, kept) - 1] + "…"


def _drop_oldest(fields: dict[str, object], name: str, excess: int) -> None:
    entries = fields[name]
    assert isinstance(entries, list)
    size = _size(entries)
    dropped = max(1, len(entries) * min(excess, size - _SHORT_LIST_BYTES) // size)
    fields[name] = entries[dropped:]
    _count(fields, f"{name}_cut", dropped)


def _drop_last_field(fields: dict[str, object]) -> None:
    last = next(name for name in reversed(fields) if not name.endswith("_cut"))
    del fields[last]
    _count(fields, "fields_cut", 1)


def _count(fields: dict[str, object], name: str, more: int) -> None:
    counted = fields.get(name, 0)
    assert isinstance(counted, int)
    fields[name] = counted + more
