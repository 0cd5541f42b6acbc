"""The decision at the door, made from what the lock holds, with no network. Pure, and the same for every maker.

Leaving is never decided here: the inside handle opens mechanically, whatever the list says.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from firmware_protocol.access_list import ListEntry
from firmware_protocol.vocabulary import ClockQuality, CredentialType, RefusalReason

# Without the time a lock honours tenants for this much uptime in all, and visitors not at all.
UNSET_CLOCK_GRACE_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Moment:
    """What the lock knows of time: Unix seconds by its clock, when it last heard the service, and how long it has run without a set clock."""

    now_s: int
    clock_quality: ClockQuality
    last_contact_s: int
    unset_uptime_s: int = 0


@dataclass(frozen=True, slots=True)
class Admitted:
    """Open, on this credential's account."""

    entry: ListEntry


@dataclass(frozen=True, slots=True)
class Refused:
    """Stay shut, and why; the entry where one was recognised but does not hold now."""

    reason: RefusalReason
    entry: ListEntry | None = None


Decision = Admitted | Refused


def decide(matching: Iterable[ListEntry], moment: Moment) -> Decision:
    """Open if any of the entries that fit the card, PIN or face holds now; else the reason of the one that came closest."""
    refusals = []
    for entry in matching:
        reason = why_not(entry, moment)
        if reason is None:
            return Admitted(entry)
        refusals.append(Refused(reason, entry))
    # An entry that has run out tells the tenant more than one that has not begun.
    return max(
        refusals, key=lambda refused: _TELLING.index(refused.reason), default=Refused(RefusalReason.INVALID_CREDENTIAL)
    )


def why_not(entry: ListEntry, moment: Moment) -> RefusalReason | None:
    """Why the entry does not open the door at this moment, or None if it does."""
    if moment.clock_quality is ClockQuality.UNSET:
        within_grace = not entry.visitor and moment.unset_uptime_s < UNSET_CLOCK_GRACE_S
        return None if within_grace else RefusalReason.CLOCK_UNSET
    if moment.now_s < entry.starts_at:
        return RefusalReason.NOT_YET_VALID
    if moment.now_s >= entry.ends_at:
        return RefusalReason.NO_LONGER_VALID
    if moment.now_s >= moment.last_contact_s + entry.offline_lease_s:
        return RefusalReason.OFFLINE_LEASE_OVER
    return None


_TELLING = (
    RefusalReason.CLOCK_UNSET,
    RefusalReason.NOT_YET_VALID,
    RefusalReason.NO_LONGER_VALID,
    RefusalReason.OFFLINE_LEASE_OVER,
)


def with_material(entries: Iterable[ListEntry], kind: CredentialType, fits: Callable[[bytes], bool]) -> list[ListEntry]:
    """The entries of a kind whose material fits; every one is looked at, so that the time taken tells nothing."""
    return [entry for entry in entries if entry.type is kind and fits(entry.material)]
