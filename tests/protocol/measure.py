"""What a live frame costs, step by step, and what a COSE library would: `python -m tests.protocol.measure`.

Best of several bounded rounds, in microseconds of processor time. On a busy machine compare within one run only.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import cbor2
from cwt import COSE, COSEKey

from firmware_protocol.codec import decode_up, encode
from firmware_protocol.keys import KeyLabel
from firmware_protocol.messages import Event, Events
from firmware_protocol.sealing import FrameKind, Header, SealedFrame, parse
from tests.protocol.make_vectors import KEYS, SESSION, seal_of
from tests.protocol.pair import LockPair
from tests.protocol.vector_parts import EVENTS, LOCK

FRAMES, ROUNDS = 300, 60
NONCE = bytes(16)


def best_us(step: Callable[[Any], object], inputs: Sequence[Any], before: Callable[[], object] = lambda: None) -> float:
    """Microseconds of one call, in the best round."""
    rounds = []
    for _ in range(ROUNDS):
        before()
        began = time.thread_time()
        for one in inputs:
            step(one)
        rounds.append(time.thread_time() - began)
    return min(rounds) / len(inputs) * 1e6


def live_frames(pair: LockPair) -> list[bytes]:
    """Frames of live events as a lock sends them."""
    return [pair.lock.side._session.frame(Events(1, True, (event,))) for event in _events()]


def _events() -> Iterable[Event]:
    opened = EVENTS["opened"]
    return (
        opened._replace(sequence=number, occurred_at_ms=opened.occurred_at_ms + number)
        for number in range(1, FRAMES + 1)
    )


def ours() -> dict[str, float]:
    """Opening and sealing with our own code."""
    pair = LockPair()
    pair.settle()
    side, frames = pair.ingest.side, live_frames(pair)
    sessions = dict(side.sessions)
    current = side.current
    assert current is not None
    seal = side._known.keys_of(current).up
    parsed = [parse(frame) for frame in frames]
    plain = [seal.open(frame) for frame in parsed]
    messages = [decode_up(one) for one in plain]

    def forget() -> None:
        side.sessions.update(sessions)

    return {
        "ServiceSide.receive, all of it": best_us(lambda frame: side.receive(frame, nonce=NONCE), frames, forget),
        "  parse": best_us(parse, frames),
        "  open": best_us(seal.open, parsed),
        "  decode": best_us(decode_up, plain),
        "encode": best_us(encode, messages),
        "seal": best_us(lambda one: seal.seal(one[0].header, one[1]), list(zip(parsed, plain, strict=True))),
    }


def library() -> dict[str, float]:
    """Opening and sealing the same with a COSE library; it wants the whole IV in the frame."""
    aad, key = f"anmen/1/{LOCK}/up".encode(), COSEKey.new({1: 4, 2: SESSION, 3: 1, -1: KEYS[KeyLabel.UP].key})
    seal, plain = seal_of(KEYS[KeyLabel.UP], down=False), encode(Events(1, True, (EVENTS["opened"],)))
    frames = [_with_iv(parse(seal.seal(Header(FrameKind.SESSION, SESSION, number), plain))) for number in range(FRAMES)]
    cose = COSE.new()
    header = {1: 1, 4: SESSION, -70001: 0}
    return {
        "cwt: decode": best_us(lambda frame: cose.decode(frame, key, external_aad=aad), frames),
        "cwt: encode": best_us(
            lambda iv: cose.encode(plain, key, header, {5: iv}, external_aad=aad), [bytes(12)] * len(frames)
        ),
    }


def _with_iv(frame: SealedFrame) -> bytes:
    iv = int.from_bytes(KEYS[KeyLabel.UP].iv, "big") ^ frame.header.counter
    return cbor2.dumps(cbor2.CBORTag(16, [frame.protected, {5: iv.to_bytes(12, "big")}, frame.ciphertext]))


def births() -> dict[str, float]:
    """What a birth of an unknown boot costs: two exchanges and four derivations."""
    pair = LockPair()
    pair.connect()
    [birth] = pair.up
    side = pair.ingest.side

    def forget() -> None:
        side.sessions.clear()
        side._known._keys.clear()

    def hear(frame: bytes) -> None:
        forget()
        side.receive(frame, nonce=NONCE)

    return {"birth of an unknown boot": best_us(hear, [birth] * 20)}


if __name__ == "__main__":
    for name, cost in {**ours(), **library(), **births()}.items():
        print(f"{name:<34} {cost:8.1f} us")  # noqa: T201  # A measurement is printed.
