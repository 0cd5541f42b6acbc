"""Firmware update on a whole simulated lock: to the new image and back, and what it never does on the way."""

import pytest

from device_sim.door import Door
from device_sim.firmware_image import Behaviour, read_image
from firmware_protocol.firmware import TRIAL_BOOTS, TRIAL_S, FirmwareCause, FirmwareOutcome, FirmwareRefusal
from firmware_protocol.firmware_messages import FirmwareChunk, FirmwareOffer
from firmware_protocol.firmware_states import FirmwareState
from firmware_protocol.keys import private_key
from firmware_protocol.vocabulary import DoorState
from tests.device.rig import DOCUMENT, card
from tests.device.update_rig import Distributing, UpdateRig, connected, digest_of, envelope_of, image_of

ON_TRIAL, CONFIRMED, FELL_BACK = FirmwareOutcome


def test_a_good_image_is_fetched_tried_and_kept() -> None:
    rig = connected()
    assert rig.lock.standing(0).capabilities["firmware"] == 1
    rig.offer(image_of())
    rig.live(10)
    assert (rig.version, rig.state, rig.starts) == ("1.1.0", FirmwareState.SETTLED, 1)
    assert rig.changes == [(1, 2, ON_TRIAL, 0), (1, 2, CONFIRMED, 0)]
    assert rig.lock.standing(0).capabilities["firmware"] == 2
    assert [event.sequence for event in rig.register] == list(range(1, rig.lock.flash.log.next_sequence))
    assert rig.ingest.chunks == 5


def test_the_door_works_at_every_moment_of_a_download() -> None:
    rig = connected()
    rig.give(card())
    rig.offer(image_of(size=60_000))
    while rig.state is FirmwareState.DOWNLOADING:
        assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened
        assert rig.lock.doorway.turn_handle(rig.now).opened
        rig.pass_time(0.3)
    assert rig.state is FirmwareState.READY
    rig.live(30)
    assert rig.version == "1.1.0"
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened


def test_a_live_event_leaves_before_the_question_for_chunks() -> None:
    rig = connected()
    rig.offer(image_of(size=20_000))
    rig.exchange()
    rig.now += 1.0
    rig.lock.doorway.turn_handle(rig.now)
    before = len(rig.register)
    frames = rig.lock.to_send(rig.now)
    assert len(frames) == 2
    rig.ingest.receive(frames[:1])
    assert len(rig.register) == before + 1


@pytest.mark.parametrize(
    "door",
    [Door(leaf=DoorState.OPEN), Door(leaf=DoorState.FORCED_OPEN), Door(obstructed=True), Door(battery_percent=29)],
)
def test_nothing_restarts_while_the_door_is_in_use_or_the_battery_is_low(door: Door) -> None:
    rig = connected()
    rig.offer(image_of())
    rig.lock.doorway.door = door
    if door.obstructed:
        rig.lock.doorway.move(lambda now: now.unlock(rig.now), rig.now)
    rig.live(300)
    assert (rig.state, rig.starts) == (FirmwareState.READY, 0)
    expected = FirmwareRefusal.BATTERY_LOW if door.battery_percent < 30 else FirmwareRefusal.DOOR_IN_USE
    assert rig.reasons == [expected]
    rig.lock.doorway.door = Door()
    rig.live(10)
    assert rig.version == "1.1.0"


def test_an_offer_is_not_taken_up_with_a_low_battery() -> None:
    rig = connected()
    rig.lock.doorway.door = Door(battery_percent=20)
    rig.offer(image_of())
    rig.live(5)
    assert (rig.state, rig.reasons) == (FirmwareState.SETTLED, [FirmwareRefusal.BATTERY_LOW])


def test_an_image_without_a_radio_is_given_up_in_time_and_opens_until_then() -> None:
    rig = connected()
    rig.give(card())
    rig.offer(image_of(behaviour=Behaviour.MUTE))
    rig.live(5)
    assert (rig.state, rig.behaviour) == (FirmwareState.ON_TRIAL, Behaviour.MUTE)
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened
    rig.live(TRIAL_S + 5)
    assert (rig.version, rig.state, rig.starts) == ("0.1.0", FirmwareState.SETTLED, 2)
    assert rig.changes == [(1, 2, ON_TRIAL, 0), (2, 1, FELL_BACK, FirmwareCause.NOT_WELCOMED)]
    # The service offers it again to the lock that has come back.
    assert rig.reasons == [FirmwareRefusal.FELL_BACK_BEFORE]


def test_an_image_that_is_welcomed_and_crashes_later_is_not_there_for_good() -> None:
    rig = connected()
    rig.ingest.soak_s = 60
    rig.offer(image_of(behaviour=Behaviour.CRASHES))
    rig.live(10)
    for _ in range(TRIAL_BOOTS):
        assert rig.behaviour is Behaviour.CRASHES
        if not rig.linked:
            rig.connect()
        rig.pass_time(45)
        assert (rig.state, rig.lock.proven) == (FirmwareState.ON_TRIAL, True)
        rig.start()
    assert (rig.version, rig.changes[-1][3]) == ("0.1.0", FirmwareCause.BOOTS_USED_UP)


def test_an_image_has_run_as_long_as_it_must_before_it_is_there_for_good() -> None:
    rig = connected()
    rig.ingest.soak_s = 1 << 40
    rig.offer(image_of())
    rig.live(200)
    assert rig.state is FirmwareState.ON_TRIAL
    rig.live(200)
    assert rig.changes[-1] == (1, 2, CONFIRMED, 0)


