"""Claiming at the lock: button, two minutes, keys whole or not at all wherever the power goes, and the next secret after a wipe."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from device_sim.errors import BadRequest
from device_sim.flash.chip import Flash
from device_sim.flash.memory import PowerCut
from device_sim.given_keys import load_keys
from device_sim.provision import read_provision, write_provision
from firmware_protocol.claim import WINDOW_S, claimed_frame, draw_secret, next_secret, open_claim
from firmware_protocol.commands import CommandKind
from firmware_protocol.errors import RemoteProtocolError
from firmware_protocol.key_messages import ServiceKeys
from firmware_protocol.keys import exchange, public_key
from tests.device.boxed_lock import BOXED, SECRET, SERVICE, Box, answered, meets, said
from tests.device.desk import Desk
from tests.device.rig import LOCK, SERVICE_KEY, Rig, card

OTHER = draw_secret(b"another cover at all")


def test_a_lock_from_the_factory_says_nothing_before_its_button_is_pressed() -> None:
    box = Box()
    assert box.lock.connecting() == b""
    box.lock.connected(0.0)
    box.lock.expire(400.0)
    assert box.lock.to_send(400.0) == []
    assert box.lock.doorway.turn_handle(400.0).opened


def test_pressed_it_claims_every_five_seconds_for_two_minutes() -> None:
    box = Box()
    assert said(box.press()).key_epoch == 1
    moments = [0.0]
    while (at := box.lock.claiming.deadline()) is not None:
        moments += [at] if box.lock.claiming.to_send(at) else []
    assert moments == [5.0 * number for number in range(24)]
    assert box.lock.claiming.open_s(121.0) == 0


def test_a_press_without_a_network_waits_for_it_and_not_in_a_circle() -> None:
    box = Box()
    box.lock.claiming.press(0.0)
    assert box.lock.claiming.deadline() is None
    box.lock.connected(7.0)
    assert len(box.lock.to_send(7.0)) == 1


def test_claimed_it_starts_anew_under_the_new_keys_and_knows_the_secret_no_more() -> None:
    box = Box()
    before = box.lock.flash.log.epoch
    frame = box.claimed()
    identity = box.lock.identity
    assert identity.service_public_key == public_key(SERVICE)
    assert public_key(identity.private_key) == said(frame).public_key
    assert identity.signing_key is not None
    assert box.lock.flash.log.epoch != before
    assert meets(box, said(frame).public_key)
    for _ in range(2):
        assert (box.lock.claiming.secret, box.holds(SECRET)) == (None, False)
        with pytest.raises(BadRequest, match="somebody's"):
            box.lock.claiming.press(1.0)
        box.boot()


@pytest.mark.parametrize("keep", [0.0, 0.5, 1.0])
def test_wherever_the_power_goes_away_the_keys_are_there_whole_or_not_at_all(keep: float) -> None:
    at, seen = 0, []
    while True:
        box = Box()
        answer = answered(box.press())
        box.medium.cut_at, box.medium.keep, box.medium.writes = at, keep, 0
        try:
            box.lock.receive(answer, 1.0)
            box.boot()
        except PowerCut:
            box.medium = box.medium.after_power_cut()
        else:
            break
        seen.append(check_after_cut(box))
        at += 1
    assert {True, False} == set(seen)
    assert seen == sorted(seen), "once given, the keys are not lost again"


def check_after_cut(box: Box) -> bool:
    """Whether the keys were given; the lock can be used, or claimed by its old secret."""
    box.boot()
    given = not box.lock.claiming.boxed
    if given:
        assert box.lock.identity.service_public_key == public_key(SERVICE)
        assert meets(box, public_key(box.lock.identity.private_key))
    else:
        box.lock.receive(answered(box.press()), 1.0)
        assert box.lock.restart_due
    return given


ANSWER = ServiceKeys(1, public_key(SERVICE))
OFF_CURVE = replace(ANSWER, public_key=b"\x04" + bytes(64))
LOW = replace(ANSWER, key_epoch=0)

WORTHLESS: list[tuple[str, Callable[[Box, bytes], bytes | None]]] = [
    ("wrong secret", lambda _, frame: claimed_frame(LOCK, OTHER, frame_session(frame), ANSWER)),
    ("another press", lambda box, frame: answered(frame) if box.press() else None),
    ("its own claim again", lambda _, frame: frame),
    ("a service key off the curve", lambda _, frame: claimed_frame(LOCK, SECRET, frame_session(frame), OFF_CURVE)),
    ("a key epoch that falls", lambda _, frame: claimed_frame(LOCK, SECRET, frame_session(frame), LOW)),
    ("cut short", lambda _, frame: answered(frame)[:-1]),
]


def frame_session(frame: bytes) -> bytes:
    return open_claim(LOCK, SECRET, frame)[0]


@pytest.mark.parametrize(("why", "make"), WORTHLESS)
def test_an_answer_that_is_none_changes_nothing(why: str, make: Callable[[Box, bytes], bytes | None]) -> None:
    box = Box()
    offered = make(box, box.press())
    assert offered is not None, why
    box.lock.receive(offered, 1.0)
    assert (box.lock.restart_due, box.keys()) == (False, None), why


def test_an_answer_after_the_two_minutes_is_too_late() -> None:
    box = Box()
    box.lock.receive(answered(box.press()), WINDOW_S)
    assert (box.lock.restart_due, box.keys()) == (False, None)


def test_a_replayed_claim_does_not_open_under_another_secret_and_a_replayed_answer_is_for_no_later_press() -> None:
    box = Box()
    frame = box.press()
    answer = answered(frame)
    with pytest.raises(RemoteProtocolError):
        open_claim(LOCK, OTHER, frame)
    box.boot()
    box.press()
    box.lock.receive(answer, 1.0)
    assert box.keys() is None


def wiped() -> Rig:
    """A lock of somebody's, wiped by command."""
    rig = Rig()
    rig.connect()
    rig.give(card())
    assert rig.lock.claiming.secret is None
    desk = Desk(rig)
    desk.order(CommandKind.FACTORY_WIPE)
    desk.pass_time(1)
    rig.ingest.change_list({})
    desk.reboot()
    return rig


def test_after_a_wipe_the_derived_secret_counts_and_both_sides_know_it() -> None:
    rig = wiped()
    derived = next_secret(exchange(SERVICE_KEY, public_key(rig.identity.private_key)), LOCK, 1)
    assert rig.lock.claiming.secret == derived
    rig.lock.claiming.press(rig.now)
    frame = rig.lock.to_send(rig.now)[0]
    assert said(frame, derived).key_epoch == 2
    rig.lock.receive(answered(frame, derived, 2), rig.now)
    given = load_keys(Flash(rig.medium, draw=rig.draw), LOCK)
    assert given is not None
    assert (given.key_epoch, given.service_public_key) == (2, public_key(SERVICE))


def test_a_wiped_lock_that_somebody_is_let_in_by_again_is_somebodys() -> None:
    rig = wiped()
    rig.give(card(7))
    assert rig.lock.claiming.secret is None


def test_a_boxed_lock_lies_in_its_file_with_its_secret_and_no_keys(tmp_path: Path) -> None:
    path = write_provision(tmp_path, BOXED)
    read = read_provision(path)
    assert (read.claim_secret, read.private_key) == (SECRET, b"")
    assert SECRET not in repr(read)
    assert "private_key" not in path.read_text()
