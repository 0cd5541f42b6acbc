"""Checks of docs/protocol/keys.md: new keys at a handover.

The kit calls every change off, so that the lock leaves it with the keys it came with.
"""

from dataclasses import dataclass

from anmen.conformance.registry import Profile, checks, declared
from anmen.conformance.stand import ANSWER_S, BOOT_S, Stand
from anmen.conformance.transcript import Said
from anmen.conformance.verdict import Failed
from firmware_protocol import RemoteProtocolError, ServiceIdentity
from firmware_protocol.key_change import KEY_EPOCH_CAPABILITY, WELCOME_WAIT_S
from firmware_protocol.key_messages import KeyAnswer, KeyOffer, KeyRefusal
from firmware_protocol.keys import exchange, private_key, public_key
from firmware_protocol.messages import Birth
from firmware_protocol.vocabulary import AlarmCode, EventType, Field

LEAVES_WITHIN_S = 10.0
_KEY_ENTROPY_BYTES = 48
_NEVER_TAKEN = "The kit calls every change of keys off, or its lock would leave it with keys that its service has not got: the maker's word."

declared({"ANM-CHN-011": _NEVER_TAKEN, "ANM-KEY-026": _NEVER_TAKEN, "ANM-KEY-028": _NEVER_TAKEN})


@dataclass(frozen=True, slots=True)
class Change:
    """One change that was offered and never welcomed, as the lock went through it."""

    offer: KeyOffer
    answers: tuple[KeyAnswer, ...]
    asked_at: float
    tried: Said
    tried_birth: Birth
    old_birth: Birth
    back: Said | None
    since: int


@checks("ANM-KEY-022", feature=KEY_EPOCH_CAPABILITY, unseen="that it refuses while it is busy, which it may")
def refuses_what_it_must(stand: Stand) -> str:
    """Its own epoch again, a point that is none, and any keys while somebody's credential is on its list."""
    present, point = stand.identity.key_epoch, public_key(private_key(stand.draw(_KEY_ENTROPY_BYTES)))
    stand.give(stand.issuer().card(1))
    _must_refuse(stand, KeyOffer(present + 1, point), KeyRefusal.LIST_HOLDS)
    stand.give()
    _must_refuse(stand, KeyOffer(present, point), KeyRefusal.EPOCH_TOO_LOW)
    _must_refuse(stand, KeyOffer(present + 1, b"\x04" + bytes(64)), KeyRefusal.BAD_KEY)
    return "a card on its list, its own epoch, a point off the curve: each refused"


@checks(
    "ANM-KEY-023", profile=Profile.FULL, feature=KEY_EPOCH_CAPABILITY, unseen="that it writes both pairs down in one"
)
def draws_a_pair_and_says_it_again(stand: Stand) -> str:
    """A point on the curve that is not the present one; the same for the same offer."""
    change = _change(stand)
    first = change.answers[0]
    if first.public_key == stand.identity.lock_public_key:
        raise Failed(expected="a fresh pair", seen="the present one")
    if len(set(change.answers)) != 1 or len(change.answers) < 2:
        raise Failed(expected="the same answer to the same offer", seen=f"{len(set(change.answers))} different ones")
    return f"a fresh pair for epoch {first.key_epoch}, the same when the offer came twice"


@checks(
    "ANM-KEY-024", profile=Profile.FULL, feature=KEY_EPOCH_CAPABILITY, unseen="that the bolt does not move meanwhile"
)
def goes_over_to_a_new_session(stand: Stand) -> str:
    """A birth under the new keys, with another boot number and ephemeral key."""
    change = _change(stand)
    boots = stand.transcript.boots
    header = change.tried.header
    fresh = header is not None and sum(one.ephemeral == header.ephemeral for one in boots.values()) == 1
    if not fresh or change.tried_birth.boot_number <= change.old_birth.boot_number:
        raise Failed(
            expected=f"a boot after {change.old_birth.boot_number} with a key of its own",
            seen=f"boot {change.tried_birth.boot_number}",
        )
    return f"boot {change.tried_birth.boot_number} under the new keys {change.tried.at - change.asked_at:.1f} s after the offer"


