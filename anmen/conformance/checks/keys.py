"""Checks of docs/protocol/keys.md: fresh keys, counters, windows, holders."""

from functools import partial

from anmen.conformance.counterpart import SILENT
from anmen.conformance.misshapen import blocks, flipped
from anmen.conformance.registry import checks, declared, watches
from anmen.conformance.stand import ANSWER_S, Stand, challenge
from anmen.conformance.transcript import Transcript
from anmen.conformance.verdict import Failed, NotTried
from firmware_protocol.keys import Holder
from firmware_protocol.messages import Birth, Proof, Will
from firmware_protocol.replay import WIDTH
from firmware_protocol.sealing import FrameKind

declared(
    {
        "ANM-KEY-003": "No message of a session carries a point to the lock: the service's point comes with the claim, before "
        "any link. That a point off the curve is refused there is the maker's word."
    }
)


@checks("ANM-KEY-002", settled=False, unseen="how random the key is, and that it is never written down")
def fresh_key_every_boot(stand: Stand) -> str:
    """Another ephemeral key after every restart."""
    stand.restart(manners=SILENT)
    stand.restart(manners=SILENT)
    keys = [boot.ephemeral for boot in stand.transcript.boots.values()]
    numbers = {birth.boot_number for _, birth in stand.transcript.of(Birth)}
    if len(set(keys)) < len(numbers):
        raise Failed(expected=f"another ephemeral key in each of {len(numbers)} boots", seen=f"{len(set(keys))} keys")
    return f"{len(numbers)} boots, {len(set(keys))} ephemeral keys"


@watches("ANM-KEY-009", unseen="whether the very first counter is 0, where first frames are lost")
def counters_rise(transcript: Transcript) -> str:
    """From 0 at each boot, rising with every birth and session frame."""
    last: dict[bytes, tuple[int, bytes]] = {}
    for one in transcript.said:
        if one.header is None or one.header.kind is FrameKind.WILL or one.plain is None:
            continue
        before, raw = last.get(one.header.session, (-1, b""))
        if raw == one.raw:
            continue  # The broker may hand out the same message twice (QoS 1).
        # What a lock wanted to say before it was connected has a counter too, and was never sent.
        if before == -1 and one.header.counter >= WIDTH:
            raise Failed(
                expected="a counter from 0 on at each boot", seen=f"counter {one.header.counter} in the first frame"
            )
        if one.header.counter <= before:
            raise Failed(expected=f"a counter above {before}", seen=f"counter {one.header.counter} in a later frame")
        last[one.header.session] = (one.header.counter, one.raw)
    return f"{len(last)} boots, each counting up from 0"


@watches("ANM-KEY-010")
def counter_of_a_will(transcript: Transcript) -> str:
    """Its birth number."""
    wills = [(one, will) for one, will in transcript.of(Will)]
    for one, will in wills:
        if one.header is not None and one.header.counter != will.birth_number:
            raise Failed(
                expected=f"counter {will.birth_number}, its birth number", seen=f"counter {one.header.counter}"
            )
    if not wills:
        raise NotTried("no will was heard in the whole run")
    return f"{len(wills)} wills heard, each with its birth number for a counter"


@checks("ANM-KEY-012")
def replays_are_refused(stand: Stand) -> str:
    """A window of 64: what was taken, or lies further back, is refused; what was skipped inside it is taken."""
    service = stand.service
    since = stand.mark()
    service.take_lease()
    fresh = service.holder
    order = (0, 2, 100, 40, 2, 100, 40, 1, 38, 101, 101)
    frames = {number: service.frame(challenge(b"%016d" % number), counter=number) for number in set(order)}
    for number in order:
        stand.line.say(frames[number])
    while fresh.next_counter(service.session) < 200:
        continue
    stand.answered({})
    nonces = [proof.nonce for _, proof in stand.transcript.of(Proof, since)]
    counted = {number: nonces.count(b"%016d" % number) for number in frames}
    wanted = {0: 1, 1: 0, 2: 1, 38: 1, 40: 1, 100: 1, 101: 1}
    wrong = {number: counted[number] for number in wanted if counted[number] != wanted[number]}
    if wrong:
        told = "; ".join(
            f"counter {number} taken {count} times, {wanted[number]} is right"
            for number, count in sorted(wrong.items())
        )
        raise Failed(expected=f"a replay window of {WIDTH} (counters offered: {', '.join(map(str, order))})", seen=told)
    return f"counters {', '.join(map(str, order))}: each taken once, 1 refused as too far back"


@checks("ANM-KEY-013")
def refused_frames_move_no_window(stand: Stand) -> str:
    """Neither a forged frame nor an unknown message with a high counter makes lower ones old."""
    service = stand.service
    far = 1 << 40
    stand.line.say(flipped(service.frame(challenge(stand.draw(16)), counter=far), -1))
    stand.line.say(service.frame(blocks(b"\x82\x18\x7f\xa0"), counter=far + 1000))
    return stand.accepts({"the next counter": lambda nonce: stand.sealed(challenge(nonce))})


@checks("ANM-KEY-015")
def older_holders_are_refused(stand: Stand) -> str:
    """Lower generations, and the present one with another nonce."""
    service = stand.service
    stand.answered({})
    holder = service.holder
    others = {
        "the generation before": Holder(holder.generation - 1, stand.draw(16)),
        "generation 0": Holder(0, stand.draw(16)),
        "the same generation with another nonce": Holder(holder.generation, stand.draw(16)),
    }
    return stand.refuses({name: partial(_said_by, stand, other) for name, other in others.items()})


@checks("ANM-KEY-016")
def new_holder_new_window(stand: Stand) -> str:
    """A new holder's counters begin again; a reboot makes the lock take any generation."""
    service = stand.service
    service.frame(challenge(stand.draw(16)))
    stand.answered({})
    service.take_lease()
    stand.accepts({"counter 0 of a new holder": lambda nonce: stand.sealed(challenge(nonce))})
    service.take_lease(service.holder.generation - 100)
    stand.restart()
    if not stand.until(lambda: service.proven, ANSWER_S):
        raise Failed(expected="a lower generation taken after a reboot", seen="its challenge is not answered")
    return "a new holder's counter 0 taken; after a reboot a lower generation taken"


def _said_by(stand: Stand, holder: Holder, nonce: bytes) -> bytes:
    return stand.service.frame(challenge(nonce), holder=holder)
