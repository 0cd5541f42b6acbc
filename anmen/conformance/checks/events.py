"""Checks of docs/protocol/events.md, first part: numbers, and what is sent when."""

import cbor2

from anmen.conformance.counterpart import UNPAID, Manners
from anmen.conformance.registry import Profile, checks, watches
from anmen.conformance.stand import ANSWER_S, SLACK_S, Stand
from anmen.conformance.transcript import Said, Transcript, holds
from anmen.conformance.verdict import Failed
from firmware_protocol.messages import Birth, Event, Events
from firmware_protocol.sending import GROUP, WINDOW
from firmware_protocol.vocabulary import AlarmCode, EventType, Field

EVENT_BYTES = 175


@watches("ANM-EVT-001")
def gapless(transcript: Transcript) -> str:
    """From the first heard to the last, every number of an epoch is there, or a tombstone names it."""
    for epoch, numbers in _numbers(transcript).items():
        missing = set(range(min(numbers), max(numbers) + 1)) - numbers
        if missing:
            seen = f"numbers {min(numbers)} to {max(numbers)} without {', '.join(map(str, sorted(missing)[:10]))}"
            raise Failed(expected=f"every number of epoch {epoch}", seen=seen)
    return "; ".join(
        f"epoch {epoch}: {min(held)} to {max(held)}, none missing" for epoch, held in _numbers(transcript).items()
    )


@watches("ANM-EVT-002", unseen="that the epoch is drawn at random, and another one after a lost log")
def one_epoch(transcript: Transcript) -> str:
    """The same over all boots but for a factory wipe, which the new log itself tells of, and a claim, which gives keys of no new epoch."""
    births = [birth.log_epoch for _, birth in transcript.of(Birth)]
    wiped = {
        said.epoch
        for said, event in transcript.events()
        if (event.type, event.get(Field.CODE)) == (EventType.ALARM_RAISED, AlarmCode.LOCK_FACTORY_RESET)
    }
    strange = set(births) - _begun_with_keys(transcript) - wiped
    if strange:
        raise Failed(
            expected="one log epoch over all boots but for wipes", seen=f"{len(strange) + 1} epochs without a wipe"
        )
    return f"the same epoch in {births.count(births[0]) if births else 0} births, {len(set(births) & wiped)} of a wipe"


def _begun_with_keys(transcript: Transcript) -> set[int]:
    """The epoch in the first birth heard, and in the first under each pair of the same key epoch: those a claim has given (ANM-CLM-013)."""
    first: dict[bytes, int] = {}
    key_epochs: list[int] = []
    for said, birth in transcript.of(Birth):
        if said.header is not None:
            keys = transcript.boots[said.header.session].identity
            key_epochs.append(keys.key_epoch)
            if keys.key_epoch == key_epochs[0]:
                first.setdefault(keys.private_key, birth.log_epoch)
    return set(first.values())


@checks("ANM-EVT-003")
def flash_before_air(stand: Stand) -> str:
    """An event that was heard is there after a power cut, under its number; no number tells two things."""
    stand.behave(unpaid := Manners(unpaid_from=stand.service.up_to + 1))
    since = stand.mark()
    stand.cause_events(1)
    event = stand.await_frame(lambda one: bool(one.events), since, ANSWER_S, "the event of a changed list").events[-1]
    since = stand.mark()
    stand.restart(manners=unpaid)
    found = stand.await_frame(holds(event.sequence), since, ANSWER_S, f"event {event.sequence} again after a power cut")
    _told_twice(stand.transcript)
    return f"event {event.sequence} came again after a power cut, the same ({len(found.events)} in the frame)"


@watches("ANM-EVT-005")
def events_are_short(transcript: Transcript) -> str:
    """At most 175 bytes each."""
    longest = 0
    for _, event in transcript.events():
        size = len(cbor2.dumps([*event[:5], dict(event.fields)]))
        longest = max(longest, size)
        if size > EVENT_BYTES:
            raise Failed(
                expected=f"at most {EVENT_BYTES} bytes",
                seen=f"event {event.sequence} of type {event.type}: {size} bytes",
            )
    return f"the longest has {longest} bytes"


@checks("ANM-EVT-007")
def live_at_once(stand: Stand) -> str:
    """A new event goes at once and alone, marked live, while fewer than 32 are on their way; then with the stored ones."""
    stand.behave(Manners(receipts=False, backfill_per_s=20))
    since, began = stand.mark(), stand.line.now()
    stand.cause_events(1)
    said = stand.await_frame(lambda one: bool(one.events), since, 1.0 + SLACK_S, "a live event")
    if not _is_live(said) or len(said.events) != 1:
        raise Failed(expected="one event, marked live", seen=f"{len(said.events)} events, live {_is_live(said)}")
    stand.cause_events(39)
    stand.listen(3.0)
    live = sum(_is_live(one) for one in stand.transcript.said[since:])
    if live != WINDOW:
        raise Failed(expected=f"{WINDOW} live events on their way and no more", seen=f"{live} of 40 sent live")
    return (
        f"live after {said.at - began:.2f} s; of 40 that nobody stored {live} went live, the rest with the stored ones"
    )


