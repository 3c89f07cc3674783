"""The one state that the gate may say, which cannot pay for the enumeration. Pure."""

AT_HEAD = ("at_head", "the target is applied")
"""Its slug and its meaning."""
