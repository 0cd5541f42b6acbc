"""New static keys for a lock, the service's side of it: offered, and then called off or gone through with.

Until the lock was welcomed under the new pair it has both, and so has whoever keeps the kit's keys: a run that ends in the midst of it
loses no lock. Under which of them it speaks shows in its births.
"""

from dataclasses import dataclass

from anmen.conformance.stand import ANSWER_S, BOOT_S, Stand
from anmen.conformance.transcript import Said
from anmen.conformance.verdict import Failed
from firmware_protocol import RemoteProtocolError, ServiceIdentity
from firmware_protocol.key_change import WELCOME_WAIT_S
from firmware_protocol.key_messages import KeyAnswer, KeyOffer
from firmware_protocol.keys import exchange, private_key, public_key
from firmware_protocol.messages import Birth

LEAVES_WITHIN_S = 10.0
KEY_ENTROPY_BYTES = 48


@dataclass(frozen=True, slots=True)
class Offered:
    """New keys that the lock has taken and come back under, nobody having welcomed it; `old_birth`: the last one before."""

    identity: ServiceIdentity
    old_birth: Birth
    tried: Said
    tried_birth: Birth
    asked_at: float
    since: int


def offer_keys(stand: Stand, *, times: int = 1) -> Offered:
    """Offer the next pair, so often, and hear the lock come back under it."""
    private = private_key(stand.draw(KEY_ENTROPY_BYTES))
    offer = KeyOffer(stand.identity.key_epoch + 1, public_key(private))
    since, asked_at, old = stand.mark(), stand.line.now(), stand.birth
    stand.service.takes_other = False
    for _ in range(times):
        stand.say(offer)
    answer = stand.await_message(KeyAnswer, since)[1]
    identity = stand.transcript.other = _agreed(stand, private, answer, offer.key_epoch)
    stand.until(lambda: len(list(stand.transcript.of(KeyAnswer, since))) >= times, ANSWER_S / 5)
    tried = stand.await_frame(
        lambda one: speaks_under(stand, one, offer.key_epoch),
        since,
        LEAVES_WITHIN_S + BOOT_S,
        "a birth under the new keys",
    )
    birth = next(birth for one, birth in stand.transcript.of(Birth, since) if one is tried)
    return Offered(identity, old, tried, birth, asked_at, since)


def call_off(stand: Stand, offered: Offered) -> Said | None:
    """Answer nothing under the new keys; the birth with which the lock is back under those that it had."""
    behind = stand.transcript.said.index(offered.tried)

    def back() -> Said | None:
        return stand.transcript.find(lambda one: speaks_under(stand, one, stand.identity.key_epoch), behind + 1)

    stand.until(lambda: back() is not None, 2 * WELCOME_WAIT_S + BOOT_S)
    return back()


def answer_under(stand: Stand, offered: Offered) -> None:
    """From now on the lock is answered under the new keys, and under no others. They are kept before it can hold them alone."""
    stand.keep_keys(stand.identity, offered.identity)
    stand.service.takes_other = True
    if not stand.until(lambda: stand.identity == offered.identity and stand.service.proven, BOOT_S):
        raise Failed(expected="a proof under the new keys", seen=stand.told(offered.since))


def speaks_under(stand: Stand, one: Said, key_epoch: int) -> bool:
    """Whether it is a birth under the keys of that epoch."""
    if not isinstance(one.message, Birth) or one.header is None:
        return False
    return stand.transcript.boots[one.header.session].key_epoch == key_epoch


def _agreed(stand: Stand, private: bytes, said: KeyAnswer, key_epoch: int) -> ServiceIdentity:
    try:
        exchange(private, said.public_key)
    except RemoteProtocolError:
        raise Failed(
            expected="a point on the curve", seen=f"refusal {said.refusal}, {len(said.public_key)} bytes"
        ) from None
    return ServiceIdentity(stand.identity.lock, private, said.public_key, key_epoch)
