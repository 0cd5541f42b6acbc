"""Checks of docs/protocol/session.md."""

from itertools import pairwise

from anmen.conformance.counterpart import SILENT, USUAL, Manners
from anmen.conformance.registry import checks, watches
from anmen.conformance.stand import ANSWER_S, SLACK_S, Stand
from anmen.conformance.transcript import Transcript
from anmen.conformance.verdict import Failed
from firmware_protocol.messages import Birth, Challenge, Heartbeat, Proof, Rebirth, Welcome, Will

CONNECTS = 1 << 20


@checks("ANM-SES-001", unseen="that a factory wipe does not begin them again")
def boots_are_numbered(stand: Stand) -> str:
    """The number rises from boot to boot."""
    before = stand.birth.boot_number
    after = stand.restart().boot_number
    if after <= before:
        raise Failed(expected=f"a boot number above {before} after a restart", seen=f"boot number {after}")
    return f"boot {before}, after a restart boot {after}"


@watches("ANM-SES-002")
def birth_numbers(transcript: Transcript) -> str:
    """Boot number times 2^20 plus the connect, from 1; never falling."""
    numbers = [birth for _, birth in transcript.of(Birth)]
    for birth in numbers:
        boot, connect = divmod(birth.birth_number, CONNECTS)
        if boot != birth.boot_number or connect == 0:
            raise Failed(
                expected=f"boot number {birth.boot_number} × 2^20 + the connect's number, from 1",
                seen=f"birth number {birth.birth_number} = {boot} × 2^20 + {connect}",
            )
    falling = [(one, other) for one, other in pairwise(numbers) if other.birth_number < one.birth_number]
    if falling:
        raise Failed(
            expected="birth numbers that never fall",
            seen=f"{falling[0][0].birth_number}, then {falling[0][1].birth_number}",
        )
    return f"{len({one.birth_number for one in numbers})} connects numbered as they should be"


@checks("ANM-SES-003")
def will_at_every_connect(stand: Stand) -> str:
    """The broker says the will of the very birth when the power goes."""
    birth = stand.birth
    since = stand.mark()
    stand.operator.power_off()
    said, will = stand.await_message(Will, since, 120.0, expected="the will, said by the broker after the power went")
    stand.operator.power_on()
    stand.until(lambda: stand.birth is not birth, 120.0)
    if will.birth_number != birth.birth_number:
        raise Failed(expected=f"the will of birth {birth.birth_number}", seen=f"a will of birth {will.birth_number}")
    if said.qos != 1 or said.retained:
        raise Failed(
            expected="a will with QoS 1, not retained",
            seen=f"QoS {said.qos}, {'' if said.retained else 'not '}retained",
        )
    return f"the will of birth {will.birth_number}, QoS 1, not retained"


@checks("ANM-SES-010", settled=False)
def challenge_is_answered(stand: Stand) -> str:
    """A challenge comes back as a proof of the same bytes."""
    stand.restart(manners=SILENT)
    stand.listen(1.0)
    since, nonce = stand.mark(), stand.draw(16)
    began = stand.line.now()
    stand.say(Challenge(nonce))
    said, proof = stand.await_message(Proof, since, expected="a proof that holds the challenge's 16 bytes")
    if proof.nonce != nonce:
        raise Failed(expected=f"the bytes {nonce.hex()}", seen=f"a proof of {proof.nonce.hex()}")
    return f"answered after {said.at - began:.2f} s"


@checks("ANM-SES-015")
def welcome_for_this_birth_only(stand: Stand) -> str:
    """A welcome of another birth number leaves the lock waiting; its own ends that; no heartbeat faster than a second."""
    birth = stand.restart(manners=Manners(welcomes=False))
    stand.until(lambda: stand.service.proven, ANSWER_S)
    stand.say(Welcome(birth.birth_number + 1, 1, 50))
    stand.say(Welcome(birth.birth_number - 1, 1, 50))
    since = stand.mark()
    said = stand.await_message(Birth, since, 12.0, expected="the birth again, because its own welcome has not come")[0]
    if any(one.at < said.at for one, _ in stand.transcript.of(Heartbeat, since)):
        raise Failed(
            expected="no heartbeat before the right welcome", seen="a heartbeat after a welcome of another birth"
        )
    stand.say(Welcome(birth.birth_number, 0, 50))
    since = stand.mark()
    stand.listen(5.5)
    beats = [one.at for one, _ in stand.transcript.of(Heartbeat, since)]
    if len(beats) < 3 or any(later - earlier < 0.9 for earlier, later in pairwise(beats)):
        raise Failed(expected="heartbeats a second apart after a welcome that says 0 s", seen=f"{len(beats)} in 5.5 s")
    if any(True for _ in stand.transcript.of(Birth, since)):
        raise Failed(expected="no birth after the right welcome", seen=stand.told(since))
    return "welcomes of other births ignored; a heartbeat of 0 s taken for 1 s"


@checks("ANM-SES-016")
def rebirth(stand: Stand) -> str:
    """Asked for a rebirth, the lock says its birth again, with the same number."""
    birth, since, began = stand.birth, stand.mark(), stand.line.now()
    stand.say(Rebirth())
    said, again = stand.await_message(Birth, since, expected="the birth again")
    if again.birth_number != birth.birth_number:
        raise Failed(expected=f"birth number {birth.birth_number}, as before", seen=f"{again.birth_number}")
    return f"born again after {said.at - began:.2f} s"


@checks("ANM-SES-019")
def silence_makes_a_birth(stand: Stand) -> str:
    """Four heartbeats without any answer, and the birth comes again."""
    stand.settle(Manners(heartbeat_s=1))
    stand.behave(SILENT)
    since = stand.mark()
    said = stand.await_message(
        Birth, since, 8.0, expected="a birth after more than three unanswered heartbeats of 1 s"
    )[0]
    beats = sum(one.at <= said.at for one, _ in stand.transcript.of(Heartbeat, since))
    stand.behave(USUAL)
    return f"a birth beside unanswered heartbeat {beats}"


@checks("ANM-SES-021")
def announcement_hurries_a_waiting_birth(stand: Stand) -> str:
    """Waiting for its welcome, the lock repeats its birth within half a second of an announcement."""
    stand.restart(manners=SILENT)
    stand.listen(6.5)
    since, began = stand.mark(), stand.line.now()
    stand.announce()
    said = stand.await_message(
        Birth, since, 0.5 + SLACK_S, expected="the birth again within half a second of an announcement"
    )[0]
    return f"born again {said.at - began:.2f} s after the announcement, in the midst of a wait of 10 s"
