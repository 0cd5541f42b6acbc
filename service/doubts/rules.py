"""What two devices with one identity cannot help doing. Pure.

A copied flash holds the keys, the boot number and the log. The copy and the original then count on independently: they
boot with the same numbers, give the same sequences to different events, and sign two links for one number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from firmware_protocol.topics import LockId


class DoubtKind(StrEnum):
    """Why a lock's identity is doubted; the values are stored and never change."""

    BOOTS_ALTERNATE = "boots_alternate"
    """A boot that a later one had replaced has proven itself again."""
    BOOT_REUSED = "boot_reused"
    """Two ephemeral keys were proven for one boot number."""
    EVENTS_FORK = "events_fork"
    """One number was given to two different events."""
    HEADS_FORK = "heads_fork"
    """Two different links were signed for one number."""
    CHAIN_FAILED = "chain_failed"
    """What is stored is not what the lock signed: the register was changed, or two devices wrote the log."""
    SIGNING_KEY_CHANGED = "signing_key_changed"
    """A birth names another signing key than the one we know."""
    KEYS_SPLIT = "keys_split"
    """The lock speaks of static keys that it was never offered."""


class ProvenBoot(NamedTuple):
    """A boot that has proven itself."""

    session: bytes
    boot_number: int
    log_epoch: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """An unsettled doubt about a lock."""

    lock: LockId
    kind: DoubtKind
    first_at: datetime
    last_at: datetime
    times: int


class PlacedDoubt(NamedTuple):
    """A doubt, and the room on whose door the lock hangs."""

    doubt: Doubt
    address: str
    number: str
    shared: bool


def doubt_of_boot(history: Sequence[ProvenBoot], new: ProvenBoot) -> DoubtKind | None:
    """What a boot that has just proven itself gives rise to; `history`: all that did before, in that order."""
    if not history or history[-1].session == new.session:
        return None
    if any(one.session == new.session for one in history):
        return DoubtKind.BOOTS_ALTERNATE
    same_log = [one for one in history if one.log_epoch == new.log_epoch]
    if any(one.boot_number == new.boot_number for one in same_log):
        return DoubtKind.BOOT_REUSED
    # A wipe begins a new log and may count boots anew; a log that was given up never goes on.
    goes_back = any(one.boot_number > new.boot_number for one in same_log)
    return DoubtKind.BOOTS_ALTERNATE if goes_back or (same_log and history[-1] not in same_log) else None
