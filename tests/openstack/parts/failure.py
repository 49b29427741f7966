"""What the rig says when it cannot go on."""


class RigFailure(Exception):
    """The rig cannot do what it was asked; the message says why."""
