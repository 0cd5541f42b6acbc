"""ServiceSide: one lock as the service sees it on the wire. No clock, no dice, no socket: frames in, messages out.

It holds the keys of the lock's last few boots. A boot stays *unproven* until the lock has echoed a fresh nonce; its
events are taken (they are authentic, and numbers decide what is new), but nothing but the challenge and receipts goes
down. What must outlive the process is in `sessions`; the frame counter of the way down is not, because a new holder
has a new key. Which boots there are and under which keys is `service_sessions`; here is what each frame does.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from firmware_protocol.codec import decode_up, encode
from firmware_protocol.errors import FrameRefusal, LocalProtocolError, RemoteProtocolError
from firmware_protocol.keys import Holder, session_id
from firmware_protocol.messages import Birth, Challenge, DownMessage, Missing, Proof, Stored, UpMessage, Will
from firmware_protocol.sealing import FrameKind, Header, SealedFrame, parse
from firmware_protocol.service_sessions import ServiceIdentity, ServiceSessions, SessionState

__all__ = ["Opened", "Received", "ServiceIdentity", "ServiceSide", "SessionState"]

_BEFORE_PROOF = (Challenge, Stored, Missing)


class Opened(NamedTuple):
    """An authentic message that has not been taken yet: whether it is a replay is decided then."""

    session: bytes
    counter: int
    message: UpMessage


class Received(NamedTuple):
    """An authentic message and the session it came in."""

    session: bytes
    message: UpMessage


class ServiceSide:
    """Opens one lock's frames and seals what goes down to it."""

    def __init__(
        self,
        identity: ServiceIdentity,
        holder: Holder,
        sessions: Sequence[SessionState] = (),
        pending: ServiceIdentity | None = None,
    ) -> None:
        self._holder = holder
        self._known = ServiceSessions(identity, holder, known=sessions, pending=pending)

    @property
    def sessions(self) -> dict[bytes, SessionState]:
        """Every boot that may speak, by its name: what must outlive the process."""
        return self._known.states

    @property
    def current(self) -> SessionState | None:
        """The proven session, if there is one."""
        return self._known.current

    def expect(self, pending: ServiceIdentity) -> None:
        """The lock may come back under these keys. Births that the present ones do not open are tried under them."""
        self._known.expect(pending)

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
            known = frame.header.kind is FrameKind.SESSION and self._known.has_keys(frame.header.session)
            return self._open(frame) if known else None
        except RemoteProtocolError:
            return None

    def take(self, opened: Opened) -> Received:
        """The message, once: RemoteProtocolError where it was taken before, or its session is gone."""
        state = self._known.get(opened.session).advanced(opened.counter)
        self._known.states[state.session] = state
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
        return self._known.down_seal(state).seal(Header(FrameKind.DOWN, session, counter, holder=self._holder), plain)

    def _open(self, frame: SealedFrame) -> Opened:
        state = self._known.get(frame.header.session)
        message = decode_up(self._known.keys_of(state).up.open(frame))
        if isinstance(message, Birth | Will):
            raise RemoteProtocolError(FrameRefusal.BAD_CONTENT, "wrong kind of frame")
        return Opened(state.session, frame.header.counter, message)

    def _receive_birth(self, frame: SealedFrame, nonce: bytes) -> Received:
        ephemeral = frame.header.ephemeral
        if ephemeral is None or session_id(ephemeral) != frame.header.session:
            raise RemoteProtocolError(FrameRefusal.MALFORMED, "birth without its key")
        state, message = self._open_birth(frame, ephemeral)
        state = state.advanced(frame.header.counter)
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
        self._known.note_birth(state)
        return Received(state.session, message)

    def _open_birth(self, frame: SealedFrame, ephemeral: bytes) -> tuple[SessionState, UpMessage]:
        """Under the present keys first: who has others in hand pays for it, and nobody else does."""
        tried = self._known.candidates(frame.header.session, ephemeral)
        for state in tried[:-1]:
            with suppress(RemoteProtocolError):
                return state, decode_up(self._known.keys_of(state).up.open(frame))
        return tried[-1], decode_up(self._known.keys_of(tried[-1]).up.open(frame))

    def _receive_will(self, frame: SealedFrame) -> Received:
        state = self._known.get(frame.header.session)
        message = decode_up(self._known.keys_of(state).will.open(frame))
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
        self._known.prove(state)