@checks("ANM-EVT-008")
def stored_events_in_order_and_slowly(stand: Stand) -> str:
    """In order, at most 8 in a frame, 32 on their way, and not faster than welcomed."""
    rate = 10
    stand.settle(Manners(backfill_per_s=rate, receipts=False))
    last = stand.service.next_sequence + 59
    _backlog(stand, 60)
    # On a busy line some would otherwise come only behind the mark, and count as out of order.
    stand.until(lambda: stand.transcript.find(holds(last)) is not None, ANSWER_S)
    since = stand.mark()
    stand.announce()
    stand.listen(4.5)
    groups = [one for one in stand.transcript.said[since:] if one.events and not _is_live(one)]
    numbers = [event.sequence for one in groups for event in one.events]
    if numbers != sorted(set(numbers)) or not numbers:
        raise Failed(expected="stored events in the order of their numbers, each once", seen=f"{numbers[:40]}")
    if max(len(one.events) for one in groups) > GROUP:
        raise Failed(expected=f"at most {GROUP} in a frame", seen=f"{max(len(one.events) for one in groups)}")
    if len(numbers) > WINDOW:
        raise Failed(expected=f"at most {WINDOW} on their way", seen=f"{len(numbers)} without a receipt")
    before_last = len(numbers) - len(groups[-1].events)
    spent = groups[-1].at - groups[0].at
    if len(groups) < 3 or before_last > rate * (spent + 0.5):
        raise Failed(expected=f"at most {rate} a second", seen=f"{before_last} in {spent:.1f} s before the last frame")
    return f"{len(numbers)} in {len(groups)} frames, {before_last / spent:.1f} a second, then a halt without receipts"


@checks("ANM-EVT-009")
def live_overtakes(stand: Stand) -> str:
    """Behind a slow back-fill a new event is heard at once."""
    stand.settle(Manners(backfill_per_s=2, receipts=False))
    _backlog(stand, 40)
    stand.announce()
    stand.listen(1.0)
    since, began = stand.mark(), stand.line.now()
    before = stand.service.next_sequence
    stand.cause_events(1)
    said = stand.await_frame(
        lambda one: any(event.sequence >= before for event in one.events),
        since,
        1.0 + SLACK_S,
        "the new event before the stored ones",
    )
    if not _is_live(said):
        raise Failed(expected="the new event, live", seen="it came with the stored ones")
    return f"heard after {said.at - began:.2f} s, before stored ones that had to wait 4 s"


@checks("ANM-EVT-011")
def everything_again_after_a_connect(stand: Stand) -> str:
    """What is not stored is sent again from the first on, after the birth of a new connect."""
    first = stand.service.up_to + 1
    stand.behave(unpaid := Manners(unpaid_from=first))
    since = stand.mark()
    stand.cause_events(3)
    stand.await_frame(holds(first + 2), since, ANSWER_S, f"events {first} to {first + 2}")
    since = stand.mark()
    stand.restart(manners=unpaid)
    stand.await_frame(holds(first + 2), since, ANSWER_S, f"events {first} to {first + 2} again")
    _came_again(stand, since, first)
    seen = "after a restart"
    if stand.profile is Profile.FULL:
        since = stand.mark()
        stand.reconnect(manners=unpaid)
        words = f"events {first} to {first + 2} again after a torn connection"
        stand.await_frame(holds(first + 2), since, 4.0, words)
        _came_again(stand, since, first)
        seen += " and after a torn connection"
    return f"{seen} events {first} to {first + 2} came again, in order"


def _came_again(stand: Stand, since: int, first: int) -> None:
    # A lock may have forgotten its last receipts with the power, and begin below them.
    numbers = [event.sequence for _, event in stand.transcript.events(since)]
    wanted = [first, first + 1, first + 2]
    if [number for number in numbers if number in wanted][:3] != wanted:
        raise Failed(expected=f"{first}, {first + 1}, {first + 2} and on, in order", seen=f"{numbers[:12]}")


@checks("ANM-EVT-012")
def everything_again_on_an_announcement(stand: Stand) -> str:
    """The same on a holder's announcement, without a new connect."""
    stand.behave(UNPAID)
    first = stand.service.up_to + 1
    since = stand.mark()
    stand.cause_events(3)
    stand.await_frame(holds(first + 2), since, ANSWER_S, "three events")
    since = stand.mark()
    stand.announce()
    stand.await_frame(holds(first + 2), since, 3.0, "all of them again after an announcement")
    numbers = [event.sequence for _, event in stand.transcript.events(since)]
    if numbers[:3] != [first, first + 1, first + 2]:
        raise Failed(expected=f"{first} to {first + 2}", seen=f"{numbers}")
    return f"{numbers} came again"


def _backlog(stand: Stand, count: int) -> None:
    """So many events that nobody has stored."""
    stand.cause_events(count)
    stand.listen(2.5)


def _is_live(said: Said) -> bool:
    return isinstance(said.message, Events) and said.message.live


def _numbers(transcript: Transcript) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for said, message in transcript.of(Events):
        held = found.setdefault(message.log_epoch, set())
        for event in said.events:
            held.add(event.sequence)
            if event.type == 17 and isinstance(event.fields.get(9), int) and isinstance(event.fields.get(10), int):
                held.update(
                    number for number in range(event.fields[9], event.fields[10] + 1) if held and number > min(held)
                )
    return found


def _told_twice(transcript: Transcript) -> None:
    known: dict[tuple[int, int], Event] = {}
    for said, event in transcript.events():
        epoch = said.message.log_epoch if isinstance(said.message, Events) else 0
        before = known.setdefault((epoch, event.sequence), event)
        if before != event:
            raise Failed(
                expected=f"event {event.sequence} to tell the same every time",
                seen=f"type {before.type}, then type {event.type} or other fields",
            )
