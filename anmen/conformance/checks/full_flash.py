"""Checks of docs/protocol/events.md, its last part: what a lock does whose flash is full of events that nobody stores."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from anmen.conformance.counterpart import Manners
from anmen.conformance.lists import CARD, DAY_S
from anmen.conformance.orders import Orders
from anmen.conformance.registry import Profile, checks
from anmen.conformance.stand import Stand
from anmen.conformance.verdict import Failed, NotTried
from firmware_protocol.messages import Birth, Event, Rebirth
from firmware_protocol.vocabulary import EventType, Field

MOST_EVENTS = 30_000
BATCH, BATCH_S = 250, 60.0
UNKNOWN_KIND = 99
REFUSALS = 6


@dataclass(frozen=True, slots=True)
class FullFlash:
    """What was seen: the first number nobody stored, the oldest left, what was next, and what came in the end."""

    first: int
    oldest: int
    next_sequence: int
    recorded_refusals: int
    came: frozenset[int]
    tombstones: tuple[Event, ...]


@checks("ANM-EVT-021", profile=Profile.FULL)
def the_oldest_go(stand: Stand) -> str:
    """What is given up are the oldest; everything from the oldest readable on arrives."""
    seen = full_flash(stand)
    lost = set(range(seen.oldest, seen.next_sequence)) - seen.came
    if lost:
        raise Failed(
            expected=f"every event from {seen.oldest} to {seen.next_sequence - 1}", seen=f"without {sorted(lost)[:10]}"
        )
    return f"{seen.oldest - seen.first} of {seen.next_sequence - seen.first} given up, the oldest; the rest arrived"


@checks("ANM-EVT-022", profile=Profile.FULL)
def tombstones_name_the_lost(stand: Stand) -> str:
    """From the number after the last receipt to the last given up."""
    seen = full_flash(stand)
    spans = [(event.get(Field.FIRST), event.get(Field.LAST)) for event in seen.tombstones]
    lost = set(range(seen.first, seen.oldest)) - seen.came
    named = {number for first, last in spans for number in range(first, last + 1)}
    if not spans or not lost <= named:
        raise Failed(
            expected=f"a tombstone that names {seen.first} to {seen.oldest - 1}", seen=f"tombstones {spans[:6]}"
        )
    wrong = [span for span in spans if span[0] != seen.first]
    if wrong:
        raise Failed(
            expected=f"each tombstone to begin with {seen.first}, the number after the last receipt", seen=f"{wrong[0]}"
        )
    return f"tombstones {', '.join(f'{first}–{last}' for first, last in spans)}"


@checks("ANM-EVT-023", profile=Profile.FULL)
def refusals_are_counted(stand: Stand) -> str:
    """Six refusals of one card at a full flash do not make six events."""
    seen = full_flash(stand)
    if seen.recorded_refusals >= REFUSALS:
        raise Failed(
            expected=f"fewer than {REFUSALS} events for {REFUSALS} refusals while flash is full",
            seen=f"{seen.recorded_refusals} events",
        )
    return f"{REFUSALS} refusals made {seen.recorded_refusals} events while flash was full"


def full_flash(stand: Stand) -> FullFlash:
    """Fill the log without a receipt until it gives something up. Done once a run."""
    return stand.once("full flash", lambda: _fill(stand))


def _fill(stand: Stand) -> FullFlash:
    issuer = stand.issuer()
    stand.give(issuer.card(61, starts_at=issuer.now_s + DAY_S))
    first, since = stand.service.up_to + 1, stand.mark()
    stand.behave(Manners(unpaid_from=first, backfill_per_s=2000))
    birth = _until_something_is_given_up(stand, first)
    for _ in range(REFUSALS):
        stand.operator.show_card(CARD)
    after = _born(stand)
    stand.behave(Manners(backfill_per_s=2000))
    stand.say(Rebirth())
    stand.announce()
    if not stand.until(lambda: stand.service.has_all, 300.0):
        raise Failed(
            expected=f"every event up to {stand.service.next_sequence - 1} stored or named by a tombstone, in 5 minutes",
            seen=f"stuck after {stand.service.up_to}",
        )
    events = {event.sequence: event for _, event in stand.transcript.events(since)}
    tombstones = tuple(event for _, event in sorted(events.items()) if event.type == EventType.EVENTS_LOST)
    return FullFlash(
        first,
        after.oldest_sequence,
        after.next_sequence,
        after.next_sequence - birth.next_sequence,
        frozenset(events),
        tombstones,
    )


def _until_something_is_given_up(stand: Stand, first: int) -> Birth:
    """Cause events until the oldest readable one is above the first; the birth that says so."""
    birth = _born(stand)
    cause: Callable[[int], None] = (
        partial(_commands, stand=stand) if stand.birth.capabilities.get("commands") else stand.cause_events
    )
    for _ in range(0, MOST_EVENTS, BATCH):
        before = birth.next_sequence
        cause(BATCH)
        stand.answered({}, within=BATCH_S)
        birth = _born(stand)
        if birth.next_sequence < before + BATCH:
            cause = stand.cause_events
        if birth.oldest_sequence > first:
            return birth
    raise NotTried(f"its flash is not full after {MOST_EVENTS} events")


def _commands(count: int, stand: Stand) -> None:
    """So many commands of a kind that no lock knows: each is recorded (ANM-CMD-012), and costs a lock less than a changed list."""
    for _ in range(count):
        Orders(stand).give(UNKNOWN_KIND)


def _born(stand: Stand) -> Birth:
    since = stand.mark()
    stand.say(Rebirth())
    return stand.await_message(Birth, since)[1]
