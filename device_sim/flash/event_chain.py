"""The running hash over the event log, and where each sector began in it.

What is written down is the link before the first event of each sector, before the sector is begun. So a boot goes on
from the last sector's beginning, and a tombstone can name the link that stands for what is given up.
"""

from collections.abc import Callable, Iterable, Sequence

import cbor2

from device_sim.flash.medium import Medium
from device_sim.flash.slots import SlotPair
from firmware_protocol.chain import UNREADABLE, Link, commitment, first_link, next_link
from firmware_protocol.cursor import LAST_SEQUENCE
from firmware_protocol.messages import Event
from firmware_protocol.topics import LockId
from firmware_protocol.vocabulary import EventType, Field

# Up to so many events, the first with at least that number.
ReadLog = Callable[[int, int], Sequence[Event]]


class EventChain:
    """One log's chain; `link` is where it stands."""

    def __init__(self, medium: Medium, lock: LockId, log_epoch: int, key: bytes) -> None:
        self._slot = SlotPair(medium, "chain")
        self._epoch = log_epoch
        self._key = key
        epoch, marks = cbor2.loads(self._slot.read() or cbor2.dumps([0, {}]))
        self._marks: dict[int, bytes] = marks if epoch == log_epoch else {}
        self._unreadable: dict[int, bytes] = {}
        self.link = first_link(lock, log_epoch)

    def resume(self, read: ReadLog, sectors: Iterable[int], next_sequence: int) -> list[tuple[int, int]]:
        """Catch up with the log from the last mark on; `sectors` are their first numbers. Returns what was unreadable."""
        start = max((first for first in self._marks if first <= next_sequence), default=None)
        if start is not None:
            self.link = Link(start - 1, self._marks[start])
        begins = {first - 1 for first in sectors}
        holes: list[tuple[int, int]] = []
        events = read(self.link.sequence + 1, LAST_SEQUENCE)
        # What was once declared unreadable stays so for the chain, though a worn cell may be read again.
        told = {one.fields[Field.FIRST]: one for one in events if Field.DIGEST in one.fields and _is_loss(one)}
        for event in events:
            while lost := told.get(self.link.sequence + 1):
                self.link = Link(lost.fields[Field.LAST], lost.fields[Field.DIGEST])
                self._note(begins)
            if event.sequence > self.link.sequence:
                holes += self._skip_to(event.sequence, begins)
                self.follow(event)
                self._note(begins)
        return holes + self._skip_to(next_sequence, begins)

    def follow(self, event: Event) -> None:
        """The event is in flash."""
        self.link = next_link(self.link, commitment(self._key, event))

    def change_key(self, key: bytes) -> None:
        """What is recorded from now on hangs on this key."""
        self._key = key

    def mark(self, oldest: int) -> None:
        """A sector is about to begin with the next event; marks of sectors before the oldest are dropped."""
        self._marks = {first: value for first, value in self._marks.items() if first >= oldest}
        self._marks[self.link.sequence + 1] = self.link.value
        self._slot.write(cbor2.dumps([self._epoch, self._marks]))

    def value_at(self, sequence: int) -> bytes | None:
        """The link after that event, where it is still known."""
        return self._marks.get(sequence + 1) or self._unreadable.get(sequence)

    def _skip_to(self, sequence: int, begins: set[int]) -> list[tuple[int, int]]:
        first, last = self.link.sequence + 1, sequence - 1
        while self.link.sequence < last:
            self.link = next_link(self.link, UNREADABLE)
            self._note(begins)
        if first > last:
            return []
        self._unreadable[last] = self.link.value
        return [(first, last)]

    def _note(self, begins: set[int]) -> None:
        if self.link.sequence in begins:
            self._marks.setdefault(self.link.sequence + 1, self.link.value)


def _is_loss(event: Event) -> bool:
    return event.type == EventType.EVENTS_LOST
