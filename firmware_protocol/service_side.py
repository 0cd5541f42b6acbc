"""ServiceSide: one lock as the service sees it on the wire. No clock, no dice, no socket: frames in, messages out.

It holds the keys of the lock's last few boots. A boot stays *unproven* until the lock has echoed a fresh nonce; its
events are taken (they are authentic, and numbers decide what is new), but nothing but the challenge and receipts goes
down. What must outlive the process is in `sessions`; the frame counter of the way down is not, because a new holder
has a new key.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from firmware_protocol.codec import decode_up, encode
from firmware_protocol.errors import FrameRefusal, LocalProtocolError, RemoteProtocolError
from firmware_protocol.keys import Holder, KeyLabel, exchange, frame_key, session_id
from firmware_protocol.messages import Birth, Challenge, DownMessage, Missing, Proof, Stored, UpMessage, Will
from firmware_protocol.replay import ReplayWindow
from firmware_protocol.sealing import FrameKind, Header, Seal, SealedFrame, parse
from firmware_protocol.topics import Direction, LockId

# How many boots' keys are kept: the proven one and the candidates after it.
SESSIONS_KEPT = 4
_BEFORE_PROOF = (Challenge, Stored, Missing)


@dataclass(frozen=True, slots=True)
class ServiceIdentity:
    """The service's half of one lock's keys. Keys: 32-byte scalar, 65-byte point."""

    lock: LockId
    private_key: bytes
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


class Opened(NamedTuple):
    """An authentic message that has not been taken yet: whether it is a replay is decided then."""

    session: bytes
    counter: int
    message: UpMessage


class Received(NamedTuple):
    """An authentic message and the session it came in."""

    session: bytes
    message: UpMessage


class _Pair(NamedTuple):
    identity: ServiceIdentity
    static_secret: bytes


class _Keys(NamedTuple):
    secret: bytes
    up: Seal
    will: Seal


class ServiceSide:
    """Opens one lock's frames and seals what goes down to it."""

    def __init__(
        self,
        identity: ServiceIdentity,
        holder: Holder,
        sessions: tuple[SessionState, ...] = (),
        pending: ServiceIdentity | None = None,
    ) -> None:
        self._holder = holder
        self._pairs = {identity.key_epoch: _Pair(identity, exchange(identity.private_key, identity.lock_public_key))}
        self._keys: dict[bytes, _Keys] = {}
        self._down: dict[bytes, Seal] = {}
        if pending is not None:
            self.expect(pending)
        known = (one._replace(key_epoch=one.key_epoch or identity.key_epoch) for one in sessions)
        self.sessions: dict[bytes, SessionState] = {one.session: one for one in known if one.key_epoch in self._pairs}

    @property
    def current(self) -> SessionState | None:
        """The proven session, if there is one."""
        return next((one for one in self.sessions.values() if one.proven), None)

    def expect(self, pending: ServiceIdentity) -> None:
        """The lock may come back under these keys. Births that the present ones do not open are tried under them."""
        pair = _Pair(pending, exchange(pending.private_key, pending.lock_public_key))
        present = next(iter(self._pairs))
        self._pairs = {present: self._pairs[present], pending.key_epoch: pair}

    def receive(self, raw: bytes, *, nonce: bytes) -> Received:
        """The message of a frame; RemoteProtocolError refuses it. `nonce`: 16 fresh random bytes, used if this is a new birth."""
        frame = parse(raw)
        kind = frame.header.kind
        if kind is FrameKind.SESSION:
            return self.take(self._open(frame))
        if kind is FrameKind.BIRTH:
            return self._receive_birth(frame, nonce)
        if kind is FrameKind.WILL:
            return self._receive_will(frame)
        raise RemoteProtocolError(FrameRefusal.MALFORMED, "a down frame on an up topic")

    def open_ahead(self, raw: bytes) -> Opened | None:
        """Open a frame before its turn, to be taken in its turn; None where only `receive` can tell what to make of it.

        It changes nothing and depends on nothing but the session's keys, so another thread may do it.
        """
        try:
            frame = parse(raw)
            known = frame.header.kind is FrameKind.SESSION and frame.header.session in self._keys
            return self._open(frame) if known else None
        except RemoteProtocolError:
            return None

    def take(self, opened: Opened) -> Received:
        """The message, once: RemoteProtocolError where it was taken before, or its session is gone."""
        state = self.sessions.get(opened.session)
        if state is None:
            raise RemoteProtocolError(FrameRefusal.UNKNOWN_SESSION)
        state = self.sessions[opened.session] = _advanced(state, opened.counter)
        if isinstance(opened.message, Proof):
            self._prove(state, opened.message)
        return Received(opened.session, opened.message)

    def seal(self, message: DownMessage, session: bytes) -> bytes:
        """The message as a frame for that session; LocalProtocolError where the session may not be told this."""
        state = self.sessions.get(session)
        if state is None or not (state.proven or isinstance(message, _BEFORE_PROOF)):
            raise LocalProtocolError(f"{type(message).__name__} to a session that is unproven or gone")
        plain = encode(message)
        counter = self._holder.next_counter(session)
        return self._down_seal(state).seal(Header(FrameKind.DOWN, session, counter, holder=self._holder), plain)

    def _open(self, frame: SealedFrame) -> Opened:
        state = self.sessions.get(frame.header.session)
        if state is None:
            raise RemoteProtocolError(FrameRefusal.UNKNOWN_SESSION)
        message = decode_up(self._keys_of(state).up.open(frame))
        if isinstance(message, Birth | Will):
            raise RemoteProtocolError(FrameRefusal.BAD_CONTENT, "wrong kind of frame")
        return Opened(state.session, frame.header.counter, message)

    def _receive_birth(self, frame: SealedFrame, nonce: bytes) -> Received:
        ephemeral = frame.header.ephemeral
        if ephemeral is None or session_id(ephemeral) != frame.header.session:
            raise RemoteProtocolError(FrameRefusal.MALFORMED, "birth without its key")
        state, message = self._open_birth(frame, ephemeral)
        state = _advanced(state, frame.header.counter)
        if not isinstance(message, Birth):
            raise RemoteProtocolError(FrameRefusal.BAD_CONTENT, "birth")
        # A birth that is repeated within one connect keeps its number and has a new frame counter.
        if message.birth_number < state.birth_number:
            raise RemoteProtocolError(FrameRefusal.REPLAYED, "birth number")
        state = state._replace(
            birth_number=message.birth_number,
            boot_number=message.boot_number,
            log_epoch=message.log_epoch,
            # One challenge a session: a proof that is on its way when the birth is repeated still counts.
            challenge=None if state.proven else state.challenge or nonce,
        )
        self.sessions[state.session] = state
        self._forget_old()
        if state.session not in self.sessions:
            raise RemoteProtocolError(FrameRefusal.REPLAYED, "older than the boots that wait for their proof")
        return Received(state.session, message)

    def _open_birth(self, frame: SealedFrame, ephemeral: bytes) -> tuple[SessionState, UpMessage]:
        """Under the present keys first: who has others in hand pays for it, and nobody else does."""
        known, session = self.sessions.get(frame.header.session), frame.header.session
        tried = [known] if known else [SessionState(session, ephemeral, key_epoch=epoch) for epoch in self._pairs]
        for state in tried[:-1]:
            with suppress(RemoteProtocolError):
                return state, decode_up(self._keys_of(state).up.open(frame))
        return tried[-1], decode_up(self._keys_of(tried[-1]).up.open(frame))

    def _receive_will(self, frame: SealedFrame) -> Received:
        state = self.sessions.get(frame.header.session)
        if state is None:
            raise RemoteProtocolError(FrameRefusal.UNKNOWN_SESSION)
        message = decode_up(self._keys_of(state).will.open(frame))
        if not isinstance(message, Will) or message.birth_number != frame.header.counter:
            raise RemoteProtocolError(FrameRefusal.BAD_CONTENT, "will")
        # It says nothing about a later birth of the same boot.
        if message.birth_number < state.birth_number:
            raise RemoteProtocolError(FrameRefusal.REPLAYED, "will")
        return Received(state.session, message)

    def _prove(self, state: SessionState, proof: Proof) -> None:
        if state.proven:
            return
        if state.challenge is None or proof.nonce != state.challenge:
            raise RemoteProtocolError(FrameRefusal.REPLAYED, "challenge")
        # The new boot is the lock now; whatever was before it can say no more.
        self.sessions = {state.session: state._replace(proven=True, challenge=None)}
        self._keys = {state.session: self._keys[state.session]}
        self._down.clear()
        if state.key_epoch != next(iter(self._pairs)):
            # The lock has come under its new keys: the old ones open nothing any more.
            self._pairs = {state.key_epoch: self._pairs[state.key_epoch]}

    def _forget_old(self) -> None:
        candidates = sorted((one for one in self.sessions.values() if not one.proven), key=lambda one: one.birth_number)
        for old in candidates[: -(SESSIONS_KEPT - 1)]:
            del self.sessions[old.session]
            self._keys.pop(old.session, None)
            self._down.pop(old.session, None)

    def _keys_of(self, state: SessionState) -> _Keys:
        keys = self._keys.get(state.session)
        if keys is None:
            identity, static = self._pairs[state.key_epoch]
            secret = static + exchange(identity.private_key, state.ephemeral)
            of_lock = identity.lock, identity.key_epoch, state.session
            up, will = (frame_key(secret, label, *of_lock) for label in (KeyLabel.UP, KeyLabel.WILL))
            keys = _Keys(secret, Seal(up, identity.lock, Direction.UP), Seal(will, identity.lock, Direction.UP))
            if state.session in self.sessions:
                self._keys[state.session] = keys
        return keys

    def _down_seal(self, state: SessionState) -> Seal:
        seal = self._down.get(state.session)
        if seal is None:
            secret, lock = self._keys_of(state).secret, self._pairs[state.key_epoch].identity.lock
            key = frame_key(secret, KeyLabel.DOWN, lock, state.key_epoch, state.session, self._holder)
            seal = self._down[state.session] = Seal(key, lock, Direction.DOWN)
        return seal


def _advanced(state: SessionState, counter: int) -> SessionState:
    window = state.window.accept(counter)
    if window is None:
        raise RemoteProtocolError(FrameRefusal.REPLAYED)
    # Every frame pays for this, and _replace costs twice as much. The window is the last field but one.
    return SessionState._make((*state[:-2], window, state[-1]))
