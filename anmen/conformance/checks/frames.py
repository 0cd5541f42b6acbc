"""Checks of docs/protocol/frames.md: topics, sealing, padding, and what is refused."""

from functools import partial

import cbor2

from anmen.conformance.counterpart import UNPAID, USUAL
from anmen.conformance.misshapen import OTHER_HEADERS, PADDINGS, TOO_LARGE, flipped, laden_raw
from anmen.conformance.registry import Profile, checks, watches
from anmen.conformance.shape import ciphertext_size, header_trouble
from anmen.conformance.stand import ANSWER_S, SLACK_S, Stand, challenge
from anmen.conformance.transcript import Transcript, calls_for_help, item_of, named
from anmen.conformance.verdict import Failed, NotTried
from firmware_protocol.codec import BLOCK_BYTES, encode
from firmware_protocol.messages import Birth, Events, Proof, Rebirth
from firmware_protocol.sealing import TAG_BYTES

LIVE_FRAME_BYTES = 244


@checks(
    "ANM-FRM-003",
    profile=Profile.FULL,
    unseen="TLS, certificate and client id: a broker set up as in docs/operations.md lets nothing else in",
)
def clean_session(stand: Stand) -> str:
    """What was published while the lock was away is not handed out when it comes back."""
    stand.operator.cut_network()
    stand.listen(2.0)
    nonce = stand.draw(16)
    stand.line.say(stand.sealed(challenge(nonce)))
    since = stand.mark()
    stand.listen(0.5)
    stand.operator.restore_network()
    stand.await_message(Birth, since, 120.0, expected="a birth after the network came back")
    stand.listen(SLACK_S)
    if any(proof.nonce == nonce for _, proof in stand.transcript.of(Proof, since)):
        raise Failed(
            expected="that a frame published while the lock was away is lost (clean session)",
            seen="the lock answered it when it came back: the broker had kept a session for it",
        )
    return "a frame published while the lock was away was not handed out"


@checks(
    "ANM-FRM-004",
    unseen="the QoS of the subscriptions; that the holder topic is heard shows in ANM-SES-021 and ANM-EVT-012",
)
def subscribed_before_birth(stand: Stand) -> str:
    """Whoever is born can be spoken to: the challenge that follows the first birth at once is heard."""
    stand.restart()
    if not stand.until(lambda: stand.service.proven, 3.0):
        raise Failed(
            expected="a proof within 3 s of the birth: the challenge was published the moment the birth was heard",
            seen=stand.told(stand.mark() - 1),
        )
    return "the challenge that followed the first birth at once was heard"


@watches("ANM-FRM-005")
def quality_of_service(transcript: Transcript) -> str:
    """QoS 1, not retained, one frame a message."""
    for one in transcript.said:
        if one.qos != 1 or one.retained:
            seen = f"{named(one)} with QoS {one.qos}{', retained' if one.retained else ''}"
            raise Failed(expected="every message with QoS 1, not retained", seen=seen)
    return f"{len(transcript.said)} messages, all with QoS 1, none retained"


@checks("ANM-FRM-006")
def puback_proves_nothing(stand: Stand) -> str:
    """What the broker has acknowledged and the service has not stored is sent again."""
    stand.behave(UNPAID)
    since = stand.mark()
    stand.cause_events(1)
    said = stand.await_frame(lambda one: bool(one.events), since, ANSWER_S, "the event of a changed list")
    stand.listen(1.0)
    since = stand.mark()
    stand.announce()
    wanted = said.events[0].sequence
    stand.await_frame(
        lambda one: any(event.sequence == wanted for event in one.events),
        since,
        ANSWER_S,
        f"event {wanted} again, which the broker has acknowledged and the service has not",
    )
    stand.behave(USUAL)
    return f"event {wanted}, acknowledged by the broker alone, was sent again"


@checks("ANM-FRM-008")
def announcements_move_nothing(stand: Stand) -> str:
    """An announcement, true or made up, changes nothing: the present holder is still heard, and nothing is born."""
    since = stand.mark()
    generation = stand.service.holder.generation
    for payload in (cbor2.dumps([generation + 1000]), b"", b"\xff" * 40, cbor2.dumps([(1 << 63) - 1]), b"{}"):
        stand.announce(payload)
    taken = stand.answered({"the present holder": lambda nonce: stand.sealed(challenge(nonce))})
    if not taken:
        raise Failed(expected="the present holder still heard", seen="its frames are refused after announcements")
    if any(True for _ in stand.transcript.of(Birth, since)):
        raise Failed(expected="no birth of a welcomed lock", seen="a birth after an announcement")
    return "five announcements, among them garbage: the present holder is still heard, nothing was born"


@watches("ANM-FRM-009")
def headers(transcript: Transcript) -> str:
    """Exactly the headers of the table, in order; the unprotected header empty."""
    for one in transcript.said:
        trouble = header_trouble(one.raw)
        if trouble:
            raise Failed(expected="the headers of docs/protocol/frames.md", seen=f"{trouble}: {one.raw.hex()[:160]}")
    return f"{len(transcript.said)} frames with the right headers and no others"


@checks("ANM-FRM-010")
def misshapen_frames_are_refused(stand: Stand) -> str:
    """Frames with other, missing or more headers, and bytes behind them."""
    return stand.refuses({name: partial(make, stand) for name, make in OTHER_HEADERS.items()})


