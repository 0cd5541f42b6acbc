"""Checks of docs/protocol/frames.md, the part on encoding: how a lock writes CBOR, and what it refuses to read."""

from functools import partial

import cbor2

from anmen.conformance.misshapen import ENCODINGS, WRONG_CONTENT, laden
from anmen.conformance.registry import checks, watches
from anmen.conformance.stand import Stand
from anmen.conformance.transcript import Transcript, item_of, named
from anmen.conformance.verdict import Failed
from firmware_protocol.cbor_subset import NotOurs, read, read_first


@watches("ANM-CBR-001")
def deterministic(transcript: Transcript) -> str:
    """Each message is written in the one way."""
    opened = [one for one in transcript.said if one.plain is not None]
    for one in opened:
        _, item = item_of(one)
        if cbor2.dumps(cbor2.loads(item), canonical=True) != item and _in_order(item) != item:
            raise Failed(
                expected="core deterministic encoding (RFC 8949 §4.2.1)", seen=f"{named(one)} as {item.hex()[:160]}"
            )
    return f"{len(opened)} messages in core deterministic encoding"


@watches("ANM-CBR-002")
def nothing_exotic(transcript: Transcript) -> str:
    """No tags, floats, null, numbers beyond 64 bits, nothing deeper than eight."""
    opened = [one for one in transcript.said if one.plain is not None]
    for one in opened:
        try:
            read_first(one.plain or b"")
        except NotOurs as exotic:
            seen = f"{named(one)}: {exotic}, {(one.plain or b'').hex()[:160]}"
            raise Failed(expected="only what ANM-CBR-002 leaves", seen=seen) from exotic
    return f"{len(opened)} messages without tags, floats, null or depth"


@checks("ANM-CBR-003")
def bad_encodings_are_refused(stand: Stand) -> str:
    """Authentic frames around encodings that the protocol forbids."""
    return stand.refuses({name: stand.sealing(make) for name, make in ENCODINGS.items()})


@checks("ANM-CBR-004")
def unknown_keys_are_skipped(stand: Stand) -> str:
    """Keys of a later version, whatever they hold."""
    held = {
        "a number": 7,
        "bytes": b"x" * 40,
        "text": "later",
        "an array": [1, [2, "x"]],
        "a map": {1: {2: [3]}},
        "truth": True,
    }
    cases: dict[str, tuple[object, object]] = {f"key 60 with {name}": (60, value) for name, value in held.items()}
    cases |= {"a negative key": (-5, 1), "a text for a key": ("later", 1), "a large key": (1 << 40, b"")}
    return stand.accepts({name: stand.sealing(partial(laden, more=dict([more]))) for name, more in cases.items()})


@checks("ANM-CBR-005")
def wrong_content_is_refused(stand: Stand) -> str:
    """Known keys that hold something else, or are missing."""
    return stand.refuses({name: stand.sealing(make) for name, make in WRONG_CONTENT.items()})


def _in_order(item: bytes) -> bytes:
    """The item written again with map keys in bytewise order."""

    def ordered(value: object) -> object:
        if isinstance(value, dict):
            return dict(
                sorted(((key, ordered(one)) for key, one in value.items()), key=lambda pair: cbor2.dumps(pair[0]))
            )
        return [ordered(one) for one in value] if isinstance(value, list) else value

    return cbor2.dumps(ordered(read(item)))
