"""The one error tree. Each class carries its HTTP status; its text tells the person what to do, never whose data it was.

AnmenError
├── BadInput 422            something sent to us is wrong; `field` says where
├── NotSignedIn 401
├── NotAllowed 403
├── NotFound 404
├── Gone 410                a link that was used or has expired
├── Conflict 409            it does not fit what is already there
├── TooLarge 413
├── TooMany 429             slow down; `retry_after_s` says how long
└── Broken 500              our fault
    ├── KeyMissing
    └── SealBroken
"""

from typing import ClassVar


class AnmenError(Exception):
    """Base of all; `code` is stable and machine-readable, `text` is the English sentence a translation is looked up by."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(self, text: str = "", *, code: str = "", field: str | None = None, **values: str | int) -> None:
        super().__init__(text)
        self.text = text or self.title
        self.code = code or type(self).__name__
        self.field = field
        self.values = values


class BadInput(AnmenError):
    """What was sent cannot be taken; the text says what to change."""

    status = 422
    title = "Please check what you entered"


class NotSignedIn(AnmenError):
    """Nobody is signed in."""

    status = 401
    title = "Please sign in"


class NotAllowed(AnmenError):
    """Signed in, but not for this."""

    status = 403
    title = "You are not allowed to do this"


class NotFound(AnmenError):
    """There is no such thing, or not for whoever asks."""

    status = 404
    title = "Not found"


class Gone(AnmenError):
    """It was there once: a used or expired link."""

    status = 410
    title = "This link is no longer valid"


class Conflict(AnmenError):
    """It does not fit what is already recorded."""

    status = 409
    title = "This does not fit what is already recorded"


class TooLarge(AnmenError):
    """The body is larger than we take."""

    status = 413
    title = "This is too large"


class TooMany(AnmenError):
    """Too many attempts."""

    status = 429
    title = "Too many attempts; please wait"

    def __init__(self, text: str = "", *, retry_after_s: int) -> None:
        super().__init__(text, retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s


class Unavailable(AnmenError):
    """A part we need does not answer at the moment."""

    status = 503
    title = "Not available at the moment; please try again"


class Broken(AnmenError):
    """Our fault; the person can only try again."""


class KeyMissing(Broken):
    """A root key is not configured; the text names the root or the file, never a key."""


class SealBroken(Broken):
    """Stored bytes do not open under their key: changed, moved to another row, or sealed under another key."""