def test_an_image_that_never_gets_far_is_started_three_times() -> None:
    rig = connected()
    rig.offer(image_of(behaviour=Behaviour.CRASHES))
    while rig.state is not FirmwareState.ON_TRIAL:
        rig.live(1)
    assert rig.starts == 1
    for _ in range(TRIAL_BOOTS - 1):
        rig.start()
        assert rig.behaviour is Behaviour.CRASHES
    rig.start()
    assert (rig.version, rig.state) == ("0.1.0", FirmwareState.SETTLED)
    assert rig.changes[-1] == (2, 1, FELL_BACK, FirmwareCause.BOOTS_USED_UP)


def test_a_damaged_image_is_not_booted() -> None:
    rig = connected()
    rig.offer(image_of())
    rig.live(10)
    rig.medium.rot("image.b", 3000)
    rig.start()
    assert (rig.version, rig.changes[-1]) == ("0.1.0", (2, 1, FELL_BACK, FirmwareCause.IMAGE_DAMAGED))


def test_a_download_goes_on_where_it_stood() -> None:
    rig = connected()
    image = image_of(size=40_000)
    rig.offer(image)
    rig.pass_time(1.0)
    have, _ = rig.lock.updater.progress
    assert 0 < have < len(image)
    rig.ingest.envelope = b""
    rig.ingest.wanted.clear()
    rig.start()
    assert rig.ingest.wanted[0].offset == have
    rig.disconnect()
    rig.pass_time(60)
    rig.connect()
    rig.live(20)
    assert rig.version == "1.1.0"
    assert rig.ingest.chunks <= len(image) // 1024 + 1 + 4


def test_what_is_withdrawn_is_dropped() -> None:
    rig = connected()
    rig.offer(image_of(size=40_000))
    rig.pass_time(0.5)
    rig.deliver(rig.ingest.say(FirmwareOffer(b"")))
    assert (rig.state, rig.lock.updater.progress) == (FirmwareState.SETTLED, (0, 0))
    rig.ingest.envelope = b""
    rig.start()
    assert rig.state is FirmwareState.SETTLED


def test_a_better_image_overtakes_one_on_its_way() -> None:
    rig = connected()
    rig.offer(image_of("1.1.0", size=40_000))
    rig.pass_time(0.5)
    rig.offer(image_of("1.2.0"), sequence=3)
    rig.live(10)
    assert (rig.version, rig.changes[-1]) == ("1.2.0", (1, 3, CONFIRMED, 0))


def test_forged_old_and_foreign_images_are_refused() -> None:
    rig = connected()
    image = image_of()
    rig.offer(image, envelope_of(image, 3, key=private_key(b"thief" * 10)))
    rig.offer(image, b"\x00" * 200)
    rig.offer(image, envelope_of(image, 3, needs=2))
    rig.offer(image, envelope_of(image, 1))
    rig.offer(image, envelope_of(image, 2))
    rig.live(10)
    # Offered once more to the new image, which runs already.
    assert rig.version == "1.1.0"
    for sequence in (1, 2):
        rig.offer(image, envelope_of(image, sequence))
    rig.live(2)
    names = [FirmwareRefusal(one).name for one in rig.reasons]
    assert names == ["NOT_SIGNED", "NOT_READABLE", "NEEDS_NEWER", "OLD", "OLD", "OLD", "OLD"]
    assert rig.state is FirmwareState.SETTLED


def test_an_image_that_is_not_what_was_signed_never_runs() -> None:
    rig = connected()
    rig.offer(image_of("1.1.0"), envelope_of(image_of("6.6.6")))
    rig.live(10)
    assert (rig.version, rig.state) == ("0.1.0", FirmwareState.SETTLED)
    assert rig.reasons == [FirmwareRefusal.DIGEST_DIFFERS]


def test_a_flood_of_chunks_writes_nothing() -> None:
    rig = connected()
    image = image_of(size=20_000)
    rig.offer(image)
    writes = rig.medium.writes
    for at in (1, 512, 8 * 1024, 1 << 40):
        rig.deliver(rig.ingest.say(FirmwareChunk(digest_of(image), at, bytes(1024))))
    rig.deliver(rig.ingest.say(FirmwareChunk(bytes(32), 0, bytes(1024))))
    assert rig.medium.writes == writes
    rig.live(15)
    assert rig.version == "1.1.0"


def test_a_lock_without_its_makers_key_says_and_does_nothing() -> None:
    rig = UpdateRig(maker=None)
    assert isinstance(rig.ingest, Distributing)
    rig.connect()
    rig.offer(image_of())
    rig.live(5)
    assert "firmware" not in rig.lock.standing(0).capabilities
    assert (rig.version, rig.ingest.wanted) == ("0.1.0", [])


def test_rubbish_as_an_image_hangs() -> None:
    assert read_image(b"").behaviour is read_image(b"\xff" * 900).behaviour is Behaviour.HANGS
    assert read_image(image_of("2.0.0")).version == "2.0.0"


def test_half_a_mebibyte_at_the_default_pace() -> None:
    """The figures of docs/protocol/firmware.md."""
    rig = connected()
    rig.offer(image_of(size=512 * 1024))
    began = rig.now
    while rig.state is FirmwareState.DOWNLOADING:
        rig.pass_time(0.25)
    assert (len(rig.ingest.wanted), rig.ingest.chunks) == (128, 512)
    assert 31 <= rig.now - began <= 33
