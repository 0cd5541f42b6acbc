"""What can go wrong around the simulated locks; each text is for the person at the terminal or the page.

SimulatorError
├── BadProvision     an identity file that cannot be used
├── BadRequest       something asked of a lock that it cannot do
├── FirmwareHangs    the image that was started does nothing at all
└── NoSimulator      nobody answers at the control socket
"""


class SimulatorError(Exception):
    """The root of them."""


class BadProvision(SimulatorError):
    """A lock's identity file is missing something or says something impossible."""


class BadRequest(SimulatorError):
    """A request that is malformed, or asks for what this lock cannot do now."""


class FirmwareHangs(SimulatorError):
    """An image that hangs was started; the hardware's watchdog restarts it."""


class NoSimulator(SimulatorError):
    """There is no simulator at that socket, or it went away."""
