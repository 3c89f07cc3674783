"""Why the gate does not open."""


class Doubt(Exception):
    """Something is not as the gate needs it: the flow decides. The message is for --debug."""
