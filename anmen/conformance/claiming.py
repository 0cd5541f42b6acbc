"""Exchanging keys with a lock from the factory, the service's side of it: hearing its claims, and answering them."""

from dataclasses import dataclass

from anmen.conformance.stand import BOOT_S, Stand
from anmen.conformance.transcript import Said
from anmen.conformance.verdict import Failed, NotTried
from firmware_protocol import RemoteProtocolError, ServiceIdentity
from firmware_protocol.claim import claimed_frame, open_claim
from firmware_protocol.key_messages import LockKeys, ServiceKeys
from firmware_protocol.keys import private_key, public_key
from firmware_protocol.messages import Birth
from firmware_protocol.sealing import FrameKind

KEY_ENTROPY_BYTES = 48


@dataclass(frozen=True, slots=True)
class Press:
    """What came of one press of the button: the claims, with the keys that they say and the attempt they belong to."""

    secret: str
    said: tuple[Said, ...]
    attempt: bytes
    keys: LockKeys


def claim(stand: Stand) -> None:
    """Exchange keys with a lock from the factory, where nobody asks how it does it; it has come back under them when this returns."""
    secret, since = secret_of(stand), stand.mark()
    stand.operator.press_claim()
    press = await_claim(stand, since, secret)
    give_keys(stand, press, secret)


def secret_of(stand: Stand) -> str:
    """What stands under its cover; NotTried where its keys are exchanged already."""
    if stand.boxed_secret is None:
        raise NotTried("its keys are exchanged already: name the secret of a lock from the factory (claim_secret)")
    return stand.boxed_secret


def claims_since(stand: Stand, since: int) -> list[Said]:
    """The frames of claims since a mark."""
    said = stand.transcript.said[since:]
    return [one for one in said if one.header is not None and one.header.kind is FrameKind.CLAIM]


def await_claim(stand: Stand, since: int, secret: str) -> Press:
    """The claims that follow a press, when the first has come."""
    stand.until(lambda: bool(claims_since(stand, since)), BOOT_S)
    return heard_claims(stand, since, secret)


def heard_claims(stand: Stand, since: int, secret: str) -> Press:
    """All claims since a mark, which must open and say one and the same."""
    said = tuple(claims_since(stand, since))
    if not said:
        raise Failed(expected="a claim after the press", seen=stand.told(since))
    try:
        opened = {open_claim(stand.identity.lock, secret, one.raw) for one in said}
    except RemoteProtocolError as refused:
        raise Failed(expected="claims sealed by the secret under the cover", seen=str(refused)) from refused
    if len(opened) != 1:
        raise Failed(expected="the same pairs in every claim of one press", seen=f"{len(opened)} different ones")
    [(attempt, keys)] = opened
    return Press(secret, said, attempt, keys)


def give_keys(stand: Stand, press: Press, secret: str) -> None:
    """Answer the press, and hear the lock come back under what it was told."""
    identity = drawn_for(stand, press)
    stand.keep_keys(identity, None)
    since = stand.mark()
    answer_press(stand, press, identity, secret)
    stand.take_keys(identity)
    stand.await_message(Birth, since, BOOT_S, expected="a birth under the keys that were exchanged")


def drawn_for(stand: Stand, press: Press) -> ServiceIdentity:
    """Keys for the lock of this press."""
    private = private_key(stand.draw(KEY_ENTROPY_BYTES))
    return ServiceIdentity(stand.identity.lock, private, press.keys.public_key, press.keys.key_epoch)


def answer_press(stand: Stand, press: Press, identity: ServiceIdentity, secret: str) -> None:
    """Say the keys to the attempt, sealed by a secret."""
    said = ServiceKeys(identity.key_epoch, public_key(identity.private_key))
    stand.line.say(claimed_frame(identity.lock, secret, press.attempt, said))
