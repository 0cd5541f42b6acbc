"""Frames: COSE_Encrypt0 (RFC 9052 §5.2) with AES-128-GCM (RFC 9053 §4.1).

    16([ << protected header >>, {}, ciphertext ])

Readable on the wire, and covered by the tag: alg (1), kid (4: session id), Partial IV (6: frame counter, 8 bytes so
that its length says nothing), the frame's kind (-70001), and the lock's ephemeral key (-70002, in births and claims only) or the
holder's generation and nonce (-70003, in frames that go down only). Everything else is inside. One frame has one way
to be written: what differs from it in a single byte outside the ciphertext is refused before any key is tried.
"""

from enum import IntEnum
from functools import lru_cache
from typing import Any, NamedTuple

import cbor2
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from firmware_protocol.cbor_subset import NotOurs, byte_string, read
from firmware_protocol.codec import BLOCK_BYTES, MAX_BLOCKS
from firmware_protocol.errors import FrameRefusal, LocalProtocolError, RemoteProtocolError
from firmware_protocol.keys import FrameKey, Holder
from firmware_protocol.topics import PREFIX, Direction, LockId

A128GCM = 1
ALG, KID, PARTIAL_IV, KIND, EPHEMERAL, HOLDER = 1, 4, 6, -70001, -70002, -70003
# The whole list of what a broker may read; a test holds every frame against it.
READABLE = frozenset({ALG, KID, PARTIAL_IV, KIND, EPHEMERAL, HOLDER})
MAX_FRAME_BYTES = BLOCK_BYTES * MAX_BLOCKS + 256
TAG_BYTES = 16
_ENCRYPT0 = b"\xd0"  # tag 16
_LIMIT = 1 << 63
# Keys, and lengths where they are fixed, as deterministic CBOR writes them.
_ALG_KID = b"\x01\x01\x04\x48"
_PARTIAL_IV = b"\x06\x48"
_KIND = b"\x3a\x00\x01\x11\x70"
_EPHEMERAL = b"\x3a\x00\x01\x11\x71\x58\x41"
_HOLDER = b"\x3a\x00\x01\x11\x72"


class FrameKind(IntEnum):
    """Which key opens the frame."""

    SESSION = 0
    BIRTH = 1
    WILL = 2
    DOWN = 3
    # 4 is not used.
    CLAIM = 5
    CLAIMED = 6


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
        self._aad_tail = byte_string(f"{PREFIX}/{lock}/{direction.value}".encode())

    def seal(self, header: Header, plain: bytes) -> bytes:
        """The frame's bytes. The caller must never use a counter twice."""
        protected = _protect(header)
        ciphertext = self._aead.encrypt(self._nonce(header.counter), plain, self._aad(protected))
        return _ENCRYPT0 + b"\x83" + byte_string(protected) + b"\xa0" + byte_string(ciphertext)

    def open(self, frame: SealedFrame) -> bytes:
        """The plain bytes; RemoteProtocolError where a single bit differs from what was sealed."""
        try:
            return self._aead.decrypt(self._nonce(frame.header.counter), frame.ciphertext, self._aad(frame.protected))
        except (InvalidTag, ValueError) as forged:
            raise RemoteProtocolError(FrameRefusal.NOT_AUTHENTIC) from forged

    def _nonce(self, counter: int) -> bytes:
        return (self._iv ^ counter).to_bytes(12, "big")

    def _aad(self, protected: bytes) -> bytes:
        return b"\x83\x68Encrypt0" + byte_string(protected) + self._aad_tail


def parse(raw: bytes) -> SealedFrame:
    """The frame's readable part; RemoteProtocolError where it is too large or no frame of ours."""
    return _parse_usual(raw) or parse_any(raw)


