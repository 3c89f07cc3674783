"""Random passwords, always the same ones, of the characters that URLs and files trip over."""

import random
from collections.abc import Iterator

ALPHABET = "abcXYZ019%$@/:'\"\\ü€ß&=+;,.!~^*()[]{}<>|`- "
PLAIN = "abcXYZ0189%$@/:'\"\\ü€ß&=+;,.!~^*()[]{}<>|`-"
"""What may stand in a URL as it is: no ?, no space."""


def random_secrets(count: int, alphabet: str = ALPHABET, seed: int = 3) -> Iterator[str]:
    """Yield passwords that occur nowhere by chance."""
    source = random.Random(seed)
    for number in range(count):
        inner = "".join(source.choices(alphabet, k=source.randint(4, 16)))
        yield f"Zq{number}{inner}9w"
