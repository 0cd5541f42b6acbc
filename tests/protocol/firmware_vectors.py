"""Envelopes that a lock refuses, each with the reason. `cddl` says whether the schema alone can see what is wrong."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cbor2

from firmware_protocol.firmware import FirmwareRefusal
from firmware_protocol.keys import private_key, public_key
from firmware_protocol.manifest import Running, encode_manifest, seal_manifest, sign
from tests.protocol.vector_parts import ENVELOPE, MANIFEST, VENDOR, VENDOR_KEY, fixed

LOCK_OF_THE_VECTORS = Running(
    public_key(VENDOR_KEY), VENDOR, MANIFEST.class_id, sequence=7, slot_bytes=65_536, fell_back_from=9
)
Refused = tuple[str, bytes, FirmwareRefusal, bool]


def resigned(changed: dict[Any, Any], key: bytes = VENDOR_KEY) -> bytes:
    """The vectors' manifest with other content, signed by the vendor all the same; None takes a key out."""
    written = {**cbor2.loads(encode_manifest(MANIFEST)), **changed}
    kept = {name: value for name, value in written.items() if value is not None}
    return seal_manifest(cbor2.dumps(kept, canonical=True), key)


def refused_envelopes() -> Iterator[Refused]:
    """What the lock of the vectors must not install."""
    unreadable = FirmwareRefusal.NOT_READABLE
    yield "empty of everything", b"\x80", unreadable, True
    yield "cut short", ENVELOPE[:-1], unreadable, True
    yield "a byte behind it", ENVELOPE + b"\0", unreadable, True
    yield "another algorithm", ENVELOPE.replace(b"\xa1\x01\x26", b"\xa1\x01\x27", 1), unreadable, True
    yield "one bit of the signature", ENVELOPE[:-1] + bytes([ENVELOPE[-1] ^ 1]), FirmwareRefusal.NOT_SIGNED, False
    forged = ENVELOPE.replace(MANIFEST.digest, fixed("another image", 32))
    yield "the digest of another image", forged, FirmwareRefusal.NOT_SIGNED, False
    yield "signed by somebody else", sign(MANIFEST, private_key(fixed("else", 48))), FirmwareRefusal.NOT_SIGNED, False
    yield "another format", resigned({1: 2}), unreadable, True
    yield "no digest", resigned({103: None}), unreadable, True
    yield "no bytes", resigned({114: 0}), unreadable, True
    yield "more than any slot", resigned({114: (16 << 20) + 1}), unreadable, True
    yield "a condition of a later version", resigned({-1: 3}), FirmwareRefusal.UNKNOWN_CONDITION, True
    yield (
        "another vendor",
        sign(replace(MANIFEST, vendor_id=fixed("v", 16)), VENDOR_KEY),
        FirmwareRefusal.WRONG_VENDOR,
        False,
    )
    yield (
        "another class",
        sign(replace(MANIFEST, class_id=fixed("c", 16)), VENDOR_KEY),
        FirmwareRefusal.WRONG_CLASS,
        False,
    )
    yield "the one that runs", sign(replace(MANIFEST, sequence=7), VENDOR_KEY), FirmwareRefusal.OLD, False
    yield "an older one", sign(replace(MANIFEST, sequence=2), VENDOR_KEY), FirmwareRefusal.OLD, False
    yield (
        "one that needs a newer",
        sign(replace(MANIFEST, needs_running=8), VENDOR_KEY),
        FirmwareRefusal.NEEDS_NEWER,
        False,
    )
    yield "larger than the slot", sign(replace(MANIFEST, size=65_537), VENDOR_KEY), FirmwareRefusal.TOO_LARGE, False
    yield (
        "one that failed here",
        sign(replace(MANIFEST, sequence=9), VENDOR_KEY),
        FirmwareRefusal.FELL_BACK_BEFORE,
        False,
    )
    several = replace(MANIFEST, class_id=fixed("c", 16), sequence=2, needs_running=9, size=65_537)
    yield (
        "another class, old and too large: the first of them",
        sign(several, VENDOR_KEY),
        FirmwareRefusal.WRONG_CLASS,
        False,
    )
    yield "a version of two lines", resigned({120: "1.1.0\nsafe"}), unreadable, True