def parse_any(raw: bytes) -> SealedFrame:
    """What `parse` means, for every frame; `parse` only takes the frames of live events by a shorter way."""
    if len(raw) > MAX_FRAME_BYTES:
        raise RemoteProtocolError(FrameRefusal.TOO_LARGE)
    try:
        if raw[:1] != _ENCRYPT0:
            raise NotOurs("no COSE_Encrypt0")
        protected, unprotected, ciphertext = read(raw[1:])
        if unprotected != {} or type(ciphertext) is not bytes or type(protected) is not bytes:
            raise NotOurs("shape")
        if len(ciphertext) % BLOCK_BYTES != TAG_BYTES or len(ciphertext) < BLOCK_BYTES:
            raise NotOurs("not whole blocks")
        header = _read_header(read(protected))
        if _protect(header) != protected:
            raise NotOurs("not the one way to write it")
        return SealedFrame(header, protected, ciphertext)
    except (ValueError, TypeError, KeyError) as garbled:
        raise RemoteProtocolError(FrameRefusal.MALFORMED) from garbled


# A frame of one block in a session, which is what every live event is, has everything at a fixed place.
_USUAL_BYTES = 244
_BEFORE_SESSION = _ENCRYPT0 + b"\x83\x58\x1d\xa4" + _ALG_KID
_BEFORE_CIPHERTEXT = _KIND + b"\x00\xa0\x58\xd0"


def _parse_usual(raw: bytes) -> SealedFrame | None:
    if len(raw) != _USUAL_BYTES or raw[:9] != _BEFORE_SESSION or raw[17:19] != _PARTIAL_IV or raw[19] > 0x7F:
        return None
    if raw[27:36] != _BEFORE_CIPHERTEXT:
        return None
    header = Header(FrameKind.SESSION, raw[9:17], int.from_bytes(raw[19:27], "big"))
    return SealedFrame(header, raw[4:33], raw[36:])


def _protect(header: Header) -> bytes:
    if not 0 <= header.counter < _LIMIT:
        raise LocalProtocolError("frame counter exhausted; start a new session")
    counter = header.counter.to_bytes(8, "big")
    usual = _ALG_KID + header.session + _PARTIAL_IV + counter + _KIND + bytes((header.kind,))
    if header.ephemeral is not None:
        return b"\xa5" + usual + _EPHEMERAL + header.ephemeral
    if header.holder is not None:
        return b"\xa5" + usual + _HOLDER + _written(header.holder.generation, header.holder.nonce)
    return b"\xa4" + usual


# One process has some dozens of leases at a time, and says thousands of frames a second under them.
@lru_cache(maxsize=1 << 10)
def _written(generation: int, nonce: bytes) -> bytes:
    return cbor2.dumps([generation, nonce])


def _read_header(written: Any) -> Header:
    if type(written) is not dict:
        raise NotOurs("no header")
    kind = FrameKind(written[KIND])
    if written[ALG] != A128GCM or written.keys() != _USUAL_KEYS | _MORE_KEYS[kind]:
        raise NotOurs("header keys")
    session, counter = _bytes_of(written[KID], 8), int.from_bytes(_bytes_of(written[PARTIAL_IV], 8), "big")
    if counter >= _LIMIT:
        raise NotOurs("counter")
    ephemeral = _bytes_of(written[EPHEMERAL], 65) if EPHEMERAL in _MORE_KEYS[kind] else None
    return Header(kind, session, counter, ephemeral, _holder(written[HOLDER]) if kind is FrameKind.DOWN else None)


_USUAL_KEYS = frozenset({ALG, KID, PARTIAL_IV, KIND})
_MORE_KEYS = {
    FrameKind.SESSION: frozenset[int](),
    FrameKind.BIRTH: frozenset({EPHEMERAL}),
    FrameKind.WILL: frozenset[int](),
    FrameKind.DOWN: frozenset({HOLDER}),
    FrameKind.CLAIM: frozenset({EPHEMERAL}),
    FrameKind.CLAIMED: frozenset[int](),
}


def _holder(written: Any) -> Holder:
    generation, nonce = written
    if type(generation) is not int or not 0 <= generation < _LIMIT:
        raise NotOurs("holder")
    return Holder(generation, _bytes_of(nonce, 16))


def _bytes_of(value: Any, length: int) -> bytes:
    if type(value) is not bytes or len(value) != length:
        raise NotOurs("length")
    return value
