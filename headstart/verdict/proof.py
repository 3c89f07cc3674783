"""What a verdict rests on."""

from enum import StrEnum


class Proof(StrEnum):
    """What the verdict rests on."""

    FINGERPRINT = "fingerprint"
    """The schema itself is what the revision builds."""
    VERSION_ROW = "version_row"
    """The version row says so; the schema itself was not compared."""
    OPERATOR = "operator"
    """A person said so, by name, in the settings."""
    NONE = "none"
    """Nothing was proven."""
