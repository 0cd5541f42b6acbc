"""Checks of docs/protocol/keys.md: new keys at a handover.

This one is called off: the lock comes back to the keys it had. One that goes through is in keys_changed.py.
"""

from dataclasses import dataclass

from anmen.conformance.registry import Profile, checks
from anmen.conformance.rekeying import KEY_ENTROPY_BYTES, Offered, call_off, offer_keys
from anmen.conformance.stand import Stand
from anmen.conformance.transcript import Said
from anmen.conformance.verdict import Failed
from firmware_protocol.key_change import KEY_EPOCH_CAPABILITY, WELCOME_WAIT_S
from firmware_protocol.key_messages import KeyAnswer, KeyOffer, KeyRefusal
from firmware_protocol.keys import private_key, public_key
from firmware_protocol.vocabulary import AlarmCode, EventType, Field


@dataclass(frozen=True, slots=True)
class Change:
    """One change that was offered and never welcomed, as the lock went through it."""

    offered: Offered
    answers: tuple[KeyAnswer, ...]
    back: Said | None


@checks("ANM-KEY-022", feature=KEY_EPOCH_CAPABILITY, unseen="that it refuses while it is busy, which it may")
def refuses_what_it_must(stand: Stand) -> str:
    """Its own epoch again, a point that is none, and any keys while somebody's credential is on its list."""
    present, point = stand.identity.key_epoch, public_key(private_key(stand.draw(KEY_ENTROPY_BYTES)))
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
    change = _change(stand).offered
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
    waited = change.back.at - change.offered.tried.at
    if waited < WELCOME_WAIT_S / 2:
        raise Failed(expected=f"{WELCOME_WAIT_S:.0f} s of patience", seen=f"{waited:.0f} s")
    return f"back under its old keys after {waited:.0f} s without a welcome"


@checks("ANM-KEY-027", profile=Profile.FULL, feature=KEY_EPOCH_CAPABILITY)
def says_that_the_change_failed(stand: Stand) -> str:
    """Alarm 33, once, behind the welcome under the old keys."""
    since = _change(stand).offered.since
    stand.await_event(
        EventType.ALARM_RAISED, since, where=lambda one: one.get(Field.CODE) == AlarmCode.KEY_CHANGE_FAILED
    )
    told = {
        event.sequence
        for _, event in stand.transcript.events(since)
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
    offered = offer_keys(stand, times=2)
    answers = tuple(one for _, one in stand.transcript.of(KeyAnswer, offered.since))
    return Change(offered, answers, call_off(stand, offered))
