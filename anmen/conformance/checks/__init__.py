"""The checks, a page of docs/protocol/ a file (or two). Loading this module fills the registry, in the order of a run."""

from anmen.conformance.checks import session  # noqa: I001 - the order is that of a run: what others build on comes first
from anmen.conformance.checks import (
    frames,
    encoding,
    keys,
    events,
    receipts,
    access_list,
    time,
    commands,
    full_flash,
    door,
    awaited,
)

__all__ = [
    "access_list",
    "awaited",
    "commands",
    "door",
    "encoding",
    "events",
    "frames",
    "full_flash",
    "keys",
    "receipts",
    "session",
    "time",
]
