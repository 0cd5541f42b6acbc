"""The decision at the door, made from what the lock holds, with no network. Pure, and the same for every maker.

Leaving is never decided here: the inside handle opens mechanically, whatever the list says.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from firmware_protocol.list_entry import ListEntry
from firmware_protocol.vocabulary import ClockQuality, CredentialType, RefusalReason

# Without the time a lock honours tenants for this much uptime in all, and visitors not at all.
UNSET_CLOCK_GRACE_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Moment:
    """What the lock knows when it decides. Of time: Unix seconds by its clock, when it last heard the service, how long it has
    run without a set clock, and the floor (the latest time it was ever told); of what went before: the one-time credentials
    that were used, and whether somebody inside wants nobody in.
    """

    now_s: int
    clock_quality: ClockQuality
    last_contact_s: int
    unset_uptime_s: int = 0
    spent: frozenset[int] = frozenset()
    private: bool = False
    floor_s: int = 0


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
    refusals, opening = [], []
    for entry in matching:
        reason = why_not(entry, moment)
        if reason is None:
            opening.append(entry)
        else:
            refusals.append(Refused(reason, entry))
    if opening:
        return Admitted(min(opening, key=_taken_first))
    # An entry that has run out tells the tenant more than one that has not begun; of two equal ones duress is not to be missed.
    return max(refusals, key=_telling, default=Refused(RefusalReason.INVALID_CREDENTIAL))


def _telling(refused: Refused) -> tuple[int, bool]:
    return _TELLING.index(refused.reason), bool(refused.entry and refused.entry.duress)


def _taken_first(entry: ListEntry) -> tuple[bool, bool, int]:
    """No call for help is lost, and nothing is used up, because another entry fits as well (ANM-DOR-005)."""
    return not entry.duress, entry.one_time, entry.credential_id


def why_not(entry: ListEntry, moment: Moment) -> RefusalReason | None:
    """Why the entry does not open the door at this moment, or None if it does."""
    reason = _why_not_now(entry, moment)
    return RefusalReason.PRIVACY_MODE if reason is None and moment.private else reason


def stands_open(entries: Iterable[ListEntry], moment: Moment) -> bool:
    """Whether a schedule keeps the door unlocked for everybody now; never without one, and never while its clock is unset."""
    passages = (one for one in entries if one.type is CredentialType.PASSAGE and one.schedules)
    return any(why_not(one, moment) is None for one in passages)


def _why_not_now(entry: ListEntry, moment: Moment) -> RefusalReason | None:
    if entry.one_time and entry.credential_id in moment.spent:
        return RefusalReason.CREDENTIAL_SPENT
    if moment.clock_quality is ClockQuality.UNSET:
        if entry.ends_at <= moment.floor_s:
            return RefusalReason.NO_LONGER_VALID
        # Whoever may come only at times, or once, cannot be judged without the time.
        tenant = not (entry.visitor or entry.one_time or entry.schedules)
        return None if tenant and moment.unset_uptime_s < UNSET_CLOCK_GRACE_S else RefusalReason.CLOCK_UNSET
    return next((reason for reason, holds in _by_the_clock(entry, moment) if holds), None)


def _by_the_clock(entry: ListEntry, moment: Moment) -> Iterable[tuple[RefusalReason, bool]]:
    yield RefusalReason.NOT_YET_VALID, moment.now_s < entry.starts_at
    yield RefusalReason.NO_LONGER_VALID, moment.now_s >= entry.ends_at
    yield RefusalReason.OFFLINE_LEASE_OVER, moment.now_s >= moment.last_contact_s + entry.offline_lease_s
    within = not entry.schedules or any(one.holds(moment.now_s) for one in entry.schedules)
    yield RefusalReason.OUTSIDE_SCHEDULE, not within


_TELLING = (
    RefusalReason.CLOCK_UNSET,
    RefusalReason.NOT_YET_VALID,
    RefusalReason.NO_LONGER_VALID,
    RefusalReason.CREDENTIAL_SPENT,
    RefusalReason.OUTSIDE_SCHEDULE,
    RefusalReason.OFFLINE_LEASE_OVER,
    RefusalReason.PRIVACY_MODE,
)


def with_material(entries: Iterable[ListEntry], kind: CredentialType, fits: Callable[[bytes], bool]) -> list[ListEntry]:
    """The entries of a kind whose material fits; every one is looked at, so that the time taken tells nothing."""
    return [entry for entry in entries if entry.type is kind and fits(entry.material)]
