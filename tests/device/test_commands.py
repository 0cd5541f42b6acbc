"""Commands over a fake wire, the service's side of the protocol at one end and a whole simulated lock at the other."""

from dataclasses import replace

import pytest

from device_sim.door import MOTOR_NEEDS_PERCENT, DoorStep
from firmware_protocol.access_list import encode_entry
from firmware_protocol.commands import (
    Command,
    CommandFailure,
    CommandKind,
    CommandState,
    NonceAsked,
    ReadBackAnswer,
)
from firmware_protocol.errors import LocalProtocolError
from firmware_protocol.vocabulary import EventType, Field, Operation, OperationSource
from tests.device.desk import Desk
from tests.device.rig import DOCUMENT, NOW_S, card, connected_rig, face, pin

KIND, STATE = CommandKind, CommandState
NONE = CommandFailure.NONE


@pytest.fixture
def desk() -> Desk:
    return Desk(connected_rig(card(), pin()))


def test_an_opening_is_recorded_before_the_bolt_moves_and_done_when_it_has_arrived(desk: Desk) -> None:
    command = desk.order(KIND.UNLOCK_DOOR)
    (event,) = [one for one in desk.rig.events if one.get(Field.SOURCE) == OperationSource.REMOTE]
    assert event.type == EventType.LOCK_OPERATED
    assert (event.fields[Field.OPERATION], event.fields[Field.COMMAND]) == (Operation.UNLOCK, command.id)
    assert desk.bolt == "unlocking"
    assert desk.results(command) == [(STATE.ACCEPTED, NONE, False)]
    desk.pass_time(0.5)
    assert desk.bolt == "unlocked"
    assert desk.results(command)[1:] == [(STATE.DONE, NONE, False)]
    assert desk.events_of(command) == [(STATE.DONE, None)]
    assert desk.rig.register == desk.rig.events
    desk.pass_time(7.5)
    assert desk.bolt == "unlocked"
    desk.pass_time(1.5)
    assert desk.bolt == "locked"


def test_a_command_cuts_nobodys_time_short_and_the_handle_turns_at_any_moment(desk: Desk) -> None:
    desk.rig.lock.doorway.show_card(DOCUMENT, desk.rig.now)
    desk.pass_time(1.0)
    desk.order(KIND.UNLOCK_DOOR, seconds=1)
    desk.pass_time(3.0)
    assert desk.bolt == "unlocked"
    desk.pass_time(60.0)
    for kind in sorted(KIND):
        desk.order(kind, seconds=1)
        assert desk.rig.lock.doorway.turn_handle(desk.rig.now).opened
        assert desk.bolt == "unlocked"


def test_a_frame_that_was_held_back_opens_nothing(desk: Desk) -> None:
    command = desk.nonce(desk.command(KIND.UNLOCK_DOOR, life_s=600))
    frame = desk.seal(command)
    desk.pass_time(31)
    desk.deliver(frame)
    assert desk.results(command) == [(STATE.EXPIRED, NONE, False)]
    assert desk.events_of(command) == [(STATE.EXPIRED, None)]
    assert (desk.openings, desk.bolt) == (0, "locked")


def test_a_recorded_frame_opens_nothing_twice(desk: Desk) -> None:
    command = desk.nonce(desk.command(KIND.UNLOCK_DOOR))
    frame = desk.seal(command)
    desk.deliver(frame)
    desk.pass_time(20)
    desk.deliver(frame)
    assert desk.rig.lock.refused_frames["replayed"] == 1
    desk.reboot()
    desk.deliver(frame)
    assert desk.rig.lock.refused_frames["unknown_session"] == 1
    assert desk.openings == 1


def test_the_same_command_sealed_again_does_nothing_and_says_so(desk: Desk) -> None:
    command = desk.order(KIND.UNLOCK_DOOR)
    desk.pass_time(10)
    desk.deliver(desk.seal(command))
    desk.deliver(desk.seal(NonceAsked(command.id)))
    assert desk.results(command)[-2:] == [(STATE.DONE, NONE, True)] * 2
    desk.reboot()
    desk.deliver(desk.seal(NonceAsked(command.id)))
    assert desk.results(command)[-1] == (STATE.DONE, NONE, True)
    assert desk.openings == 1


