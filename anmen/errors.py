"""What can go wrong around the service itself, on the machine it runs on."""


class MachineError(Exception):
    """Something this machine lacks, or that would not start. The text is for the person at the terminal: it says what to do."""


class ChildDied(MachineError):
    """A supervised process ended by itself; the text names it and shows the end of its log."""
