"""What happens at the doors: who comes in, who leaves by the inside handle, and what a plain recount makes of it."""

import random
from dataclasses import dataclass, field

from anmen.bench.town import TownLock
from firmware_protocol.messages import Event
from firmware_protocol.vocabulary import ClockQuality, EventType, Field, Operation, OperationSource, PassDirection

# Of the passes after somebody has come in, this share is a departure: by the inside handle, so nobody knows whose.
_LEAVES = 0.4


@dataclass(slots=True)
class Door:
    """One lock's log: gapless numbers, and a clock that goes forward with each event."""

    lock: TownLock
    sequence: int = 0
    at_ms: int = 0
    somebody_in: bool = False
    known_in: set[int] = field(default_factory=set)
    unknown: set[int] = field(default_factory=set)

    def next_event(self, dice: random.Random, not_before_ms: int) -> Event:
        """Somebody comes in with a card, or leaves."""
        self.sequence += 1
        self.at_ms = max(self.at_ms + 1, not_before_ms)
        leaves = self.somebody_in and dice.random() < _LEAVES
        self.somebody_in = not leaves
        fields = self._leave() if leaves else self._enter(dice.randrange(len(self.lock.occupants)))
        return Event(
            EventType.LOCK_OPERATED, self.sequence, self.lock.boot.number, self.at_ms, ClockQuality.SYNCED, fields
        )

    def _enter(self, occupant: int) -> dict[int, int]:
        person = self.lock.occupants[occupant]
        self.known_in.add(person)
        self.unknown.discard(person)
        return {
            Field.OPERATION: Operation.UNLOCK,
            Field.SOURCE: OperationSource.RFID,
            Field.CREDENTIAL_ID: occupant + 1,
            Field.LIST_VERSION: 1,
            Field.DIRECTION: PassDirection.IN,
        }

    def _leave(self) -> dict[int, int]:
        # The one who is certainly alone has left; else it may have been any of them.
        if len(self.known_in) != 1 or self.unknown:
            self.unknown |= self.known_in
        self.known_in.clear()
        return {
            Field.OPERATION: Operation.UNLOCK,
            Field.SOURCE: OperationSource.MANUAL,
            Field.DIRECTION: PassDirection.OUT,
        }