@checks("ANM-KEY-025", profile=Profile.FULL, feature=KEY_EPOCH_CAPABILITY, unseen="longer waits than the first")
def comes_back_when_nobody_answers(stand: Stand) -> str:
    """Under the keys it had, a minute after the new ones stayed without an answer."""
    change = _change(stand)
    if change.back is None:
        raise Failed(expected="a birth under the old keys again", seen="none")
    waited = change.back.at - change.tried.at
    if waited < WELCOME_WAIT_S / 2:
        raise Failed(expected=f"{WELCOME_WAIT_S:.0f} s of patience", seen=f"{waited:.0f} s")
    return f"back under its old keys after {waited:.0f} s without a welcome"


@checks("ANM-KEY-027", profile=Profile.FULL, feature=KEY_EPOCH_CAPABILITY)
def says_that_the_change_failed(stand: Stand) -> str:
    """Alarm 33, once, behind the welcome under the old keys."""
    change = _change(stand)
    stand.await_event(
        EventType.ALARM_RAISED, change.since, where=lambda one: one.get(Field.CODE) == AlarmCode.KEY_CHANGE_FAILED
    )
    told = {
        event.sequence
        for _, event in stand.transcript.events(change.since)
        if event.type == EventType.ALARM_RAISED and event.get(Field.CODE) == AlarmCode.KEY_CHANGE_FAILED
    }
    if len(told) != 1:
        raise Failed(expected="one alarm 33", seen=f"{len(told)}")
    return "alarm 33 after the welcome under its old keys, once"


def _must_refuse(stand: Stand, offer: KeyOffer, refusal: KeyRefusal) -> None:
    since = stand.mark()
    stand.say(offer)
    said = stand.await_message(KeyAnswer, since)[1]
    if said.refusal != refusal or said.public_key:
        key = "a key" if said.public_key else "no key"
        raise Failed(expected=f"refusal {refusal.value} and no key", seen=f"refusal {said.refusal} and {key}")


def _change(stand: Stand) -> Change:
    return stand.once("a change of keys that was called off", lambda: _offered_and_called_off(stand))


def _offered_and_called_off(stand: Stand) -> Change:
    private = private_key(stand.draw(_KEY_ENTROPY_BYTES))
    offer = KeyOffer(stand.identity.key_epoch + 1, public_key(private))
    since, asked_at, old = stand.mark(), stand.line.now(), stand.birth
    stand.say(offer)
    stand.say(offer)
    first = stand.await_message(KeyAnswer, since)[1]
    _expect(stand, offer, private, first)
    stand.until(lambda: len(list(stand.transcript.of(KeyAnswer, since))) > 1, ANSWER_S / 5)
    found = stand.await_frame(
        lambda one: _speaks_under(stand, one, offer.key_epoch),
        since,
        LEAVES_WITHIN_S + BOOT_S,
        "a birth under the new keys",
    )
    tried = next(birth for one, birth in stand.transcript.of(Birth, since) if one is found)
    behind = stand.transcript.said.index(found)
    patience = 2 * WELCOME_WAIT_S + BOOT_S
    stand.until(lambda: _back(stand, behind) is not None, patience)
    answers = tuple(one for _, one in stand.transcript.of(KeyAnswer, since))
    return Change(offer, answers, asked_at, found, tried, old, _back(stand, behind), since)


def _expect(stand: Stand, offer: KeyOffer, private: bytes, said: KeyAnswer) -> None:
    try:
        exchange(private, said.public_key)
    except RemoteProtocolError:
        raise Failed(
            expected="a point on the curve", seen=f"refusal {said.refusal}, {len(said.public_key)} bytes"
        ) from None
    stand.transcript.coming = ServiceIdentity(stand.identity.lock, private, said.public_key, offer.key_epoch)


def _back(stand: Stand, behind: int) -> Said | None:
    return stand.transcript.find(lambda one: _speaks_under(stand, one, stand.identity.key_epoch), behind + 1)


def _speaks_under(stand: Stand, one: Said, key_epoch: int) -> bool:
    if not isinstance(one.message, Birth) or one.header is None:
        return False
    return stand.transcript.boots[one.header.session].key_epoch == key_epoch
