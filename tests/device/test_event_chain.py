"""The chain in flash and the walk over what is stored agree, whatever overflow, worn cells, power and receipts do."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from device_sim.flash.event_chain import EventChain
from device_sim.flash.event_log import FlashLog, Geometry, Stamp
from device_sim.flash.memory import MemoryMedium
from device_sim.flash.records import SECTOR_HEADER_BYTES
from firmware_protocol.chain import Link, commitment, first_link
from firmware_protocol.cursor import StoredCursor
from firmware_protocol.messages import Event
from firmware_protocol.topics import draw_lock_id
from firmware_protocol.vocabulary import EventType, Field
from service.completeness.rules import HeadState, Tombstone, Walk, walk
from service.entry.rules import taken

LOCK = draw_lock_id(b"\x21\x23\x45\x67\x89\xab\xcd\xef")
KEY = b"k" * 32
SMALL = Geometry(sector_bytes=420, sectors=3)
LAST_RECORD_BYTES = 100
STAMP = Stamp(1, 1_790_000_000_000, 2)


def open_log(medium: MemoryMedium) -> tuple[FlashLog, EventChain]:
    log = FlashLog(medium, SMALL, draw=lambda size: b"\x05" * size)
    return log, log.chain_up(LOCK, KEY)


def tombstones_of(events: dict[int, Event]) -> list[Tombstone]:
    lost = [event for event in events.values() if event.type == EventType.EVENTS_LOST]
    return [Tombstone(e.sequence, e.fields[Field.FIRST], e.fields[Field.LAST], e.get(Field.DIGEST)) for e in lost]


@dataclass
class Story:
    """A log, and what a service has stored of it; `heads` are the links that were signed."""

    medium: MemoryMedium = field(default_factory=MemoryMedium)
    stored: dict[int, Event] = field(default_factory=dict)
    cursor: StoredCursor = field(default_factory=StoredCursor)
    heads: list[Link] = field(default_factory=list)
    log: FlashLog = field(init=False)
    chain: EventChain = field(init=False)

    def __post_init__(self) -> None:
        self.log, self.chain = open_log(self.medium)

    def play(self, steps: list[tuple[str, int]]) -> None:
        for step, number in steps:
            getattr(self, step)(number)

    def record(self, number: int) -> None:
        self.log.append(EventType.DOOR_MOVED, {Field.CODE: number}, STAMP)

    def arrive(self, number: int) -> None:
        """Some of what is in flash arrives, in any order; the receipt is heard only sometimes."""
        for event in self.log.read(1 + number % self.log.next_sequence, 1 + number):
            after = taken(self.cursor, event)
            if after is not None:
                self.cursor, self.stored[event.sequence] = after, event
        if number % 2:
            self.log.stored(self.cursor.up_to)

    def reopen(self, number: int) -> None:
        self.log, self.chain = open_log(self.medium)
        self.log.declare_damage(STAMP)

    def rot(self, number: int) -> None:
        """A worn cell in some sector, noticed at the next boot; not in the last record, which would look like a torn one."""
        names = [name for name in self.medium.names() if name.startswith("events-")]
        name = names[number % len(names)]
        room = len(self.medium.read(name)) - SECTOR_HEADER_BYTES - LAST_RECORD_BYTES
        if room > 0:
            self.medium.rot(name, SECTOR_HEADER_BYTES + number * 7 % room)
        self.reopen(number)

    def sign(self, number: int) -> None:
        link = self.chain.link
        if not self.heads or link.sequence > self.heads[-1].sequence:
            self.heads.append(link)

    def settle(self) -> None:
        """Everything that flash still has arrives."""
        for event in self.log.read(1, 10_000):
            after = taken(self.cursor, event)
            if after is not None:
                self.cursor, self.stored[event.sequence] = after, event

    def walks(self, stored: dict[int, Event]) -> list[Walk]:
        committed = {number: commitment(KEY, event) for number, event in stored.items()}
        since = [first_link(LOCK, self.log.epoch), *self.heads]
        return [
            walk(before, head, committed, tombstones_of(self.stored))
            for before, head in zip(since, self.heads, strict=False)
            if head.sequence <= self.cursor.up_to
        ]


NUMBERS = st.integers(0, 12)
GENTLE = st.sampled_from(["record"] * 8 + ["arrive"] * 3 + ["reopen", "sign"])
ROUGH = st.sampled_from(["record"] * 8 + ["arrive"] * 3 + ["reopen", "sign", "rot"])


@given(st.lists(st.tuples(ROUGH, NUMBERS), max_size=80))
@settings(deadline=None, max_examples=60)
def test_an_honest_service_is_never_blamed(steps: list[tuple[str, int]]) -> None:
    story = Story()
    story.play(steps)
    story.sign(0)
    story.settle()
    assert HeadState.FAILED not in {one.state for one in story.walks(story.stored)}


@given(st.lists(st.tuples(GENTLE, NUMBERS), min_size=5, max_size=60), st.data())
@settings(deadline=None, max_examples=60)
def test_a_changed_or_dropped_event_is_always_found(steps: list[tuple[str, int]], data: st.DataObject) -> None:
    story = Story()
    story.play([("record", 1), *steps])
    story.sign(0)
    story.settle()
    declared = {n for one in tombstones_of(story.stored) for n in range(one.first, one.last + 1)}
    held = [number for number in story.stored if number not in declared and number <= story.heads[-1].sequence]
    number = data.draw(st.sampled_from(held))
    event = story.stored[number]
    changed = {**story.stored, number: event._replace(occurred_at_ms=event.occurred_at_ms + 1)}
    dropped = {one: event for one, event in story.stored.items() if one != number}
    assert HeadState.FAILED in {one.state for one in story.walks(changed)}
    assert HeadState.FAILED in {one.state for one in story.walks(dropped)}


def test_the_link_survives_reboots_and_overflow_is_vouched_for() -> None:
    story = Story()
    story.play([("record", 1)] * 60)
    before = story.chain.link
    story.reopen(0)
    assert story.chain.link == before
    story.sign(0)
    story.settle()
    [walked] = story.walks(story.stored)
    assert walked.state is HeadState.VERIFIED
    assert walked.lost == story.cursor.lost != ()
