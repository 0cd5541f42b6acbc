"""A lock's static keys change at handover: whatever is lost or cut on the way, both sides end with the same pair, and the old one is gone."""

from dataclasses import replace

import pytest

from firmware_protocol.chain import commitment, first_link, next_link
from firmware_protocol.credentials import card_material
from firmware_protocol.key_change import KeyState
from firmware_protocol.key_messages import KeyOffer, KeyRefusal
from firmware_protocol.keys import chain_key, credential_key, exchange, private_key, public_key
from firmware_protocol.vocabulary import AlarmCode, EventType, Field
from tests.device.rekeyed_rig import RekeyedRig
from tests.device.rig import DOCUMENT, LOCK, LOCK_KEY, SERVICE_KEY, card


def rig_online() -> RekeyedRig:
    rig = RekeyedRig()
    rig.identity = replace(rig.identity, signing_key=private_key(b"sign" * 12))
    rig.boot()
    rig.connect()
    return rig


def offered(rig: RekeyedRig) -> RekeyedRig:
    rig.powered(lambda: rig.deliver(rig.ingest.offer()))
    rig.powered(rig.exchange)
    return rig


def heal(rig: RekeyedRig) -> None:
    """Nothing is lost any more, and the service offers again what is not through; one pair in the end."""
    rig.lost = lambda _: False
    rig.medium.cut_at = None
    if not rig.linked:
        rig.connect()
    for _ in range(8):
        rig.live(300.0)
        if rig.agreed and not rig.ingest.keys.next_private:
            break
        rig.deliver(rig.ingest.offer_again())
        rig.exchange()
    assert rig.agreed
    assert rig.lock.keys.keyring.pending is None or not rig.ingest.keys.next_private


def test_a_handover_changes_the_keys_on_both_sides_and_leaves_nothing_of_the_old_pair() -> None:
    rig = offered(rig_online())
    rig.live(5.0)
    assert rig.agreed
    assert rig.ingest.keys.identity.key_epoch == 2
    [told] = rig.events_of(EventType.KEYS_CHANGED)
    assert (told.get(Field.KEY_EPOCH), told.get(Field.KEY_EPOCH_BEFORE)) == (2, 1)
    assert rig.lock.standing(rig.now).capabilities["key_epoch"] == 2
    flash = b"".join(rig.medium.read(name) for name in rig.medium.names())
    assert LOCK_KEY not in flash
    assert rig.boots == 3


def test_a_card_that_is_given_afterwards_opens_and_was_made_under_the_new_keys() -> None:
    rig = offered(rig_online())
    rig.live(5.0)
    keys = rig.ingest.keys.identity
    key = credential_key(exchange(keys.private_key, keys.lock_public_key), LOCK, 2)
    rig.give(replace(card(), material=card_material(key, DOCUMENT)))
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened
    rig.boot()
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened


def chained(rig: RekeyedRig) -> bool:
    """Whether the lock's own link is the one over its events, each under the keys it was recorded under (ANM-CHN-011)."""
    keys = rig.ingest.keys.identity
    statics = {1: exchange(SERVICE_KEY, public_key(LOCK_KEY)), 2: exchange(keys.private_key, keys.lock_public_key)}
    link, epoch = first_link(LOCK, rig.lock.flash.log.epoch), 1
    for event in rig.events:
        epoch = event.fields.get(Field.KEY_EPOCH, epoch)
        link = next_link(link, commitment(chain_key(statics[epoch], LOCK, epoch), event))
    assert epoch == 2
    assert rig.lock.flash.log.chain is not None
    return rig.lock.flash.log.chain.link == link


def test_the_chain_hangs_on_the_old_key_up_to_the_change_and_on_the_new_one_from_it() -> None:
    rig = offered(rig_online())
    rig.live(5.0)
    for _ in range(3):
        rig.lock.doorway.turn_handle(rig.now)
        rig.live(10.0)
    assert chained(rig)
    rig.powered(rig.boot)
    assert chained(rig)


@pytest.mark.parametrize("number", range(1, 16))
def test_one_frame_lost_at_any_place(number: int) -> None:
    rig = rig_online()
    sent = rig.sent
    rig.lost = lambda at: at == sent + number
    offered(rig).live(200.0)
    heal(rig)
    assert rig.ingest.keys.identity.key_epoch == 2


