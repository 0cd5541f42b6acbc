"""What can be said of a frame's outside without any key, piece by piece, so that a report names the very thing that is wrong."""

from typing import Any

import cbor2

from firmware_protocol.sealing import ALG, EPHEMERAL, KID, KIND, PARTIAL_IV, FrameKind

ENCRYPT0_TAG = 16
USUAL = [ALG, KID, PARTIAL_IV, KIND]


def header_trouble(raw: bytes) -> str:
    """What is wrong with the headers of a frame that goes up; empty where nothing is."""
    parts = _parts(raw)
    if parts is None:
        return "no COSE_Encrypt0 of three parts"
    try:
        protected = cbor2.loads(parts[0])
        wanted = [*USUAL, EPHEMERAL] if protected[KIND] in (FrameKind.BIRTH, FrameKind.CLAIM) else USUAL
        keys = list(protected)
    except (ValueError, TypeError, KeyError, cbor2.CBORDecodeError):
        return "a protected header that is no map with a kind"
    if keys != wanted:
        return f"protected headers {keys} instead of {wanted}"
    return "" if parts[1] == {} else f"unprotected headers {parts[1]}"


def ciphertext_size(raw: bytes) -> int | None:
    """The ciphertext's length with its tag; None where there is none."""
    parts = _parts(raw)
    return len(parts[2]) if parts and isinstance(parts[2], bytes) else None


def _parts(raw: bytes) -> list[Any] | None:
    try:
        frame = cbor2.loads(raw)
    except (ValueError, TypeError, cbor2.CBORDecodeError):
        return None
    if not isinstance(frame, cbor2.CBORTag) or frame.tag != ENCRYPT0_TAG:
        return None
    parts = frame.value
    is_three = isinstance(parts, list | tuple) and len(parts) == 3 and isinstance(parts[0], bytes)
    return list(parts) if is_three else None
