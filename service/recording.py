"""Recording a batch, whatever it takes: again after a passing fault, in halves after one of its own, until what cannot be
stored stands alone and is put aside. The other frames of the batch never pay for it.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from firmware_protocol.topics import LockId, shard_of
from service.batches import Outcome
from service.edges import clock
from service.edges.faults import name_of, passes
from service.edges.inbox import Delivery, cost
from service.edges.leases import LeaseLost, Leases
from service.edges.transaction import SYSTEM, transaction
from service.hearing import Memory, locks_of
from service.key_reactions import KeysCalledOff
from service.lock_reactions import put_aside, react

log = logging.getLogger(__name__)

Reached = Callable[[str], None]
Committed = Callable[[datetime, int], None]


@dataclass(slots=True)
class Tally:
    """What the process has done so far."""

    batches: int = 0
    stored: int = 0
    duplicates: int = 0
    refused: int = 0
    quarantined: int = 0
    dropped: int = 0
    flooded: int = 0
    held_back: int = 0

    def add(self, outcome: Outcome) -> None:
        """One batch more."""
        self.batches += 1
        self.stored += outcome.stored
        self.duplicates += outcome.duplicates
        self.refused += outcome.refused


@dataclass(frozen=True, slots=True)
class Recorder:
    """`reached`: names of points, for the crash tests. `committed`: when entries were recorded, and how many are new.

    `answer` says what may be said once a batch is committed. `recover` rests, renews the leases, and tells whether to try again.
    """

    engine: Engine
    memory: Memory
    leases: Leases
    tally: Tally
    reached: Reached
    committed: Committed
    answer: Callable[[Outcome], None]
    recover: Callable[[float], bool]
    rest_s: float = 0.5

    def record(self, batch: Sequence[Delivery]) -> None:
        """Returns once everything in the batch is in the register, put aside, refused, or another process's."""
        going_on = True
        while going_on:
            try:
                self._commit(batch)
            except LeaseLost:
                log.warning("a shard's lease was lost; what came in for it is another process's now")
                self._forget(batch)
                going_on = self.recover(0)
                batch = [one for one, lock in zip(batch, locks_of(batch, self.memory), strict=True) if self._ours(lock)]
            except KeysCalledOff:
                self._forget(batch)
            except Exception as fault:  # noqa: BLE001  # found frame by frame; every lock talks to this process
                self._forget(batch)
                if not passes(fault):
                    self._divide(batch, fault)
                    return
                log.warning("the database did not take a batch of %d (%s); trying again", len(batch), name_of(fault))
                going_on = self.recover(self.rest_s)
            else:
                return

    def _commit(self, batch: Sequence[Delivery]) -> None:
        deliveries, senders = batch, locks_of(batch, self.memory)
        shards = {shard_of(lock) for lock in set(senders) if lock is not None}
        if not shards <= self.leases.held.keys():
            ours = [index for index, lock in enumerate(senders) if self._ours(lock)]
            deliveries, senders = [batch[index] for index in ours], [senders[index] for index in ours]
            shards &= self.leases.held.keys()
        now, began = clock.now(), time.monotonic()
        with transaction(self.engine, SYSTEM) as session:
            self.leases.check(session, shards, now)
            outcome = react(session, deliveries, senders, self.memory, now)
            self.reached("inbox.before_commit")
        self.reached("inbox.committed")
        self.committed(now, outcome.stored)
        self.tally.add(outcome)
        self.answer(outcome)
        self.memory.pace.learn(sum(map(cost, deliveries)), time.monotonic() - began)

    def _divide(self, batch: Sequence[Delivery], fault: Exception) -> None:
        if len(batch) > 1:
            middle = len(batch) // 2
            self.record(batch[:middle])
            self.record(batch[middle:])
            return
        log.error("one frame cannot be stored (%s); its events are put aside", name_of(fault))
        self._put_aside(batch, name_of(fault))

    def _put_aside(self, batch: Sequence[Delivery], problem: str) -> None:
        """Into the quarantine; a frame that does not even go there is dropped, for its lock still holds what it said."""
        going_on = True
        while going_on:
            try:
                with transaction(self.engine, SYSTEM) as session:
                    receipts = put_aside(session, batch, self.memory, problem=problem, now=clock.now())
            except Exception as fault:  # noqa: BLE001  # as above: every lock talks to this process
                self._forget(batch)
                if not passes(fault):
                    log.error("nor can it be put aside (%s); it is dropped", name_of(fault))  # noqa: TRY400  # a traceback may quote it
                    self.tally.dropped += 1
                    return
                going_on = self.recover(self.rest_s)
            else:
                self.tally.quarantined += 1
                self.answer(Outcome(receipts=receipts))
                return

    def _ours(self, lock: LockId | None) -> bool:
        return lock is None or shard_of(lock) in self.leases.held

    def _forget(self, batch: Sequence[Delivery]) -> None:
        self.memory.forget(lock for lock in locks_of(batch, self.memory) if lock is not None)
