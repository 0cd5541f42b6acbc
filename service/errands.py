"""What an ingest process says to locks without having been asked: changed lists, ordered commands, what is on offer or was asked for."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlmodel import Session

from firmware_protocol.topics import LockId, shard_of
from service import list_reactions
from service.batches import Outcome
from service.commands import following as commands
from service.delivery import actions as delivery
from service.edges import clock
from service.edges.leases import Leases
from service.edges.transaction import SYSTEM, transaction
from service.hearing import Memory
from service.locks import actions as locks
from service.rekeying import actions as rekeying
from service.renewal import actions as renewal
from service.rollout import actions as rollout

# How often to look for commands that nobody has answered, or that are over.
_CHASE_S = 5.0


@dataclass(frozen=True, slots=True)
class Paces:
    """How often to look for what time brings; seconds."""

    firmware_s: float = 2.0
    keys_s: float = 30.0
    certificates_s: float = 5.0


class Errands:
    """Each errand is a transaction of its own, and what comes of it is answered after the commit."""

    def __init__(
        self, engine: Engine, memory: Memory, leases: Leases, *, every: Paces, answer: Callable[[Outcome], None]
    ) -> None:
        self._engine = engine
        self._memory = memory
        self._leases = leases
        self._every = every
        self._answer = answer
        self._chase_at = 0.0
        self._firmware_at = 0.0
        self._keys_at = 0.0
        self._certificates_at = 0.0

    def due(self, changed: Iterable[int]) -> list[Callable[[], None]]:
        """What is to be done now, in this order: for the shards where somebody changed something, and what time brings."""
        now = time.monotonic()
        shards = self._leases.held.keys() & set(changed)
        errands: list[Callable[[], None]] = []
        if shards:
            errands.append(lambda: self._send_lists(shards))
        chased = set(shards)
        if now >= self._chase_at:
            self._chase_at = now + _CHASE_S
            chased = set(self._leases.held)
        if chased:
            errands.append(lambda: self._send_commands(chased))
        if now >= self._firmware_at:
            self._firmware_at = now + self._every.firmware_s
            errands.append(self._offer_firmware)
        if now >= self._keys_at:
            self._keys_at = now + self._every.keys_s
            errands.append(self._offer_keys)
        if now >= self._certificates_at:
            self._certificates_at = now + self._every.certificates_s
            errands.append(self._bring_certificates)
        return errands

    def _send_lists(self, shards: set[int]) -> None:
        with transaction(self._engine, SYSTEM) as session:
            self._memory.forget(locks.revoked_in(session, shards))
            # One that was shut out may be heard again by now.
            known = self._memory.listened.items()
            self._memory.forget([lock for lock, one in known if one.revoked and shard_of(lock) in shards])
            asked = delivery.differing(session, shards)
            for lock in asked:
                self._memory.held.pop(lock, None)
            self._listen_to(session, asked)
            outcome = Outcome()
            list_reactions.owe(session, asked, self._memory, outcome)
        self._answer(outcome)

    def _send_commands(self, shards: set[int]) -> None:
        with transaction(self._engine, SYSTEM) as session:
            orders = commands.due(session, shards, clock.now())
            self._listen_to(session, [lock for lock, _ in orders])
        self._answer(Outcome(orders=[*orders]))

    def _offer_firmware(self) -> None:
        """Move roll-outs on, and tell the locks of our shards what is offered or called off."""
        with transaction(self._engine, SYSTEM) as session:
            offers = rollout.due(session, self._leases.held, clock.now())
            self._listen_to(session, [lock for lock, _ in offers])
        self._answer(Outcome(orders=[*offers]))

    def _offer_keys(self) -> None:
        """New static keys for locks of our shards whose rooms were handed over."""
        with transaction(self._engine, SYSTEM) as session:
            offers = rekeying.due(session, self._leases.held, self._memory.keyring, clock.now())
            self._listen_to(session, [lock for lock, _ in offers])
        self._answer(Outcome(orders=[*offers]))

    def _bring_certificates(self) -> None:
        """What was signed for locks of our shards, wherever they have not said yet that they use it."""
        with transaction(self._engine, SYSTEM) as session:
            answers = renewal.due(session, self._leases.held, clock.now())
            self._listen_to(session, [lock for lock, _ in answers])
        self._answer(Outcome(orders=[*answers]))

    def _listen_to(self, session: Session, asked: Iterable[LockId]) -> None:
        unknown = [lock for lock in asked if lock not in self._memory.listened]
        if unknown:
            self._memory.listened.update(locks.listen_to(session, unknown, self._leases.held, self._memory.keyring))
