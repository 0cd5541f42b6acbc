"""Checks of docs/protocol/time-and-door.md, last part: one-time entries, duress, privacy, the key, power from outside, overrides."""

from collections.abc import Callable

from anmen.conformance.lists import CARD, OTHER_CARD, PIN
from anmen.conformance.registry import Profile, checks
from anmen.conformance.stand import BOOT_S, SLACK_S, Stand
from anmen.conformance.transcript import Said, calls_for_help
from anmen.conformance.verdict import Failed
from firmware_protocol.list_entry import ONE_TIME_CAPABILITY
from firmware_protocol.messages import Birth, Event
from firmware_protocol.vocabulary import (
    AlarmCode,
    EventType,
    Field,
    Operation,
    OperationSource,
    OverrideKind,
    PassDirection,
    PowerSource,
    RefusalReason,
)

FULL = Profile.FULL
OPENING = frozenset({EventType.LOCK_OPERATED, EventType.ALARM_RAISED})
DURESS_AFTER_S = 30.0


@checks("ANM-DOR-012", profile=FULL)
def duress_with_others(stand: Stand) -> str:
    """Alone; after a card, which the alarm names; and in privacy mode, where the door stays shut."""
    issuer = stand.issuer()
    stand.give(issuer.pin(83, duress=True), issuer.card(84))
    # Whatever opened in another check is no longer just before.
    opened = [said.at for said, event in stand.transcript.events() if event.type == EventType.LOCK_OPERATED]
    stand.listen(max(0.0, max(opened, default=0.0) + DURESS_AFTER_S + SLACK_S - stand.line.now()))
    alone = _alarm_of_pin(stand, opens=True)
    if alone.get(Field.AFTER_CREDENTIAL) is not None:
        raise Failed(expected="no earlier credential: the PIN was typed alone", seen=f"fields {dict(alone.fields)}")
    stand.operator.show_card(CARD)
    after = _alarm_of_pin(stand, opens=True)
    if after.get(Field.AFTER_CREDENTIAL) != 84:
        raise Failed(expected="the card's credential 84 in the field 19", seen=f"fields {dict(after.fields)}")
    stand.operator.press_button()
    try:
        _alarm_of_pin(stand, opens=False)
    finally:
        stand.operator.turn_handle()
    return "alarm 8 alone, after a card (named in field 19), and in privacy mode with the door shut"


@checks("ANM-DOR-021", profile=FULL)
def nobody_counts_a_call_for_help(stand: Stand) -> str:
    """Frames that tell of an opening or an alarm, until a second after an ordinary PIN and after a duress PIN."""
    ordinary, forced = (_opening(stand, number, duress=number == 86) for number in (85, 86))
    if len(ordinary) != len(forced) or not calls_for_help(forced[0]):
        seen = f"{len(ordinary)} frames after an ordinary PIN, {len(forced)} after a duress PIN"
        raise Failed(expected="the alarm in the live frame of its opening, and as many frames", seen=seen)
    return f"{len(forced)} frame after either PIN, the alarm in that of its opening"


@checks(
    "ANM-DOR-011", profile=FULL, feature=ONE_TIME_CAPABILITY, unseen="that the event is in flash before the bolt moves"
)
def once_and_never_again(stand: Stand) -> str:
    """A second time refused with reason 27; after a power cut and a change of the list too."""
    entry = stand.issuer().card(81, one_time=True)
    stand.give(entry)
    if not stand.operator.show_card(CARD):
        raise Failed(expected="a one-time card to open once", seen="the door stayed shut")
    _refused(stand, RefusalReason.CREDENTIAL_SPENT, "the second time")
    stand.restart()
    stand.until(lambda: stand.service.has_all, 30.0)
    _refused(stand, RefusalReason.CREDENTIAL_SPENT, "after a power cut")
    stand.give(entry, stand.issuer().card(82, OTHER_CARD))
    _refused(stand, RefusalReason.CREDENTIAL_SPENT, "after a change of the list")
    return "opened once; refused (reason 27) then, after a power cut and after a change of the list"


@checks("ANM-DOR-014", profile=FULL, unseen="that an opened door and 12 hours end it")
def privacy(stand: Stand) -> str:
    """A right card is refused (reason 29) until the button, the inside handle or a boot ends it."""
    stand.give(stand.issuer().card(86))
    ends: dict[str, Callable[[], object]] = {
        "the button": stand.operator.press_button,
        "the inside handle": stand.operator.turn_handle,
        "a boot": stand.restart,
    }
    for name, end in ends.items():
        stand.operator.press_button()
        try:
            _refused(stand, RefusalReason.PRIVACY_MODE, "in privacy mode")
        finally:
            end()
        if not stand.operator.show_card(CARD):
            raise Failed(expected=f"privacy mode over after {name}", seen="a right card was refused")
    return f"a right card refused (reason 29), and taken again after {', '.join(ends)}"


@checks("ANM-DOR-017", profile=FULL)
def nobody_is_named_for_the_key(stand: Stand) -> str:
    """Source 1, direction in, no credential; and alarm 17."""
    since = stand.mark()
    stand.operator.turn_key()
    event = stand.await_event(EventType.LOCK_OPERATED, since)[1]
    told = (event.get(Field.SOURCE), event.get(Field.DIRECTION), event.get(Field.CREDENTIAL_ID))
    if told != (OperationSource.MANUAL, PassDirection.IN, None):
        raise Failed(expected="source 1, direction in, no credential", seen=f"fields {dict(event.fields)}")
    _alarm(stand, since, AlarmCode.MECHANICAL_KEY_USED)
    return "an operation from outside without a credential, and alarm 17"


