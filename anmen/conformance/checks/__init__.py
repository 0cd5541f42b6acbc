"""The checks, a page of docs/protocol/ a file (or two). Loading this module fills the registry, in the order of a run."""

from anmen.conformance.checks import session  # noqa: I001 - the order is that of a run: what others build on comes first
from anmen.conformance.checks import (
    frames,
    encoding,
    keys,
    events,
    receipts,
    coming_back,
    access_list,
    list_contents,
    time,
    commands,
    enrolment,
    full_flash,
    chain,
    door_modes,
    door,
    claim,
    awaited,
)

__all__ = [
    "access_list",
    "awaited",
    "chain",
    "claim",
    "coming_back",
    "commands",
    "door",
    "door_modes",
    "encoding",
    "enrolment",
    "events",
    "frames",
    "full_flash",
    "keys",
    "list_contents",
    "receipts",
    "session",
    "time",
]
