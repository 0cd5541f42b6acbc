"""The inbox: what has arrived from the broker, bounded; and batches of it, bounded in number and in what they cost.

Each lock's frames stay in their order. Between the locks what has just happened at a door goes first: after a power cut
thousands of births wait, each of which costs as much as five events, and whoever stands at another door does not wait behind them:
only for the batch in hand, which is a small one where it holds births, and beside the few that come into its own.

Bounded for each sender, too. An honest lock has some seventy frames on their way; one that floods would fill every batch,
and the others would wait behind it. What is beyond its share is dropped: a lock keeps what is not stored and sends it again.
"""

import threading
from collections import Counter, deque
from collections.abc import Collection, Iterable
from typing import NamedTuple

from firmware_protocol.commands import CommandNonce, CommandResult
from firmware_protocol.messages import Events, Heartbeat, Proof, TimeRequest
from firmware_protocol.service_side import Opened

# Frames of one sender that may wait: two windows and what else a lock may have to say.
SHARE = 128
# What a frame costs, in events (some 0.1 ms each). A birth, a proof or a frame of an unknown session is dear, a heartbeat is not.
DEAR, SMALL = 5, 2
# So much of the rest is a batch's share: where nobody waits at a door, and where somebody does. A batch costs 40 by itself,
# so that still smaller ones would let nobody through sooner.
ALONE, BESIDE = 80 * DEAR, 20 * DEAR
_KEPT_FOR_THE_REST = 8
# A live frame holds one event, or a call for help with its opening (ANM-DOR-021). More are no news, whatever a lock calls them.
_MOST_AT_ONCE = 2
# A heartbeat that stood behind thousands of births would keep its own lock's events there, and so would the others of these.
_WITH_THEM = (Heartbeat, TimeRequest, CommandNonce, CommandResult)


class Delivery(NamedTuple):
    """One MQTT message, not acknowledged yet. `connection` counts reconnects: an old one's ids mean nothing to the broker."""

    topic: str
    payload: bytes
    message_id: int
    connection: int
    opened: Opened | None = None
    """What the frame says, where it could be opened ahead."""


class Inbox:
    """A queue between the broker's thread and the one that records. Full, it holds the broker's thread back."""

    def __init__(self, bound: int, share: int = SHARE) -> None:
        self._first: deque[Delivery] = deque()
        self._rest: deque[Delivery] = deque()
        # Of each sender of whom something waits: how many have come and gone. Two counts, because adding up is what C does.
        self._came: Counter[str] = Counter()
        self._went: Counter[str] = Counter()
        # The same of those that do not go first.
        self._rest_came: Counter[str] = Counter()
        self._rest_went: Counter[str] = Counter()
        self._bound = bound
        self._share = share
        self._changed = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        """How many wait."""
        return len(self._first) + len(self._rest)

    def full_for(self, topics: Iterable[str]) -> set[str]:
        """Those of the senders that have their share waiting."""
        if len(self) < self._share:
            return set()
        with self._changed:
            came, went = self._came, self._went
            return {topic for topic in set(topics) if came.get(topic, 0) - went.get(topic, 0) >= self._share}

    @property
    def remembered(self) -> int:
        """Of how many senders something is kept."""
        return len(self._came)

    def put(self, deliveries: Collection[Delivery]) -> None:
        """Add; waits while the inbox is full, which stops reading from the broker's socket."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self) < self._bound)
            for one in deliveries:
                if _goes_first(one) and not (self._rest and self._rest_of(one.topic)):
                    self._first.append(one)
                else:
                    self._rest.append(one)
                    self._rest_came[one.topic] += 1
            self._came.update([one.topic for one in deliveries])
            self._changed.notify_all()

    def take(self, limit: int, wait_s: float) -> list[Delivery]:
        """What is there, at most `limit`, and little of what is dear; waits up to `wait_s` for the first one."""
        with self._changed:
            self._changed.wait_for(lambda: self._first or self._rest, wait_s)
            # Whatever happens at the doors, an eighth is kept for the rest.
            most = limit - limit // _KEPT_FOR_THE_REST if self._rest else limit
            batch = [self._first.popleft() for _ in range(min(most, len(self._first)))]
            batch += self._take_rest(limit - len(batch), BESIDE if any(map(_is_of_events, batch)) else ALONE)
            _settle(self._came, self._went, batch)
            self._changed.notify_all()
        return batch

    def _take_rest(self, most: int, budget: int) -> list[Delivery]:
        taken: list[Delivery] = []
        while self._rest and len(taken) < most and budget > 0:
            one = self._rest.popleft()
            budget -= cost(one)
            taken.append(one)
        _settle(self._rest_came, self._rest_went, taken)
        return taken

    def _rest_of(self, topic: str) -> int:
        return self._rest_came.get(topic, 0) - self._rest_went.get(topic, 0)

    def close(self) -> None:
        """Nobody takes any more: hold nobody back."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def cost(delivery: Delivery) -> int:
    """What a frame of the rest costs, in events."""
    if delivery.opened is None:
        return DEAR
    message = delivery.opened.message
    if type(message) is Events:
        return len(message.events)
    return DEAR if type(message) is Proof else SMALL


def _settle(came: Counter[str], went: Counter[str], taken: Collection[Delivery]) -> None:
    """These have gone; of a sender of whom nothing waits nothing is kept, or whoever invents names would fill the memory."""
    topics = [one.topic for one in taken]
    went.update(topics)
    for topic in set(topics):
        if came[topic] == went[topic]:
            del came[topic], went[topic]


def _is_of_events(delivery: Delivery) -> bool:
    return delivery.opened is not None and type(delivery.opened.message) is Events


def _goes_first(delivery: Delivery) -> bool:
    """What a lock whose session we know says as it happens, or waits for an answer to; it costs little."""
    if delivery.opened is None:
        return False
    message = delivery.opened.message
    if type(message) is Events:
        return message.live and len(message.events) <= _MOST_AT_ONCE
    return type(message) in _WITH_THEM