def test_an_expired_command_does_nothing_and_says_so(desk: Desk) -> None:
    command = desk.nonce(desk.command(KIND.UNLOCK_DOOR, life_s=10))
    frame = desk.seal(command)
    desk.pass_time(11)
    desk.deliver(frame)
    assert desk.results(command) == [(STATE.EXPIRED, NONE, False)]
    assert desk.openings == 0


def test_a_reboot_in_the_middle_ends_the_command_and_it_is_not_begun_again(desk: Desk) -> None:
    command = desk.order(KIND.UNLOCK_DOOR)
    desk.reboot()
    assert desk.events_of(command) == [(STATE.FAILED, CommandFailure.INTERRUPTED)]
    desk.deliver(desk.seal(NonceAsked(command.id)))
    assert desk.results(command)[-1] == (STATE.FAILED, CommandFailure.INTERRUPTED, True)
    assert desk.openings == 1


def test_an_id_is_forgotten_only_when_no_clock_of_the_lock_can_take_it_for_fresh(desk: Desk) -> None:
    command = desk.order(KIND.UNLOCK_DOOR, life_s=300)
    desk.pass_time(10)
    # Its clock runs ahead, so it believes that the command has expired; then it is set right.
    ahead = desk.rig.lock.time.clock
    desk.rig.lock.time.clock = ahead.drifted(3_600_000)
    desk.order(KIND.IDENTIFY)
    desk.rig.lock.time.clock = ahead
    desk.deliver(desk.seal(NonceAsked(command.id)))
    assert desk.results(command)[-1] == (STATE.DONE, NONE, True)


def test_without_a_clock_nothing_opens_from_afar(desk: Desk) -> None:
    desk.rig.boot(chip_ms=None)
    desk.rig.lock.connecting()
    desk.rig.lock.connected(desk.rig.now)
    desk.rig.linked = True
    birth = desk.rig.lock.to_send(desk.rig.now)
    for answer in desk.rig.ingest.receive(birth):
        desk.rig.lock.receive(answer, desk.rig.now)
    # Proven, but the time has not been answered yet.
    desk.rig.ingest.receive(desk.rig.lock.to_send(desk.rig.now))
    command = Command(b"x" * 16, KIND.UNLOCK_DOOR, NOW_S, NOW_S + 60, b"", 8)
    desk.rig.lock.receive(desk.seal(command), desk.rig.now)
    desk.hear()
    assert desk.results(command) == [(STATE.FAILED, CommandFailure.CLOCK_UNSET, False)]
    assert desk.openings == 0


def test_no_command_to_a_session_that_is_not_proven(desk: Desk) -> None:
    desk.rig.boot()
    desk.rig.lock.connecting()
    desk.rig.lock.connected(desk.rig.now)
    desk.rig.ingest.receive(desk.rig.lock.to_send(desk.rig.now))
    waiting = next(one for one in desk.rig.ingest.side.sessions.values() if not one.proven)
    for message in (NonceAsked(b"x" * 16), desk.command(KIND.IDENTIFY)):
        with pytest.raises(LocalProtocolError, match="unproven"):
            desk.rig.ingest.side.seal(message, waiting.session)


def test_a_bolt_that_sticks_and_a_battery_too_weak(desk: Desk) -> None:
    desk.rig.lock.doorway.move(lambda door: DoorStep(replace(door, obstructed=True)), desk.rig.now)
    stuck = desk.order(KIND.UNLOCK_DOOR)
    desk.pass_time(3)
    assert desk.results(stuck)[-1] == (STATE.FAILED, CommandFailure.JAMMED, False)
    desk.rig.lock.doorway.move(lambda door: door.drained(100 - MOTOR_NEEDS_PERCENT + 1), desk.rig.now)
    weak = desk.order(KIND.UNLOCK_DOOR)
    assert desk.results(weak)[-1] == (STATE.FAILED, CommandFailure.INSUFFICIENT_BATTERY, False)


