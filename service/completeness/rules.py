"""Whether what is stored is what the lock signed, and what may be certified of a day. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import reduce
from typing import NamedTuple

from firmware_protocol.chain import Link, next_link
from firmware_protocol.cursor import Ranges, add_range, cut_range
from firmware_protocol.topics import LockId


class HeadState(StrEnum):
    """What came of checking a signed head; the values are stored and never change."""

    WAITING = "waiting"
    """Not everything below it has arrived yet."""
    VERIFIED = "verified"
    IN_PART = "in_part"
    """The lock had lost events right before it, so there is nothing to hold its link against."""
    FAILED = "failed"
    """What is stored is not what the lock signed."""
    UNSIGNED = "unsigned"
    """The signature is not the lock's, or no key of it is known."""


class Tombstone(NamedTuple):
    """A loss that the lock declared: the range, and the link that stands for its last number (None: not known)."""

    sequence: int
    first: int
    last: int
    link: bytes | None


@dataclass(frozen=True, slots=True)
class Walk:
    """What following the chain from one signed link to the next has shown. Ranges are half-open."""

    state: HeadState
    lost: Ranges = ()
    """Declared lost, and not stored."""
    unattested: Ranges = ()
    """Stored, but declared lost by the lock: its chain says nothing about them."""


def where_to_begin(since: Link, up_to: int, tombstones: Sequence[Tombstone]) -> Link:
    """The link to walk from: the last signed one, or an earlier one where flash was damaged behind it and the lock said so."""
    retold = [
        Link(one.last, one.link)
        for one in tombstones
        if one.link is not None and one.last <= since.sequence < one.sequence <= up_to
    ]
    return min(retold, default=since, key=lambda one: one.sequence)


def walk(since: Link, head: Link, commitments: Mapping[int, bytes], tombstones: Sequence[Tombstone]) -> Walk:
    """Follow the chain over what is stored; `commitments` by number, `tombstones` all that name a number in between."""
    at = where_to_begin(since, head.sequence, tombstones)
    value: bytes | None = at.value
    number, retold = at.sequence, False
    lost: Ranges = ()
    unattested: Ranges = ()
    while number < head.sequence:
        gone = _declared(number + 1, tombstones)
        last = number + 1 if gone is None else gone.last
        rolled = _roll(value, number, last, commitments)
        if gone is None:
            if number + 1 not in commitments:
                return Walk(HeadState.FAILED, lost, unattested)
            value = rolled
        elif rolled is not None and gone.link in (None, rolled):
            value = rolled
        else:
            value = gone.link
            retold = retold or gone.sequence > head.sequence
            stored = _stored(number + 1, last, commitments)
            unattested = _joined(unattested, stored)
            lost = _joined(lost, _without(((number + 1, last + 1),), stored))
        number = last
    if value == head.value and number == head.sequence:
        return Walk(HeadState.VERIFIED, lost, unattested)
    # Where flash was damaged after the head was signed, the chain goes on from another link than the one it was signed over.
    unknown = number > head.sequence or value is None or retold
    return Walk(HeadState.IN_PART if unknown else HeadState.FAILED, lost, unattested)


def _declared(number: int, tombstones: Sequence[Tombstone]) -> Tombstone | None:
    """The widest loss that names the number; one without a link has left the chain as it was, so others come first."""
    naming = [one for one in tombstones if one.first <= number <= one.last]
    return max(naming, default=None, key=lambda one: (one.link is not None, one.last))


def _roll(value: bytes | None, number: int, last: int, commitments: Mapping[int, bytes]) -> bytes | None:
    """The link after `last`, or None where one of the numbers after `number` is not stored."""
    if value is None or last - number > len(commitments):
        return None
    link = Link(number, value)
    while link.sequence < last:
        committed = commitments.get(link.sequence + 1)
        if committed is None:
            return None
        link = next_link(link, committed)
    return link.value


def _stored(first: int, last: int, commitments: Mapping[int, bytes]) -> Ranges:
    ranges: Ranges = ()
    for number in commitments:
        if first <= number <= last:
            ranges = add_range(ranges, number, number + 1)
    return ranges


def _joined(ranges: Ranges, more: Ranges) -> Ranges:
    return reduce(lambda held, one: add_range(held, *one), more, ranges)


