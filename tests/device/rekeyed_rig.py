"""A whole lock and a model of the service that changes its keys: frames may be lost, the power and the process may go at any point."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from device_sim.flash.memory import PowerCut
from firmware_protocol import ServiceIdentity, ServiceSide
from firmware_protocol.key_messages import KeyAnswer, KeyOffer, KeyRefusal
from firmware_protocol.keys import private_key, public_key
from firmware_protocol.messages import DownMessage, Proof, UpMessage
from tests.device.rig import LOCK, LOCK_KEY, SERVICE_KEY, Rig
from tests.protocol.fake_ingest import Dies, FakeIngest


@dataclass(frozen=True, slots=True)
class KeyTable:
    """What the database holds of keys. `offered`: the highest epoch there ever was an offer for."""

    identity: ServiceIdentity
    next_private: bytes = b""
    next_lock_public: bytes = b""
    offered: int = 1

    @property
    def pending(self) -> ServiceIdentity | None:
        if not self.next_lock_public:
            return None
        return ServiceIdentity(LOCK, self.next_private, self.next_lock_public, self.offered)


@dataclass(slots=True)
class KeyedIngest(FakeIngest):
    """FakeIngest, and what service/rekeying does."""

    keys: KeyTable = field(default_factory=lambda: KeyTable(ServiceIdentity(LOCK, SERVICE_KEY, public_key(LOCK_KEY))))
    refusals: list[int] = field(default_factory=list)
    committed: KeyTable | None = None

    def forget(self) -> None:
        self.side = ServiceSide(self.keys.identity, self.holder, self.durable.sessions, self.keys.pending)

    def receive(self, batch: Sequence[bytes], dies: Dies | None = None) -> list[bytes]:
        before = self.keys
        answers = FakeIngest.receive(self, batch, dies)
        if dies is Dies.BEFORE_COMMIT:
            self.keys = before
            self.forget()
        return answers

    def offer(self) -> list[bytes]:
        """A new pair, under an epoch that was never offered."""
        epoch = self.keys.offered + 1
        self.keys = KeyTable(self.keys.identity, private_key(hashlib.sha512(b"%d" % epoch).digest()), b"", epoch)
        self.forget()
        return self.offer_again()

    def offer_again(self) -> list[bytes]:
        """To the proven session, if it speaks under the present keys."""
        current = self.side.current
        if not self.keys.next_private or current is None:
            return []
        said = KeyOffer(self.keys.offered, public_key(self.keys.next_private))
        return self._seal([(current.session, said)])

    def call_off(self) -> None:
        """Somebody was let in: the pair that is not proven yet is worth nothing any more."""
        self.keys = KeyTable(self.keys.identity, offered=self.keys.offered)
        self.forget()

    def _act_on(self, session: bytes, message: UpMessage) -> list[DownMessage]:
        state = self.side.sessions[session]
        if isinstance(message, Proof) and state.key_epoch != self.keys.identity.key_epoch:
            assert self.keys.pending is not None
            self.keys = KeyTable(self.keys.pending, offered=self.keys.offered)
        if isinstance(message, KeyAnswer) and state.proven and message.key_epoch == self.keys.offered:
            self._answered(message)
        return FakeIngest._act_on(self, session, message)

    def _answered(self, said: KeyAnswer) -> None:
        if said.refusal != KeyRefusal.NONE:
            self.refusals.append(said.refusal)
        elif self.keys.next_private:
            self.keys = replace(self.keys, next_lock_public=said.public_key)
            pending = self.keys.pending
            assert pending is not None
            self.side.expect(pending)


@dataclass
class RekeyedRig(Rig):
    """`lost(number)` says of each frame, in the order they are sent, whether it is lost."""

    ingest: KeyedIngest = field(
        default_factory=lambda: KeyedIngest(ServiceIdentity(LOCK, SERVICE_KEY, public_key(LOCK_KEY)))
    )
    lost: Callable[[int], bool] = lambda _: False
    sent: int = 0
    boots: int = 0
    heard_up: list[bytes] = field(default_factory=list)
    heard_down: list[bytes] = field(default_factory=list)
    heard_up_last: list[bytes] = field(default_factory=list)
    """Of this boot."""

    def boot(self, *args: Any, **more: Any) -> None:
        self.boots += 1
        self.heard_up_last = []
        super().boot(*args, **more)

    def exchange(self) -> None:
        while self.linked and (up := self.lock.to_send(self.now)):
            self.heard_up += up
            self.heard_up_last += up
            self.deliver(self.ingest.receive([one for one in up if not self._is_lost()]))

    def deliver(self, frames: Any) -> None:
        for frame in frames:
            self.heard_down.append(frame)
            if self.linked and not self._is_lost():
                self.lock.receive(frame, self.now)

    def _is_lost(self) -> bool:
        self.sent += 1
        return self.lost(self.sent)

    def live(self, seconds: float) -> None:
        """Time passes; a lock that wants to start again, or has lost its power, starts again and connects."""
        until = self.now + seconds
        while self.now < until:
            step = min(max(self.lock.deadline() - self.now, 0.05), until - self.now)
            self.powered(partial(self.pass_time, step))
            if self.lock.restart_due:
                until -= self.now
                self.powered(self.boot)
                self.connect_again()

    def connect_again(self) -> None:
        self.powered(self.connect)

    def powered(self, work: Callable[[], object]) -> None:
        """Do it; where the power goes away meanwhile, it comes back."""
        try:
            work()
        except PowerCut:
            self.medium = self.medium.after_power_cut()
            with suppress(PowerCut):
                self.boot()
            self.connect()

    @property
    def agreed(self) -> bool:
        """Both have one pair, the same, and the lock is proven under it."""
        lock, keys = self.lock.keys.keyring, self.ingest.keys
        ours = (keys.identity.key_epoch, keys.identity.lock_public_key, public_key(keys.identity.private_key))
        theirs = (lock.current.key_epoch, public_key(lock.current.private_key), lock.current.service_public_key)
        return ours == theirs and lock.spoken == lock.current and self.lock.proven
