"""Checks of docs/protocol/events.md, second part: probes, receipts, gaps."""

from anmen.conformance.counterpart import UNPAID, USUAL, Manners
from anmen.conformance.registry import checks, watches
from anmen.conformance.stand import ANSWER_S, SLACK_S, Stand
from anmen.conformance.transcript import Transcript, holds
from anmen.conformance.verdict import Failed, NotTried
from firmware_protocol.messages import Heartbeat, Missing, Stored
from firmware_protocol.vocabulary import EventType


@checks("ANM-EVT-027")
def says_that_it_started(stand: Stand) -> str:
    """After a restart, *started* of the new boot, and nothing of the door before it."""
    since = stand.mark()
    boot = stand.restart().boot_number
    started = stand.await_event(EventType.STARTED, since, where=lambda one: one.boot_number == boot)[1]
    before = [
        event.type
        for _, event in stand.transcript.events(since)
        if event.boot_number == boot and event.sequence < started.sequence
    ]
    if {EventType.DOOR_MOVED, EventType.LOCK_OPERATED} & set(before):
        raise Failed(
            expected="*started* before anything at the door", seen=f"events of types {sorted(before)} before it"
        )
    return f"event {started.sequence} of boot {boot}"


@checks("ANM-EVT-014")
def answer_to_a_probe(stand: Stand) -> str:
    """A receipt after a probe makes the lock send what lies above it again."""
    stand.behave(UNPAID)
    first = stand.service.up_to + 1
    since = stand.mark()
    stand.cause_events(4)
    stand.await_frame(holds(first + 3), since, ANSWER_S, "four events")
    since = stand.mark()
    stand.await_frame(lambda one: bool(one.events), since, 7.5 + SLACK_S, "a probe after 5 s without a receipt")
    since = stand.mark()
    stand.say(Stored(stand.service.epoch, first))
    stand.await_frame(
        holds(first + 3), since, 4.0, f"events {first + 1} to {first + 3} again after the receipt for {first}"
    )
    numbers = [event.sequence for _, event in stand.transcript.events(since)]
    if numbers[:3] != [first + 1, first + 2, first + 3]:
        raise Failed(expected=f"{first + 1} to {first + 3}", seen=f"{numbers}")
    stand.behave(USUAL)
    return f"after the receipt for {first} came {numbers}"


@checks("ANM-EVT-017")
def nothing_is_let_go(stand: Stand) -> str:
    """What no receipt covers is still there after a restart, and the birth says so."""
    first, since = stand.service.up_to + 1, stand.mark()
    stand.behave(unpaid := Manners(unpaid_from=first + 2))
    stand.cause_events(5)
    stand.await_frame(holds(first + 4), since, ANSWER_S, "five events")
    since = stand.mark()
    birth = stand.restart(manners=unpaid)
    if birth.oldest_sequence > first + 2:
        raise Failed(expected=f"an oldest readable number of at most {first + 2}", seen=f"{birth.oldest_sequence}")
    stand.await_frame(holds(first + 4), since, ANSWER_S, f"events {first + 2} to {first + 4} again")
    numbers = {event.sequence for _, event in stand.transcript.events(since)}
    lost = {first + 2, first + 3, first + 4} - numbers
    if lost:
        raise Failed(expected=f"events {first + 2} to {first + 4} again", seen=f"without {sorted(lost)}")
    return f"receipt for {first + 1}; {first + 2} to {first + 4} survived a restart"


@checks("ANM-EVT-018")
def impossible_receipts(stand: Stand) -> str:
    """Receipts of another epoch or beyond the log are ignored."""
    stand.behave(UNPAID)
    first, since = stand.service.up_to + 1, stand.mark()
    stand.cause_events(2)
    stand.await_frame(holds(first + 1), since, ANSWER_S, "two events")
    stand.say(Stored(stand.service.epoch ^ 2, first + 1))
    stand.say(Stored(stand.service.epoch, first + 1000))
    stand.listen(0.2)
    since = stand.mark()
    stand.announce()
    stand.await_frame(holds(first), since, 4.0, f"event {first} again: neither receipt was for it")
    return f"receipts of another epoch and of {first + 1000} ignored"


@checks("ANM-EVT-019")
def gaps_are_filled(stand: Stand) -> str:
    """A named gap is sent again, but not what went less than two seconds ago."""
    stand.behave(UNPAID)
    first, since = stand.service.up_to + 1, stand.mark()
    stand.cause_events(3)
    stand.await_frame(holds(first + 2), since, ANSWER_S, "three events")
    stand.listen(0.4)
    since = stand.mark()
    stand.say(Missing(stand.service.epoch, first, first + 1))
    stand.listen(0.8)
    if any(True for _ in stand.transcript.events(since)):
        raise Failed(expected="no answer to a gap that was sent less than 2 s ago", seen=stand.told(since))
    stand.listen(1.7)
    since = stand.mark()
    stand.say(Missing(stand.service.epoch, first, first + 1))
    stand.await_frame(holds(first + 1), since, 2.0, f"{first} and {first + 1} again")
    numbers = [event.sequence for _, event in stand.transcript.events(since)]
    if numbers[:2] != [first, first + 1] or first + 2 in numbers:
        raise Failed(expected=f"{first} and {first + 1} and nothing else", seen=f"{numbers}")
    return f"within 2 s nothing, later {numbers}"


@checks("ANM-EVT-020")
def stored_events_stay_readable(stand: Stand) -> str:
    """After a restored database the service may ask below its own receipts."""
    first, since = stand.service.up_to + 1, stand.mark()
    stand.cause_events(2)
    stand.until(lambda: stand.service.up_to >= first + 1, ANSWER_S)
    stand.listen(2.5)
    since = stand.mark()
    stand.say(Missing(stand.service.epoch, first, first))
    stand.await_frame(holds(first), since, 3.0, f"event {first}, stored but surely still in flash")
    return f"event {first}, stored already, was sent once more when asked for"


@watches("ANM-EVT-026")
def oldest_is_said(transcript: Transcript) -> str:
    """A heartbeat says from which number on flash can still be read."""
    beats = [beat for _, beat in transcript.of(Heartbeat)]
    for beat in beats:
        if not 0 < beat.oldest_sequence <= beat.next_sequence:
            raise Failed(
                expected=f"a heartbeat whose oldest sequence (key 8) is from 1 to its next one, {beat.next_sequence}",
                seen=f"{beat.oldest_sequence or 'none'}",
            )
    if not beats:
        raise NotTried("no heartbeat was heard in the whole run")
    return f"{len(beats)} heartbeats said it"
