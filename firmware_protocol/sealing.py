"""Frames: COSE_Encrypt0 (RFC 9052 §5.2) with AES-128-GCM (RFC 9053 §4.1).

    16([ << protected header >>, {}, ciphertext ])

Readable on the wire, and covered by the tag: alg (1), kid (4: session id), Partial IV (6: frame counter, 8 bytes so
that its length says nothing), the frame's kind (-70001), and where it has them the lock's ephemeral key (-70002, in
births) and the holder's generation and nonce (-70003, in frames that go down). Everything else is inside.
"""

from enum import IntEnum
from typing import Any, NamedTuple

import cbor2
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from firmware_protocol.codec import BLOCK_BYTES, MAX_BLOCKS
from firmware_protocol.errors import FrameRefusal, LocalProtocolError, RemoteProtocolError
from firmware_protocol.keys import FrameKey, Holder
from firmware_protocol.topics import PREFIX, Direction, LockId

A128GCM = 1
ALG, KID, PARTIAL_IV, KIND, EPHEMERAL, HOLDER = 1, 4, 6, -70001, -70002, -70003
# The whole list of what a broker may read; a test holds every frame against it.
READABLE = frozenset({ALG, KID, PARTIAL_IV, KIND, EPHEMERAL, HOLDER})
MAX_FRAME_BYTES = BLOCK_BYTES * MAX_BLOCKS + 256
_ENCRYPT0 = 16
_COUNTER_BYTES = 8


class FrameKind(IntEnum):
    """Which key opens the frame."""

    SESSION = 0
    BIRTH = 1
    WILL = 2
    DOWN = 3


class Header(NamedTuple):
    """What is readable of a frame."""

    kind: FrameKind
    session: bytes
    counter: int
    ephemeral: bytes | None = None
    holder: Holder | None = None


class SealedFrame(NamedTuple):
    """A parsed frame that nobody has opened yet."""

    header: Header
    protected: bytes
    ciphertext: bytes


class Seal:
    """Seals and opens frames of one key, direction and lock; keeps no counter."""

    __slots__ = ("_aad_tail", "_aead", "_iv")

    def __init__(self, key: FrameKey, lock: LockId, direction: Direction) -> None:
        self._aead = AESGCM(key.key)
        self._iv = int.from_bytes(key.iv, "big")
        # Enc_structure = ["Encrypt0", protected, external_aad]; only `protected` differs from frame to frame.
        self._aad_tail = cbor2.dumps(f"{PREFIX}/{lock}/{direction.value}".encode())

    def seal(self, header: Header, plain: bytes) -> bytes:
        """The frame's bytes. The caller must never use a counter twice."""
        protected = _protect(header)
        ciphertext = self._aead.encrypt(self._nonce(header.counter), plain, self._aad(protected))
        return cbor2.dumps(cbor2.CBORTag(_ENCRYPT0, [protected, {}, ciphertext]))

    def open(self, frame: SealedFrame) -> bytes:
        """The plain bytes; RemoteProtocolError where a single bit differs from what was sealed."""
        try:
            return self._aead.decrypt(self._nonce(frame.header.counter), frame.ciphertext, self._aad(frame.protected))
        except (InvalidTag, ValueError) as forged:
            raise RemoteProtocolError(FrameRefusal.NOT_AUTHENTIC) from forged

    def _nonce(self, counter: int) -> bytes:
        return (self._iv ^ counter).to_bytes(12, "big")

    def _aad(self, protected: bytes) -> bytes:
        return b"\x83\x68Encrypt0" + cbor2.dumps(protected) + self._aad_tail


def parse(raw: bytes) -> SealedFrame:
    """The frame's readable part; RemoteProtocolError where it is too large or no frame of ours."""
    if len(raw) > MAX_FRAME_BYTES:
        raise RemoteProtocolError(FrameRefusal.TOO_LARGE)
    try:
        tagged = cbor2.loads(raw)
        protected, unprotected, ciphertext = tagged.value
        if (
            tagged.tag != _ENCRYPT0
            or unprotected != {}
            or type(ciphertext) is not bytes
            or type(protected) is not bytes
        ):
            raise ValueError("shape")
        return SealedFrame(_read_header(cbor2.loads(protected)), protected, ciphertext)
    except (
        cbor2.CBORDecodeError,
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
        RecursionError,
        OverflowError,
    ) as garbled:
        raise RemoteProtocolError(FrameRefusal.MALFORMED) from garbled


def _protect(header: Header) -> bytes:
    if not 0 <= header.counter < 1 << 63:
        raise LocalProtocolError("frame counter exhausted; start a new session")
    written: dict[int, Any] = {
        ALG: A128GCM,
        KID: header.session,
        PARTIAL_IV: header.counter.to_bytes(_COUNTER_BYTES, "big"),
        KIND: int(header.kind),
    }
    if header.ephemeral is not None:
        written[EPHEMERAL] = header.ephemeral
    if header.holder is not None:
        written[HOLDER] = [header.holder.generation, header.holder.nonce]
    return cbor2.dumps(written)


def _read_header(written: Any) -> Header:
    session, counter, ephemeral, said_by = (
        written[KID],
        written[PARTIAL_IV],
        written.get(EPHEMERAL),
        written.get(HOLDER),
    )
    if written[ALG] != A128GCM or type(session) is not bytes or len(session) != 8 or len(counter) != _COUNTER_BYTES:
        raise ValueError("header")
    if ephemeral is not None and (type(ephemeral) is not bytes or len(ephemeral) != 65):
        raise ValueError("ephemeral")
    holder = None
    if said_by is not None:
        generation, nonce = said_by
        if type(generation) is not int or generation < 0 or type(nonce) is not bytes or len(nonce) != 16:
            raise ValueError("holder")
        holder = Holder(generation, nonce)
    return Header(_KINDS[written[KIND]], session, int.from_bytes(counter, "big"), ephemeral, holder)


# A dict lookup; the enum's own constructor costs four times as much on the way in.
_KINDS = {int(kind): kind for kind in FrameKind}
