"""Heads: keep what locks sign, check it against what is stored, and certify days."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import groupby

from sqlmodel import Session

from firmware_protocol.chain import Link, commitment, first_link, is_signed_by
from firmware_protocol.key_messages import ChainHead
from firmware_protocol.messages import Event
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import ClockQuality, EventType, Field
from service.completeness import records
from service.completeness.records import LogSpan, StoredHead
from service.completeness.rules import (
    CheckedHead,
    DayCertificate,
    HeadState,
    LogDay,
    Tombstone,
    Walk,
    certify,
    where_to_begin,
)
from service.completeness.rules import walk as follow
from service.doubts import actions as doubts
from service.doubts.rules import DoubtKind
from service.edges.keyring import Keyring
from service.entry import actions as entry
from service.errors import SealBroken
from service.locks import actions as locks
from service.rekeying import actions as rekeying
from service.rekeying.rules import KeyChange, key_epochs

# A day is one of the People's Republic's; it knows no daylight saving.
BEIJING = timezone(timedelta(hours=8))
HEADS_A_ROUND = 500
_COMMITMENT_BYTES = 32
_LATEST_MS = 4_102_444_800_000  # the year 2100


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What is stored between two heads, as the chain sees it."""

    since: Link
    commitments: Mapping[int, bytes]
    tombstones: Sequence[Tombstone]


def note_heads(session: Session, heads: Sequence[tuple[LockId, ChainHead, int]], now: datetime) -> None:
    """Keep what locks have signed, each with its key epoch; it is checked when everything below has arrived."""
    known = [one for one in heads if one[1].clock_quality < 256 and one[1].signed_at_ms < _LATEST_MS]
    if known:
        records.append_heads(session, known, now)


def check_due(session: Session, keyring: Keyring, now: datetime) -> int:
    """Check the heads that can be; how many were."""
    due = records.due_heads(session, HEADS_A_ROUND)
    for one in due:
        walked, stretch = _check(session, one, keyring)
        packed = pack_commitments(stretch.commitments) if walked.state is not HeadState.UNSIGNED else None
        records.write_checked(session, one, state=walked.state, commitments=packed, now=now)
        doubts.raise_doubts(session, _doubts(session, one, walked.state), now)
    return len(due)


def _doubts(session: Session, one: StoredHead, state: HeadState) -> Iterator[tuple[LockId, DoubtKind]]:
    """What a checked head gives rise to."""
    if state is HeadState.FAILED:
        yield one.lock, DoubtKind.CHAIN_FAILED
    if state is not HeadState.UNSIGNED and records.signed_another_link(session, one):
        yield one.lock, DoubtKind.HEADS_FORK
    if locks.names_another_signing_key(session, one.lock):
        yield one.lock, DoubtKind.SIGNING_KEY_CHANGED


def certificate(session: Session, lock: LockId, day: date, *, keyring: Keyring) -> DayCertificate:
    """What can be certified of the lock's day in Beijing's time; everything it rests on is checked again now."""
    begins_at = datetime(day.year, day.month, day.day, tzinfo=BEIJING).astimezone(UTC)
    ends_at = begins_at + timedelta(days=1)
    signs = locks.signing_key(session, lock) is not None
    spans = records.log_spans(session, lock, begins_at, ends_at)
    # A log that was given up long ago has nothing of the day and signs nothing any more.
    spans = [one for one in spans if one.first is not None] or spans[-1:]
    logs = [_log_day(session, lock, one, ends_at, keyring) for one in spans]
    return certify(lock, begins_at, ends_at, logs, signs=signs)


def pack_commitments(commitments: Mapping[int, bytes]) -> bytes:
    """As they are kept: for each run of numbers its first (8 bytes), how many (4 bytes), and the commitments."""
    packed = b""
    # Numbers of one run all lie as far from their place in the order.
    for _, run in groupby(enumerate(sorted(commitments)), lambda pair: pair[1] - pair[0]):
        numbers = [number for _, number in run]
        packed += numbers[0].to_bytes(8, "big") + len(numbers).to_bytes(4, "big")
        packed += b"".join(commitments[number] for number in numbers)
    return packed


