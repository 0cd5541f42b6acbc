"""What lock and service say to each other. Pure: no clock, no randomness, no socket.

Both sides are here, because both must be tested against each other: `LockSide` and `ServiceSide`.
"""

from firmware_protocol.errors import FrameRefusal, LocalProtocolError, ProtocolError, RemoteProtocolError
from firmware_protocol.lock_side import Boot, LockIdentity, LockSide
from firmware_protocol.service_side import ServiceIdentity, ServiceSide, SessionState

__all__ = [
    "Boot",
    "FrameRefusal",
    "LocalProtocolError",
    "LockIdentity",
    "LockSide",
    "ProtocolError",
    "RemoteProtocolError",
    "ServiceIdentity",
    "ServiceSide",
    "SessionState",
]
