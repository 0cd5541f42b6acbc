"""Broken locks: frames, encoding, keys."""

from typing import Any

import cbor2
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

import device_sim.lock
from device_sim.installation import Installation
from device_sim.lock import Lock
from firmware_protocol import RemoteProtocolError, lock_session, sealing
from firmware_protocol.cbor_subset import NotOurs, read_first
from firmware_protocol.codec import encode as encode_message
from firmware_protocol.errors import FrameRefusal
from firmware_protocol.keys import KeyLabel, private_key
from firmware_protocol.lock_session import LockSession
from firmware_protocol.messages import Challenge, Events, Heartbeat, Will
from firmware_protocol.sealing import FrameKind, Header, Seal, SealedFrame
from tests.conformance.memory_line import MemoryWire
from tests.conformance.sabotage import Patch, around, breaks

NONCE_BYTES = 16


@breaks("FRM-003")
def keeps_its_broker_session(patch: Patch, wire: MemoryWire) -> None:
    wire.link.clean = False


@breaks("FRM-004", "DOR-004", "DOR-011", "FWU-012")
def subscribes_after_its_birth(patch: Patch, wire: MemoryWire) -> None:
    heard_from = [0.0]
    around(patch, wire.link, "arrive", lambda real: (heard_from.__setitem__(0, wire.clock_s + 0.5), real())[1])
    around(patch, wire, "say", lambda real, frame: real(frame) if wire.clock_s >= heard_from[0] else None)


@breaks("FRM-005")
def publishes_with_qos_0(patch: Patch, wire: MemoryWire) -> None:
    wire.link.qos = 0


@breaks("FRM-005")
def publishes_retained(patch: Patch, wire: MemoryWire) -> None:
    wire.link.retained = True


@breaks("FRM-008")
def is_born_again_at_every_announcement(patch: Patch, wire: MemoryWire) -> None:
    def announced(real: Any, self: Installation) -> None:
        real(self)
        lock = self.lock
        lock._side._say_birth(lock.standing(self.now), self.now)

    around(patch, Installation, "announced", announced)


def _reordered(real: Any, message: Any) -> bytes:
    if not isinstance(message, Heartbeat):
        return bytes(real(message))
    tag, fields = cbor2.loads(real(message))
    return cbor2.dumps([tag, dict(reversed(fields.items()))]).ljust(192, b"\0")


@breaks("CBR-001")
def writes_map_keys_in_any_order(patch: Patch, wire: MemoryWire) -> None:
    around(patch, lock_session, "encode", _reordered)


@breaks("CBR-002", "SES-003")
def writes_null(patch: Patch, wire: MemoryWire) -> None:
    def encode(real: Any, message: Any) -> bytes:
        if not isinstance(message, Will):
            return bytes(real(message))
        return cbor2.dumps([7, {1: message.birth_number, 60: None}]).ljust(192, b"\0")

    around(patch, lock_session, "encode", encode)


def _leniently(plain: bytes) -> Any:
    """What a general decoder makes of a challenge."""
    try:
        said = cbor2.loads(plain)
    except Exception as garbled:
        raise RemoteProtocolError(FrameRefusal.MALFORMED) from garbled
    fits = isinstance(said, list) and len(said) == 2 and said[0] == Challenge.TAG and isinstance(said[1], dict)
    nonce = said[1].get(1) if fits else None
    if type(nonce) is bytes and len(nonce) == NONCE_BYTES:
        return Challenge(nonce)
    raise RemoteProtocolError(FrameRefusal.MALFORMED)


@breaks("CBR-003", "FRM-017")
def reads_with_a_general_decoder(patch: Patch, wire: MemoryWire) -> None:
    def decode(real: Any, plain: bytes) -> Any:
        try:
            return real(plain)
        except RemoteProtocolError:
            if len(plain) % 192 or plain[-1]:
                raise
            return _leniently(plain)

    around(patch, lock_session, "decode_down", decode)