def unpack_commitments(packed: bytes) -> dict[int, bytes]:
    """The commitments by number."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(packed):
        first, count = int.from_bytes(packed[at : at + 8], "big"), int.from_bytes(packed[at + 8 : at + 12], "big")
        at += 12
        for number in range(first, first + count):
            found[number] = packed[at : at + _COMMITMENT_BYTES]
            at += _COMMITMENT_BYTES
    return found


def _log_day(session: Session, lock: LockId, span: LogSpan, ends_at: datetime, keyring: Keyring) -> LogDay:
    heads = []
    before = 0
    for one in records.heads_of(session, lock, span.log_epoch):
        signed_at = _signed_at(one)
        beyond = one.head.sequence >= (span.last or 0) and signed_at >= ends_at
        touches = span.last is not None and before < span.last and one.head.sequence >= (span.first or 0)
        if touches or beyond:
            arrived = one.head.sequence <= span.stored_up_to
            walked = _check(session, one, keyring)[0] if arrived else Walk(HeadState.WAITING)
            heads.append(
                CheckedHead(
                    sequence=one.head.sequence,
                    link=one.head.link,
                    signed_at=signed_at,
                    signature=one.head.signature,
                    walk=walked,
                )
            )
        if beyond:
            break
        before = one.head.sequence
    return LogDay(
        log_epoch=span.log_epoch,
        first=span.first,
        last=span.last,
        stored_up_to=span.stored_up_to,
        lost=span.lost,
        heads=tuple(heads),
    )


def _signed_at(one: StoredHead) -> datetime:
    """By the lock's clock where it had one, else when we heard it."""
    if one.head.clock_quality == ClockQuality.UNSET:
        return one.received_at
    return min(datetime.fromtimestamp(one.head.signed_at_ms / 1000, UTC), one.received_at)


def _check(session: Session, one: StoredHead, keyring: Keyring) -> tuple[Walk, _Stretch]:
    """Signature and chain of one head; everything below it must have arrived."""
    lock, head = one.lock, one.head
    link = Link(head.sequence, head.link)
    key = locks.signing_key(session, lock)
    nothing = _Stretch(link, {}, ())
    if key is None or not is_signed_by(key, lock, head):
        return Walk(HeadState.UNSIGNED), nothing
    before = records.head_before(session, lock, head.log_epoch, head.sequence)
    since = Link(before.head.sequence, before.head.link) if before else first_link(lock, head.log_epoch)
    try:
        stretch = _stretch(session, one, since, keyring, since_keys=before.key_epoch if before else None)
    except SealBroken:
        return Walk(HeadState.FAILED), nothing
    return follow(stretch.since, link, stretch.commitments, stretch.tombstones), stretch


def _stretch(session: Session, one: StoredHead, since: Link, keyring: Keyring, *, since_keys: int | None) -> _Stretch:
    lock, epoch, up_to = one.lock, one.head.log_epoch, one.head.sequence
    # A loss of these numbers may have been declared after the head was signed.
    declared = records.last_declared(session, lock, epoch, since.sequence, kind=EventType.EVENTS_LOST)
    events = entry.events_between(session, lock, epoch, since.sequence, max(up_to, declared), keyring=keyring)
    tombstones = [one for one in map(_tombstone, events.values()) if one is not None]
    # Of what neither side has any more the chain says nothing: as a loss without a link, so that the next head begins anew.
    tombstones += [
        Tombstone(last + 1, first, last, None) for first, last in entry.certified_losses(session, lock, epoch)
    ]
    begins = where_to_begin(since, up_to, tombstones)
    if begins != since:
        events |= entry.events_between(session, lock, epoch, begins.sequence, since.sequence, keyring=keyring)
    if one.erased and one.commitments is not None:
        return _Stretch(since, unpack_commitments(one.commitments), tombstones)
    key_of = rekeying.chain_keys(session, lock, keyring)
    lost_up_to = max((gone.last for gone in tombstones), default=0)
    epoch_of = key_epochs(
        _changes(events, up_to), since=since_keys or one.key_epoch, head=one.key_epoch, lost_up_to=lost_up_to
    )
    committed = {
        number: commitment(key_of(epoch_of(number)), event) for number, event in events.items() if number <= up_to
    }
    return _Stretch(since, committed, tombstones)


def _changes(events: Mapping[int, Event], up_to: int) -> list[KeyChange]:
    """What these events say of changed keys, in order."""
    told = [one for number, one in sorted(events.items()) if number <= up_to and one.type == EventType.KEYS_CHANGED]
    said = [(one.sequence, one.get(Field.KEY_EPOCH_BEFORE)) for one in told]
    return [KeyChange(sequence, before) for sequence, before in said if type(before) is int]


def _tombstone(event: Event) -> Tombstone | None:
    first, last, link = (event.get(key) for key in (Field.FIRST, Field.LAST, Field.DIGEST))
    if event.type != EventType.EVENTS_LOST or type(first) is not int or type(last) is not int:
        return None
    if not 0 < first <= last < event.sequence:
        return None
    known = link if isinstance(link, bytes) and len(link) == _COMMITMENT_BYTES else None
    return Tombstone(event.sequence, first, last, known)
