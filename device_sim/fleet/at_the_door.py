"""What a lock of a fleet records when somebody is at its door: the events that the single lock's doorway would record."""

from device_sim.fleet.dice import Dice
from device_sim.fleet.household import Act
from firmware_protocol.access_list import AccessList, decode_entry
from firmware_protocol.vocabulary import (
    AlarmCode,
    CredentialType,
    DoorState,
    EventType,
    Field,
    Operation,
    OperationSource,
    PassDirection,
    RefusalReason,
)

Recorded = tuple[EventType, dict[int, object]]
_SOURCES = {
    CredentialType.PIN: OperationSource.KEYPAD,
    CredentialType.RFID: OperationSource.RFID,
    CredentialType.FACE: OperationSource.BIOMETRIC,
}


def events_of(act: Act, held: AccessList, now_s: int, dice: Dice) -> list[Recorded]:
    """Who comes shows one of the list's credentials that hold now (Unix seconds); who leaves takes the handle."""
    match act:
        case Act.WRONG_PIN:
            return [_refused(OperationSource.KEYPAD)]
        case Act.FORCED_OPEN:
            fields: dict[int, object] = {
                Field.SOURCE: OperationSource.UNSPECIFIED,
                Field.CODE: AlarmCode.DOOR_FORCED_OPEN,
            }
            return [(EventType.ALARM_RAISED, fields)]
        case Act.COME:
            return [_entry(held, now_s, dice), *_moved()]
        case Act.LEAVE:
            return [_opened(OperationSource.MANUAL, PassDirection.OUT), *_moved()]


def _entry(held: AccessList, now_s: int, dice: Dice) -> Recorded:
    entries = [decode_entry(raw) for raw in held.entries.values()]
    valid = [one for one in entries if one.type in _SOURCES and one.starts_at <= now_s < one.ends_at]
    if not valid:
        return _refused(OperationSource.RFID)
    shown = valid[dice.below(len(valid))]
    kind, fields = _opened(_SOURCES[shown.type], PassDirection.IN)
    return kind, {**fields, Field.CREDENTIAL_ID: shown.credential_id, Field.LIST_VERSION: held.version}


def _opened(source: OperationSource, direction: PassDirection) -> Recorded:
    fields: dict[int, object] = {Field.OPERATION: Operation.UNLOCK, Field.SOURCE: source, Field.DIRECTION: direction}
    return EventType.LOCK_OPERATED, fields


def _refused(source: OperationSource) -> Recorded:
    return EventType.ACCESS_REFUSED, {Field.SOURCE: source, Field.CODE: RefusalReason.INVALID_CREDENTIAL}


def _moved() -> list[Recorded]:
    return [(EventType.DOOR_MOVED, {Field.CODE: state}) for state in (DoorState.OPEN, DoorState.CLOSED)]
