"""What somebody who hears everything the broker hears may learn, as a function over captured bytes.

The reading is done with cbor2 and not with our own parser, so that the check does not share its mistakes.
"""

from collections.abc import Iterable, Mapping, Sequence

import cbor2

from firmware_protocol.sealing import EPHEMERAL, HOLDER, KID, KIND, PARTIAL_IV, READABLE

BLOCK_BYTES = 192
TAG_BYTES = 16
# How long each readable value is. None: a number.
_READABLE_BYTES = {KID: 8, PARTIAL_IV: 8, EPHEMERAL: 65}


def readable_findings(frames: Iterable[bytes], secrets: Sequence[bytes]) -> list[str]:
    """What is wrong with captured frames, in words; empty where they tell only what they may.

    `secrets` are byte strings that must not occur anywhere: names, document numbers, verifiers, templates, plain
    messages. A secret of fewer than four bytes proves nothing and is refused with ValueError.
    """
    if any(len(secret) < 4 for secret in secrets):
        raise ValueError("a secret of fewer than four bytes turns up by chance")
    captured = list(frames)
    found = [finding for number, frame in enumerate(captured) for finding in _of_frame(number, frame, secrets)]
    return found if captured else ["nothing was captured, so nothing is shown"]


def lengths(frames: Iterable[bytes]) -> set[int]:
    """The lengths of frames; those of live events must have one."""
    return {len(frame) for frame in frames}


def _of_frame(number: int, frame: bytes, secrets: Sequence[bytes]) -> list[str]:
    found = [f"frame {number} holds secret {at}" for at, secret in enumerate(secrets) if secret in frame]
    try:
        tagged = cbor2.loads(frame)
        protected, unprotected, ciphertext = tagged.value
        header = cbor2.loads(protected)
        if tagged.tag != 16 or cbor2.dumps(tagged) != frame:
            raise ValueError("no COSE_Encrypt0, or bytes beside it")
        return found + [f"frame {number}: {finding}" for finding in _of_parts(header, unprotected, ciphertext)]
    except (cbor2.CBORDecodeError, ValueError, TypeError, AttributeError):
        return [*found, f"frame {number} is not sealed"]


def _of_parts(header: Mapping[int, object], unprotected: object, ciphertext: bytes) -> list[str]:
    found = [f"header {key} is readable" for key in header.keys() - READABLE]
    if unprotected != {}:
        found.append("something is unprotected")
    if (len(ciphertext) - TAG_BYTES) % BLOCK_BYTES or len(ciphertext) <= TAG_BYTES:
        found.append("the length tells what is inside")
    for key, length in _READABLE_BYTES.items():
        value = header.get(key, bytes(length))
        if not isinstance(value, bytes) or len(value) != length:
            found.append(f"header {key} says more than it may")
    if header.get(KIND) not in {0, 1, 2, 3} or not _is_holder(header.get(HOLDER, [0, bytes(16)])):
        found.append("kind or holder says more than it may")
    return found


def _is_holder(value: object) -> bool:
    match value:
        case [int(), bytes(nonce)]:
            return len(nonce) == 16
    return False