@breaks("CBR-004")
def refuses_unknown_keys(patch: Patch, wire: MemoryWire) -> None:
    def decode(real: Any, plain: bytes) -> Any:
        message = real(plain)
        if isinstance(message, Challenge) and len(cbor2.loads(plain)[1]) > 1:
            raise RemoteProtocolError(FrameRefusal.BAD_CONTENT)
        return message

    around(patch, lock_session, "decode_down", decode)


@breaks("CBR-005")
def takes_wrong_content_for_zeros(patch: Patch, wire: MemoryWire) -> None:
    def decode(real: Any, plain: bytes) -> Any:
        try:
            return real(plain)
        except RemoteProtocolError as refused:
            if refused.reason is FrameRefusal.BAD_CONTENT:
                return Challenge(bytes(NONCE_BYTES))
            raise

    around(patch, lock_session, "decode_down", decode)


@breaks("FRM-009", "SES-003")
def says_more_in_the_unprotected_header(patch: Patch, wire: MemoryWire) -> None:
    def will(real: Any, self: LockSession, number: int) -> bytes:
        frame = cbor2.loads(real(self, number))
        frame.value[1] = {99: 0}
        return cbor2.dumps(frame)

    around(patch, LockSession, "will", will)


def _parse_anything(real: Any, raw: bytes) -> SealedFrame:
    try:
        return SealedFrame(*real(raw))
    except RemoteProtocolError as refused:
        if refused.reason is not FrameRefusal.MALFORMED:
            raise
        try:
            frame = cbor2.loads(raw)
            protected, _, ciphertext = getattr(frame, "value", frame)
            written = cbor2.loads(protected)
            holder = sealing._holder(written[sealing.HOLDER])
            counter = int.from_bytes(written[sealing.PARTIAL_IV], "big")
        except Exception as garbled:
            raise refused from garbled
        return SealedFrame(Header(FrameKind.DOWN, written[sealing.KID], counter, None, holder), protected, ciphertext)


@breaks("FRM-010")
def takes_any_header(patch: Patch, wire: MemoryWire) -> None:
    around(patch, lock_session, "parse", _parse_anything)


@breaks("FRM-011", "SES-003")
def counts_from_the_top(patch: Patch, wire: MemoryWire) -> None:
    def will(real: Any, self: LockSession, number: int) -> bytes:
        frame = bytearray(real(self, number))
        frame[19] = 0xFF
        return bytes(frame)

    around(patch, LockSession, "will", will)


class _TagBlind(Seal):
    def open(self, frame: SealedFrame) -> bytes:
        nonce = self._nonce(frame.header.counter) + (2).to_bytes(4, "big")
        cipher = Cipher(algorithms.AES(self.key), modes.CTR(nonce)).decryptor()
        return cipher.update(frame.ciphertext[:-16])

    def __init__(self, key: Any, lock: Any, direction: Any) -> None:
        super().__init__(key, lock, direction)
        self.key = key.key


