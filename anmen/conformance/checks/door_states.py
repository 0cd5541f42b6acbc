"""Checks of docs/protocol/time-and-door.md, what lasts at a door: schedules, passage, changes of mode, the leaf."""

from anmen.conformance.lists import CARD, OTHER_CARD
from anmen.conformance.orders import Orders
from anmen.conformance.registry import Profile, checks
from anmen.conformance.stand import Stand
from anmen.conformance.verdict import Failed
from firmware_protocol.commands import CommandKind, CommandState
from firmware_protocol.list_entry import PASSAGE_CAPABILITY, SCHEDULES_CAPABILITY
from firmware_protocol.messages import Event
from firmware_protocol.schedules import ALL_DAYS, LOCAL_OFFSET_S, MINUTES_A_DAY, DateSchedule, Schedule, WeeklySchedule
from firmware_protocol.vocabulary import (
    AlarmCode,
    DoorState,
    EventType,
    Field,
    OperatingMode,
    OperationSource,
    RefusalReason,
)

FULL = Profile.FULL
# A lock looks at its schedules every ten seconds.
PASSAGE_S = 12.0
AJAR_S = 10


@checks("ANM-DOR-010", profile=FULL, feature=SCHEDULES_CAPABILITY)
def within_schedules(stand: Stand) -> str:
    """A card whose schedules hold opens; one of the other days, of a week ago or of no time at all is refused for it."""
    issuer = stand.issuer()
    day = (issuer.now_s + LOCAL_OFFSET_S) // 86_400
    today = 1 << (day + 4) % 7
    never: list[tuple[Schedule, ...]] = [
        (WeeklySchedule(ALL_DAYS ^ today ^ _next(today), 0, MINUTES_A_DAY),),
        (DateSchedule(issuer.now_s - 86_400, issuer.now_s - 3_600), WeeklySchedule(ALL_DAYS, 720, 720)),
    ]
    for number, schedules in enumerate(never, 301):
        stand.give(issuer.card(number, schedules=schedules), issuer.card(303, OTHER_CARD, schedules=_always()))
        since = stand.mark()
        if stand.operator.show_card(CARD):
            raise Failed(expected="a card outside its schedules refused", seen="the door opened")
        event = stand.await_event(EventType.ACCESS_REFUSED, since)[1]
        if event.get(Field.CODE) != RefusalReason.OUTSIDE_SCHEDULE:
            raise Failed(expected="reason 28 (outside schedule)", seen=f"reason {event.get(Field.CODE)}")
    if not stand.operator.show_card(OTHER_CARD):
        raise Failed(expected="a card to open within its schedules", seen="the door stayed shut")
    return "opened within its schedules; refused (reason 28) on another day, after its dates, and with no time at all"


@checks(
    "ANM-DOR-015", profile=FULL, feature=PASSAGE_CAPABILITY, unseen="where the bolt is; that privacy goes before it"
)
def passage(stand: Stand) -> str:
    """With an entry of type 16 that holds it is in passage mode, with one without schedules not, and without any no more."""
    issuer = stand.issuer()
    stand.give(issuer.passage(310))
    since = stand.mark()
    stand.listen(PASSAGE_S)
    if _modes(stand, since):
        raise Failed(expected="no passage by an entry without schedules", seen=f"modes {_modes(stand, since)}")
    stand.give(issuer.passage(311, schedules=_always()))
    _changed(stand, since, OperatingMode.PASSAGE, OperationSource.SCHEDULE)
    since = stand.mark()
    stand.give()
    _changed(stand, since, OperatingMode.NORMAL, OperationSource.SCHEDULE)
    return "in passage mode while an entry with schedules held, and not with one that has none"


@checks("ANM-DOR-016", profile=FULL, unseen="the twelve hours; an opened leaf")
def changes_of_mode(stand: Stand) -> str:
    """The button on and off, the handle, and a boot that needs no such event."""
    for press, mode, cause in (
        (stand.operator.press_button, OperatingMode.PRIVACY, OperationSource.BUTTON),
        (stand.operator.press_button, OperatingMode.NORMAL, OperationSource.BUTTON),
        (stand.operator.press_button, OperatingMode.PRIVACY, OperationSource.BUTTON),
        (stand.operator.turn_handle, OperatingMode.NORMAL, OperationSource.MANUAL),
    ):
        since = stand.mark()
        press()
        _changed(stand, since, mode, cause)
    return "privacy on and off by the button (cause 5), off by the handle (cause 1)"


@checks("ANM-DOR-022", profile=FULL, unseen="a leaf that is forced")
def the_leaf(stand: Stand) -> str:
    """Opened, left open for so long as it was told, and shut."""
    orders = Orders(stand)
    orders.needs(CommandKind.SET_PARAMETERS)
    number = stand.draw(16)
    orders.ends(orders.parameters(number, orders.nonce(number), ajar_s=AJAR_S), CommandState.DONE)
    since = stand.mark()
    try:
        stand.operator.move_leaf(opened=True)
        stand.listen(AJAR_S + 2.0)
    finally:
        stand.operator.move_leaf(opened=False)
        number = stand.draw(16)
        orders.ends(orders.parameters(number, orders.nonce(number)), CommandState.DONE)
    stand.await_event(EventType.DOOR_MOVED, since, where=lambda one: one.get(Field.CODE) == DoorState.CLOSED)
    told = [one.get(Field.CODE) for one in _each(stand, since, EventType.DOOR_MOVED)]
    ajar = [one for one in _each(stand, since, EventType.ALARM_RAISED) if one.get(Field.CODE) == AlarmCode.DOOR_AJAR]
    if told != [DoorState.OPEN, DoorState.AJAR, DoorState.CLOSED] or len(ajar) != 1:
        raise Failed(expected="codes 0, 5 and 1 of the door, one alarm 7", seen=f"codes {told}, {len(ajar)} alarms 7")
    return f"opened, ajar after {AJAR_S} s with one alarm 7, and shut"


def _always() -> tuple[Schedule, ...]:
    return (WeeklySchedule(ALL_DAYS, 0, MINUTES_A_DAY),)


def _next(day: int) -> int:
    """The day after, as a bit: midnight may come while the check runs."""
    return day << 1 if day < 1 << 6 else 1


def _each(stand: Stand, since: int, kind: EventType) -> list[Event]:
    """Each once, however often it was sent, in their order."""
    found = {one.sequence: one for _, one in stand.transcript.events(since) if one.type == kind}
    return [found[number] for number in sorted(found)]


def _modes(stand: Stand, since: int) -> list[object]:
    return [one.get(Field.MODE) for one in _each(stand, since, EventType.MODE_CHANGED)]


def _changed(stand: Stand, since: int, mode: OperatingMode, cause: OperationSource) -> None:
    """An event of an earlier change may come again at any time; so the mode is waited for."""
    event = stand.await_event(EventType.MODE_CHANGED, since, PASSAGE_S, where=lambda one: one.get(Field.MODE) == mode)[
        1
    ]
    if event.get(Field.SOURCE) != cause:
        raise Failed(expected=f"mode {int(mode)}, cause {int(cause)}", seen=f"fields {dict(event.fields)}")
