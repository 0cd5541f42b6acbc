"""Rows of locks, their links and sessions; the public names of all."""

from service.locks.records.locks import (
    Lock,
    count_locks,
    count_refusals,
    ending_certificates,
    find_lock,
    find_locks,
    mark_silent,
    revoked_in,
    write_links,
)
from service.locks.records.sessions import KnownLock, load_known, write_sessions

__all__ = [
    "KnownLock",
    "Lock",
    "count_locks",
    "count_refusals",
    "ending_certificates",
    "find_lock",
    "find_locks",
    "load_known",
    "mark_silent",
    "revoked_in",
    "write_links",
    "write_sessions",
]
