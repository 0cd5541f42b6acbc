"""The service came to hold other keys than the lock: the lock keeps its secret until it is welcomed, and is claimed again by it."""

from dataclasses import replace

import cbor2
import pytest

from device_sim.errors import BadRequest
from device_sim.flash.chip import Flash
from device_sim.flash.memory import PowerCut
from device_sim.given_keys import REGION, claimed_by, forget_secret, keep_keys, load_keys
from firmware_protocol import LockIdentity
from firmware_protocol.claim import is_claim, next_secret
from firmware_protocol.keys import exchange, public_key
from tests.device.boxed_lock import SECRET, SERVICE, Box, answered, meets, said
from tests.device.rig import IDENTITY, LOCK, SERVICE_KEY, Rig, card
from tests.device.test_claiming import wiped


def spoilt(box: Box) -> bytes:
    """Pressed twice; the second press is answered, then the broker plays the first. The keys that the service holds now."""
    held_back = box.press()
    box.claimed()
    return said(held_back).public_key


def test_a_press_that_the_broker_held_back_spoils_no_claim_for_good() -> None:
    box = Box()
    theirs = spoilt(box)
    assert not meets(box, theirs)
    assert box.lock.claiming.secret == SECRET
    again = box.press()
    assert said(again).key_epoch == 1
    box.lock.receive(answered(again), 1.0)
    box.boot()
    assert meets(box, said(again).public_key)
    assert box.lock.claiming.secret is None


def test_until_it_is_claimed_again_it_tries_to_come_back_at_every_boot() -> None:
    box = Box()
    frame = box.claimed()
    for _ in range(3):
        box.boot()
        assert box.lock.claiming.secret == SECRET
        assert box.lock.connecting()
        box.lock.connected(0.0)
        assert box.lock.to_send(0.0), "it says its birth"
    assert meets(box, said(frame).public_key)


def test_a_welcome_that_comes_while_it_claims_again_ends_the_claim() -> None:
    box = Box()
    frame = box.claimed()
    again = box.press()
    assert meets(box, said(frame).public_key)
    box.lock.receive(answered(again), 2.0)
    assert not box.lock.restart_due
    assert not any(is_claim(one) for one in box.lock.to_send(30.0))


@pytest.mark.parametrize("keep", [0.0, 0.5, 1.0])
def test_wherever_the_power_goes_away_the_secret_is_forgotten_or_kept_and_the_keys_stay(keep: float) -> None:
    at, kept = 0, []
    while True:
        box = Box()
        theirs = said(box.claimed()).public_key
        box.medium.cut_at, box.medium.keep = at, keep
        try:
            forget_secret(box.lock.flash)
        except PowerCut:
            box.medium = box.medium.after_power_cut()
        else:
            break
        box.boot()
        assert public_key(box.lock.identity.private_key) == theirs
        kept.append(box.lock.claiming.secret == SECRET)
        assert box.holds(SECRET) is kept[-1]
        assert meets(box, theirs)
        assert (box.lock.claiming.secret, box.holds(SECRET)) == (None, False)
        at += 1
    assert kept == sorted(kept, reverse=True)
    assert len(kept) > 2


def test_wherever_the_power_goes_away_in_the_second_claim_the_lock_has_one_pair_and_the_secret() -> None:
    at, pairs = 0, []
    while True:
        box = Box()
        first = said(spoilt_and_answered(box)).public_key
        again = box.press()
        box.medium.cut_at = at
        try:
            box.lock.receive(answered(again), 1.0)
            box.boot()
        except PowerCut:
            box.medium = box.medium.after_power_cut()
            box.boot()
        else:
            break
        assert box.lock.claiming.secret == SECRET
        held = public_key(box.lock.identity.private_key)
        pairs.append([first, said(again).public_key].index(held))
        assert meets(box, held)
        at += 1
    assert pairs == sorted(pairs)
    assert set(pairs) == {0, 1}


def spoilt_and_answered(box: Box) -> bytes:
    box.press()
    return box.claimed()


def taken_over(rig: Rig) -> LockIdentity:
    """The wiped lock is claimed by its next secret, as far as the answer; the keys it starts again under."""
    derived = rig.lock.claiming.secret
    assert derived is not None
    rig.lock.claiming.press(rig.now)
    [frame] = filter(is_claim, rig.lock.to_send(rig.now))
    rig.lock.receive(answered(frame, derived, 2), rig.now)
    given = load_keys(Flash(rig.medium, draw=rig.draw), LOCK)
    assert given is not None
    rig.identity = given
    rig.boot()
    return given


def test_a_derived_secret_is_kept_in_the_same_way_though_its_keys_are_gone() -> None:
    rig = wiped()
    derived = next_secret(exchange(SERVICE_KEY, public_key(rig.identity.private_key)), LOCK, 1)
    first = taken_over(rig)
    assert rig.lock.claiming.secret == derived
    second = taken_over(rig)
    assert (first.key_epoch, second.key_epoch) == (2, 2)
    assert first.private_key != second.private_key
    assert rig.lock.claiming.secret == derived
    rig.ingest.identity = replace(
        rig.ingest.identity,
        private_key=SERVICE,
        lock_public_key=public_key(second.private_key),
        key_epoch=2,
    )
    rig.ingest.durable = replace(rig.ingest.durable, sessions=())
    rig.ingest.forget()
    rig.connect()
    assert rig.lock.proven
    assert rig.lock.claiming.secret is None


def test_a_lock_with_somebody_on_its_list_is_claimed_by_no_secret() -> None:
    rig = Rig()
    keep_keys(rig.lock.flash, IDENTITY, claimed_by=SECRET)
    rig.boot()
    assert rig.lock.claiming.secret == SECRET
    rig.connect()
    rig.give(card())
    keep_keys(rig.lock.flash, IDENTITY, claimed_by=SECRET)
    rig.boot()
    with pytest.raises(BadRequest, match="somebody's"):
        rig.lock.claiming.press(1.0)


def test_keys_that_an_older_firmware_wrote_down_have_no_secret_beside_them() -> None:
    box = Box()
    box.claimed()
    slots = box.lock.flash.slots(REGION)
    slots.write(cbor2.dumps(cbor2.loads(slots.read() or b"")[:5]))
    assert claimed_by(box.lock.flash) is None
    before = box.keys()
    forget_secret(box.lock.flash)
    assert box.keys() == before is not None
    box.boot()
    assert box.lock.claiming.secret is None
