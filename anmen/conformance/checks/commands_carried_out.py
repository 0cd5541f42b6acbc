"""Checks of docs/protocol/commands.md: what a command does at the lock, and what it records of it."""

from anmen.conformance.orders import COMMANDS, Orders, is_of
from anmen.conformance.registry import Profile, checks
from anmen.conformance.stand import Stand
from anmen.conformance.verdict import Failed
from firmware_protocol.commands import CommandFailure, CommandKind, CommandState
from firmware_protocol.messages import Rebirth
from firmware_protocol.vocabulary import EventType, Field, Operation, OperationSource

FAILED, DONE = CommandState.FAILED, CommandState.DONE


@checks("ANM-CMD-014", feature=COMMANDS, unseen="what becomes of other commands that a power cut interrupts")
def a_reboot_is_done_when_it_is_up_again(stand: Stand) -> str:
    """A reboot is recorded as done by the boot that follows it."""
    orders = Orders(stand)
    orders.needs(CommandKind.REBOOT)
    boot, number, since = stand.birth.boot_number, stand.draw(16), stand.mark()
    nonce = orders.nonce(number)
    orders.give(CommandKind.REBOOT, number=number, nonce=nonce)
    stand.until(lambda: stand.birth.boot_number != boot, 120.0)
    event = stand.await_event(EventType.COMMAND_DONE, since, 30.0, where=is_of(number))[1]
    if event.get(Field.COMMAND_STATE) != DONE or event.boot_number <= boot:
        raise Failed(
            expected=f"state 3 (done) in a boot after {boot}", seen=f"boot {event.boot_number}, {dict(event.fields)}"
        )
    return f"boot {boot} ended, boot {event.boot_number} recorded the reboot as done"


@checks("ANM-CMD-016", profile=Profile.FULL, feature=COMMANDS, unseen="that the bolt moves after it is recorded")
def opening_from_afar_is_recorded(stand: Stand) -> str:
    """Operation 1, source 7, and the command's id."""
    orders = Orders(stand)
    orders.needs(CommandKind.UNLOCK_DOOR)
    number, since = stand.draw(16), stand.mark()
    orders.give(CommandKind.UNLOCK_DOOR, number=number, nonce=orders.nonce(number), seconds=2)
    orders.ends(number, DONE)
    event = stand.await_event(EventType.LOCK_OPERATED, since)[1]
    told = (event.get(Field.OPERATION), event.get(Field.SOURCE), event.get(Field.COMMAND))
    if told != (Operation.UNLOCK, OperationSource.REMOTE, number):
        raise Failed(expected="operation 1, source 7 and the command's id", seen=f"fields {dict(event.fields)}")
    stand.listen(10.0)
    return "operation 1, source 7, the command's id"


@checks("ANM-CMD-019", feature=COMMANDS, unseen="that the material is gone, from older copies too")
def erasing_faces_keeps_the_digest(stand: Stand) -> str:
    """Version and digest stay."""
    orders = Orders(stand)
    orders.needs(CommandKind.ERASE_BIOMETRIC)
    stand.give(stand.issuer().card(71))
    held, number = stand.service.held, stand.draw(16)
    orders.give(CommandKind.ERASE_BIOMETRIC, number=number, nonce=orders.nonce(number))
    orders.ends(number, DONE)
    stand.answered({})
    stand.say(Rebirth())
    stand.answered({})
    if stand.service.held != held:
        raise Failed(
            expected=f"version {held[0]} and the same digest", seen=f"version {stand.service.held[0]}, another digest"
        )
    return "done; version and digest are as before"


@checks("ANM-CMD-026", profile=Profile.FULL, feature=COMMANDS)
def nobody_is_let_in_from_afar(stand: Stand) -> str:
    """In privacy mode an order to open has failed for that reason, and nothing was opened."""
    orders = Orders(stand)
    orders.needs(CommandKind.UNLOCK_DOOR)
    stand.operator.press_button()
    since = stand.mark()
    try:
        number = stand.draw(16)
        orders.give(CommandKind.UNLOCK_DOOR, number=number, nonce=orders.nonce(number), seconds=2)
        orders.ends(number, FAILED, CommandFailure.PRIVACY_MODE)
        stand.listen(1.0)
    finally:
        stand.operator.turn_handle()
    if any(
        event.get(Field.COMMAND) == number and event.type == EventType.LOCK_OPERATED
        for _, event in stand.transcript.events(since)
    ):
        raise Failed(expected="no operation on that command's account", seen="one was recorded")
    return "an order to open in privacy mode failed for that reason, and nothing opened"
