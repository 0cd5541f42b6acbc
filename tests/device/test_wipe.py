"""The factory wipe: nothing of anybody is left, nothing unsaid is lost, and the proof holds, wherever the power goes away."""

from dataclasses import replace
from typing import Any

import pytest

from device_sim.flash.memory import PowerCut
from firmware_protocol.access_list import EMPTY_DIGEST
from firmware_protocol.commands import Command, CommandFailure, CommandKind, CommandState, NonceAsked
from firmware_protocol.commands_wiped import proves_wipe, wipe_key
from firmware_protocol.keys import exchange, public_key
from firmware_protocol.vocabulary import AlarmCode, EventType, Field
from tests.device.desk import CHALLENGE, Desk
from tests.device.rig import DOCUMENT, LOCK, LOCK_KEY, PIN, SERVICE_KEY, card, connected_rig, pin

# Numbers that no other bytes of a flash look like.
CARD, ONCE = card(0x5A17E1), replace(pin(0x5A17E2), one_time=True, visitor=True)
KEY = wipe_key(exchange(SERVICE_KEY, public_key(LOCK_KEY)), LOCK, 1)


def begun() -> tuple[Desk, Command, int]:
    """A lock that is about to be started again for its wipe, the command, and the epoch of its log."""
    desk = Desk(connected_rig(CARD, ONCE))
    desk.rig.lock.doorway.show_card(DOCUMENT, desk.rig.now)
    desk.rig.lock.doorway.enter_pin(PIN, desk.rig.now)
    desk.hear()
    assert desk.rig.lock.held.spent == {ONCE.credential_id}
    epoch = desk.rig.lock.flash.log.epoch
    command = desk.order(CommandKind.FACTORY_WIPE)
    desk.pass_time(1)
    assert desk.rig.lock.restart_due
    assert {"list.a", "list.b", "spent.a", "spent.b"} < traces(desk)
    return desk, command, epoch


def traces(desk: Desk) -> set[str]:
    """The parts of the flash that hold anything of a credential: what it is made from, or its number."""
    medium = desk.rig.medium
    told = [part for one in (CARD, ONCE) for part in (one.material, one.credential_id.to_bytes(3, "big"))]
    return {name for name in medium.names() if any(part in medium.read(name) for part in told)}


def check_wiped(desk: Desk, command: Command, old_epoch: int) -> None:
    lock = desk.rig.lock
    assert lock.flash.log.epoch != old_epoch
    assert lock.held.digest == EMPTY_DIGEST
    assert lock.held.spent == frozenset()
    assert traces(desk) == set()
    ended = next(one for one in desk.rig.events_of(EventType.COMMAND_DONE) if one.fields[Field.COMMAND] == command.id)
    proof = ended.fields[Field.DIGEST]
    assert ended.fields[Field.COMMAND_STATE] == CommandState.DONE
    assert proves_wipe(KEY, proof, CHALLENGE, old_epoch=old_epoch, new_epoch=lock.flash.log.epoch)
    alarms = [one.fields[Field.CODE] for one in desk.rig.events_of(EventType.ALARM_RAISED)]
    assert AlarmCode.LOCK_FACTORY_RESET in alarms


def test_a_wiped_lock_holds_nothing_and_proves_it() -> None:
    desk, command, epoch = begun()
    boots = desk.rig.lock.flash.remembered.boot_number
    before = [one.type for one in desk.rig.register]
    # The service wants an empty list from here on, as it does once the grants have ended.
    desk.rig.ingest.change_list({})
    desk.reboot()
    check_wiped(desk, command, epoch)
    assert desk.rig.lock.flash.remembered.boot_number == boots + 1
    assert EventType.LOCK_OPERATED in before
    assert not desk.rig.lock.doorway.show_card(DOCUMENT, desk.rig.now).opened
    desk.deliver(desk.seal(NonceAsked(command.id)))
    assert desk.results(command)[-1] == (CommandState.DONE, CommandFailure.NONE, True)


def test_nothing_is_wiped_before_everything_is_stored() -> None:
    desk = Desk(connected_rig(card()))
    command = desk.nonce(desk.command(CommandKind.FACTORY_WIPE))
    desk.rig.lock.doorway.show_card(DOCUMENT, desk.rig.now)
    desk.rig.lock.receive(desk.seal(command), desk.rig.now)
    assert not desk.rig.lock.restart_due
    desk.hear()
    assert desk.results(command)[0][0] is CommandState.ACCEPTED
    assert desk.rig.lock.restart_due


def test_a_wipe_that_waits_too_long_does_not_happen() -> None:
    desk = Desk(connected_rig(card()))
    command = desk.nonce(desk.command(CommandKind.FACTORY_WIPE, life_s=30))
    desk.rig.lock.doorway.show_card(DOCUMENT, desk.rig.now)
    desk.rig.lock.receive(desk.seal(command), desk.rig.now)
    desk.rig.lock.to_send(desk.rig.now)
    desk.rig.now += 40
    desk.rig.lock.expire(desk.rig.now)
    assert desk.events_of(command) == [(CommandState.EXPIRED, None)]
    assert desk.rig.lock.held.version == 1


def test_a_wipe_that_had_only_been_accepted_is_given_up_by_a_reboot() -> None:
    desk = Desk(connected_rig(card()))
    command = desk.nonce(desk.command(CommandKind.FACTORY_WIPE))
    desk.rig.lock.doorway.show_card(DOCUMENT, desk.rig.now)
    desk.rig.lock.receive(desk.seal(command), desk.rig.now)
    desk.reboot()
    assert desk.events_of(command) == [(CommandState.FAILED, CommandFailure.INTERRUPTED)]
    assert desk.rig.lock.held.version == 1


@pytest.mark.parametrize("keep", [0.0, 0.5, 1.0])
def test_wherever_the_power_goes_away_the_wipe_is_finished(keep: float) -> None:
    at, cut = 0, True
    while cut:
        desk, command, epoch = begun()
        cut = _boot_cut_at(desk, at, keep)
        desk.rig.ingest.change_list({})
        desk.reboot()
        check_wiped(desk, command, epoch)
        at += 1
    assert at > 10


def _boot_cut_at(desk: Any, at: int, keep: float) -> bool:
    """Boot with the power going away at the given write; whether it got that far."""
    rig = desk.rig
    chip_ms, door = rig.lock.time.clock.now_ms(rig.now), rig.lock.doorway.door
    rig.medium.cut_at, rig.medium.keep, rig.medium.writes = at, keep, 0
    try:
        rig.boot(chip_ms, door)
    except PowerCut:
        rig.medium = rig.medium.after_power_cut()
        return True
    rig.medium.cut_at = None
    return False
