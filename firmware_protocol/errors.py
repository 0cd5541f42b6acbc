"""The protocol's error tree: their fault apart from ours, each with a reason that is counted, never shown with content.

ProtocolError
├── LocalProtocolError     we were about to say something the protocol does not allow: a bug on this side
└── RemoteProtocolError    the other side sent something that must be refused; `reason` is the counter's name
"""

from enum import StrEnum


class FrameRefusal(StrEnum):
    """Why a frame was refused; the values are counter names and never change."""

    TOPIC = "topic"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    UNKNOWN_LOCK = "unknown_lock"
    REVOKED_LOCK = "revoked_lock"
    UNKNOWN_SESSION = "unknown_session"
    NOT_AUTHENTIC = "not_authentic"
    REPLAYED = "replayed"
    UNKNOWN_MESSAGE = "unknown_message"
    BAD_CONTENT = "bad_content"
    OLD_HOLDER = "old_holder"


class ProtocolError(Exception):
    """Base of both."""


class LocalProtocolError(ProtocolError):
    """This side broke the protocol's rules; a bug to be fixed here."""


class RemoteProtocolError(ProtocolError):
    """The other side's frame is refused; nothing of it has taken effect."""

    def __init__(self, reason: FrameRefusal, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