@checks("ANM-DOR-018", profile=FULL)
def power_from_outside(stand: Stand) -> str:
    """Without its battery it starts, opens and records, and says where the power came from."""
    stand.give(stand.issuer().card(87))
    stand.operator.power_off()
    stand.listen(0.2)
    since = stand.mark()
    try:
        stand.operator.power_outside(connected=True)
        opened = stand.operator.show_card(CARD)
        boot = stand.await_message(Birth, since, BOOT_S, expected="a birth on power from outside")[1].boot_number
        if not opened:
            raise Failed(expected="a right card to open on power from outside", seen="the door stayed shut")
        for kind in (EventType.STARTED, EventType.LOCK_OPERATED):
            event = stand.await_event(kind, since, where=lambda one: one.boot_number == boot)[1]
            if event.get(Field.POWER) != PowerSource.EMERGENCY:
                raise Failed(expected=f"field 17 in event type {int(kind)}", seen=f"fields {dict(event.fields)}")
    finally:
        stand.operator.power_on()
        stand.operator.power_outside(connected=False)
    return "started, opened and recorded on power from outside; start and opening say so (field 17)"


@checks("ANM-DOR-019", profile=FULL, unseen="that the bolt stays back while the fire alarm lasts")
def overrides_are_recorded(stand: Stand) -> str:
    """Fire alarm in privacy mode: its begin and its end; and the locksmith."""
    stand.operator.press_button()
    try:
        _overridden(stand, OverrideKind.FIRE, Operation.UNLOCK)
        _overridden(stand, OverrideKind.FIRE, Operation.LOCK)
        _overridden(stand, OverrideKind.LOCKSMITH, Operation.UNLOCK)
    finally:
        stand.operator.turn_handle()
    return "begin and end of a fire alarm and a locksmith recorded, in privacy mode"


@checks("ANM-DOR-020", profile=FULL)
def a_lifted_plate(stand: Stand) -> str:
    """Alarm 5, twice for two times."""
    for _ in range(2):
        since = stand.mark()
        stand.operator.lift_plate()
        _alarm(stand, since, AlarmCode.FRONT_ESCUTCHEON_REMOVED)
        stand.listen(1.0)
        count = sum(event.get(Field.CODE) == AlarmCode.FRONT_ESCUTCHEON_REMOVED for event in _alarms(stand, since))
        if count != 1:
            raise Failed(expected="alarm 5 once for each time", seen=f"{count} for one time")
    return "alarm 5 once for each of two times"


def _refused(stand: Stand, reason: RefusalReason, when: str) -> None:
    since = stand.mark()
    if stand.operator.show_card(CARD):
        raise Failed(expected=f"the card refused {when}", seen="the door opened")
    event = stand.await_event(EventType.ACCESS_REFUSED, since)[1]
    if event.get(Field.CODE) != reason:
        raise Failed(expected=f"reason {int(reason)} {when}", seen=f"reason {event.get(Field.CODE)}")


def _alarm_of_pin(stand: Stand, *, opens: bool) -> Event:
    """Type the duress PIN; the alarm that it raises."""
    since = stand.mark()
    if stand.operator.enter_pin(PIN) is not opens:
        raise Failed(
            expected=f"the door to {'open' if opens else 'stay shut'} for a duress PIN",
            seen="it stayed shut" if opens else "it opened",
        )
    return _alarm(stand, since, AlarmCode.FORCED_USER)


def _alarm(stand: Stand, since: int, code: AlarmCode) -> Event:
    return stand.await_event(EventType.ALARM_RAISED, since, where=lambda one: one.get(Field.CODE) == code)[1]


def _alarms(stand: Stand, since: int) -> list[Event]:
    """Each once, however often it was sent."""
    found = {one.sequence: one for _, one in stand.transcript.events(since) if one.type == EventType.ALARM_RAISED}
    return list(found.values())


def _overridden(stand: Stand, kind: OverrideKind, operation: Operation) -> None:
    since = stand.mark()
    stand.operator.override(kind, lasts=operation is Operation.UNLOCK)
    event = stand.await_event(EventType.OVERRIDE_USED, since)[1]
    if (event.get(Field.OVERRIDE), event.get(Field.OPERATION)) != (kind, operation):
        raise Failed(expected=f"kind {int(kind)}, operation {int(operation)}", seen=f"fields {dict(event.fields)}")


def _opening(stand: Stand, number: int, *, duress: bool) -> list[Said]:
    """What a PIN that opens makes the lock say of it; what else the door does, it does at a moment of its own."""
    stand.give(stand.issuer().pin(number, duress=duress))
    stand.listen(SLACK_S)
    since = stand.mark()
    if not stand.operator.enter_pin(PIN):
        raise Failed(expected="a right PIN to open", seen="the door stayed shut")
    stand.await_event(EventType.LOCK_OPERATED, since)
    stand.listen(1.0)
    return [one for one in stand.transcript.said[since:] if any(event.type in OPENING for event in one.events)]
