"""The boots of one lock that the service knows, and the keys of each. No clock, no dice, no socket.

A boot stays *unproven* until the lock has echoed a fresh nonce; then it is the lock, and whatever was before it can say
no more. What must outlive the process is in `states`; keys are derived anew, when they are first needed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from firmware_protocol.errors import FrameRefusal, RemoteProtocolError
from firmware_protocol.keys import Holder, KeyLabel, exchange, frame_key
from firmware_protocol.replay import ReplayWindow
from firmware_protocol.sealing import Seal
from firmware_protocol.topics import Direction, LockId

# How many boots' keys are kept: the proven one and the candidates after it.
SESSIONS_KEPT = 4


@dataclass(frozen=True, slots=True)
class ServiceIdentity:
    """The service's half of one lock's keys. Keys: 32-byte scalar, 65-byte point."""

    lock: LockId
    private_key: bytes = field(repr=False)
    lock_public_key: bytes
    key_epoch: int = 1


class SessionState(NamedTuple):
    """One boot of the lock, as it must be remembered."""

    session: bytes
    ephemeral: bytes
    birth_number: int = 0
    boot_number: int = 0
    log_epoch: int = 0
    challenge: bytes | None = None
    proven: bool = False
    window: ReplayWindow = ReplayWindow()
    key_epoch: int = 0
    """Of the keys it speaks under; 0: the present ones."""

    def advanced(self, counter: int) -> "SessionState":
        """After a frame with this counter; RemoteProtocolError where it was taken before, or is too old to tell."""
        window = self.window.accept(counter)
        if window is None:
            raise RemoteProtocolError(FrameRefusal.REPLAYED)
        # Every frame pays for this, and _replace costs twice as much. The window is the last field but one.
        return SessionState._make((*self[:-2], window, self[-1]))


class SessionKeys(NamedTuple):
    """What one boot's frames are opened with, and the secret that the way down is derived from."""

    secret: bytes
    up: Seal
    will: Seal


class _Pair(NamedTuple):
    identity: ServiceIdentity
    static_secret: bytes

    @classmethod
    def of(cls, identity: ServiceIdentity) -> "_Pair":
        return cls(identity, exchange(identity.private_key, identity.lock_public_key))


class ServiceSessions:
    """Which boots may speak and under which static keys: the present pair, and one that the lock may come back under."""

    def __init__(
        self,
        identity: ServiceIdentity,
        holder: Holder,
        *,
        known: Iterable[SessionState],
        pending: ServiceIdentity | None,
    ) -> None:
        self._holder = holder
        self._pairs = {identity.key_epoch: _Pair.of(identity)}
        self._keys: dict[bytes, SessionKeys] = {}
        self._down: dict[bytes, Seal] = {}
        if pending is not None:
            self.expect(pending)
        stored = (one._replace(key_epoch=one.key_epoch or identity.key_epoch) for one in known)
        self.states: dict[bytes, SessionState] = {one.session: one for one in stored if one.key_epoch in self._pairs}

    @property
    def current(self) -> SessionState | None:
        """The proven session, if there is one."""
        return next((one for one in self.states.values() if one.proven), None)

    def get(self, session: bytes) -> SessionState:
        """The boot of that name; RemoteProtocolError where it is not known, or not any more."""
        state = self.states.get(session)
        if state is None:
            raise RemoteProtocolError(FrameRefusal.UNKNOWN_SESSION)
        return state

    def candidates(self, session: bytes, ephemeral: bytes) -> list[SessionState]:
        """What a birth of that name may be: the boot that is known, or a new one under each pair, the present one first."""
        known = self.states.get(session)
        return [known] if known else [SessionState(session, ephemeral, key_epoch=epoch) for epoch in self._pairs]

    def has_keys(self, session: bytes) -> bool:
        """Whether this boot's keys were derived already."""
        return session in self._keys

    def keys_of(self, state: SessionState) -> SessionKeys:
        """The boot's keys; those of a boot that is not known (yet) are not kept."""
        keys = self._keys.get(state.session)
        if keys is None:
            identity, static = self._pairs[state.key_epoch]
            secret = static + exchange(identity.private_key, state.ephemeral)
            of_lock = identity.lock, identity.key_epoch, state.session
            up, will = (frame_key(secret, label, *of_lock) for label in (KeyLabel.UP, KeyLabel.WILL))
            keys = SessionKeys(secret, Seal(up, identity.lock, Direction.UP), Seal(will, identity.lock, Direction.UP))
            if state.session in self.states:
                self._keys[state.session] = keys
        return keys

    def down_seal(self, state: SessionState) -> Seal:
        """What this holder's words to the boot are sealed with."""
        seal = self._down.get(state.session)
        if seal is None:
            secret, lock = self.keys_of(state).secret, self._pairs[state.key_epoch].identity.lock
            key = frame_key(secret, KeyLabel.DOWN, lock, state.key_epoch, state.session, self._holder)
            seal = self._down[state.session] = Seal(key, lock, Direction.DOWN)
        return seal

    def expect(self, pending: ServiceIdentity) -> None:
        """The lock may come back under these keys. Births that the present ones do not open are tried under them."""
        present = next(iter(self._pairs))
        self._pairs = {present: self._pairs[present], pending.key_epoch: _Pair.of(pending)}

    def note_birth(self, state: SessionState) -> None:
        """Remember what a boot's birth told; RemoteProtocolError where it is older than all the unproven that are kept."""
        self.states[state.session] = state
        self._forget_old()
        if state.session not in self.states:
            raise RemoteProtocolError(FrameRefusal.REPLAYED, "older than the boots that wait for their proof")

    def prove(self, state: SessionState) -> None:
        """This boot is the lock now; whatever was before it can say no more."""
        self.states = {state.session: state._replace(proven=True, challenge=None)}
        self._keys = {state.session: self._keys[state.session]}
        self._down.clear()
        if state.key_epoch != next(iter(self._pairs)):
            # The lock has come under its new keys: the old ones open nothing any more.
            self._pairs = {state.key_epoch: self._pairs[state.key_epoch]}

    def _forget_old(self) -> None:
        candidates = sorted((one for one in self.states.values() if not one.proven), key=lambda one: one.birth_number)
        for old in candidates[: -(SESSIONS_KEPT - 1)]:
            del self.states[old.session]
            self._keys.pop(old.session, None)
            self._down.pop(old.session, None)