@watches("ANM-FRM-011")
def counters_below_the_limit(transcript: Transcript) -> str:
    """Below 2^63, in eight bytes."""
    for one in transcript.said:
        if one.header is None and b"\x06\x48" not in one.raw[:40]:
            raise Failed(expected="a Partial IV of 8 bytes", seen=one.raw[:48].hex())
        if one.header is None and one.raw[one.raw.find(b"\x06\x48") + 2 :][:1] > b"\x7f":
            raise Failed(expected="a counter below 2^63", seen=one.raw[:48].hex())
    return f"{len(transcript.said)} counters below 2^63, each of 8 bytes"


@checks("ANM-FRM-014")
def forged_frames_are_refused(stand: Stand) -> str:
    """One bit flipped, at the tag, in the ciphertext, in the header."""
    return stand.refuses(
        {
            f"a bit flipped {where}": partial(_flipped, stand, at)
            for where, at in (
                ("in the tag", -1),
                ("in the ciphertext", -100),
                ("in the session id", 12),
                ("in the counter", 26),
            )
        }
    )


@checks("ANM-FRM-015")
def huge_frames_are_refused(stand: Stand) -> str:
    """Authentic and well written, but larger than a frame may be."""
    return stand.refuses({name: stand.sealing(make) for name, make in TOO_LARGE.items()})


@watches("ANM-FRM-016")
def padded(transcript: Transcript) -> str:
    """Whole blocks, and zeros behind the one item."""
    opened = [one for one in transcript.said if one.plain is not None]
    for one in opened:
        plain, item = item_of(one)
        if (
            len(plain) % BLOCK_BYTES
            or not 1 <= len(plain) // BLOCK_BYTES <= 64
            or (plain.strip(b"\0") and any(plain[len(item) :]))
        ):
            raise Failed(
                expected=f"1 to 64 whole blocks of {BLOCK_BYTES} bytes, zeros behind the item",
                seen=f"{named(one)} of {len(plain)} bytes, ending in {plain[-8:].hex()}",
            )
    for one in transcript.said:
        size = ciphertext_size(one.raw)
        if size is not None and (size - TAG_BYTES) % BLOCK_BYTES:
            raise Failed(
                expected="a ciphertext of whole blocks and a tag of 16 bytes", seen=f"a ciphertext of {size} bytes"
            )
    return f"{len(opened)} messages in whole blocks"


@checks("ANM-FRM-017")
def bad_padding_is_refused(stand: Stand) -> str:
    """Half blocks and padding that is not zero, under a valid seal."""
    return stand.refuses({name: stand.sealing(make) for name, make in PADDINGS.items()})


@watches("ANM-FRM-018")
def live_events_have_one_length(transcript: Transcript) -> str:
    """Each live event in a frame of one block."""
    live = [one for one, message in transcript.of(Events) if message.live]
    for one in live:
        alone = len(one.events) == 1 or calls_for_help(one)
        if len(one.raw) != LIVE_FRAME_BYTES or not alone:
            seen = f"{len(one.events)} live events in a frame of {len(one.raw)} bytes"
            raise Failed(expected=f"one live event in a frame of {LIVE_FRAME_BYTES} bytes", seen=seen)
    if not live:
        raise NotTried("no live event was heard in the whole run")
    return f"{len(live)} live events, each a frame of {LIVE_FRAME_BYTES} bytes"


@checks("ANM-FRM-019", unseen="that refusals are counted by reason, and that nothing of their content is noted")
def refused_frames_leave_no_trace(stand: Stand) -> str:
    """Garbage is answered by nothing and ends no connection."""
    since, birth_number = stand.mark(), stand.birth.birth_number
    for garbage in (b"", b"\0", b"\xd0", stand.draw(300), b"{}", flipped(stand.sealed(encode(Rebirth())), -1)):
        stand.line.say(garbage)
    stand.answered({})
    stand.listen(SLACK_S)
    other = [one for one in stand.transcript.said[since:] if not isinstance(one.message, Proof)]
    if any(isinstance(one.message, Birth) for one in other) or stand.birth.birth_number != birth_number:
        raise Failed(expected="silence, and the same connection", seen=stand.told(since))
    return "six pieces of garbage: no answer, no new birth, the same connection"


@checks("ANM-FRM-020", unseen="memory")
def hostile_frames_cost_nothing(stand: Stand) -> str:
    """Authentic frames that promise 2^64 elements or nest thousands deep; an honest one behind them is answered at once."""
    began = stand.line.now()
    hostile = {
        "2^64 elements": b"\x9b" + b"\xff" * 8,
        "deep arrays": b"\x81" * 4000,
        "deep maps": b"\xa1\x01" * 2000,
        "2^32 bytes": b"\x5a\xff\xff\xff\xff",
    }
    seen = stand.refuses({name: stand.sealing(partial(laden_raw, bomb)) for name, bomb in hostile.items()})
    took = stand.line.now() - began
    if took > SLACK_S:
        raise Failed(expected=f"an answer to the honest frame within {SLACK_S:g} s", seen=f"{took:.1f} s")
    return f"{seen} after {took:.2f} s"


def _flipped(stand: Stand, at: int, nonce: bytes) -> bytes:
    return flipped(stand.sealed(challenge(nonce)), at)
