"""What goes down to the locks once it is committed: sealed here, at the last moment, under the keys of the present boot.

Nothing sealed is ever stored. Receipts are coalesced: a lock is told after 16 events or one second, whichever is first;
under full load later, but well before it would ask.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import takewhile

from firmware_protocol.cursor import Receipt
from firmware_protocol.errors import LocalProtocolError
from firmware_protocol.messages import DownMessage, Missing, Stored
from firmware_protocol.service_side import ServiceSide
from firmware_protocol.topics import Direction, LockId, frame_topic

RECEIPT_EVENTS = 16
RECEIPT_S = 1.0
RECEIPT_UNDER_LOAD_S = 3.0
ASK_AGAIN_S = 2.0


@dataclass(slots=True)
class _Owed:
    receipt: Receipt
    events: int
    since: float


class Outbox:
    """Collects what is to be said to locks and says it. `now` is monotonic seconds."""

    def __init__(self, publish: Callable[[str, bytes], None], side_of: Callable[[LockId], ServiceSide | None]) -> None:
        self._publish = publish
        self._side_of = side_of
        # In the order in which they began to be owed.
        self._owed: dict[LockId, _Owed] = {}
        self._many: set[LockId] = set()
        self._asked: dict[LockId, tuple[int, float]] = {}

    def say(self, lock: LockId, session: bytes, message: DownMessage) -> None:
        """Seal and publish now; a session that has meanwhile gone is told nothing."""
        side = self._side_of(lock)
        if side is None:
            return
        try:
            frame = side.seal(message, session)
        except LocalProtocolError:
            return
        self._publish(frame_topic(lock, Direction.DOWN), frame)

    def pass_on(self, frames: Iterable[tuple[LockId, bytes]]) -> None:
        """Publish what is sealed already."""
        for lock, frame in frames:
            self._publish(frame_topic(lock, Direction.DOWN), frame)

    def owe(self, lock: LockId, receipt: Receipt, events: int, now: float) -> None:
        """A receipt to be sent soon."""
        owed = self._owed.get(lock)
        if owed is None:
            owed = self._owed[lock] = _Owed(receipt, events, now)
        else:
            owed.receipt = receipt
            owed.events += events
        if owed.events >= RECEIPT_EVENTS:
            self._many.add(lock)

    def send_due(self, now: float, *, loaded: bool, at_once: Iterable[LockId] = ()) -> None:
        """Send the receipts whose time has come. `loaded`: the last batch was full, so there is better to do."""
        since = now - (RECEIPT_UNDER_LOAD_S if loaded else RECEIPT_S)
        due = list(takewhile(lambda lock: self._owed[lock].since <= since, self._owed))
        for lock in {*due, *at_once, *(() if loaded else self._many)} & self._owed.keys():
            self._many.discard(lock)
            receipt = self._owed.pop(lock).receipt
            self.say(lock, receipt.session, Stored(receipt.log_epoch, receipt.up_to))
            self._ask_for_gap(lock, receipt, now)

    def _ask_for_gap(self, lock: LockId, receipt: Receipt, now: float) -> None:
        if receipt.gap is None:
            self._asked.pop(lock, None)
            return
        first, last = receipt.gap
        asked = self._asked.get(lock)
        if asked is None or asked[0] != first or now - asked[1] >= ASK_AGAIN_S:
            self._asked[lock] = (first, now)
            self.say(lock, receipt.session, Missing(receipt.log_epoch, first, last))