def test_whoever_wants_nobody_in_is_not_opened_to_from_afar(desk: Desk) -> None:
    desk.rig.lock.doorway.press_button(desk.rig.now)
    private = desk.order(KIND.UNLOCK_DOOR)
    desk.pass_time(1.0)
    assert desk.bolt == "locked"
    assert desk.results(private)[-1] == (STATE.FAILED, CommandFailure.PRIVACY_MODE, False)
    assert not [one for one in desk.rig.events if one.get(Field.SOURCE) == OperationSource.REMOTE]
    desk.rig.lock.doorway.press_button(desk.rig.now)
    assert desk.results(desk.order(KIND.UNLOCK_DOOR))[-1][0] == STATE.ACCEPTED


def test_two_openings_while_the_bolt_is_on_its_way_both_end(desk: Desk) -> None:
    first, second = desk.order(KIND.UNLOCK_DOOR), desk.order(KIND.UNLOCK_DOOR)
    assert desk.bolt == "unlocking"
    desk.pass_time(1.0)
    assert [desk.results(one)[-1] for one in (first, second)] == [(STATE.DONE, NONE, False)] * 2


def test_a_second_wipe_is_refused_while_one_waits(desk: Desk) -> None:
    first = desk.nonce(desk.command(KIND.FACTORY_WIPE))
    second = desk.nonce(desk.command(KIND.FACTORY_WIPE))
    desk.rig.lock.doorway.show_card(DOCUMENT, desk.rig.now)
    for one in (first, second):
        desk.rig.lock.commands.hear(one, desk.rig.now)
    desk.hear()
    assert desk.results(second)[-1] == (STATE.FAILED, CommandFailure.BUSY, False)


def test_identify_and_read_back(desk: Desk) -> None:
    shown = desk.command(KIND.IDENTIFY, seconds=10)
    desk.deliver(desk.seal(shown))
    assert desk.rig.lock.commands.shown_until == desk.rig.now + 10
    asked = desk.command(KIND.READ_BACK)
    desk.deliver(desk.seal(asked))
    (told,) = [one for one in desk.said if isinstance(one, ReadBackAnswer)]
    held, log = desk.rig.lock.held, desk.rig.lock.flash.log
    assert (told.id, told.list_version, told.list_digest) == (asked.id, held.version, held.digest)
    assert (told.entries, told.capacity, told.log_epoch) == (2, 200, log.epoch)
    assert desk.results(asked)[-1] == (STATE.DONE, NONE, False)


def test_parameters_hold_over_a_reboot(desk: Desk) -> None:
    desk.order(KIND.SET_PARAMETERS, relock_s=20, ajar_s=300)
    desk.reboot()
    desk.rig.lock.doorway.show_card(DOCUMENT, desk.rig.now)
    desk.pass_time(19)
    assert desk.bolt == "unlocked"
    desk.pass_time(3)
    assert desk.bolt == "locked"


def test_erasing_faces_leaves_no_face_in_flash_and_the_digest_as_it_was() -> None:
    template = bytes(range(144))
    rig = connected_rig(card())
    entry = face(3, template)
    # Held without an engine: the list's bytes are what counts here.
    rig.lock.flash.switch_list(
        replace(rig.lock.flash.access_list, entries={**rig.lock.flash.access_list.entries, 3: encode_entry(entry)})
    )
    desk = Desk(rig)
    digest = rig.lock.flash.access_list.digest
    desk.order(KIND.ERASE_BIOMETRIC)
    assert not any(template in rig.medium.read(name) for name in rig.medium.names())
    assert rig.lock.flash.access_list.digest == digest == rig.lock.held.digest
    assert rig.lock.doorway.show_card(DOCUMENT, rig.now).opened
    rig.boot()
    assert rig.lock.held.digest == digest
