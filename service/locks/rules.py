"""What is known of a lock's link, decided from what was heard. Pure."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from firmware_protocol.messages import Birth, Heartbeat
from firmware_protocol.service_side import SessionState
from firmware_protocol.topics import LockId
from firmware_protocol.transitions import LinkEvent, LinkState, next_link

HEARTBEAT_S = 60
SILENT_AFTER_S = 3 * HEARTBEAT_S
# What one broker takes in without delaying what has just happened, however many workers it has; and stored events.
CONNECTS_PER_S = 200
# A third of a worker's time is for those who come back; the rest is for what happens meanwhile, and for bad hours.
COMING_BACK = 1 / 3
# Birth, proof and what comes with them, some twenty events' worth together, and as many stored events as a short absence leaves.
EVENTS_A_CONNECT = 40
BACKFILLS_PER_S = 6000
SLOWEST_BACKFILL_PER_S, FASTEST_BACKFILL_PER_S = 1, 400
# A lock that is away for longer than this after its power came back would be looked for.
LONGEST_SLOT_MS = 600_000
# An uncompressed point of P-256, in hexadecimal.
_POINT = re.compile("04[0-9a-fA-F]{128}")


class BatteryState(StrEnum):
    """What a page says of a battery."""

    GOOD = "good"
    LOW = "low"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LockView:
    """A lock as pages and other concepts see it."""

    id: LockId
    link: LinkState
    last_seen_at: datetime | None
    battery: BatteryState
    battery_percent: int | None
    hardware: str | None
    firmware: str | None
    keys_since: datetime | None = None
    """Since when it has had its present static keys."""
    certificate_until: datetime | None = None
    """When the certificate that it connects with ends; None where it does not say."""


@dataclass(frozen=True, slots=True)
class LinkNote:
    """What one batch has told of one lock's link; None leaves what is known. `welcomed`: the birth that was, heard or not."""

    lock: LockId
    link: LinkState
    birth: Birth | None = None
    heartbeat: Heartbeat | None = None
    welcomed: int | None = None


def connects_per_s(event_s: float, share: float) -> float:
    """How many locks may come back in a second: `event_s` is what one event costs this worker, `share` its part of all shards."""
    return min(CONNECTS_PER_S, COMING_BACK / (EVENTS_A_CONNECT * event_s * share))


def reconnect_slot_ms(lock: LockId, locks: int, per_s: float = CONNECTS_PER_S) -> int:
    """When after a power cut this lock's turn to connect is, if there are so many, `per_s` in a second; no chance in it.

    The ids' hashes spread evenly, and so do those of any building, which knows nothing of how far its power cut reached.
    A few locks are no storm: below one second's worth all come at once.
    """
    spread_ms = min(int(locks * 1000 / per_s), LONGEST_SLOT_MS)
    if spread_ms <= 1000:
        return 0
    drawn = int.from_bytes(hashlib.sha256(b"reconnect " + lock.encode()).digest()[:8], "big")
    return drawn * spread_ms >> 64


def backfill_per_s(filling: int, share: float = 1.0) -> int:
    """Stored events a second for each of so many locks that fill up the past; `share` of all shards are this process's."""
    fair = int(BACKFILLS_PER_S * share) // max(1, filling)
    return max(SLOWEST_BACKFILL_PER_S, min(FASTEST_BACKFILL_PER_S, fair))


def battery_state(percent: int | None) -> BatteryState:
    """In words: critical up to 10 %, low up to 20 %."""
    if percent is None:
        return BatteryState.UNKNOWN
    if percent <= 10:
        return BatteryState.CRITICAL
    return BatteryState.LOW if percent <= 20 else BatteryState.GOOD


def link_event_of_birth(session: SessionState) -> LinkEvent:
    """A birth of the proven boot is a mere reconnect; any other still has to prove itself."""
    return LinkEvent.HEARD if session.proven else LinkEvent.BIRTH


def link_after_will(link: LinkState, will_number: int, latest_birth: int) -> LinkState:
    """A will marks only its own birth stale; the broker may deliver it late, after a newer birth."""
    return next_link(link, LinkEvent.WILL) if will_number >= latest_birth else link


def clock_offset_ms(clock_ms: int, now: datetime) -> int:
    """How far the lock's clock is ahead of ours, in milliseconds."""
    return clock_ms - round(now.timestamp() * 1000)


def signing_key_said(capabilities: Mapping[str, Any]) -> bytes | None:
    """The key that a birth names for checking heads of the event chain; None where it names none that could be one."""
    said = capabilities.get("signing_key")
    # Not by trying: `fromhex` passes over blanks, and what comes out shorter no column takes.
    return bytes.fromhex(said) if isinstance(said, str) and _POINT.fullmatch(said) else None


# A lock asks from 60 days before the end on: one that is still where it was then has had a month to renew.
ENDS_SOON = timedelta(days=30)


class EndingCertificate(NamedTuple):
    """A lock on a room's door that will be off the line for good at that moment, unless it renews its certificate."""

    lock_id: LockId
    address: str
    number: str
    shared: bool
    ends_at: datetime


def certificate_end_said(capabilities: Mapping[str, Any]) -> datetime | None:
    """The end of its certificate that a birth names; None where it names none that could be one (up to the year 9999)."""
    said = capabilities.get("certificate_until")
    if isinstance(said, bool) or not isinstance(said, int) or not 0 < said < 253_402_300_800:
        return None
    return datetime.fromtimestamp(said, UTC)
