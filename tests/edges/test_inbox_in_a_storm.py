"""How long somebody at a door waits while a town comes back: the real inbox, a worker of numbers, and no clock.

What a batch and its frames cost are the figures of decision 0120 (milliseconds, a quiet machine), each with the database's part.
"""

import heapq
from collections import defaultdict, deque
from dataclasses import dataclass, field

from firmware_protocol.messages import Event, Events, Heartbeat, Proof
from firmware_protocol.service_side import Opened
from firmware_protocol.topics import draw_lock_id
from service.edges.inbox import Delivery, Inbox
from service.locks.pace import Pace

TWENTY = tuple(Event(1, number, 1, 0, 0, {}) for number in range(1, 21))
BIRTH = None
PROOF = Opened(b"", 0, Proof(bytes(16)))
STORED = Opened(b"", 0, Events(1, False, TWENTY))
SMALL = Opened(b"", 0, Heartbeat(1, 0, bytes(32), 80, 1, 0, 0))
LIVE = Opened(b"", 0, Events(1, True, TWENTY[:1]))
BATCH_MS = 8.0
COST_MS = {id(BIRTH): 0.5, id(PROOF): 0.6, id(STORED): 2.0, id(SMALL): 0.2, id(LIVE): 0.4}
LOCKS, DOORS, EACH_MS = 600, 20, 40
CALM_MS, LONGEST_MS = 10_000, 60_000


@dataclass
class Town:
    """What is on its way, by when it arrives; `waits` of those at doors until all are back, in milliseconds."""

    coming: list[tuple[float, int, str, Opened | None]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    proven: int = 0
    _came: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _sent: int = 0

    def send(self, at: float, topic: str, what: Opened | None) -> None:
        self._sent += 1
        heapq.heappush(self.coming, (at, self._sent, topic, what))

    def arrive(self, now: float, inbox: Inbox) -> None:
        while self.coming and self.coming[0][0] <= now:
            at, _, topic, what = heapq.heappop(self.coming)
            if what is LIVE:
                self._came[topic].append(at)
            inbox.put([Delivery(topic, b"", 0, 1, what)])

    def committed(self, now: float, one: Delivery) -> None:
        if one.opened is BIRTH:
            for what in (PROOF, STORED):
                self.send(now + 10, one.topic, what)
        elif one.opened is PROOF:
            self.proven += 1
            self.send(now + 10, one.topic, SMALL)
        elif one.opened is LIVE:
            self.waits.append(now - self._came[one.topic].popleft())


def come_back(born_at: list[float], *, slow: float = 1.0) -> float:
    """The longest that all but one in a hundred at the doors waited; `slow`: how much longer everything takes the worker."""
    town, inbox, now = Town(), Inbox(100_000), 0.0
    for place, at in enumerate(born_at):
        town.send(at, f"lock {place}", BIRTH)
    for number in range(int(LONGEST_MS / EACH_MS)):
        town.send(number * EACH_MS * 1.003, f"door {number % DOORS}", LIVE)
    while town.proven < len(born_at) or now < (0 if born_at else CALM_MS):
        town.arrive(now, inbox)
        batch = inbox.take(1000, 0)
        if not batch:
            now = town.coming[0][0]
            continue
        now += slow * (BATCH_MS + sum(COST_MS[id(one.opened)] for one in batch))
        for one in batch:
            town.committed(now, one)
    return sorted(town.waits)[int(len(town.waits) * 0.99)]


def turns(event_s: float) -> list[float]:
    """When each lock may connect, from a worker that has found out what an event costs it."""
    pace = Pace(locks=LOCKS, event_s=event_s)
    return [
        float(pace.slot_ms(draw_lock_id((one * 0x9E3779B97F4A7C15 % (1 << 64)).to_bytes(8, "big"))))
        for one in range(LOCKS)
    ]


def test_with_turns_others_hardly_notice_and_without_they_wait_for_two_small_batches() -> None:
    calm, storm, in_turn = come_back([]), come_back([0.0] * LOCKS), come_back(turns(0.0001))
    assert in_turn < 0.5 * storm
    assert in_turn < 4 * calm
    assert storm < 9 * calm


def test_turns_widen_where_a_worker_has_a_third_of_the_time() -> None:
    calm, in_turn = come_back([], slow=3), come_back(turns(0.0003), slow=3)
    assert in_turn < 4 * calm
    # Turns that know nothing of that bring less.
    assert in_turn < 0.8 * come_back(turns(0.0001), slow=3)