def story(cut_at: int | None) -> RekeyedRig:
    rig = rig_online()
    rig.medium.cut_at = None if cut_at is None else rig.medium.writes + cut_at
    offered(rig)
    rig.live(5.0)
    return rig


def test_power_cut_at_every_write_of_a_change() -> None:
    whole = rig_online()
    begun = whole.medium.writes
    offered(whole).live(5.0)
    writes = whole.medium.writes - begun
    assert writes > 20
    for at in range(writes):
        rig = story(at)
        heal(rig)
        assert rig.ingest.keys.identity.key_epoch == 2, at
        told = [one.get(Field.KEY_EPOCH) for one in rig.events_of(EventType.KEYS_CHANGED)]
        assert told == [2], at
        assert chained(rig), at
        assert LOCK_KEY not in b"".join(rig.medium.read(name) for name in rig.medium.names()), at


def test_the_same_offer_twice_draws_one_pair_and_a_replayed_one_is_refused() -> None:
    rig = rig_online()
    [frame] = rig.ingest.offer()
    rig.deliver([frame])
    drawn = rig.lock.keys.keyring.pending
    rig.deliver(rig.ingest.offer_again())
    assert rig.lock.keys.keyring.pending == drawn
    rig.deliver([frame])
    assert rig.lock.refused_frames["replayed"] == 1
    rig.exchange()
    rig.live(5.0)
    assert rig.agreed
    rig.deliver([frame])
    assert (rig.lock.keys.key_epoch, rig.lock.keys.keyring.state) == (2, KeyState.SETTLED)


def test_a_lower_or_present_epoch_and_a_point_off_the_curve_are_refused() -> None:
    rig = rig_online()
    point = public_key(private_key(b"next" * 12))

    def answer(offer: KeyOffer) -> int:
        return rig.lock.keys.hear(offer, holds_material=False, busy=False, now=0.0).refusal

    assert answer(KeyOffer(0, point)) == answer(KeyOffer(1, point)) == KeyRefusal.EPOCH_TOO_LOW
    assert answer(KeyOffer(2, b"\x04" + bytes(64))) == KeyRefusal.BAD_KEY
    assert answer(KeyOffer(5, point)) == KeyRefusal.NONE
    assert answer(KeyOffer(4, point)) == KeyRefusal.EPOCH_TOO_LOW


def test_a_lock_that_holds_a_credential_does_not_change_its_keys() -> None:
    rig = rig_online()
    rig.give(card())
    offered(rig)
    rig.live(5.0)
    assert rig.ingest.refusals == [KeyRefusal.LIST_HOLDS]
    assert (rig.lock.keys.keyring.pending, rig.boots) == (None, 2)
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened


def test_a_change_that_is_called_off_leaves_the_lock_under_its_old_keys_with_an_alarm() -> None:
    rig = offered(rig_online())
    rig.ingest.call_off()
    rig.live(200.0)
    assert rig.agreed
    assert rig.lock.keys.key_epoch == 1
    codes = [one.get(Field.CODE) for one in rig.events_of(EventType.ALARM_RAISED)]
    assert codes == [AlarmCode.KEY_CHANGE_FAILED]
    rig.give(card())
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened
    rig.give()
    offered(rig)
    rig.live(10.0)
    assert rig.agreed
    assert rig.lock.keys.key_epoch == 3


def test_frames_of_the_old_keys_are_worth_nothing_after_the_change() -> None:
    rig = offered(rig_online())
    rig.live(5.0)
    before = len(rig.ingest.refused)
    old = [frame for frame in rig.heard_up if frame not in rig.heard_up_last]
    rig.ingest.receive(old)
    assert rig.agreed
    assert len(rig.ingest.refused) == before + len(old) > before


def test_an_image_on_trial_is_given_its_time() -> None:
    rig = offered(rig_online())
    rig.ingest.call_off()
    rig.pass_time(2.0)
    rig.boot()
    keys = rig.lock.keys
    keys.connected(0.0)
    keys.expire(100.0, on_trial=True)
    assert not keys.restart_due
    keys.expire(170.0, on_trial=False)
    assert keys.restart_due
    assert keys.keyring.state is KeyState.BACK