def _without(ranges: Ranges, taken: Ranges) -> Ranges:
    return reduce(lambda held, one: cut_range(held, *one), taken, ranges)


class Verdict(StrEnum):
    """What a certificate says of a lock's day."""

    COMPLETE = "complete"
    LOST = "lost"
    """Complete but for what the lock itself has declared lost."""
    NOT_YET = "not_yet"
    """The lock has not signed beyond the day's end, or not everything has arrived."""
    BROKEN = "broken"
    """What is stored is not what the lock signed."""
    UNSIGNED = "unsigned"
    """All numbers are there, but no signature of the lock vouches for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedHead:
    """A signed head as it was just checked against what is stored."""

    sequence: int
    link: bytes
    signed_at: datetime
    signature: bytes
    walk: Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class LogDay:
    """A day of one log of a lock. `first` and `last` are the lowest and highest number of the day's events, if there are any."""

    log_epoch: int
    first: int | None
    last: int | None
    stored_up_to: int
    lost: Ranges
    heads: tuple[CheckedHead, ...]
    """In order: those whose stretch holds a number of the day, and the first that was signed after the day's end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCertificate:
    """What is certified of one log; ranges are half-open, the head is the one that vouches."""

    log_epoch: int
    verdict: Verdict
    first: int | None
    last: int | None
    lost: Ranges
    unattested: Ranges
    head: CheckedHead | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCertificate:
    """What is certified of a lock's day: the worst of its logs."""

    lock: LockId
    begins_at: datetime
    ends_at: datetime
    verdict: Verdict
    logs: tuple[LogCertificate, ...]


_WORST_FIRST = (Verdict.BROKEN, Verdict.NOT_YET, Verdict.UNSIGNED, Verdict.LOST, Verdict.COMPLETE)


def certify(
    lock: LockId, begins_at: datetime, ends_at: datetime, logs: Sequence[LogDay], *, signs: bool
) -> DayCertificate:
    """The certificate of [begins_at, ends_at); `signs`: a signing key of the lock is known."""
    certified = tuple(_certify_log(one, ends_at, signs=signs) for one in logs)
    verdicts = {one.verdict for one in certified}
    verdict = next((one for one in _WORST_FIRST if one in verdicts), Verdict.NOT_YET)
    return DayCertificate(lock=lock, begins_at=begins_at, ends_at=ends_at, verdict=verdict, logs=certified)


def _certify_log(log: LogDay, ends_at: datetime, *, signs: bool) -> LogCertificate:
    first, last = _with_losses(log)
    lost = _within(log.lost, first, last)
    vouching = next((one for one in log.heads if one.signed_at >= ends_at and one.sequence >= (last or 0)), None)
    states = {one.walk.state for one in log.heads}
    return LogCertificate(
        log_epoch=log.log_epoch,
        verdict=_verdict(log, last or 0, lost, vouching, states, signs=signs),
        first=first,
        last=last,
        lost=lost,
        unattested=_within(_joined((), tuple(r for one in log.heads for r in one.walk.unattested)), first, last),
        head=vouching,
    )


def _verdict(
    log: LogDay, last: int, lost: Ranges, vouching: CheckedHead | None, states: set[HeadState], *, signs: bool
) -> Verdict:
    if HeadState.FAILED in states:
        return Verdict.BROKEN
    if log.stored_up_to < last:
        return Verdict.NOT_YET
    if not signs or HeadState.UNSIGNED in states:
        return Verdict.UNSIGNED
    if vouching is None or HeadState.WAITING in states:
        return Verdict.NOT_YET
    return Verdict.LOST if lost or HeadState.IN_PART in states else Verdict.COMPLETE


def _with_losses(log: LogDay) -> tuple[int | None, int | None]:
    """What was lost right before or behind the day's events may have been the day's."""
    if log.first is None or log.last is None:
        return log.first, log.last
    first, last = log.first, log.last
    for start, end in log.lost:
        if end == first:
            first = start
        if start == last + 1:
            last = end - 1
    return first, last


def _within(ranges: Ranges, first: int | None, last: int | None) -> Ranges:
    if first is None or last is None:
        return ()
    return tuple((max(start, first), min(end, last + 1)) for start, end in ranges if start <= last and end > first)