@breaks("FRM-014", "FRM-019", "KEY-013")
def looks_at_no_tag(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(lock_session, "Seal", _TagBlind)


@breaks("FRM-015")
def takes_frames_of_any_size(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(sealing, "MAX_FRAME_BYTES", 1 << 20)


@breaks("FRM-016", "SES-003")
def pads_with_ones(patch: Patch, wire: MemoryWire) -> None:
    def encode(real: Any, message: Any) -> bytes:
        plain = bytes(real(message))
        return plain[:-1] + b"\1" if isinstance(message, Will) else plain

    around(patch, lock_session, "encode", encode)


@breaks("FRM-017")
def looks_at_no_padding(patch: Patch, wire: MemoryWire) -> None:
    def decode(real: Any, plain: bytes) -> Any:
        try:
            return real(plain)
        except RemoteProtocolError:
            try:
                item = plain[: read_first(plain)[1]]
            except NotOurs:
                item = b""
            return real(item.ljust(-(-len(item) // 192) * 192, b"\0"))

    around(patch, lock_session, "decode_down", decode)


@breaks("FRM-018")
def pads_live_events_to_two_blocks(patch: Patch, wire: MemoryWire) -> None:
    def encode(real: Any, message: Any) -> bytes:
        return bytes(real(message)) + (bytes(192) if isinstance(message, Events) and message.live else b"")

    around(patch, lock_session, "encode", encode)


@breaks("FRM-019")
def is_born_again_when_it_refuses(patch: Patch, wire: MemoryWire) -> None:
    def receive(real: Any, self: Lock, frame: bytes, now: float) -> None:
        before = self.refused_frames.total()
        real(self, frame, now)
        if self.refused_frames.total() > before:
            self._side._say_birth(self.standing(now), now)

    around(patch, Lock, "receive", receive)


@breaks("FRM-020")
def reads_hostile_numbers_slowly(patch: Patch, wire: MemoryWire) -> None:
    def decode(real: Any, plain: bytes) -> Any:
        wire.clock_s += 3.0 if b"\x9b\xff" in plain else 0.0
        return real(plain)

    around(patch, lock_session, "decode_down", decode)


@breaks("KEY-002", "KEY-009", "SES-003")
def uses_a_key_twice(patch: Patch, wire: MemoryWire) -> None:
    drawn: list[bytes] = []

    def draw(entropy: bytes) -> bytes:
        drawn.append(drawn[-1] if len(drawn) == 2 else private_key(entropy))
        return drawn[-1]

    patch.setattr(device_sim.lock, "private_key", draw)


@breaks("KEY-009")
def counts_from_a_thousand(patch: Patch, wire: MemoryWire) -> None:
    def begin(real: Any, self: LockSession, *args: Any) -> None:
        real(self, *args)
        self._counter = 1000

    around(patch, LockSession, "__init__", begin)


@breaks("KEY-010")
def counts_its_wills(patch: Patch, wire: MemoryWire) -> None:
    def will(_: Any, self: LockSession, number: int) -> bytes:
        seal = self._seal(KeyLabel.WILL)
        return seal.seal(Header(FrameKind.WILL, self._session, number + 1), encode_message(Will(number)))

    around(patch, LockSession, "will", will)


class _NoWindow:
    def accept(self, counter: int) -> "_NoWindow":
        return self


@breaks("KEY-012")
def takes_replays(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(lock_session, "ReplayWindow", _NoWindow)


@breaks("KEY-013")
def moves_its_window_before_it_reads(patch: Patch, wire: MemoryWire) -> None:
    def read(real: Any, self: LockSession, raw: bytes) -> Any:
        try:
            return real(self, raw)
        except RemoteProtocolError as refused:
            if refused.reason is FrameRefusal.UNKNOWN_MESSAGE:
                self._window = self._window.accept(sealing.parse(raw).header.counter) or self._window
            raise

    around(patch, LockSession, "open", read)


@breaks("KEY-015")
def goes_back_to_older_holders(patch: Patch, wire: MemoryWire) -> None:
    def read(real: Any, self: LockSession, raw: bytes) -> Any:
        said_by = sealing.parse(raw).header.holder
        if said_by and self._holder and said_by.generation < self._holder.generation:
            self._holder = None
        return real(self, raw)

    around(patch, LockSession, "open", read)


@breaks("KEY-016")
def remembers_the_holder_over_reboots(patch: Patch, wire: MemoryWire) -> None:
    highest = [0]

    def read(real: Any, self: LockSession, raw: bytes) -> Any:
        said_by = sealing.parse(raw).header.holder
        if said_by and said_by.generation < highest[0]:
            raise RemoteProtocolError(FrameRefusal.OLD_HOLDER)
        message = real(self, raw)
        highest[0] = max(highest[0], said_by.generation if said_by else 0)
        return message

    around(patch, LockSession, "open", read)
